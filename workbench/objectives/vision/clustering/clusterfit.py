"""ClusterFit: a new network learns to name the clusters of a frozen one's features.

Yan, Misra, Gupta, Ghadiyaram, Mahajan: ClusterFit: Improving Generalization of Visual Representations (CVPR 2020),
section 3.

With g a frozen teacher, y_n the one of K clusters that k-means put g(x_n) into, and f an encoder that starts from
scratch,

    L = sum_m w_m (-log softmax(W f(T x_m) + b)[y_m]) / sum_m w_m,   w_m = 1 / n_{y_m}

The teacher is the encoder of another run, or, where none is named, this encoder as it was before training: even random
convolutions put like pictures together. The teacher sees the picture as it is, the network a distorted view. What the
teacher learned too well for its own task is lost in the clusters, what is general stays.

We differ in that the teacher's features are gathered while the first epoch goes by, in which the network learns
nothing (its classifier trains alone on random labels); samples that this epoch left over, fewer than a batch, stay
without a cluster. The weights by cluster size are DeepCluster's, whose preparation of features and k-means are taken
too; the paper clusters without weights.

Paper: teachers from ImageNet labels, hashtags or pretext tasks, K of 1000 to 35,000, the network as large as its
teacher. A teacher of another run meets pictures in this run's normalisation.

Shapes: V views of N samples, the first of them plain, M = (V - 1) * N, D features, K clusters
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import ClassVar

from torch import Tensor

from workbench.core.errors import Problem, RecipeError, RunError
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.models.trained import load_trained
from workbench.objectives.alarms import LOWER_RATE, prototypes_unused
from workbench.objectives.vision.clustering.cluster_classifier import (
    CLUSTERS_FIT,
    FIGURES,
    METRICS,
    ClusterClassifier,
    ClusterConfig,
)
from workbench.objectives.vision.clustering.pseudo_labels import PseudoLabels
from workbench.plugins.specs import Chance, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class ClusterFitConfig(ClusterConfig):
    """Settings of ClusterFit."""

    teacher: str = setting(
        "", "Teacher", "folder of the run, or of its checkpoint, whose encoder is the teacher; empty: untrained"
    )


class ClusterFit(ClusterClassifier):
    """Classification into the clusters of a frozen teacher's features."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="clusterfit",
        title="ClusterFit",
        family="Clustering",
        summary="A frozen teacher's features are clustered once; a new network learns to name the clusters.",
        explanation=(
            "The teacher sees every picture once, as it is, and k-means puts its features into clusters. The network "
            "then learns from scratch to tell a picture's cluster from distorted views. It keeps what is general in "
            "the teacher and is often better than it; without a teacher of your own an untrained encoder serves."
        ),
        energy=(
            "A picture and the weights of its cluster get low energy, other clusters high energy. The clusters stay "
            "as they are, so nothing can collapse."
        ),
        experience="The cluster that a teacher's features fell into is predicted from a distorted view of the picture.",
        formula=(
            r"\mathcal{L} = -\frac{1}{\sum_m w_m} \sum_{m} w_m \log \, p(y_m \mid T x_m),"
            r" \quad y_m = \mathrm{cluster}(g(x_m))"
        ),
        paper=Paper(
            title="ClusterFit: Improving Generalization of Visual Representations",
            authors="Yan, Misra, Gupta, Ghadiyaram, Mahajan",
            year=2020,
            venue="CVPR",
            url="https://arxiv.org/abs/1912.03330",
        ),
        needs=Needs(min_views=2, min_batch=2, bounds=(CLUSTERS_FIT,)),
        metrics=METRICS,
        alarms=(prototypes_unused("usage_entropy", LOWER_RATE, ("objective.teacher", "name another one")),),
        figures=FIGURES,
        chance=Chance(formula="ln K", expression="log(prototypes)"),
        views_preset="clusterfit-cifar",
    )
    Config: ClassVar[type[Model]] = ClusterFitConfig
    config: ClusterFitConfig

    def attach(self, backbone: Backbone) -> None:
        """Load the teacher, or keep the encoder as it is; raises RecipeError where there is no such teacher."""
        if self.config.teacher:
            try:
                teacher = load_trained(Path(self.config.teacher).expanduser(), self.facts.size)
            except RunError as error:
                raise RecipeError([Problem("objective.teacher", str(error))]) from error
        else:
            teacher = copy.deepcopy(backbone)
        self.teacher = teacher.requires_grad_(False)
        self.pseudo = PseudoLabels(self.facts.samples, teacher.width, self.config.prototypes)

    @property
    def due(self) -> bool:
        """After the first epoch, and never again."""
        return not self._made and super().due

    def remembered(self, views: Views, h_VND: Tensor) -> Tensor | None:
        """What the teacher makes of the plain view, until the clusters are made."""
        if self._made:
            return None
        with evaluating(self.teacher):
            features_ND: Tensor = self.teacher(views.inputs[0])
        return features_ND

    def learned(self, views: Views) -> tuple[Tensor, ...]:
        """All views but the plain one."""
        return views.inputs[1:]
