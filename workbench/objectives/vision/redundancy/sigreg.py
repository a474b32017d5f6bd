"""LeJEPA: views agree, and their projections look like an isotropic Gaussian from every side (SIGReg).

Balestriero, LeCun: LeJEPA: Provable and Scalable Self-Supervised Learning Without the Heuristics (2025).

With z_v the projections of view v, and mu the mean over the global views, the loss is

    L = (1 - lambda) 1/(VNP) sum_v sum_n |z_vn - mu_n|^2 + lambda 1/V sum_v SIGReg(z_v)

SIGReg projects a view's N samples on random unit directions a and takes the mean over directions of the Epps-Pulley
statistic, the distance between the empirical characteristic function of x = a . z and that of N(0, 1):

    EP(x) = N int |1/N sum_n exp(i t x_n) - exp(-t^2/2)|^2 exp(-t^2/2) dt     over [-t_max, t_max]

The integrand is even: the trapezoidal rule runs over t >= 0 and is doubled. All views take part, in SIGReg and in the
distance. A sample of N(0, I) has an expected statistic of sqrt(2 pi) - sqrt(2 pi / 3) = 1.06 whatever N is, and a
collapse to 0 has 0.41 N, so the statistic's pull grows with the batch as the authors define it.

lambda is the weight of SIGReg and 1 - lambda that of the distance, as in the authors' code; eb_jepa gives the distance
weight 1 and SIGReg lambda = 10. The global views are those of the largest size. The directions are drawn anew after
each step and kept as state, so that a resumed run goes on with the same ones. Statistics are computed in float32. Over
several processes projections are gathered with their gradients; should processes hold different directions, their mean
takes all of them.

The paper takes lambda = 0.05, 1024 directions, 17 knots and two global and six local views at ImageNet size. We differ
in the number of directions and the projector's width (defaults for small encoders on a CPU).

Shapes: N samples of all processes, V views, M = V N, D features, P projections, S directions, T knots
"""

from __future__ import annotations

import math
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
from workbench.objectives.alarms import LARGER_BATCH, LOWER_RATE, projections_shrink
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.distributed import gather
from workbench.objectives.multi_crop import features, largest
from workbench.objectives.statistics import (
    COVARIANCE,
    OFF_DIAGONAL,
    PROJECTION_STD,
    SHOWN_DIMENSIONS,
    covariance,
    full_precision,
    spread_terms,
)
from workbench.plugins.specs import FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

BINS = 41
FARTHEST = 4.0


class SIGRegConfig(Model):
    """Settings of LeJEPA."""

    weight: float = setting(
        0.05,
        "SIGReg weight",
        "lambda: how much a distribution unlike a Gaussian costs; the distance of the views costs 1 - lambda",
        gt=0,
        lt=1,
        log=True,
    )
    directions: int = setting(
        256,
        "Directions",
        "random directions from which the projections are looked at, new ones each step",
        ge=1,
        le=65536,
    )
    knots: int = setting(17, "Knots", "points of the integral over frequencies", ge=3, le=257, advanced=True)
    farthest: float = setting(
        3.0, "Highest frequency", "where the integral over frequencies ends", gt=0, le=20, advanced=True
    )
    hidden: int = setting(512, "Projector hidden", "width of the projector's hidden layers", ge=1, le=16384)
    output: int = setting(64, "Projector output", "dimensions that become a Gaussian", ge=2, le=16384)
    layers: int = setting(3, "Projector layers", "linear layers of the projector; 1 has no hidden layer", ge=1, le=4)


def unit_directions(width: int, count: int, device: torch.device | None = None) -> Tensor:
    """Directions spread evenly over the sphere, (P, S), drawn from the global generator."""
    return F.normalize(torch.randn(width, count, device=device), dim=0)


def epps_pulley(x_NS: Tensor, farthest: float, knots: int) -> Tensor:
    """The distance of each column's distribution from N(0, 1), (S,), at or above 0.

    Parameters
    ----------
    x_NS : N samples of S variables
    farthest : t_max, end of the integral
    knots : T, points of the trapezoidal rule on [0, t_max]
    """
    t_T = torch.linspace(0, farthest, knots, dtype=x_NS.dtype, device=x_NS.device)
    wanted_T = torch.exp(-t_T.square() / 2)
    angle_NST = x_NS[:, :, None] * t_T
    distance_ST = (angle_NST.cos().mean(dim=0) - wanted_T).square() + angle_NST.sin().mean(dim=0).square()
    return 2 * len(x_NS) * torch.trapezoid(distance_ST * wanted_T, dx=farthest / (knots - 1))


def view_distance(z_VNP: Tensor, global_views: list[int]) -> Tensor:
    """The mean squared distance of all views from the mean of the global ones, a scalar at or above 0."""
    return (z_VNP - z_VNP[global_views].mean(dim=0)).square().mean()


