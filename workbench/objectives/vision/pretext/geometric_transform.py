"""Geometric transforms: say which one of a fixed set a picture went through.

Golan, El-Yaniv: Deep Anomaly Detection Using Geometric Transformations (NeurIPS 2018), section 4; without labels of
things, the network is taught the number of the transform that was applied.

    L = -1/M sum_m log softmax(W f(t_y(x_m)) + b)[y_m],   y_m in {0 ... 13}

The transforms and their numbers are made by the view operation `known_transform`: the picture as it is, three turns,
two mirrorings, four shifts, two scales and two shears. The paper combines turns, a mirroring and shifts into 72 and
shows every picture in all of them, to find pictures of other kinds by how badly they are told; here the features are
the aim, one transform of each view is drawn, and scales and shears join the set. They come from AET (Zhang, Qi, Wang,
Luo: AET vs. AED, CVPR 2019), which estimates the numbers of an affine or projective map from the features of both
pictures by a squared error, where this names the map from the transformed picture alone. The head is one linear layer.

Shapes: V views of N samples, M = V * N, D features, T = 14 transforms
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
from workbench.views.operations.known_transform import TRANSFORMS


class GeometricTransformConfig(Model):
    """The recognition of transforms has no settings of its own."""


def transform_loss(logits_MT: Tensor, transform_M: Tensor) -> Tensor:
    """Cross-entropy of the transforms, (M,); log T for a guess."""
    return F.cross_entropy(logits_MT.float(), transform_M, reduction="none")


class GeometricTransform(Objective):
    """Classification of the transform that a view went through."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="geometric_transform",
        title="Geometric transforms",
        family="Pretext task",
        summary="The network says which one of fourteen transforms a picture went through.",
        explanation=(
            "Each view is turned, mirrored, shifted, scaled or sheared by one transform of a fixed set, and the number "
            "of the transform is the label. To tell them apart a network has to know how things usually stand, how "
            "large they are and where. A transform that no picture gives away stays at chance, such as a mirroring of "
            "things that are seen from both sides."
        ),
        energy=(
            "A picture and its true transform get low energy, the other thirteen high energy: the softmax pushes them "
            "apart, so nothing can collapse."
        ),
        experience="The transform is predicted from the transformed picture, by a cross-entropy over the set.",
        formula=(
            r"\mathcal{L} = -\frac{1}{M} \sum_{m=1}^{M} \log \, p(y_m \mid t_{y_m}(x_m)),"
            r" \quad y_m \in \{0, \ldots, 13\}"
        ),
        paper=Paper(
            title="Deep Anomaly Detection Using Geometric Transformations",
            authors="Golan, El-Yaniv",
            year=2018,
            venue="NeurIPS",
            url="https://arxiv.org/abs/1805.10917",
        ),
        needs=Needs(min_views=1, targets=("transform",)),
        metrics=(
            MetricSpec(
                name="transform_accuracy",
                title="Transform accuracy",
                better="higher",
                description="share of views whose transform is told rightly; one in fourteen is chance",
            ),
        ),
        figures=(
            FigureSpec(
                name="confusion",
                title="Transforms taken for transforms",
                kind="matrix",
                x="taken for",
                y="true transform",
                value="share",
                description="share of each true transform (row) that was taken for each transform (column)",
                columns=TRANSFORMS,
                rows=TRANSFORMS,
            ),
        ),
        chance=Chance(formula="ln 14", expression=f"log({len(TRANSFORMS)})"),
        views_preset="transforms",
    )
    Config: ClassVar[type[Model]] = GeometricTransformConfig
    loss_unit: ClassVar[str] = "nat"

    def __init__(self, config: GeometricTransformConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.head = nn.Linear(facts.width, len(TRANSFORMS))

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy over all views."""
        check_views(self.spec, views)
        h_MD = backbone(torch.cat(views.inputs))
        logits_MT, transform_M = self.head(h_MD), views.targets["transform"].flatten()
        accuracy = (logits_MT.detach().argmax(dim=1) == transform_M).float().mean()
        loss_M = transform_loss(logits_MT, transform_M)
        each_N = of_views(loss_M, len(views.index))
        return Step(loss_M.mean(), {"transform_accuracy": accuracy}, h_MD.detach(), each_N)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Shares of each true transform (row) that was taken for each transform (column)."""
        with evaluating(backbone, self):
            guess_M = self.head(backbone(torch.cat(views.inputs))).argmax(dim=1)
            confusion_TT = confusion_KK(views.targets["transform"].flatten(), guess_M, len(TRANSFORMS))
            return {"confusion": confusion_TT.cpu().numpy()}
