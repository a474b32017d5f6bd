"""One of several gloo processes: gradients of redundancy reduction on its share of a batch, written to a file."""

from __future__ import annotations

import torch
from gloo import serve
from objectives_batches import make_learner, make_views

from workbench.objectives.base import Objective
from workbench.objectives.vision.redundancy.barlow_twins import BarlowTwins
from workbench.objectives.vision.redundancy.sigreg import SIGReg
from workbench.objectives.vision.redundancy.vicreg import VICReg
from workbench.objectives.vision.redundancy.w_mse import WMSE
from workbench.views.base import Views

KINDS: tuple[type[Objective], ...] = (BarlowTwins, VICReg, WMSE, SIGReg)
SAMPLES = 48


def gradients(kind: type[Objective], share: slice) -> dict[str, torch.Tensor]:
    """The loss and its gradient for every parameter, in float64, without batch statistics of the network's own."""
    objective, backbone = (part.double().eval() for part in make_learner(kind, SAMPLES, seed=5))
    views = make_views(kind.spec.needs, SAMPLES)
    mine = Views({"A": tuple(view[share].double() for view in views.inputs)}, views.index[share])
    loss = objective(mine, backbone).loss
    loss.backward()
    named = [*backbone.named_parameters(prefix="backbone"), *objective.named_parameters(prefix="objective")]
    return {"loss": loss.detach(), **{name: p.grad for name, p in named if p.grad is not None}}


def mean_gradients(rank: int, world: int) -> dict[str, dict[str, torch.Tensor]]:
    """One process's part of all kinds."""
    share = slice(rank * SAMPLES // world, (rank + 1) * SAMPLES // world)
    return {kind.spec.id: gradients(kind, share) for kind in KINDS}


if __name__ == "__main__":
    serve(mean_gradients)
