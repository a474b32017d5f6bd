"""What a step of an objective costs over the same mathematics written straight down, for five of them.

    python -m tests.benchmarks.objectives [--json] [--only simclr,dino] [--threads 2] [--batch 256] [--turns 12]

Our side is the step of a run: the learner of the preset `<id>-cifar10` (encoder, objective, optimiser), on views made
beforehand, in the engine's order: forward, backward, optimiser, `after_step`. The straight side is this file's: the
same layers with the same weights in plain `nn.Sequential`s, the loss in a few lines as the paper's code has it, queue,
moving averages and centre by hand. It checks nothing, measures nothing about itself and knows no other precision,
device or process, so all that an objective does beyond its mathematics counts, its metrics above all. Goal: at most
10 % slower.

Before anything is timed both sides take three steps on the same views, and must give the same losses (to 1e-4): equal
gradients, queues and teachers are what the second and the third need. Then they take turns of a step each within this
process. There are two figures, each the median of the turns' ratios with their quartiles: wall time on --threads
threads, and processor time on one thread, which other programs on the machine disturb less.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import sys
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.data.array_dataset import ArrayDataset, Facts
from workbench.engine.catalogue import full_catalogue
from workbench.engine.experiment import Learner, Splits, build_encoder, build_learner, parts_of
from workbench.engine.machine import probe
from workbench.models.optimisers import build_optimiser
from workbench.models.positions import grid_positions
from workbench.recipes.check import build
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document
from workbench.recipes.resolve import resolve
from workbench.views.base import Views

SLOWER_AT_MOST = 0.10
SIZE_PX = 32
SAMPLES = 8192
CHECKED_STEPS = 3
TOLERANCE = 1e-4
PROGRESS = 0.5
"""The done share of the run, the same at every step: no prototype is held any more, no temperature still rises."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--only", default=",".join(STRAIGHT), help="ids of objectives, separated by commas")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--turns", type=int, default=12, help="pairs of steps for either figure")
    arguments = parser.parse_args()
    chosen = arguments.only.split(",")
    if unknown := [name for name in chosen if name not in STRAIGHT]:
        parser.error(f"--only knows {', '.join(STRAIGHT)}; not {', '.join(unknown)}.")
    dataset = pictures()
    result: dict[str, Any] = {"goal_slower_by": SLOWER_AT_MOST, "threads": arguments.threads, "batch": arguments.batch}
    for name in chosen:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        result[name] = measure(name, dataset, arguments)
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


# -- both sides --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """A step of ours and the straight one, each of which gives its loss."""

    ours: Callable[[], Tensor]
    straight: Callable[[], Tensor]


def pictures() -> ArrayDataset:
    """Noise in ten classes: what a step costs does not depend on what is to be seen."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (SAMPLES, 3, SIZE_PX, SIZE_PX), dtype=np.uint8)
    names = [str(place) for place in range(SAMPLES)]
    facts = Facts("train", ("train",), tuple(str(label) for label in range(10)))
    spec = full_catalogue().get("dataset", "cifar10").spec
    return ArrayDataset(images, generator.integers(0, 10, SAMPLES), names, spec, facts)


def assembled(name: str, dataset: ArrayDataset, batch: int, threads: int) -> Pair:
    """Both sides of an objective with the same weights and views."""
    catalogue = full_catalogue()
    overrides = [f"training.batch_size={batch}", f"hardware.threads={threads}", "hardware.device=cpu"]
    document = override_recipe(find_document(f"{name}-cifar10"), overrides, catalogue)
    recipe = resolve(build(document, catalogue), probe(), data_size=SIZE_PX)
    encoder = build_encoder(recipe, dataset)
    learner = build_learner(recipe, Splits(dataset, dataset), encoder).train()
    views = encoder.pipeline(dataset.batch(np.arange(batch)), (recipe.seed, 0), torch.device("cpu"))
    straight = STRAIGHT[name](learner).train()
    return Pair(
        our_step(learner, build_optimiser(recipe.optimiser, learner), views),
        straight_step(straight, build_optimiser(recipe.optimiser, straight), views),
    )


def our_step(learner: Learner, optimiser: Any, views: Views) -> Callable[[], Tensor]:
    """The step of the engine's loop, without the loop."""

    def step() -> Tensor:
        loss, _terms, _embedding = learner(**parts_of(views))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        learner.objective.after_step(learner.backbone, PROGRESS)
        return loss.detach()

    return step


