"""One of several gloo processes: gradients and queues of contrastive objectives on its share of a batch."""

from __future__ import annotations

import torch
from gloo import serve
from objectives_batches import make_learner, make_views

from workbench.objectives.base import Objective
from workbench.objectives.vision.baseline.supcon import SupCon
from workbench.objectives.vision.contrastive.instance_discrimination import Bank, InstanceDiscrimination
from workbench.objectives.vision.contrastive.moco import MoCo
from workbench.objectives.vision.contrastive.moco_v3 import MoCoV3
from workbench.objectives.vision.contrastive.nnclr import NNCLR
from workbench.objectives.vision.contrastive.pirl import PIRL
from workbench.objectives.vision.contrastive.triplet import Triplet
from workbench.views.base import Views

SAMPLES = 12
KINDS: tuple[type[Objective], ...] = (MoCo, MoCoV3, NNCLR, InstanceDiscrimination, PIRL, Triplet, SupCon)


def share_of(views: Views, rank: int, world: int) -> Views:
    """The samples of one process."""
    part = slice(rank * SAMPLES // world, (rank + 1) * SAMPLES // world)
    labels = None if views.labels is None else views.labels[part]
    return Views({"A": tuple(view[part] for view in views.inputs)}, views.index[part], labels)


def step(kind: type[Objective], rank: int = 0, world: int = 1) -> dict[str, torch.Tensor]:
    """The gradient of every parameter, and what the objective remembers after the step.

    In evaluation mode: batch statistics are each process's own and no part of what is compared.
    """
    objective, backbone = make_learner(kind, SAMPLES, seed=5)
    for bank in (part for part in objective.modules() if isinstance(part, Bank)):
        bank.seen.fill_(True)  # a picture that was never stored has no gradient to compare
    objective.eval()
    backbone.eval()
    loss = objective(share_of(make_views(kind.spec.needs, SAMPLES), rank, world), backbone).loss
    loss.backward()
    named = [*backbone.named_parameters(prefix="backbone"), *objective.named_parameters(prefix="objective")]
    found = {"loss": loss.detach(), **{name: p.grad for name, p in named if p.grad is not None}}
    objective.after_step(backbone, 0.5)
    stored = {name: value for name, value in objective.state_dict().items() if name.startswith(("queue.", "bank."))}
    return {**found, **{f"stored.{name}": value.float() for name, value in stored.items()}}


if __name__ == "__main__":
    serve(lambda rank, world: {kind.spec.id: step(kind, rank, world) for kind in KINDS})
