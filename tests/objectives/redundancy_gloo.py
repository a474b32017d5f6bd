"""One of several gloo processes: gradients of redundancy reduction on its share of a batch, written to a file.

Usage: python redundancy_gloo.py RANK WORLD STORE OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.distributed as dist
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


def main(rank: int, world: int, store: str, out: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=dist.FileStore(store, world), rank=rank, world_size=world)
    share = slice(rank * SAMPLES // world, (rank + 1) * SAMPLES // world)
    found = {kind.spec.id: gradients(kind, share) for kind in KINDS}
    for tensor in (tensor for tensors in found.values() for tensor in tensors.values()):
        dist.all_reduce(tensor)
        tensor /= world
    if rank == 0:
        torch.save(found, Path(out))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
