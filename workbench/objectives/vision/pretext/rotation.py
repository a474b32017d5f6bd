"""Rotation prediction: say by how many quarters a picture was turned.

Gidaris, Singh, Komodakis: Unsupervised Representation Learning by Predicting Image Rotations (ICLR 2018).

    L = -1/M sum_m log softmax(W f(x_m) + b)[y_m],   y_m in {0, 1, 2, 3} quarter turns

The turns and their labels are made by the view operation `quarter_turn`; with `turns = "each"` and four views a batch
holds every picture in all four directions, as in the paper, which found that better than drawing one at random
(section 3.1). We differ in the head, one linear layer on the encoder's features.

Shapes: V views of N samples, M = V * N, D features
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.figures import confusion_KK
from workbench.objectives.samples import of_views
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

TURNS = 4


class RotationConfig(Model):
    """Rotation prediction has no settings of its own."""


def rotation_loss(logits_M4: Tensor, turns_M: Tensor) -> Tensor:
    """Cross-entropy of the quarter turns, (M,); log 4 for a guess."""
    return F.cross_entropy(logits_M4.float(), turns_M, reduction="none")


class Rotation(Objective):
    """Four-way classification of the direction in which a view was turned."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="rotation",
        title="Rotation prediction",
        family="Pretext task",
        summary="The network says by how many quarters a picture was turned.",
        explanation=(
            "To know which way is up, a network has to recognise what it sees. The views are turned by 0, 90, 180 or "
            "270 degrees and the turn is the label. It cannot work where pictures have no upright direction."
        ),
        energy=(
            "A picture and its true turn get low energy, the other three turns high energy: the softmax pushes them "
            "apart, so nothing can collapse."
        ),
        experience="The turn is predicted from the turned picture, by a cross-entropy over four classes.",
        formula=r"\mathcal{L} = -\frac{1}{M} \sum_{m=1}^{M} \log \, p(y_m \mid x_m), \quad y_m \in \{0, 1, 2, 3\}",
        paper=Paper(
            title="Unsupervised Representation Learning by Predicting Image Rotations",
            authors="Gidaris, Singh, Komodakis",
            year=2018,
            venue="ICLR",
            url="https://arxiv.org/abs/1803.07728",
        ),
        needs=Needs(min_views=1, targets=("rotation",)),
        metrics=(
            MetricSpec(
                name="rotation_accuracy",
                title="Rotation accuracy",
                better="higher",
                description="share of views whose turn is told rightly; a quarter is chance",
            ),
        ),
        figures=(
            FigureSpec(
                name="confusion",
                title="Turns taken for turns",
                kind="matrix",
                x="taken for",
                y="true turn",
                value="share",
                description="share of each true turn (row) that was taken for each turn (column)",
                columns=("0°", "90°", "180°", "270°"),
                rows=("0°", "90°", "180°", "270°"),
            ),
        ),
        chance=Chance(formula="ln 4", expression="log(4)"),
        views_preset="rotation",
    )
    Config: ClassVar[type[Model]] = RotationConfig
    loss_unit: ClassVar[str] = "nat"

    def __init__(self, config: RotationConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.head = nn.Linear(facts.width, TURNS)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy over all views."""
        check_views(self.spec, views)
        h_MD = backbone(torch.cat(views.inputs))
        logits_M4, turns_M = self.head(h_MD), views.targets["rotation"].flatten()
        accuracy = (logits_M4.detach().argmax(dim=1) == turns_M).float().mean()
        loss_M = rotation_loss(logits_M4, turns_M)
        each_N = of_views(loss_M, len(views.index))
        return Step(loss_M.mean(), {"rotation_accuracy": accuracy}, h_MD.detach(), each_N)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Confusion of the four turns: shares of each true turn (row) taken for each turn (column)."""
        with evaluating(backbone, self):
            guess_M = self.head(backbone(torch.cat(views.inputs))).argmax(dim=1)
            return {"confusion": confusion_KK(views.targets["rotation"].flatten(), guess_M, TURNS).cpu().numpy()}
