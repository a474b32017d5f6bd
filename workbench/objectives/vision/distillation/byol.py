"""BYOL: predict what a slow copy of the network says of the other view, without any negatives.

Grill, Strub, Altche and others: Bootstrap Your Own Latent (NeurIPS 2020).

With q the predictor's output for one view and z' the teacher's projection of the other, both of length 1,

    L = ||q - z'||^2 = 2 - 2 q . z'                               (equation 2)

averaged over both directions and all samples: 0 when predictions are right, 2 when they are unrelated, at most 4. The
teacher's weights are the moving average of encoder and projector, its momentum rising to 1 along half a cosine
(section 3.2). It receives no gradient.

We differ in taking the mean of the two directions where the paper takes their sum (equation 3), in passing both views
through a network as one batch, so that batch statistics are those of both, and in sizes: the paper's heads are 4096
wide with 256 outputs, and its momentum starts at 0.996 for 1000 epochs on ImageNet (solo-learn: 0.99 on CIFAR). Only
weights are averaged; the teacher's batch statistics are its own. Without the predictor the outputs collapse, which can
be tried.

Shapes: N samples in a batch, M = 2N views, D features, P projections
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.modes import evaluating
from workbench.models.teacher import Teacher, rising_momentum
from workbench.objectives.alarms import LOWER_RATE, outputs_alike
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
from workbench.plugins.specs import Chance, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class BYOLConfig(Model):
    """Settings of BYOL."""

    momentum: float = setting(
        0.99, "Teacher momentum", "share of its weights that the teacher keeps in a step; rises to 1", ge=0, le=1
    )
    hidden: int = setting(256, "Hidden width", "width of the hidden layers of projector and predictor", ge=1, le=16384)
    output: int = setting(128, "Projector output", "width in which predictions are compared", ge=2, le=4096)
    layers: int = setting(2, "Projector layers", "linear layers of the projector", ge=1, le=4)
    predictor: bool = setting(
        True, "Predictor", "what keeps the outputs from collapsing; switch it off to see them do so", advanced=True
    )


def regression(q_MP: Tensor, target_MP: Tensor) -> Tensor:
    """Squared distance between predictions and targets on the unit sphere (equation 2), (M,) in [0, 4]."""
    return 2 - 2 * cosine_M(q_MP, target_MP)


class BYOL(Objective):
    """Learning from a momentum teacher's view of the other view."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="byol",
        title="BYOL",
        family="Distillation",
        summary="The network predicts what a slow copy of itself says of the other view; there are no negatives.",
        explanation=(
            "A teacher, the moving average of the network, describes one view; the network sees the other view and "
            "predicts that description. Nothing in the loss forbids a constant answer: the predictor and the slowly "
            "moving teacher keep the network from finding it. A higher momentum gives steadier targets that learn "
            "later."
        ),
        energy=(
            "Prediction and target of one picture get low energy (a small distance); nothing is pushed up. Predictor, "
            "stopped gradient and slow teacher stand in for the push."
        ),
        experience="The teacher's projection of one view is predicted from the other view, by a squared distance.",
        formula=(
            r"\mathcal{L} = \frac{1}{2N} \sum_{i=1}^{2N}"
            r" \left\Vert \frac{q_i}{\Vert q_i \Vert} - \frac{z^{\prime}_{p(i)}}{\Vert z^{\prime}_{p(i)} \Vert}"
            r" \right\Vert^2, \quad \theta^{\prime} \leftarrow m \, \theta^{\prime} + (1 - m) \, \theta"
        ),
        paper=Paper(
            title="Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning",
            authors="Grill, Strub, Altché, Tallec, Richemond and others",
            year=2020,
            venue="NeurIPS",
            url="https://arxiv.org/abs/2006.07733",
        ),
        needs=Needs(min_views=2, max_views=2, min_batch=2),
        metrics=(
            OUTPUT_STD,
            OUTPUT_DIMENSIONS,
            MetricSpec(
                name="momentum",
                title="Teacher momentum",
                description="share of its weights that the teacher kept in the last step",
            ),
        ),
        alarms=(
            outputs_alike(
                ("objective.predictor", "switch it on"), ("objective.momentum", "raise it to 0.99 or more"), LOWER_RATE
            ),
        ),
        figures=(AGREEMENT, SPREAD),
        chance=Chance(formula="2", expression="2"),
        views_preset="byol-cifar",
    )
    Config: ClassVar[type[Model]] = BYOLConfig
    config: BYOLConfig
    momentum: Tensor

    def __init__(self, config: BYOLConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, config.layers)
        self.predictor = mlp(config.output, config.hidden, config.output, 2) if config.predictor else nn.Identity()
        self.register_buffer("momentum", torch.tensor(config.momentum))

    def attach(self, backbone: Backbone) -> None:
        """Copy encoder and projector into the teacher."""
        self.teacher = Teacher(nn.Sequential(backbone, self.projector))

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The distance of each view's prediction from the teacher's projection of the other."""
        check_views(self.spec, views)
        x_M = torch.cat(views.inputs)
        h_MD = backbone(x_M)
        z_MP = self.projector(h_MD)
        target_MP = self.teacher(x_M).roll(len(views.index), dims=0)
        loss_M = regression(self.predictor(z_MP), target_MP)
        z_MP = z_MP.detach()
        terms = {
            "output_std": output_std(z_MP),
            "output_dimensions": output_dimensions(z_MP),
            "momentum": self.momentum.clone(),
        }
        return Step(loss_M.mean(), terms, h_MD.detach(), of_views(loss_M, len(views.index)))

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """The teacher follows encoder and projector."""
        momentum = rising_momentum(self.config.momentum, progress)
        self.teacher.follow(nn.Sequential(backbone, self.projector), momentum)
        self.momentum.fill_(momentum)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Agreement of the first views' predictions with the second views' targets, and the projections' spread."""
        with evaluating(backbone, self):
            z_NP = self.projector(backbone(views.inputs[0]))
            return {
                "agreement": shown_agreement(self.predictor(z_NP), self.teacher(views.inputs[1])),
                "spread": spread_P(z_NP).cpu().numpy(),
            }
