"""W-MSE: views agree after their projections have been whitened over the batch.

Ermolov, Siarohin, Sangineto, Sebe: Whitening for Self-Supervised Representation Learning (ICML 2021).

Each view's projections v are centred and whitened within a sub-batch (section 3), z = L^{-1} (v - mean) with the
Cholesky factor of their covariance, L L^T = Cov(v), so that z has the identity as its covariance. The loss, with the
cosine distance of that section, is the mean over all pairs of views

    L = 2 / V(V-1) sum_{a < b} 1/N sum_n ( 2 - 2 cos(z^a_n, z^b_n) )

Whitened vectors fill the sphere, so collapse is impossible and no negatives are needed. Unrelated views cost 2, equal
ones 0. The covariance is shrunk, (1 - eps) Cov + eps m I with m the mean variance: relative to m, so that the
scale of the projections does not matter; their Cholesky factor then exists however few samples there are.

A sub-batch must be at least twice as large as the projection is wide, as in the authors' code. It is a run of
neighbours in the batch, which the sampler has already put in random order. We whiten in float32 and make one
partition a step (w_iter = 1 of the code, its default). Over several processes projections are gathered with their
gradients before they are cut into sub-batches.

The authors' code takes a projector of 1024-64 and sub-batches of 128 on CIFAR-10, two or four views. We differ in the
projector's width, and in eps: theirs is 0 and absolute.

Shapes: N samples of all processes, V views, M = V N, D features, P projections
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.modes import evaluating
from workbench.objectives.alarms import LARGER_BATCH, LOWER_RATE, same_dimensions
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.distributed import gather
from workbench.objectives.multi_crop import features
from workbench.objectives.statistics import (
    COVARIANCE,
    OFF_DIAGONAL,
    PROJECTION_STD,
    SHOWN_DIMENSIONS,
    covariance,
    full_precision,
    spread_terms,
)
from workbench.plugins.specs import Bound, Chance, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

LEAST_VARIANCE = 1e-12


class WMSEConfig(Model):
    """Settings of W-MSE."""

    sub_batch: int = setting(
        128,
        "Sub-batch",
        "samples that are whitened together; at least twice the projector's output",
        unit="samples",
        ge=2,
        le=65536,
    )
    eps: float = setting(
        1e-3,
        "Shrinkage",
        "share of the mean variance mixed into the covariance, so that it can be inverted",
        ge=1e-5,
        le=0.5,
        log=True,
        advanced=True,
    )
    hidden: int = setting(512, "Projector hidden", "width of the projector's hidden layers", ge=1, le=16384)
    output: int = setting(32, "Projector output", "dimensions that are whitened", ge=2, le=1024)
    layers: int = setting(2, "Projector layers", "linear layers of the projector; 1 has no hidden layer", ge=1, le=4)


def whitened(v_NP: Tensor, eps: float) -> Tensor:
    """Projections with mean 0 and the identity as covariance (section 3), up to the shrinkage.

    Parameters
    ----------
    v_NP : at least two samples
    eps : in (0, 1), relative to the mean variance

    Returns
    -------
    z_NP : finite, also when all samples are equal (then 0)
    """
    covariance_PP = covariance(v_NP)
    floor = covariance_PP.diagonal().mean().clamp(min=LEAST_VARIANCE)
    identity_PP = torch.eye(v_NP.shape[1], dtype=v_NP.dtype, device=v_NP.device)
    # The unchecked factorisation: a check would wait for the device, and the shrunk matrix is positive definite.
    factor_PP, _ = torch.linalg.cholesky_ex((1 - eps) * covariance_PP + eps * floor * identity_PP)
    z_PN: Tensor = torch.linalg.solve_triangular(factor_PP, (v_NP - v_NP.mean(dim=0)).T, upper=False)
    return z_PN.T


def whitened_by_parts(v_NP: Tensor, sub_batch: int, eps: float) -> Tensor:
    """Sub-batches of neighbours, each whitened by itself: none smaller than `sub_batch` unless the batch is."""
    parts = max(len(v_NP) // sub_batch, 1)
    return torch.cat([whitened(part, eps) for part in v_NP.tensor_split(parts)])


def cosine_distance(first_NP: Tensor, second_NP: Tensor) -> Tensor:
    """The squared distance of the normalised vectors, 2 - 2 cos, mean over samples, in [0, 4]."""
    return 2 - 2 * F.cosine_similarity(first_NP, second_NP, dim=1).mean()


class WMSE(Objective):
    """The distance of two views after whitening."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="w_mse",
        title="W-MSE",
        family="Redundancy reduction",
        summary="Views agree after their projections have been whitened over the batch.",
        explanation=(
            "Before views are compared, the projections of the batch are rotated and scaled until all dimensions have "
            "variance 1 and none are correlated. Pulling views together can then not shrink anything, so there is "
            "no other term. The sub-batch has to be larger than the projection is wide."
        ),
        energy=(
            "Two views of a picture get low energy, a small cosine distance. Whitening holds the volume of the space "
            "fixed, which excludes collapse without pushing any pair up."
        ),
        experience="One view is predicted from the other in whitened space, by a squared error of unit vectors.",
        formula=(
            r"\mathcal{L} = \frac{1}{N} \sum_n \left( 2 - 2 \cos(z_n, z_n^{\prime}) \right),"
            r" \quad z = L^{-1} (v - \bar{v}), \quad L L^T = \mathrm{Cov}(v)"
        ),
        paper=Paper(
            title="Whitening for Self-Supervised Representation Learning",
            authors="Ermolov, Siarohin, Sangineto, Sebe",
            year=2021,
            venue="ICML",
            url="https://arxiv.org/abs/2007.06346",
        ),
        needs=Needs(
            min_views=2,
            min_batch=2,
            bounds=(
                Bound(
                    setting="output",
                    at_most="min(sub_batch, batch_size) / 2",
                    why="half of what is whitened together, or the covariance cannot be estimated",
                ),
            ),
        ),
        metrics=(
            MetricSpec(
                name="cosine",
                title="Agreement of the views",
                better="higher",
                description="mean cosine between the whitened views of a sample",
            ),
            PROJECTION_STD,
            OFF_DIAGONAL,
        ),
        alarms=(same_dimensions(("objective.eps", "lower it"), LOWER_RATE, LARGER_BATCH),),
        figures=(COVARIANCE,),
        chance=Chance(formula="2", expression="2"),
        views_preset="simclr-cifar",
    )
    Config: ClassVar[type[Model]] = WMSEConfig
    no_sample_loss = "whitening makes every distance one of the whole batch"
    config: WMSEConfig

    def __init__(self, config: WMSEConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, config.layers, bias=False)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The mean distance over all pairs of whitened views."""
        check_views(self.spec, views)
        h_MD = torch.cat(features(views.inputs, backbone))
        v_MP = full_precision(self.projector(h_MD))
        gathered = [gather(v_NP) for v_NP in v_MP.chunk(len(views.inputs))]
        with torch.autocast(h_MD.device.type, enabled=False):
            z = [whitened_by_parts(v_NP, self.config.sub_batch, self.config.eps) for v_NP in gathered]
            spread = spread_terms(gathered[0])
        loss = torch.stack([cosine_distance(first, second) for first, second in combinations(z, 2)]).mean()
        return Step(loss, {"cosine": 1 - loss.detach() / 2, **spread}, h_MD.detach())

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """The covariance of the first 64 dimensions of the first view, before whitening."""
        with evaluating(backbone, self):
            v_NP = full_precision(self.projector(backbone(views.inputs[0])))[:, :SHOWN_DIMENSIONS]
            return {"covariance": covariance(v_NP).cpu().numpy()}