def straight_step(straight: Straight, optimiser: Any, views: Views) -> Callable[[], Tensor]:
    """The same of the straight side."""

    def step() -> Tensor:
        loss: Tensor = straight(views)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        with torch.no_grad():
            straight.after_step()
        return loss.detach()

    return step


# -- the mathematics, straight down ------------------------------------------------------------------------------------


class Straight(nn.Module):
    """An objective with its encoder, and nothing that its paper does not ask for."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.config: Any = learner.objective.config

    @abstractmethod
    def forward(self, views: Views) -> Tensor:
        """The loss."""

    def after_step(self) -> None:
        """What moves without a gradient."""


class StraightSimCLR(Straight):
    """NT-Xent as a cross-entropy over the cosines, the diagonal left out."""

    def __init__(self, learner: Learner) -> None:
        super().__init__(learner)
        self.encoder = plain_encoder(learner)
        self.head = twin_of(learner.objective.projector, projector(learner, self.config.output))

    def forward(self, views: Views) -> Tensor:
        z = F.normalize(self.head(self.encoder(torch.cat(views.inputs))), dim=1)
        logits = (z @ z.T / self.config.temperature).fill_diagonal_(-torch.inf)
        return F.cross_entropy(logits, torch.arange(len(z)).roll(len(z) // 2))


class StraightMoCo(Straight):
    """MoCo v2's loop: a cross-entropy with the positive in the first column, and a queue with a pointer."""

    def __init__(self, learner: Learner) -> None:
        super().__init__(learner)
        width, config = learner.backbone.width, self.config
        head = nn.Sequential(
            nn.Linear(width, config.hidden), nn.ReLU(inplace=True), nn.Linear(config.hidden, config.output)
        )
        self.query = nn.Sequential(plain_encoder(learner), twin_of(learner.objective.head, head))
        self.key = copy.deepcopy(self.query).requires_grad_(False)
        self.queue, self.pointer = learner.objective.queue.rows.clone(), 0
        self.fresh = torch.empty(0)

    def forward(self, views: Views) -> Tensor:
        q = F.normalize(self.query(views.inputs[0]), dim=1)
        with torch.no_grad():
            self.fresh = F.normalize(self.key(views.inputs[1]), dim=1)
        logits = torch.cat([(q * self.fresh).sum(dim=1, keepdim=True), q @ self.queue.T], dim=1)
        return F.cross_entropy(logits / self.config.temperature, torch.zeros(len(q), dtype=torch.int64))

    def after_step(self) -> None:
        follow(self.key, self.query, self.config.momentum)
        self.queue[self.pointer : self.pointer + len(self.fresh)] = self.fresh
        self.pointer = (self.pointer + len(self.fresh)) % len(self.queue)


class StraightSwAV(Straight):
    """SwAV's loop: Sinkhorn-Knopp on probabilities, then the swapped cross-entropies one by one."""

    def __init__(self, learner: Learner) -> None:
        super().__init__(learner)
        self.encoder = plain_encoder(learner)
        self.head = twin_of(learner.objective.projector, projector(learner, self.config.output))
        self.prototypes = nn.Parameter(learner.objective.prototypes.detach().clone())

    def forward(self, views: Views) -> Tensor:
        large, small = crops(views)
        h = torch.cat([self.encoder(torch.cat(large)), self.encoder(torch.cat(small))])
        z = F.normalize(self.head(h), dim=1)
        scores = (z @ F.normalize(self.prototypes, dim=1).T).chunk(len(large) + len(small))
        losses = []
        for assigning in range(len(large)):
            q = self.balanced(scores[assigning].detach())
            for place, score in enumerate(scores):
                if place != assigning:
                    losses.append(-(q * F.log_softmax(score / self.config.temperature, dim=1)).sum(dim=1).mean())
        return torch.stack(losses).mean()

    def balanced(self, scores: Tensor) -> Tensor:
        q = (scores / self.config.epsilon).exp()
        for _ in range(self.config.rounds):
            q = q / q.sum(dim=0)
            q = q / q.sum(dim=1, keepdim=True)
        return q

    def after_step(self) -> None:
        self.prototypes.copy_(F.normalize(self.prototypes, dim=1))


