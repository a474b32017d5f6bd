"""VICReg: views agree, every dimension keeps its variance, and dimensions are decorrelated.

Bardes, Ponce, LeCun: VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning (ICLR 2022).

With z and z' the projections of the two views, neither normalised, the loss (section 4.1) is

    L = lambda s(z, z') + mu [v(z) + v(z')] / 2 + nu [c(z) + c(z')]
    s = 1/(NP) sum_n |z_n - z'_n|^2                         invariance
    v = 1/P sum_j max(0, 1 - sqrt(Var(z_j) + eps))          variance, a hinge; Var is unbiased
    c = 1/P sum_i sum_{j != i} Cov(z)_ij^2                  covariance, divided by N - 1

as the authors' code computes it. The paper's equations differ in two factors: there s is not divided by P, and v is
summed over the views. solo-learn and eb_jepa also sum v, and eb_jepa averages c over its P (P - 1) elements, so their
weights do not compare. eps stands inside the root: without it a collapsed dimension has an infinite gradient.

Constant projections cost mu (1 - sqrt(eps)), 24.75 at the defaults: a loss that stays there has collapsed. With mu = 0
nothing stops it. Statistics are computed in float32; over several processes projections are gathered with their
gradients, so that variances and covariances are those of the whole batch.

The paper's projector is 8192-8192-8192 with weights 25, 25 and 1; solo-learn takes 2048-2048 on CIFAR-10 with the
same weights. We differ in the projector's width (a default for small encoders on a CPU).

Shapes: N samples of all processes, M = 2N views, D features, P projections
"""

from __future__ import annotations

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
from workbench.objectives.alarms import LOWER_RATE, projections_shrink
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.distributed import gather
from workbench.objectives.statistics import (
    COVARIANCE,
    OFF_DIAGONAL,
    PROJECTION_STD,
    SHOWN_DIMENSIONS,
    covariance,
    full_precision,
    off_diagonal_energy,
    spread_terms,
)
from workbench.plugins.specs import MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

EPS = 1e-4


class VICRegConfig(Model):
    """Settings of VICReg."""

    invariance_weight: float = setting(
        25.0, "Invariance weight", "lambda: how much the distance between the two views costs", ge=0, le=1000
    )
    variance_weight: float = setting(
        25.0,
        "Variance weight",
        "mu: how much a standard deviation below 1 costs; with 0 everything collapses to a point",
        ge=0,
        le=1000,
    )
    covariance_weight: float = setting(
        1.0, "Covariance weight", "nu: how much covariances between dimensions cost", ge=0, le=1000
    )
    hidden: int = setting(512, "Projector hidden", "width of the projector's hidden layers", ge=1, le=16384)
    output: int = setting(256, "Projector output", "dimensions that are kept spread and decorrelated", ge=2, le=16384)
    layers: int = setting(3, "Projector layers", "linear layers of the projector; 1 has no hidden layer", ge=1, le=4)


def variance_hinge(z_NP: Tensor) -> Tensor:
    """Equation 1: by how much standard deviations fall short of 1, mean over dimensions; 0.99 for constants."""
    return F.relu(1 - (z_NP.var(dim=0) + EPS).sqrt()).mean()


def covariance_penalty(z_NP: Tensor) -> Tensor:
    """Equation 4: the squares of the covariances between different dimensions, summed and divided by P."""
    return off_diagonal_energy(covariance(z_NP)) / z_NP.shape[1]


def vicreg_parts(first_NP: Tensor, second_NP: Tensor) -> dict[str, Tensor]:
    """Invariance, variance and covariance of two views before they are weighted, each a scalar at or above 0."""
    return {
        "invariance": F.mse_loss(first_NP, second_NP),
        "variance": (variance_hinge(first_NP) + variance_hinge(second_NP)) / 2,
        "covariance": covariance_penalty(first_NP) + covariance_penalty(second_NP),
    }


class VICReg(Objective):
    """Three terms on the projections of two views."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="vicreg",
        title="VICReg",
        family="Redundancy reduction",
        summary="Two views agree while every dimension keeps its variance and dimensions are decorrelated.",
        explanation=(
            "Invariance pulls the two views of a picture together. The variance term keeps each dimension spread over "
            "the batch, and the covariance term makes dimensions carry different information. Each term can be "
            "weighed, so what it prevents can be seen by switching it off."
        ),
        energy=(
            "The energy is the squared distance of two views, and it is pulled down. Instead of pushing any pair up, "
            "the variance term keeps the projections from shrinking to a point and the covariance term from "
            "shrinking to a line."
        ),
        experience="One view's projection is predicted from the other's, by a squared error with two regularisers.",
        formula=(
            r"\mathcal{L} = \frac{\lambda}{NP} \sum_n \left\| z_n - z_n^{\prime} \right\|^2"
            r" + \frac{\mu}{2} \left[ v(z) + v(z^{\prime}) \right] + \nu \left[ c(z) + c(z^{\prime}) \right]"
        ),
        paper=Paper(
            title="VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning",
            authors="Bardes, Ponce, LeCun",
            year=2022,
            venue="ICLR",
            url="https://arxiv.org/abs/2105.04906",
        ),
        needs=Needs(min_views=2, max_views=2, min_batch=2),
        metrics=(
            MetricSpec(
                name="invariance",
                title="Invariance",
                better="lower",
                description="mean squared distance between the two views, a dimension",
            ),
            MetricSpec(
                name="variance",
                title="Variance",
                better="lower",
                description="by how much standard deviations fall short of 1; 0.99 is a collapse",
            ),
            MetricSpec(
                name="covariance",
                title="Covariance",
                better="lower",
                description="squared covariances between dimensions, a dimension, of both views",
            ),
            PROJECTION_STD,
            OFF_DIAGONAL,
        ),
        alarms=(
            projections_shrink(
                ("objective.variance_weight", "set it to 25; it keeps the spread"),
                ("objective.invariance_weight", "set it to 25, as high as the variance weight"),
                LOWER_RATE,
            ),
        ),
        figures=(COVARIANCE,),
        views_preset="byol-cifar",
    )
    Config: ClassVar[type[Model]] = VICRegConfig
    no_sample_loss = "its penalties are those of a batch's variances and covariances"
    config: VICRegConfig

    def __init__(self, config: VICRegConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, config.layers, bias=False)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The three weighted terms, over the batch of all processes."""
        check_views(self.spec, views)
        config = self.config
        h_MD = backbone(torch.cat(views.inputs))
        first_NP, second_NP = (gather(z) for z in full_precision(self.projector(h_MD)).chunk(2))
        with torch.autocast(h_MD.device.type, enabled=False):
            parts = vicreg_parts(first_NP, second_NP)
            spread = spread_terms(first_NP)
        loss = (
            config.invariance_weight * parts["invariance"]
            + config.variance_weight * parts["variance"]
            + config.covariance_weight * parts["covariance"]
        )
        return Step(loss, {**{name: part.detach() for name, part in parts.items()}, **spread}, h_MD.detach())

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """The covariance of the first 64 dimensions of the first view."""
        with evaluating(backbone, self):
            z_NP = full_precision(self.projector(backbone(views.inputs[0])))[:, :SHOWN_DIMENSIONS]
            return {"covariance": covariance(z_NP).cpu().numpy()}
