"""Batches of views that suit any objective's needs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts, Objective
from workbench.objectives.queue import Queue
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


# What a view operation would make, by the name of the target: (views, samples, generator) -> one row a view.
TARGETS: dict[str, Callable[[int, int, torch.Generator], Tensor]] = {
    "mask": lambda views, samples, g: mask_of(views, samples),
    "visible": lambda views, samples, g: visible_of(mask_of(views, samples)),
    "rotation": lambda views, samples, g: torch.randint(4, (views, samples), generator=g),
}


def make_views(needs: Needs, samples: int, seed: int = 0, count: int | None = None) -> Views:
    """Random pictures, as many views as needed (two where any number will do)."""
    g = torch.Generator().manual_seed(seed)
    count = count if count is not None else max(needs.min_views, min(2, needs.max_views or 2))
    shared = torch.randn(samples, 3, SIZE_PX, SIZE_PX, generator=g)
    if "mask" in needs.targets:  # noise cannot be painted: half of it is one patch that all pictures repeat
        tile = torch.randn(3, MASK_PX, MASK_PX, generator=g)
        shared = 0.5**0.5 * (shared + tile.repeat(1, SIZE_PX // MASK_PX, SIZE_PX // MASK_PX))
    views = tuple(shared + 0.3 * torch.randn(shared.shape, generator=g) for _ in range(count))
    labels = torch.randint(CLASSES, (samples,), generator=g) if needs.labels else None
    targets = {name: TARGETS[name](count, samples, g) for name in needs.targets}
    return Views({"A": views}, torch.arange(samples), labels, targets)


def fill_queues(objective: Objective, backbone: Backbone, kind: type[Objective], samples: int) -> None:
    """Train nothing, but let real embeddings of unrelated pictures take the places of the random first ones."""
    queues = [part for part in objective.modules() if isinstance(part, Queue)]
    for seed in range(1000):
        if all((queue.age >= 0).all() for queue in queues):
            return
        with torch.no_grad():
            objective(make_views(kind.spec.needs, samples, seed=100 + seed), backbone)
        objective.after_step(backbone, 0.0)


def make_learner(kind: type[Objective], samples: int, seed: int = 0) -> tuple[Objective, Backbone]:
    """An objective with its default settings and a narrow encoder."""
    torch.manual_seed(seed)
    transformer = Choice(id="small_vit", patch=4, width=32, depth=2, heads=2)
    choice = transformer if kind.spec.needs.tokens else Choice(id="tiny_cnn", width=8)
    backbone = build_backbone(choice, SIZE_PX)
    facts = Facts(width=backbone.width, classes=CLASSES, samples=1000, batch_size=samples)
    objective = kind(kind.Config(), facts)
    objective.attach(backbone)
    return objective, backbone