class StraightMAE(Straight):
    """MAE's encoder of what is seen and decoder of all, with positions that are worked out once."""

    def __init__(self, learner: Learner) -> None:
        super().__init__(learner)
        vit, objective = copy.deepcopy(learner.backbone), copy.deepcopy(learner.objective)
        decoder = objective.decoder
        self.patch, self.project = vit.patch, vit.project
        self.encoder = nn.Sequential(*vit.blocks, vit.norm)
        self.embed, self.token, self.pixels = decoder.embed, decoder.token, objective.pixels
        self.decoder = nn.Sequential(*decoder.blocks, decoder.norm)
        grid = (vit.rows, vit.rows)
        self.places = grid_positions(*grid, vit.width, vit.rows, torch.device("cpu"))
        self.decoder_places = grid_positions(*grid, decoder.width, vit.rows, torch.device("cpu"))

    def forward(self, views: Views) -> Tensor:
        x, hidden, seen = views.inputs[0], views.targets["mask"][0], views.targets["visible"][0]
        tokens = self.project(x).flatten(2).transpose(1, 2) + self.places
        tokens = self.embed(self.encoder(tokens.gather(1, seen[:, :, None].expand(-1, -1, tokens.shape[2]))))
        everywhere = self.token.expand(*hidden.shape, -1)
        everywhere = everywhere.scatter(1, seen[:, :, None].expand_as(tokens), tokens)
        predicted = self.pixels(self.decoder(everywhere + self.decoder_places))
        error = (predicted - self.target(x)).square().mean(dim=2)
        return (error * hidden).sum() / hidden.sum()

    def target(self, x: Tensor) -> Tensor:
        side, rows = self.patch, x.shape[2] // self.patch
        cut = x.reshape(len(x), 3, rows, side, rows, side)
        patches = cut.permute(0, 2, 4, 3, 5, 1).reshape(len(x), rows * rows, -1)
        mean, variance = patches.mean(dim=2, keepdim=True), patches.var(dim=2, keepdim=True)
        return (patches - mean) / (variance + 1e-6).sqrt()


class StraightDINO(Straight):
    """DINO's loop: cross-entropies of all pairs of a global view and another one, a teacher and a centre."""

    def __init__(self, learner: Learner) -> None:
        super().__init__(learner)
        head = twin_of(learner.objective.head.mlp, projector(learner, self.config.bottleneck))
        self.student = nn.ModuleDict({"encoder": plain_encoder(learner), "head": head})
        self.student.prototypes = nn.Parameter(learner.objective.head.prototypes.detach().clone())
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.centre, self.mean = torch.zeros(self.config.prototypes), torch.empty(0)
        self.momentum = 1 - (1 - self.config.momentum) * (np.cos(np.pi * PROGRESS) + 1) / 2

    def forward(self, views: Views) -> Tensor:
        large, small = crops(views)
        with torch.no_grad():
            out = outputs(self.teacher, large)
            targets = ((out - self.centre) / self.config.teacher_temperature).softmax(dim=1).chunk(len(large))
            self.mean = out.mean(dim=0)
        guesses = outputs(self.student, large, small).chunk(len(large) + len(small))
        losses = []
        for place, guess in enumerate(guesses):
            log_p = F.log_softmax(guess / self.config.student_temperature, dim=1)
            losses += [-(t * log_p).sum(dim=1).mean() for own, t in enumerate(targets) if own != place]
        return torch.stack(losses).mean()

    def after_step(self) -> None:
        follow(self.teacher, self.student, self.momentum)
        self.centre.lerp_(self.mean, 1 - self.config.centre_momentum)


def crops(views: Views) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
    """Two large ones, and the small ones."""
    return views.inputs[:2], views.inputs[2:]


