"""What DeepCluster and ClusterFit share: a linear classifier of the clusters that pictures fell into.

Shapes: V views of N samples, M = V * N, D features, K clusters
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.distributed import gather
from workbench.objectives.vision.baseline.supervised import labelled_accuracy
from workbench.objectives.vision.clustering.crops import nearest_pictures
from workbench.objectives.vision.clustering.pseudo_labels import PseudoLabels, balanced_loss
from workbench.plugins.specs import Bound, FigureSpec, MetricSpec
from workbench.views.base import Views

SHOWN_PROTOTYPES, SHOWN_PICTURES = 8, 6
_START_STD = 0.01

CLUSTERS_FIT = Bound(setting="prototypes", at_most="samples", why="one for each sample of the training split")
METRICS = (
    MetricSpec(
        name="cluster_accuracy",
        title="Cluster accuracy",
        better="higher",
        description="share of views that are taken for the cluster of their picture",
    ),
    MetricSpec(
        name="usage_entropy",
        title="Usage entropy",
        better="higher",
        description="of the clusters' sizes, as a share of log K; near 0 one cluster has everything",
    ),
)
FIGURES = (
    FigureSpec(
        name="sizes",
        title="Sizes of the clusters",
        kind="bars",
        x="cluster",
        y="share of the samples",
        description="share of the samples in each cluster, the largest first",
    ),
    FigureSpec(
        name="nearest",
        title="Pictures nearest to a cluster",
        kind="pictures",
        description="for each of the clusters that are named most (row) the pictures that it is named for first",
    ),
)


class ClusterConfig(Model):
    """Settings of a classifier of clusters."""

    prototypes: int = setting(
        256, "Clusters", "that pictures are put into; several times the classes", ge=2, le=100_000
    )
    rounds: int = setting(20, "k-means rounds", "of each clustering", ge=1, le=200, advanced=True)
    components: int = setting(
        128, "Components", "principal components of the features that are clustered", ge=2, le=4096, advanced=True
    )


class ClusterClassifier(Objective):
    """Classification of views as the clusters of their pictures; subclasses say whose features, and how often."""

    config: ClusterConfig
    no_sample_loss = "a view counts by the weight of its cluster among those of the batch"
    by_picture: ClassVar[bool] = True

    def __init__(self, config: ClusterConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.classifier = nn.Linear(facts.width, config.prototypes)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self._steps, self._made = 0, 0
        self._fresh: tuple[Tensor, Tensor] | None = None
        self.register_load_state_dict_post_hook(_see_counts)  # type: ignore[no-untyped-call]

    steps: Tensor
    pseudo: PseudoLabels

    @abstractmethod
    def remembered(self, views: Views, h_VND: Tensor) -> Tensor | None:
        """The features to be clustered of this batch, (N, D'); None where none are needed any more."""

    @abstractmethod
    def learned(self, views: Views) -> tuple[Tensor, ...]:
        """The views that the clusters are told from."""

    @property
    def due(self) -> bool:
        """Whether this step ends with a clustering."""
        return self._steps % self.facts.steps_per_epoch == 0

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy of the views' clusters; before there are any it trains the classifier alone."""
        check_views(self.spec, views)
        learned = self.learned(views)
        h_MD = backbone(torch.cat(learned))
        h_VND = h_MD.detach().unflatten(0, (len(learned), -1))
        rows = self.remembered(views, h_VND)
        self._fresh = None if rows is None else (gather(views.index), gather(rows))
        logits_MK = self.classifier(h_MD if self._made else h_MD.detach())
        labels_M = self.pseudo.labels[views.index].repeat(len(learned))
        loss = balanced_loss(logits_MK, labels_M, self.pseudo.weight)
        accuracy = labelled_accuracy(logits_MK.detach(), labels_M)
        wanted = {metric.name for metric in self.spec.metrics}
        terms = {"cluster_accuracy": accuracy, **self.pseudo.terms()}
        return Step(loss, {name: terms[name] for name in wanted}, h_MD.detach())

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Remember the batch, and cluster what is remembered when it is time."""
        if self._fresh is not None:
            self.pseudo.store(*self._fresh)
            self._fresh = None
        self._steps += 1
        self.steps += 1
        if self.due:
            self.pseudo.cluster(self.config.components, self.config.rounds, self._steps)
            self._made += 1
            self._begin_anew(self._steps)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Sizes of the clusters, and the pictures that stand for the most used ones."""
        with evaluating(backbone, self):
            pictures = self.learned(views)[0]
            scores_NK = self.classifier(backbone(pictures)).float()
            shown = {
                "sizes": self.pseudo.shares().sort(descending=True).values,
                "nearest": nearest_pictures(pictures, scores_NK, SHOWN_PROTOTYPES, SHOWN_PICTURES),
            }
            return {name: array.cpu().numpy() for name, array in shown.items()}

    @torch.no_grad()
    def _begin_anew(self, seed: int) -> None:
        """Small random weights and no bias: numbers of clusters mean nothing from one clustering to the next."""
        generator = torch.Generator().manual_seed(seed)
        start_KD = _START_STD * torch.randn(self.classifier.weight.shape, generator=generator)
        self.classifier.weight.copy_(start_KD)
        self.classifier.bias.zero_()


def _see_counts(objective: nn.Module, _: Any) -> None:
    """Steps and clusterings of a loaded state: asked once here, so that no step has to ask the device."""
    if isinstance(objective, ClusterClassifier):
        objective._steps, objective._made = int(objective.steps), int(objective.pseudo.made)
