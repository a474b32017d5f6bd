"""Barlow Twins: the cross-correlation of two views becomes the identity.

Zbontar, Jing, Misra, LeCun, Deny: Barlow Twins: Self-Supervised Learning via Redundancy Reduction (ICML 2021).

With z and z' the projections of the two views, each dimension standardised over the batch, and
C_ij = 1/N sum_n z_ni z'_nj, the loss (equation 1) is

    L = s [ sum_i (1 - C_ii)^2 + lambda sum_i sum_{j != i} C_ij^2 ]

The first sum asks the views to agree in every dimension, the second asks different dimensions to say different things.
A constant dimension has C_ii = 0, so collapse costs as much as knowing nothing: unrelated views have correlations of
variance 1/(N - 1), which gives the chance level. Standardisation always takes the
statistics of the batch at hand, the biased variance as in BatchNorm, and correlations are computed in float32. Over
several processes projections are gathered with their gradients, so that C is that of the whole batch.

The paper takes lambda = 0.005 with a projector of three layers of 8192 and s = 1, or 0.024 in the authors' code
with LARS; solo-learn's CIFAR-10 recipe takes 2048 and s = 0.1. We differ in the projector's width, and in lambda with
it: the off-diagonal sum has P^2 terms and the diagonal one P, so a narrower projection needs a larger lambda for the
same balance.

Shapes: N samples of all processes, M = 2N views, D features, P projections
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
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
from workbench.objectives.statistics import (
    PROJECTION_STD,
    SHOWN_DIMENSIONS,
    cross_correlation,
    full_precision,
    off_diagonal_energy,
)
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class BarlowTwinsConfig(Model):
    """Settings of Barlow Twins."""

    redundancy_weight: float = setting(
        0.02,
        "Redundancy weight",
        "lambda: how much correlations between different dimensions cost",
        gt=0,
        le=10,
        log=True,
    )
    scale: float = setting(
        1.0,
        "Loss scale",
        "multiplies the whole loss; matters to SGD and LARS, not to Adam",
        gt=0,
        le=10,
        log=True,
        advanced=True,
    )
    hidden: int = setting(512, "Projector hidden", "width of the projector's hidden layers", ge=1, le=16384)
    output: int = setting(256, "Projector output", "dimensions that are decorrelated", ge=2, le=16384)
    layers: int = setting(3, "Projector layers", "linear layers of the projector; 1 has no hidden layer", ge=1, le=4)


def correlation_loss(correlation_PP: Tensor, redundancy_weight: float) -> tuple[Tensor, Tensor]:
    """The two parts of equation 1.

    Parameters
    ----------
    correlation_PP : cross-correlation of the two views, in [-1, 1]
    redundancy_weight : lambda, above 0

    Returns
    -------
    invariance : scalar, 0 when every dimension agrees in both views, P when none does
    redundancy : scalar, times lambda; 0 when different dimensions are uncorrelated
    """
    invariance = (1 - correlation_PP.diagonal()).square().sum()
    return invariance, redundancy_weight * off_diagonal_energy(correlation_PP)


def correlation_terms(correlation_PP: Tensor) -> dict[str, Tensor]:
    """The mean of the diagonal and the root mean square of the rest."""
    width = len(correlation_PP)
    energy = off_diagonal_energy(correlation_PP)
    return {
        "diagonal": correlation_PP.diagonal().mean(),
        "off_diagonal": (energy / (width * (width - 1))).sqrt(),
    }


class BarlowTwins(Objective):
    """Agreement of two views in every dimension, and none between dimensions."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="barlow_twins",
        title="Barlow Twins",
        family="Redundancy reduction",
        summary="The cross-correlation matrix of two views is driven to the identity.",
        explanation=(
            "Each dimension of the projection should be the same in both views of a picture and unrelated to every "
            "other dimension. There are no negatives, no teacher and no predictor, and batches may be small. Wide "
            "projections help, because more dimensions can say more different things."
        ),
        energy=(
            "Two views of a picture get low energy when they agree in every dimension over the batch. Nothing is "
            "pushed up; a collapse is excluded because constant dimensions have no correlation and redundant ones "
            "are charged."
        ),
        experience="One view is predicted from the other in each dimension, by a squared error on correlations.",
        formula=(
            r"\mathcal{L} = \sum_i \left(1 - C_{ii}\right)^2 + \lambda \sum_i \sum_{j \neq i} C_{ij}^2,"
            r" \quad C = \frac{1}{N} \sum_n \hat{z}_n \hat{z}_n^{\prime\,T}"
        ),
        paper=Paper(
            title="Barlow Twins: Self-Supervised Learning via Redundancy Reduction",
            authors="Zbontar, Jing, Misra, LeCun, Deny",
            year=2021,
            venue="ICML",
            url="https://arxiv.org/abs/2103.03230",
        ),
        needs=Needs(min_views=2, max_views=2, min_batch=2),
        metrics=(
            MetricSpec(
                name="invariance",
                title="Invariance",
                better="lower",
                description="sum of the squared distances of the diagonal from 1",
            ),
            MetricSpec(
                name="redundancy",
                title="Redundancy",
                better="lower",
                description="sum of the squared elements beside the diagonal, times lambda",
            ),
            MetricSpec(
                name="diagonal",
                title="Agreement of the views",
                better="higher",
                description="mean correlation of a dimension with itself in the other view",
            ),
            MetricSpec(
                name="off_diagonal",
                title="Off-diagonal correlation",
                better="lower",
                description="root mean square of the correlations between different dimensions of the two views",
            ),
            PROJECTION_STD,
        ),
        alarms=(same_dimensions(("objective.redundancy_weight", "raise it"), LOWER_RATE, LARGER_BATCH),),
        figures=(
            FigureSpec(
                name="correlation",
                title="Cross-correlation of the views",
                kind="matrix",
                x="dimension, second view",
                y="dimension, first view",
                value="correlation",
                description="first view's dimensions (rows) with the second view's (columns), the first 64; "
                "the identity is the aim",
            ),
        ),
        chance=Chance(
            formula="s P (1 + (1 + λ (P − 1)) / (N − 1))",
            expression="scale * output * (1 + (1 + redundancy_weight * (output - 1)) / (batch_size - 1))",
        ),
        views_preset="byol-cifar",
    )
    Config: ClassVar[type[Model]] = BarlowTwinsConfig
    no_sample_loss = "its loss is that of a correlation matrix of the whole batch"
    config: BarlowTwinsConfig

    def __init__(self, config: BarlowTwinsConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, config.layers, bias=False)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Both parts of the loss, over the batch of all processes."""
        check_views(self.spec, views)
        h_MD = backbone(torch.cat(views.inputs))
        first_NP, second_NP = (gather(z) for z in full_precision(self.projector(h_MD)).chunk(2))
        with torch.autocast(h_MD.device.type, enabled=False):
            correlation_PP = cross_correlation(first_NP, second_NP)
            invariance, redundancy = correlation_loss(correlation_PP, self.config.redundancy_weight)
        terms = {
            "invariance": invariance.detach(),
            "redundancy": redundancy.detach(),
            **correlation_terms(correlation_PP.detach()),
            "projection_std": first_NP.detach().std(dim=0).mean(),
        }
        return Step(self.config.scale * (invariance + redundancy), terms, h_MD.detach())

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """The cross-correlation of the first 64 dimensions."""
        with evaluating(backbone, self):
            z_MP = full_precision(self.projector(backbone(torch.cat(views.inputs))))[:, :SHOWN_DIMENSIONS]
            return {"correlation": cross_correlation(*z_MP.chunk(2)).cpu().numpy()}
