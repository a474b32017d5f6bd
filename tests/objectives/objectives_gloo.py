"""One of several gloo processes: gradients of SimCLR on its share of a batch, written to a file.

Usage: python objectives_gloo.py RANK WORLD STORE OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.distributed as dist
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


def main(rank: int, world: int, store: str, out: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=dist.FileStore(store, world), rank=rank, world_size=world)
    views = make_views(SimCLR.spec.needs, SAMPLES)
    share = slice(rank * SAMPLES // world, (rank + 1) * SAMPLES // world)
    mine = Views({"A": tuple(view[share] for view in views.inputs)}, views.index[share])
    found = gradients(mine)
    for tensor in found.values():
        dist.all_reduce(tensor)
        tensor /= world
    if rank == 0:
        torch.save(found, Path(out))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
