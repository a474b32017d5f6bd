r"""S4L with rotation: the encoder that learns the few labels also tells by how many quarters every picture was turned.

Zhai, Oliver, Kolesnikov, Beyer: S4L: Self-Supervised Semi-Supervised Learning (ICCV 2019).

    L = mean over labelled views of -log p(y | x)  +  w mean over all views of -log p(turn | x)

(equation 1, with the loss of rotation prediction for the second part). As in the paper every picture is seen in all
four directions, the turns are asked of the labelled pictures too, and the label is asked of all four of them, which
regularises where there are few labels. Two linear heads stand on one encoder. The paper's weight is w = 1.

Shapes: V views of N samples, M = V * N, K classes, D features
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Step
from workbench.objectives.checks import check_views
from workbench.objectives.figures import confusion_KK
from workbench.objectives.vision.baseline.semi import (
    ACCURACY,
    BALANCE,
    CONFUSION,
    SUPERVISED_LOSS,
    UNSUPERVISED_LOSS,
    FewLabels,
)
from workbench.objectives.vision.baseline.supervised import labelled_accuracy, labelled_cross_entropy
from workbench.objectives.vision.pretext.rotation import TURNS, Rotation, rotation_loss
from workbench.plugins.specs import Chance, FigureSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

(_TURN_ACCURACY,) = (metric for metric in Rotation.spec.metrics if metric.name == "rotation_accuracy")
(_TURN_CONFUSION,) = (figure for figure in Rotation.spec.figures if figure.name == "confusion")


class S4LConfig(Model):
    """Settings of S4L."""

    weight: float = setting(1.0, "Weight", "of the loss on the turns", ge=0, le=100)


class S4L(FewLabels):
    """Labels where there are some, turns everywhere."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="s4l",
        title="S4L rotation",
        family="Baseline",
        summary="Few labels, and of every picture by how many quarters it was turned.",
        explanation=(
            "A classifier learns from the few labels that there are, and with the same encoder a second one learns by "
            "how many quarters each picture was turned, which needs no label. What the turns teach helps the labels. "
            "Hide labels with the training's setting Labels."
        ),
        energy=(
            "A picture gets low energy with its label and with its true turn, all other labels and turns high energy: "
            "both softmaxes push apart, so nothing can collapse."
        ),
        experience="The turn is predicted from every turned picture, and the label where it is known: cross-entropies.",
        formula=(
            r"\mathcal{L} = -\frac{1}{B} \sum_{b} \log p(y_b \mid x_b) - \frac{w}{M} \sum_{m=1}^{M}"
            r" \log p(t_m \mid x_m), \quad t_m \in \{0, 1, 2, 3\}"
        ),
        paper=Paper(
            title="S4L: Self-Supervised Semi-Supervised Learning",
            authors="Zhai, Oliver, Kolesnikov, Beyer",
            year=2019,
            venue="ICCV",
            url="https://arxiv.org/abs/1905.03670",
        ),
        needs=Needs(min_views=1, targets=("rotation",), labels=True),
        metrics=(SUPERVISED_LOSS, UNSUPERVISED_LOSS, _TURN_ACCURACY, ACCURACY),
        figures=(
            CONFUSION,
            FigureSpec(**{**_TURN_CONFUSION.model_dump(), "name": "turns"}),
            BALANCE,
        ),
        chance=Chance(formula="ln K + w ln 4", expression="log(classes) + weight * log(4)"),
        views_preset="rotation",
    )
    Config: ClassVar[type[Model]] = S4LConfig
    config: S4LConfig

    def __init__(self, config: S4LConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.turn_head = nn.Linear(facts.width, TURNS)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy of the labelled views' classes and of all views' turns."""
        check_views(self.spec, views)
        assert views.labels is not None
        labels_M, turns_M = views.labels.repeat(len(views.inputs)), views.targets["rotation"].flatten()
        h_MD = backbone(torch.cat(views.inputs))
        logits_MK, turn_logits_M4 = self.head(h_MD), self.turn_head(h_MD)
        supervised = labelled_cross_entropy(logits_MK, labels_M)
        unsupervised = rotation_loss(turn_logits_M4, turns_M).mean()
        terms = {
            "supervised_loss": supervised.detach(),
            "unsupervised_loss": unsupervised.detach(),
            "rotation_accuracy": (turn_logits_M4.detach().argmax(dim=1) == turns_M).float().mean(),
            "accuracy": labelled_accuracy(logits_MK.detach(), labels_M),
        }
        return Step(supervised + self.config.weight * unsupervised, terms, h_MD.detach())

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Confusion of the classes and of the turns, and balance of the classes."""
        with evaluating(backbone, self):
            guess_M = self.turn_head(backbone(torch.cat(views.inputs))).argmax(dim=1)
            turns = confusion_KK(views.targets["rotation"].flatten(), guess_M, TURNS)
        return {**super().figures(views, backbone), "turns": turns.cpu().numpy()}
