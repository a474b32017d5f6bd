"""One of several gloo processes: two steps of a clustering objective on its share of each batch, written to a file."""

from __future__ import annotations

import torch
from gloo import serve
from objectives_batches import SIZE_PX, make_views

from workbench.core.model import Model
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts, Objective
from workbench.objectives.vision.clustering.deepcluster_v2 import DeepClusterV2, DeepClusterV2Config
from workbench.objectives.vision.clustering.swav import SwAV, SwAVConfig
from workbench.recipes.models import Choice
from workbench.views.base import Views

SAMPLES = 12
KINDS: tuple[tuple[type[Objective], Model], ...] = (
    (SwAV, SwAVConfig(prototypes=6, queue=20, queue_start=0.0, freeze=0.0)),
    (DeepClusterV2, DeepClusterV2Config(prototypes=6, heads=2)),
)


def two_steps(kind: type[Objective], config: Model, rank: int, world: int) -> dict[str, torch.Tensor]:
    """Loss and gradients of the second step, summed over this process's share, and what the objective keeps.

    In evaluation mode: batch statistics are each process's own and no part of what is compared. The first step fills
    the queue, or ends an epoch.
    """
    torch.manual_seed(5)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX).eval()
    objective = kind(config, Facts(backbone.width, 0, SAMPLES, SAMPLES)).eval()
    share = slice(rank * SAMPLES // world, (rank + 1) * SAMPLES // world)
    for number in range(2):
        views = make_views(kind.spec.needs, SAMPLES, seed=number)
        loss = objective(Views({"A": tuple(view[share] for view in views.inputs)}, views.index[share]), backbone).loss
        if number == 0:
            objective.after_step(backbone, 0.5)
    loss.backward()
    named = [*backbone.named_parameters(prefix="backbone"), *objective.named_parameters(prefix="objective")]
    kept = {name: tensor.float() for name, tensor in objective.named_buffers() if "projector" not in name}
    return {"loss": loss.detach(), **{name: p.grad for name, p in named if p.grad is not None}, **kept}


if __name__ == "__main__":
    serve(lambda rank, world: {kind.spec.id: two_steps(kind, config, rank, world) for kind, config in KINDS})