def outputs(net: nn.Module, *crops_of_a_size: Sequence[Tensor]) -> Tensor:
    """Cosines of all pictures with the prototypes."""
    z = net["head"](torch.cat([net["encoder"](torch.cat(same)) for same in crops_of_a_size]))
    return F.normalize(z, dim=1) @ F.normalize(net.prototypes, dim=1).T


def follow(slow: nn.Module, fast: nn.Module, momentum: float) -> None:
    """A moving average of the weights."""
    for own, other in zip(slow.parameters(), fast.parameters(), strict=True):
        own.lerp_(other, 1 - momentum)


def plain_encoder(learner: Learner) -> nn.Sequential:
    """The tiny CNN as a row of layers, on the same layout in memory."""
    stages = copy.deepcopy(learner.backbone.stages)
    return nn.Sequential(ChannelsLast(), *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten())


class ChannelsLast(nn.Module):
    """Pictures with the numbers of a pixel side by side."""

    def forward(self, x: Tensor) -> Tensor:
        return x.contiguous(memory_format=torch.channels_last)


def projector(learner: Learner, output: int) -> nn.Sequential:
    """Two linear layers, a batch normalisation and a ReLU between them."""
    hidden = learner.objective.config.hidden
    return nn.Sequential(
        nn.Linear(learner.backbone.width, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, output),
    )


def twin_of(theirs: nn.Module, own: nn.Sequential) -> nn.Sequential:
    """Our weights in layers of this file; an error where these are not the same layers."""
    own.load_state_dict(theirs.state_dict())
    return own


STRAIGHT: dict[str, type[Straight]] = {
    "simclr": StraightSimCLR,
    "moco": StraightMoCo,
    "swav": StraightSwAV,
    "mae": StraightMAE,
    "dino": StraightDINO,
}


# -- timing ------------------------------------------------------------------------------------------------------------


def measure(name: str, dataset: ArrayDataset, arguments: argparse.Namespace) -> dict[str, Any]:
    """Check that both sides do the same, then time them."""
    torch.set_num_threads(arguments.threads)
    pair = assembled(name, dataset, arguments.batch, arguments.threads)
    losses = agreeing(name, pair)
    wall = turns(pair, arguments.turns, time.perf_counter)
    torch.set_num_threads(1)
    processor = turns(pair, arguments.turns, time.process_time)
    return {"losses": losses, "wall": wall, "processor_of_one_thread": processor}


def agreeing(name: str, pair: Pair) -> list[float]:
    """Our losses of the first steps; an error where the straight ones are others."""
    losses = [(float(pair.ours()), float(pair.straight())) for _ in range(CHECKED_STEPS)]
    for step, (ours, straight) in enumerate(losses):
        if abs(ours - straight) > TOLERANCE * abs(straight):
            raise SystemExit(f"{name}: the losses of step {step} differ, ours {ours}, straight {straight}.")
    return [round(ours, 5) for ours, _ in losses]


def turns(pair: Pair, count: int, clock: Callable[[], float]) -> dict[str, Any]:
    """Milliseconds of a step on either side, and by how much ours is slower."""
    taken: dict[str, list[float]] = {"ours": [], "straight": []}
    steps = {"ours": pair.ours, "straight": pair.straight}
    for turn in range(count):
        for side in ("ours", "straight") if turn % 2 else ("straight", "ours"):
            started = clock()
            steps[side]()
            taken[side].append(1000 * (clock() - started))
    ratios = [ours / straight - 1 for ours, straight in zip(taken["ours"], taken["straight"], strict=True)]
    return {
        "straight_ms": round(statistics.median(taken["straight"]), 2),
        "our_ms": round(statistics.median(taken["ours"]), 2),
        "slower_by": round(statistics.median(ratios), 4),
        "quartiles": quartiles(ratios),
        "shortest_slower_by": round(min(taken["ours"]) / min(taken["straight"]) - 1, 4),
    }


def quartiles(values: Iterable[float]) -> list[float]:
    """The first and the third."""
    ranked = sorted(values)
    return [round(ranked[round(share * (len(ranked) - 1))], 4) for share in (0.25, 0.75)]


if __name__ == "__main__":
    sys.exit(main())