class SIGReg(Objective):
    """Agreement of the views under a Gaussian constraint."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="sigreg",
        title="LeJEPA (SIGReg)",
        family="Redundancy reduction",
        summary="Views agree while their projections are shaped into an isotropic Gaussian.",
        explanation=(
            "The views of a picture are pulled to their common mean. From many random directions the batch is compared "
            "with a bell curve, and whatever differs is charged: spread, correlation and shape at once. One weight "
            "balances the two; there is no teacher, no stop-gradient and no negative."
        ),
        energy=(
            "Views of one picture get low energy, a small squared distance. Nothing is pushed up; a collapse is "
            "excluded because a point or a plane looks unlike a Gaussian from almost every direction."
        ),
        experience="The common mean of the large views is predicted from each view, by a squared error.",
        formula=(
            r"\mathcal{L} = \frac{1 - \lambda}{VNP} \sum_{v,n} \left\| z_{vn} - \mu_n \right\|^2"
            r" + \frac{\lambda N}{VS} \sum_{v,a} \int \left| \hat{\varphi}_{va}(t) - e^{-t^2/2} \right|^2"
            r" e^{-t^2/2} \, dt"
        ),
        paper=Paper(
            title="LeJEPA: Provable and Scalable Self-Supervised Learning Without the Heuristics",
            authors="Balestriero, LeCun",
            year=2025,
            venue="arXiv",
            url="https://arxiv.org/abs/2511.08544",
        ),
        needs=Needs(min_views=2, min_batch=2),
        metrics=(
            MetricSpec(
                name="invariance",
                title="Invariance",
                better="lower",
                description="mean squared distance of the views from their common mean, a dimension",
            ),
            MetricSpec(
                name="gaussianity",
                title="Distance from a Gaussian",
                better="lower",
                description="mean Epps-Pulley statistic; 1.06 for a Gaussian sample, 0.41 N for a point",
            ),
            PROJECTION_STD,
            OFF_DIAGONAL,
        ),
        alarms=(projections_shrink(("objective.weight", "raise it; it keeps the spread"), LOWER_RATE, LARGER_BATCH),),
        figures=(
            COVARIANCE,
            FigureSpec(
                name="marginals",
                title="Seen from four directions",
                kind="lines",
                x="projection",
                y="density",
                span=((1 / BINS - 1) * FARTHEST, (1 - 1 / BINS) * FARTHEST),
                description="density of the projections from -4 to 4 along four directions, then that of N(0, 1)",
                rows=("direction 1", "direction 2", "direction 3", "direction 4", "N(0, 1)"),
            ),
        ),
        views_preset="byol-cifar",
    )
    Config: ClassVar[type[Model]] = SIGRegConfig
    no_sample_loss = "its penalty is that of a batch's distribution"
    config: SIGRegConfig

    def __init__(self, config: SIGRegConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, config.layers)
        self.register_buffer("directions", unit_directions(config.output, config.directions))

    directions: Tensor

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The distance of all views from their mean, and of every view from a Gaussian."""
        check_views(self.spec, views)
        weight = self.config.weight
        h_MD = torch.cat(features(views.inputs, backbone))
        z_MP = full_precision(self.projector(h_MD))
        z_VNP = torch.stack([gather(z_NP) for z_NP in z_MP.chunk(len(views.inputs))])
        with torch.autocast(h_MD.device.type, enabled=False):
            invariance = view_distance(z_VNP, largest(views.inputs))
            gaussianity = torch.stack([self._statistic(z_NP) for z_NP in z_VNP]).mean()
            spread = spread_terms(z_VNP[0])
        terms = {"invariance": invariance.detach(), "gaussianity": gaussianity.detach(), **spread}
        return Step((1 - weight) * invariance + weight * gaussianity, terms, h_MD.detach())

    def _statistic(self, z_NP: Tensor) -> Tensor:
        x_NS = z_NP @ self.directions.to(z_NP.dtype)
        return epps_pulley(x_NS, self.config.farthest, self.config.knots).mean()

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """New directions."""
        width, count = self.directions.shape
        self.directions.copy_(unit_directions(width, count, self.directions.device))

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """The covariance of the first 64 dimensions of the first view, and its densities along four directions."""
        with evaluating(backbone, self):
            z_NP = full_precision(self.projector(backbone(views.inputs[0])))
            covariance_PP = covariance(z_NP[:, :SHOWN_DIMENSIONS]).cpu().numpy()
            return {"covariance": covariance_PP, "marginals": marginals(z_NP @ self.directions[:, :4])}


def marginals(x_NS: Tensor) -> NDArray[np.floating[Any]]:
    """Densities of the columns in bins from -4 to 4, and that of N(0, 1) at the bins' centres: (S + 1, bins)."""
    edges = np.linspace(-FARTHEST, FARTHEST, BINS + 1)
    width, centres = edges[1] - edges[0], (edges[1:] + edges[:-1]) / 2
    columns = x_NS.cpu().numpy().T
    densities = [np.histogram(column, bins=edges)[0] / (len(column) * width) for column in columns]
    return np.stack([*densities, np.exp(-(centres**2) / 2) / math.sqrt(2 * math.pi)])
