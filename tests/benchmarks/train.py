"""An epoch of SimCLR on CIFAR-10 with the tiny CNN: our engine against lightly's transform and a DataLoader.

    python -m tests.benchmarks.train [--json] [--threads 2] [--images 10000] [--batch 256] [--width 32]

Both sides train the same learner (backbone, projector, NT-Xent) with the same optimiser on the same pictures, decoded
beforehand; they differ in how views are made and fed. The peer is lightly's SimCLRTransform with the settings of the
`simclr-cifar` preset, on PIL images, through torch's DataLoader with 2 workers; starting the workers is counted (some
0.1 s). Our side is the engine's own loop with its journal, metrics and control file. Goal: three times as fast.

The second figure is what the loop itself costs: its steps on views made beforehand, against the bare forward, backward
and optimiser of the same learner on the same views, in turns within this process. Goal: at most 3 % slower. Beside the
median of the turns stand their quartiles, which tell how quiet the machine was, and the shortest steps of either side.

Needs the CIFAR npz files (WORKBENCH_TEST_DATA); without lightly (pip install ssl-workbench[peers]) the first figure is
ours alone.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from PIL import Image

from tests.benchmarks.views import CASES, lightly_transform
from workbench.data.array_dataset import ArrayDataset, Facts
from workbench.engine.catalogue import full_catalogue
from workbench.engine.experiment import Encoder, Learner, Splits, build_encoder, build_learner, parts_of
from workbench.engine.loop import Loop, Parts
from workbench.engine.machine import probe
from workbench.engine.monitor import KnnMonitor
from workbench.engine.plan import Plan
from workbench.engine.sampler import sampler_of
from workbench.engine.wishes import PhaseReporter, Wishes
from workbench.models.optimisers import build_optimiser
from workbench.recipes.check import build
from workbench.recipes.models import Budget, Recipe
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document
from workbench.recipes.resolve import resolve
from workbench.runs.control import ControlReader
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter
from workbench.views.base import Views

ROOT = Path(__file__).resolve().parents[2]
PEER = "lightly SimCLRTransform, torch DataLoader with 2 workers"
GOALS = {"ours_times_faster": 3.0, "step_slower_by": 0.03}
TURN_STEPS = 6
WORKERS = 2


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--width", type=int, default=32, help="of the tiny CNN; 32 is its default")
    parser.add_argument("--turns", type=int, default=12, help="pairs of turns for the cost of a step")
    arguments = parser.parse_args()
    file = (ROOT / os.environ.get("WORKBENCH_TEST_DATA", "../shared/data")).resolve() / "cifar10_jpeg_test.npz"
    if not file.exists():
        print(json.dumps({"skipped": f"no {file}; set WORKBENCH_TEST_DATA"}))
        return 0
    torch.set_num_threads(arguments.threads)
    dataset = read(file, arguments.images)
    recipe = recipe_of(arguments.batch, arguments.threads, arguments.width)
    with tempfile.TemporaryDirectory() as folder, assembled(recipe, dataset, Path(folder)) as parts:
        result = {"goals": GOALS, "threads": arguments.threads, "images": len(dataset), "batch": arguments.batch}
        result |= {"width": arguments.width}
        result |= step_cost(parts, arguments.turns) | epochs(parts)
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


def read(file: Path, count: int) -> ArrayDataset:
    """The first pictures of the test file, decoded."""
    stored = np.load(file)
    count = min(count, len(stored["y"]))
    blob, ends = stored["blob"].tobytes(), stored["off"]
    pictures = [np.asarray(Image.open(io.BytesIO(blob[ends[i] : ends[i + 1]])).convert("RGB")) for i in range(count)]
    images = np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2))
    spec = full_catalogue().get("dataset", "cifar-npz").spec
    facts = Facts("train", ("train",), tuple(str(name) for name in stored["classes"]))
    return ArrayDataset(images, stored["y"][:count].astype(np.int64), [str(i) for i in range(count)], spec, facts)


def recipe_of(batch: int, threads: int, width: int) -> Recipe:
    """SimCLR on CIFAR as the preset has it, with nothing measured or saved along the way."""
    catalogue = full_catalogue()
    overrides = [
        f"training.batch_size={batch}",
        f"hardware.threads={threads}",
        f"backbone.width={width}",
        "hardware.device=cpu",
        "budget.amount=1",
        "evaluation.every_epochs=0",
        "checkpoints.every_epochs=1000",
        "checkpoints.embed=false",
        "checkpoints.figures=false",
    ]
    return build(override_recipe(find_document("simclr-cifar10"), overrides, catalogue), catalogue)


@contextmanager
def assembled(recipe: Recipe, dataset: ArrayDataset, home: Path) -> Iterator[Parts]:
    """What `engine.train` makes of a recipe, with this data set."""
    recipe = resolve(recipe, probe(), data_size=dataset.info.fields["image"][1])
    folder = RunFolder.create(home, "bench", "")
    splits = Splits(dataset, dataset)
    fabric = Fabric(accelerator="cpu", devices=1, precision=recipe.hardware.precision)
    encoder = build_encoder(recipe, dataset)
    learner = build_learner(recipe, splits, encoder)
    wrapped, optimiser = fabric.setup(learner, build_optimiser(recipe.optimiser, learner))
    sampler = sampler_of(recipe, dataset)
    monitor = KnnMonitor(splits, recipe.evaluation, recipe.seed, fabric.device)
    with JournalWriter(folder.events) as journal:
        phases = PhaseReporter(journal, Wishes(ControlReader(folder.control, from_end=True)))
        plan = Plan(recipe.budget, sampler.steps_per_epoch)
        yield Parts(
            folder, phases, recipe, "", fabric, splits, encoder, learner, wrapped, optimiser, plan, sampler, monitor
        )


def epochs(parts: Parts) -> dict[str, Any]:
    """Seconds of an epoch, ours (the shorter of two, after one batch to compile) and the peer's."""
    train_for(parts, 1)
    ours = min(seconds(lambda: Loop(parts).run()) for _ in range(2))
    result: dict[str, Any] = {"ours_epoch_s": round(ours, 2)}
    try:
        transform = lightly_transform(CASES[0])
    except ImportError as error:
        return result | {"peer": f"missing: {error}"}
    theirs = seconds(lambda: peer_epoch(parts, transform))
    return result | {"peer": PEER, "peer_epoch_s": round(theirs, 2), "ours_times_faster": round(theirs / ours, 2)}


