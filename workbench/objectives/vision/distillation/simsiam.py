"""SimSiam: predict the other view's projection with a stopped gradient: no negatives, no teacher, no queue.

Chen, He: Exploring Simple Siamese Representation Learning (CVPR 2021).

With p the predictor's output for one view and z the projection of the other,

    D(p, z) = - p / ||p|| . stopgrad(z) / ||z||                                   (equations 1 and 3)
    L       = 1/2 D(p_1, z_2) + 1/2 D(p_2, z_1)                                    (equation 4)

which is -1 when predictions are right and 0 when they are unrelated. The projector ends in a batch normalisation
without scale and shift, as in the authors' code; the predictor is a bottleneck without one (section 3).

We differ in passing both views through a network as one batch, in the predictor's learning rate, which decays with the
rest, and in sizes: the paper has three layers of 2048 (two on CIFAR-10, appendix D) and a predictor of 512. Without the
stopped gradient the outputs collapse, which can be tried; the last normalisation lets them do so onto a few directions
only, not onto a point, so their dimensions are measured as well as their spread.

Shapes: N samples in a batch, M = 2N views, D features, P projections
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
from workbench.objectives.alarms import LOWER_RATE, few_directions
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.samples import of_views
from workbench.objectives.siamese import (
    AGREEMENT,
    OUTPUT_DIMENSIONS,
    OUTPUT_STD,
    SPREAD,
    cosine_M,
    output_dimensions,
    output_std,
    shown_agreement,
    spread_P,
)
from workbench.plugins.specs import Chance, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class SimSiamConfig(Model):
    """Settings of SimSiam."""

    hidden: int = setting(256, "Projector hidden", "width of the projector's hidden layers", ge=1, le=16384)
    output: int = setting(256, "Projector output", "width in which predictions are compared", ge=2, le=16384)
    layers: int = setting(2, "Projector layers", "linear layers of the projector", ge=1, le=4)
    bottleneck: int = setting(
        64, "Predictor bottleneck", "width of the predictor's hidden layer; a quarter of the output", ge=1, le=16384
    )
    stop_gradient: bool = setting(
        True,
        "Stopped gradient",
        "what keeps the outputs from collapsing; switch it off to see them do so",
        advanced=True,
    )


def negative_cosine(p_MP: Tensor, z_MP: Tensor) -> Tensor:
    """Minus the cosine of predictions and projections (equation 1), (M,) in [-1, 1]."""
    return -cosine_M(p_MP, z_MP)


class SimSiam(Objective):
    """Two views that predict each other, one side at a time."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="simsiam",
        title="SimSiam",
        family="Distillation",
        summary="Each view predicts the other's projection, which receives no gradient: nothing else is needed.",
        explanation=(
            "One network sees both views; a small predictor on one side has to say what came out on the other, which "
            "is held fixed. The stopped gradient alone keeps the constant answer away: switch it off and the outputs "
            "collapse onto a few directions within a few dozen steps. The loss falls towards -1 either way, so watch "
            "the output's dimensions."
        ),
        energy=(
            "Prediction and projection of one picture get low energy (a high cosine); nothing is pushed up. The "
            "stopped gradient stands in for the push."
        ),
        experience="The projection of one view is predicted from the other view, by a cosine.",
        formula=(
            r"\mathcal{L} = -\frac{1}{2N} \sum_{i=1}^{2N} \frac{p_i}{\Vert p_i \Vert} \cdot"
            r" \mathrm{stopgrad}\left( \frac{z_{p(i)}}{\Vert z_{p(i)} \Vert} \right)"
        ),
        paper=Paper(
            title="Exploring Simple Siamese Representation Learning",
            authors="Chen, He",
            year=2021,
            venue="CVPR",
            url="https://arxiv.org/abs/2011.10566",
        ),
        needs=Needs(min_views=2, max_views=2, min_batch=2),
        metrics=(OUTPUT_STD, OUTPUT_DIMENSIONS),
        alarms=(
            few_directions(
                ("objective.stop_gradient", "switch it on"),
                LOWER_RATE,
                ("objective.bottleneck", "a quarter of the output"),
            ),
        ),
        figures=(AGREEMENT, SPREAD),
        chance=Chance(formula="0", expression="0"),
        views_preset="simsiam-cifar",
    )
    Config: ClassVar[type[Model]] = SimSiamConfig
    config: SimSiamConfig

    def __init__(self, config: SimSiamConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, config.layers, normalised=True)
        self.predictor = mlp(config.output, config.bottleneck, config.output, 2)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Minus the cosine of each view's prediction with the other's projection."""
        check_views(self.spec, views)
        h_MD = backbone(torch.cat(views.inputs))
        z_MP = self.projector(h_MD)
        still_MP = z_MP.detach()
        target_MP = still_MP if self.config.stop_gradient else z_MP
        loss_M = negative_cosine(self.predictor(z_MP), target_MP.roll(len(views.index), dims=0))
        terms = {"output_std": output_std(still_MP), "output_dimensions": output_dimensions(still_MP)}
        return Step(loss_M.mean(), terms, h_MD.detach(), of_views(loss_M, len(views.index)))

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Agreement of the first views' predictions with the second views' projections, and the latter's spread."""
        with evaluating(backbone, self):
            z1_NP, z2_NP = (self.projector(backbone(view)) for view in views.inputs)
            return {
                "agreement": shown_agreement(self.predictor(z1_NP), z2_NP),
                "spread": spread_P(z2_NP).cpu().numpy(),
            }
