"""Batches of views that suit any objective's needs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts, Objective
from workbench.plugins.specs import Needs
from workbench.recipes.models import Choice
from workbench.views.base import Views

CLASSES = 5
SIZE_PX = 16

# What a view operation would make, by the name of the target: (views, samples, generator) -> one row a view.
TARGETS: dict[str, Callable[[int, int, torch.Generator], Tensor]] = {
    "rotation": lambda views, samples, g: torch.randint(4, (views, samples), generator=g),
}


def make_views(needs: Needs, samples: int, seed: int = 0, count: int | None = None) -> Views:
    """Random pictures, as many views as needed (two where any number will do)."""
    g = torch.Generator().manual_seed(seed)
    count = count if count is not None else max(needs.min_views, min(2, needs.max_views or 2))
    shared = torch.randn(samples, 3, SIZE_PX, SIZE_PX, generator=g)
    views = tuple(shared + 0.3 * torch.randn(shared.shape, generator=g) for _ in range(count))
    labels = torch.randint(CLASSES, (samples,), generator=g) if needs.labels else None
    targets = {name: TARGETS[name](count, samples, g) for name in needs.targets}
    return Views({"A": views}, torch.arange(samples), labels, targets)


def make_learner(kind: type[Objective], samples: int, seed: int = 0) -> tuple[Objective, Backbone]:
    """An objective with its default settings and a narrow encoder."""
    torch.manual_seed(seed)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX)
    facts = Facts(width=backbone.width, classes=CLASSES, samples=1000, batch_size=samples)
    objective = kind(kind.Config(), facts)
    objective.attach(backbone)
    return objective, backbone
