"""DeepCluster: pictures are clustered after every epoch, and a new classifier learns to name their clusters.

Caron, Bojanowski, Joulin, Douze: Deep Clustering for Unsupervised Learning of Visual Features (ECCV 2018), section 3.

With f the encoder, y_n the cluster that the last k-means put picture n into, n_k the size of cluster k and W a linear
classifier that starts again after every clustering,

    L = sum_m w_m (-log softmax(W f(x_m) + b)[y_m]) / sum_m w_m,   w_m = 1 / n_{y_m}

(equations 1 and 2; the weights of section 3.3 stand for drawing pictures uniformly over clusters, and keep large ones
from taking all). Features are whitened along their principal components and of length 1 before k-means (section 4.1).

We differ in that features are those that training saw in the last epoch, the mean over a picture's views, where the
paper makes another pass over the data. The first epoch only looks: the classifier trains alone on random labels, so
that the first clusters are those of the untrained encoder, as in the paper. k-means takes cosines; a cluster that loses
all its rows starts again at one of the rows that are farthest from their centroids, where the paper splits one that has
rows. The optimiser keeps what it knows of the classifier's gradients. The paper hides colour behind a Sobel filter;
we do not. An epoch must be long enough for the classifier to learn the clusters before they change: on Fashion-MNIST
an encoder fell behind its untrained self with 31 steps an epoch and 128 components, and rose above it with 125 steps
and 32 components; the two were not changed apart.

Paper: 10,000 clusters on ImageNet, ten times the classes, 256 components, AlexNet and VGG, where the classifier stands
on the last hidden layer. Here it stands on the features.

Shapes: V views of N samples, M = V * N, D features, K clusters
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from workbench.core.model import Model, setting
from workbench.objectives.alarms import LOWER_RATE, prototypes_unused
from workbench.objectives.base import Facts
from workbench.objectives.vision.clustering.cluster_classifier import (
    CLUSTERS_FIT,
    FIGURES,
    METRICS,
    ClusterClassifier,
    ClusterConfig,
)
from workbench.objectives.vision.clustering.pseudo_labels import PseudoLabels
from workbench.plugins.specs import Chance, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class DeepClusterConfig(ClusterConfig):
    """Settings of DeepCluster."""

    components: int = setting(
        32, "Components", "principal components of the features that are clustered", ge=2, le=4096, advanced=True
    )


class DeepCluster(ClusterClassifier):
    """Classification into the clusters of the encoder's own features, found again after every epoch."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="deepcluster",
        title="DeepCluster",
        family="Clustering",
        summary="Pictures are clustered after every epoch; a new classifier learns to name the clusters.",
        explanation=(
            "k-means puts pictures whose features are alike into one cluster, and the clusters are the labels of the "
            "next epoch. Even an untrained encoder's clusters say something of what is shown, and each round improves "
            "on them. The first epoch only gathers features, so the encoder learns from the second on."
        ),
        energy=(
            "A picture and the weights of its cluster get low energy, other clusters high energy. Rare clusters count "
            "as much as large ones, and empty ones start again, so that not all pictures end up in one."
        ),
        experience=(
            "The cluster that a picture's features of the last epoch fell into is predicted from a new view of it, by "
            "a cross-entropy."
        ),
        formula=(
            r"\mathcal{L} = -\frac{1}{\sum_m w_m} \sum_{m} w_m \log \, p(y_m \mid x_m),"
            r" \quad w_m = \frac{1}{n_{y_m}}"
        ),
        paper=Paper(
            title="Deep Clustering for Unsupervised Learning of Visual Features",
            authors="Caron, Bojanowski, Joulin, Douze",
            year=2018,
            venue="ECCV",
            url="https://arxiv.org/abs/1807.05520",
        ),
        needs=Needs(min_views=1, min_batch=2, bounds=(CLUSTERS_FIT,)),
        metrics=(
            *METRICS,
            MetricSpec(
                name="reassigned",
                title="Reassigned samples",
                better="lower",
                description="share that left the majority of its cluster at the last clustering; 1 before the first",
            ),
        ),
        alarms=(prototypes_unused("usage_entropy", LOWER_RATE, ("objective.prototypes", "lower it")),),
        figures=FIGURES,
        chance=Chance(formula="ln K", expression="log(prototypes)"),
        views_preset="deepcluster-cifar",
    )
    Config: ClassVar[type[Model]] = DeepClusterConfig
    config: DeepClusterConfig

    def __init__(self, config: DeepClusterConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.pseudo = PseudoLabels(facts.samples, facts.width, config.prototypes)

    def remembered(self, views: Views, h_VND: Tensor) -> Tensor | None:
        """The mean of the features of a picture's views."""
        return h_VND.mean(dim=0)

    def learned(self, views: Views) -> tuple[Tensor, ...]:
        """All views."""
        return views.inputs