def peer_epoch(parts: Parts, transform: Any) -> None:
    """One pass over the same pictures with views from worker processes."""
    learner, optimiser = twin(parts)
    loader = torch.utils.data.DataLoader(
        Pictures(parts.splits.train, transform),
        batch_size=parts.sampler.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=WORKERS,
    )
    for (first, second), index in loader:
        bare_step(learner, optimiser, Views({"main": (first, second)}, index))


class Pictures(torch.utils.data.Dataset):
    """PIL images with lightly's two views of each."""

    def __init__(self, dataset: Any, transform: Any) -> None:
        samples = dataset.batch(np.arange(len(dataset)))
        self._pictures = [Image.fromarray(image) for image in samples.fields["image"].transpose(0, 2, 3, 1)]
        self._transform = transform

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> tuple[list[torch.Tensor], int]:
        return self._transform(self._pictures[index]), index


def step_cost(parts: Parts, turns: int) -> dict[str, Any]:
    """By how much the loop's step is slower than the bare one, on the same ready views: the median of the turns."""
    samples = parts.splits.train.batch(parts.sampler.batch(0))
    ready = Ready(parts.encoder.pipeline(samples, (0, 0), parts.fabric.device))
    looped = replace(parts, encoder=Encoder(parts.encoder.backbone, ready))
    learner, optimiser = twin(parts)
    train_for(looped, 2)
    bare_step(learner, optimiser, ready.views)
    pairs = []
    for turn in range(turns):
        runs = {
            "ours": lambda: train_for(looped, TURN_STEPS),
            "bare": lambda: [bare_step(learner, optimiser, ready.views) for _ in range(TURN_STEPS)],
        }
        order = ("ours", "bare") if turn % 2 else ("bare", "ours")
        taken = {name: seconds(runs[name]) / TURN_STEPS for name in order}
        pairs.append((taken["ours"], taken["bare"]))
    ratios = sorted(ours / bare for ours, bare in pairs)
    our_best, bare_best = min(ours for ours, _bare in pairs), min(bare for _ours, bare in pairs)
    return {
        "bare_step_ms": round(1000 * bare_best, 2),
        "our_step_ms": round(1000 * our_best, 2),
        "step_slower_by": round(statistics.median(ratios) - 1, 4),
        "shortest_step_slower_by": round(our_best / bare_best - 1, 4),
        "quartiles_of_the_turns": [round(ratios[round(share * (len(ratios) - 1))] - 1, 4) for share in (0.25, 0.75)],
    }


class Ready:
    """A pipeline whose views are there already."""

    def __init__(self, views: Views) -> None:
        self.views = views

    def __call__(self, *_of_a_batch: object) -> Views:
        return self.views


def train_for(parts: Parts, steps: int) -> None:
    """So many steps of the engine's loop."""
    budget = Budget(unit="steps", amount=steps)
    recipe = parts.recipe.replace(budget=budget)
    Loop(replace(parts, recipe=recipe, plan=Plan(budget, parts.sampler.steps_per_epoch))).run()


def twin(parts: Parts) -> tuple[Learner, Any]:
    """The same learner and optimiser once more, wrapped by nothing."""
    learner = copy.deepcopy(parts.learner).train()
    return learner, build_optimiser(parts.recipe.optimiser, learner)


def bare_step(learner: Learner, optimiser: Any, views: Views) -> None:
    """Forward, backward, optimiser, and nothing else."""
    loss, _terms, _embedding = learner(**parts_of(views))
    loss.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def seconds(work: Any) -> float:
    """Wall time that it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
