"""Batches of views that suit any objective's needs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from workbench.core.model import Model
from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts, Objective
from workbench.objectives.queue import Queue
from workbench.objectives.vision.contrastive.cpc import CPC
from workbench.objectives.vision.contrastive.pirl import PIRL
from workbench.objectives.vision.pretext.jigsaw import Jigsaw
from workbench.objectives.vision.pretext.relative_position import RelativePosition
from workbench.plugins.specs import Needs
from workbench.recipes.models import Choice
from workbench.views.base import Views

CLASSES = 5
SIZE_PX = 16
MASK_PX = 4


def mask_of(views: int, samples: int) -> Tensor:
    """Three quarters of the patches of every view hidden; the same for the same numbers."""
    patches = (SIZE_PX // MASK_PX) ** 2
    lots = torch.rand(views, samples, patches, generator=torch.Generator().manual_seed(views * 1000 + samples))
    return lots.argsort(dim=2).argsort(dim=2) < patches * 3 // 4


def visible_of(mask: Tensor) -> Tensor:
    """Positions of what is not hidden, rising."""
    seen = mask.shape[-1] - int(mask[0, 0].sum())
    return mask.int().argsort(dim=-1, stable=True)[..., :seen]


def region_of(views: int, samples: int) -> Tensor:
    """A square of half the side hidden in every view, at another place in each; the same for the same numbers."""
    half, g = SIZE_PX // 2, torch.Generator().manual_seed(views * 1000 + samples)
    top, left = torch.randint(half + 1, (2, views, samples, 1), generator=g)
    place = torch.arange(SIZE_PX)
    rows, columns = (place >= top) & (place < top + half), (place >= left) & (place < left + half)
    return rows[..., :, None] & columns[..., None, :]


def tiles_of(view: Tensor, rows: int, count: int) -> Tensor:
    """The first tiles of a view cut into rows x rows of them, (N, count, 3, h, h)."""
    side = SIZE_PX // rows
    cut = view.unfold(2, side, side).unfold(3, side, side)[:, :, :rows, :rows]
    return cut.permute(0, 2, 3, 1, 4, 5).flatten(1, 2)[:, :count].contiguous()


def grid_of(view: Tensor, rows: int, side: int) -> Tensor:
    """Overlapping tiles of a side in reading order, (N, rows * rows, 3, side, side)."""
    stride = (SIZE_PX - side) // (rows - 1)
    tiles = view.unfold(2, side, stride).unfold(3, side, stride)[:, :, :rows, :rows]
    return tiles.permute(0, 2, 3, 1, 4, 5).flatten(1, 2)


# What an objective is given in the place of whole pictures, by its needs.
CUT: dict[Needs, Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]]] = {
    Jigsaw.spec.needs: lambda views: tuple(tiles_of(view, 3, 9) for view in views),
    RelativePosition.spec.needs: lambda views: tuple(tiles_of(view, 2, 2) for view in views),
    CPC.spec.needs: lambda views: tuple(grid_of(view, 7, 8) for view in views),
    PIRL.spec.needs: lambda views: (views[0], *(tiles_of(view, 3, 9) for view in views[1:])),
}


def blocks_of(mask: Tensor, blocks: int = 3) -> Tensor:
    """Target blocks of a mask: every second, third, ... one of the hidden patches, so that blocks overlap."""
    hidden = (~mask).int().argsort(dim=-1, stable=True)[..., : int(mask[0, 0].sum())]
    return torch.stack([hidden[..., start : start + 6] for start in range(0, 2 * blocks, 2)], dim=2)


def lab_of_one_scene(views: int, samples: int, g: torch.Generator) -> Tensor:
    """Scaled CIE Lab of pictures that differ little from one scene, which can be learned without looking."""
    scene = torch.rand(3, 4, 4, generator=g).repeat_interleave(SIZE_PX // 4, 1).repeat_interleave(SIZE_PX // 4, 2)
    scene = scene * torch.tensor([0.9, 0.6, 0.6])[:, None, None] - torch.tensor([0.0, 0.3, 0.3])[:, None, None]
    noise = torch.randn(views, samples, 3, SIZE_PX, SIZE_PX, generator=g)
    return (scene + 0.03 * noise) * torch.tensor([1.0, 0.8, 0.8])[:, None, None]


# What a view operation would make, by the name of the target: (views, samples, generator) -> one row a view.
TARGETS: dict[str, Callable[[int, int, torch.Generator], Tensor]] = {
    "lab": lab_of_one_scene,
    "mask": lambda views, samples, g: mask_of(views, samples),
    "region": lambda views, samples, g: region_of(views, samples),
    "blocks": lambda views, samples, g: blocks_of(mask_of(views, samples)),
    "visible": lambda views, samples, g: visible_of(mask_of(views, samples)),
    "permutation": lambda views, samples, g: torch.randint(100, (views, samples), generator=g),
    "position": lambda views, samples, g: torch.randint(-1, 8, (views, samples), generator=g),
    "transform": lambda views, samples, g: torch.randint(14, (views, samples), generator=g),
    "rotation": lambda views, samples, g: torch.randint(4, (views, samples), generator=g),
}


def make_views(needs: Needs, samples: int, seed: int = 0, count: int | None = None, painted: bool = False) -> Views:
    """Random pictures, as many views as needed (two where any number will do); `painted`: half of each can be known."""
    g = torch.Generator().manual_seed(seed)
    count = count if count is not None else max(needs.min_views, min(2, needs.max_views or 2))
    shared = torch.randn(samples, 3, SIZE_PX, SIZE_PX, generator=g)
    if "mask" in needs.targets:  # noise cannot be painted: half of it is one patch that all pictures repeat
        # Soft classes say in what pictures differ: for them each repeats a patch of its own, and more of it.
        own = needs.target_views == "largest"
        tile = torch.randn(*((samples, 3) if own else (3,)), MASK_PX, MASK_PX, generator=g)
        known, tiled = 0.9 if own else 0.5, tile.tile(SIZE_PX // MASK_PX, SIZE_PX // MASK_PX)
        shared = (1 - known) ** 0.5 * shared + known**0.5 * tiled
    elif painted:  # the same with large squares, as a decoder paints that makes large shapes first
        squares = torch.randn(3, 4, 4, generator=g).repeat_interleave(SIZE_PX // 4, 1)
        shared = 0.5**0.5 * (shared + squares.repeat_interleave(SIZE_PX // 4, 2))
    views = tuple(shared + 0.3 * torch.randn(shared.shape, generator=g) for _ in range(count))
    if needs.plain:
        views = tuple(view.sigmoid() for view in views)
    labels = torch.randint(CLASSES, (samples,), generator=g) if needs.labels else None
    targets = {name: TARGETS[name](count, samples, g) for name in needs.targets if name != "picture"}
    if "picture" in needs.targets and views:
        targets["picture"] = torch.stack(views)
        views = tuple(x.masked_fill(region[:, None], 0) for x, region in zip(views, targets["region"], strict=True))
    return Views({"A": CUT.get(needs, tuple)(views)}, torch.arange(samples), labels, targets)


# Objectives whose first epoch fills a memory and teaches the encoder nothing.
LOOKS_FIRST = ("instance_discrimination", "pirl", "deepcluster", "clusterfit")


def look_first(objective: Objective, backbone: Backbone, views: Views) -> None:
    """Bring such an objective to its second epoch without a step of an optimiser."""
    for _ in range(objective.facts.steps_per_epoch if objective.spec.id in LOOKS_FIRST else 0):
        with torch.no_grad():
            objective(views, backbone)
        objective.after_step(backbone, 0.0)


def fill_queues(objective: Objective, backbone: Backbone, kind: type[Objective], samples: int) -> None:
    """Train nothing, but let real embeddings of unrelated pictures take the places of the random first ones."""
    queues = [part for part in objective.modules() if isinstance(part, Queue)]
    for seed in range(1000):
        if all((queue.age >= 0).all() for queue in queues):
            return
        with torch.no_grad():
            objective(make_views(kind.spec.needs, samples, seed=100 + seed), backbone)
        objective.after_step(backbone, 0.0)


def make_learner(
    kind: type[Objective], samples: int, seed: int = 0, steps_per_epoch: int = 40, config: Model | None = None
) -> tuple[Objective, Backbone]:
    """An objective with its default settings, or those given, and a narrow encoder."""
    torch.manual_seed(seed)
    transformer = Choice(id="small_vit", patch=4, width=32, depth=2, heads=2, causal=kind.spec.needs.causal)
    choice = transformer if kind.spec.needs.tokens else Choice(id="tiny_cnn", width=8)
    backbone = build_backbone(choice, SIZE_PX)
    known = {"classes": CLASSES, "samples": 1000, "batch_size": samples, "size": SIZE_PX}
    facts = Facts(width=backbone.width, steps_per_epoch=steps_per_epoch, **known)
    objective = kind(kind.Config() if config is None else config, facts)
    objective.attach(backbone)
    return objective, backbone
