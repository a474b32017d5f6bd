"""One of several gloo processes: two steps of every objective on its share of each batch, as DDP makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.distributed as dist
from gloo import serve
from objectives_batches import make_learner, make_views
from torch import Tensor
from torch.overrides import TorchFunctionMode

from workbench.core.model import Model
from workbench.objectives.base import Objective
from workbench.objectives.table import OBJECTIVES
from workbench.objectives.vision.baseline.semi import FewLabels
from workbench.objectives.vision.baseline.uda import UDA
from workbench.objectives.vision.clustering.deepcluster_v2 import DeepClusterV2
from workbench.objectives.vision.contrastive.pirl import PIRL
from workbench.objectives.vision.generative.autoencoder import Autoencoder
from workbench.objectives.vision.generative.context_encoder import ContextEncoder
from workbench.views.base import Views

SAMPLES = 32
# Settings under which a step is the same whoever makes it: UDA's mean over the labels that are released is each
# process's own, and clusters without samples start again at random.
SETTINGS: dict[type[Objective], Model] = {
    UDA: UDA.Config(annealing="none"),
    DeepClusterV2: DeepClusterV2.Config(prototypes=6),
}
CASES: dict[str, tuple[type[Objective], Model]] = {
    **{kind.spec.id: (kind, SETTINGS.get(kind) or kind.Config()) for kind in OBJECTIVES},
    "sparse autoencoder": (Autoencoder, Autoencoder.Config(kind="sparse", penalty="kl", weight=100.0)),
    "denoising autoencoder": (Autoencoder, Autoencoder.Config(kind="denoising", corruption="gaussian")),
    "adversarial context encoder": (ContextEncoder, ContextEncoder.Config(adversarial=0.1)),
    "pirl, one half": (PIRL, PIRL.Config(weight=1.0)),
}


class DrawnTogether(TorchFunctionMode):
    """Noise for one's own samples is cut out of what one process would draw for all of them."""

    def __init__(self, rank: int, world: int) -> None:
        super().__init__()
        self.part = slice(rank * SAMPLES // world, (rank + 1) * SAMPLES // world)

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        own = self.part.stop - self.part.start
        if func in (torch.randn, torch.rand) and args[0] == own:
            return func(SAMPLES, *args[1:], **(kwargs or {}))[self.part]
        return func(*args, **(kwargs or {}))


def batch(kind: type[Objective], number: int) -> Views:
    """A whole batch. Where some samples are left out of a mean, as many are in each half."""
    views = make_views(kind.spec.needs, SAMPLES, seed=number)
    if issubclass(kind, FewLabels) and views.labels is not None:
        views.labels[1::2] = -1
    if "position" in views.targets:
        views.targets["position"].clamp_(min=0)[:, 1::4] = -1
    return views


def share_of(views: Views, rank: int, world: int) -> Views:
    """The samples of one process."""
    part = slice(rank * SAMPLES // world, (rank + 1) * SAMPLES // world)
    return Views(
        {"A": tuple(view[part] for view in views.inputs)},
        views.index[part],
        None if views.labels is None else views.labels[part],
        {name: target[:, part] for name, target in views.targets.items()},
    )


def average_gradients(parameters: list[torch.nn.Parameter], world: int) -> None:
    """What DistributedDataParallel does between the backward pass and the optimiser."""
    for p in parameters:
        if world > 1 and p.grad is not None:
            dist.all_reduce(p.grad)
            p.grad /= world


def two_steps(kind: type[Objective], config: Model, rank: int = 0, world: int = 1) -> dict[str, Tensor]:
    """Loss and gradients of the second of two steps, and what the objective keeps after it.

    In evaluation mode: batch statistics are each process's own and no part of what is compared.
    """
    objective, backbone = make_learner(kind, SAMPLES, seed=5, config=config, steps_per_epoch=1)
    objective.eval()
    backbone.eval()
    named = [*backbone.named_parameters(prefix="backbone"), *objective.named_parameters(prefix="objective")]
    trained = {name: p for name, p in named if p.requires_grad}
    optimiser = torch.optim.SGD(trained.values(), lr=0.01)
    for number in range(2):
        optimiser.zero_grad()
        torch.manual_seed(7)
        with DrawnTogether(rank, world):
            loss = objective(share_of(batch(kind, number), rank, world), backbone).loss
        loss.backward()
        average_gradients(list(trained.values()), world)
        optimiser.step()
        objective.after_step(backbone, (number + 1) / 2)
    gradients = {name: p.grad for name, p in trained.items() if p.grad is not None}
    kept = {f"kept.{name}": tensor.float() for name, tensor in objective.named_buffers()}
    return {"loss": loss.detach(), **gradients, **kept}


if __name__ == "__main__":
    serve(lambda rank, world: {name: two_steps(*case, rank, world) for name, case in CASES.items()})
