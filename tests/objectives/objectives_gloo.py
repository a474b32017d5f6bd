"""One of several gloo processes: gradients of SimCLR on its share of a batch, written to a file."""

from __future__ import annotations

import torch
from gloo import serve
from objectives_batches import make_learner, make_views

from workbench.objectives.vision.contrastive.simclr import SimCLR
from workbench.views.base import Views

SAMPLES = 12


def learner() -> tuple[SimCLR, torch.nn.Module]:
    """A learner in evaluation mode: batch statistics are each process's own and no part of what is compared."""
    objective, backbone = make_learner(SimCLR, SAMPLES, seed=5)
    return objective.eval(), backbone.eval()


def gradients(views: Views) -> dict[str, torch.Tensor]:
    """The loss and its gradient for every parameter."""
    objective, backbone = learner()
    loss = objective(views, backbone).loss
    loss.backward()
    named = [*backbone.named_parameters(prefix="backbone"), *objective.named_parameters(prefix="objective")]
    return {"loss": loss.detach(), **{name: parameter.grad for name, parameter in named}}


def own_gradients(rank: int, world: int) -> dict[str, dict[str, torch.Tensor]]:
    """One process's part."""
    views = make_views(SimCLR.spec.needs, SAMPLES)
    share = slice(rank * SAMPLES // world, (rank + 1) * SAMPLES // world)
    mine = Views({"A": tuple(view[share] for view in views.inputs)}, views.index[share])
    return {SimCLR.spec.id: gradients(mine)}


if __name__ == "__main__":
    serve(own_gradients)
