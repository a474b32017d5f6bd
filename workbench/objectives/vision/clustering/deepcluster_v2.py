"""DeepCluster v2: pictures are clustered once an epoch, and the network learns to name their clusters.

Caron, Misra, Mairal, Goyal, Bojanowski, Joulin: Unsupervised Learning of Visual Features by Contrasting Cluster
Assignments (NeurIPS 2020), section 5.1 and its code, where DeepCluster (Caron, Bojanowski, Joulin, Douze, ECCV 2018) is
improved: a projector, a cosine softmax whose prototypes are the centroids themselves, a memory instead of a second
pass over the data, and several clusterings at once.

With z the normalised projections, c_k the K centroids of one clustering and y_n the cluster that the last k-means put
sample n into,

    L = mean over clusterings, views and samples of -log softmax(z_n . c / tau)[y_n]

The memory holds one projection a sample, the mean direction of its largest views, written after every step. At the end
of an epoch spherical k-means runs on it once for each clustering, from other rows each time. The reference code keeps a
memory for each large crop and lets the clusterings take turns; it also fills the memory before training. Here the first
epoch has nothing to cluster yet: centroids are random directions and samples get labels at random, each label as often
(Bojanowski and Joulin, Unsupervised Learning by Predicting Noise, ICML 2017), and the loss stays near chance.
Clustering the first few batches instead, with the nearest centroid as the label of samples still to come, let the
network agree with itself on few clusters. Samples that an epoch left over, fewer than a batch, do take their nearest
centroid.

Reference code: 3 clusterings of 3000, projector 2048-128, tau 0.1, 10 rounds. The defaults here suit a small encoder on
a CPU.

Shapes: V views of N samples, A of the largest side, D features, P projections, H clusterings of K prototypes, S samples
in the training split
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.modes import evaluating
from workbench.objectives.alarms import LOWER_RATE, prototypes_unused
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.distributed import gather
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.vision.clustering.crops import encode, entropy, nearest_pictures, shares_K
from workbench.objectives.vision.clustering.kmeans import moved_share, nearest, spherical_kmeans
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

NO_CLUSTER = -1
SHOWN_PROTOTYPES, SHOWN_PICTURES = 8, 6


class DeepClusterV2Config(Model):
    """Settings of DeepCluster v2."""

    prototypes: int = setting(256, "Clusters", "of each clustering; several times the classes", ge=2, le=100_000)
    heads: int = setting(3, "Clusterings", "made of the same memory from different starts", ge=1, le=16)
    temperature: float = setting(0.1, "Temperature", "divides the cosines with the centroids", gt=0, le=10, log=True)
    rounds: int = setting(10, "k-means rounds", "of each clustering", ge=1, le=200, advanced=True)
    hidden: int = setting(256, "Projector hidden", "width of the projector's hidden layer", ge=1, le=16384)
    output: int = setting(128, "Projector output", "width in which pictures are clustered", ge=2, le=4096)


def cluster_loss(scores_HVNK: Tensor, labels_HN: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of a sample's cluster, the mean over its views and over the clusterings.

    Parameters
    ----------
    scores_HVNK : cosines with the centroids
    labels_HN : the samples' clusters
    temperature : tau, above 0

    Returns
    -------
    (N,); log K when all scores are equal.
    """
    labels_HVN = labels_HN[:, None].expand(scores_HVNK.shape[:3])
    cost_M = F.cross_entropy((scores_HVNK / temperature).flatten(0, 2), labels_HVN.flatten(), reduction="none")
    return cost_M.view_as(labels_HVN).mean(dim=(0, 1))


class DeepClusterV2(Objective):
    """Classification into clusters that are found again in every epoch."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="deepcluster_v2",
        title="DeepCluster v2",
        family="Clustering",
        summary="Pictures are clustered once an epoch; the network learns to name the clusters.",
        explanation=(
            "What the network saw of each picture is remembered and clustered at the end of an epoch. The clusters "
            "are the labels of the next one, and their centres its classifier. Several clusterings at once make the "
            "labels depend less on how one of them began."
        ),
        energy=(
            "A picture and the centre of its cluster get low energy, the other centres high energy. k-means that "
            "starts empty clusters again keeps the pictures spread over all of them."
        ),
        experience=(
            "The cluster that a picture fell into over the last epoch is predicted from each of its views, by a "
            "cross-entropy over the centres."
        ),
        formula=(
            r"\mathcal{L} = -\frac{1}{H N} \sum_{h=1}^{H} \sum_{n=1}^{N} \log"
            r" \frac{\exp(z_n \cdot c_{y_n}^{(h)} / \tau)}{\sum_{k} \exp(z_n \cdot c_k^{(h)} / \tau)}"
        ),
        paper=Paper(
            title="Unsupervised Learning of Visual Features by Contrasting Cluster Assignments",
            authors="Caron, Misra, Mairal, Goyal, Bojanowski, Joulin",
            year=2020,
            venue="NeurIPS",
            url="https://arxiv.org/abs/2006.09882",
        ),
        needs=Needs(
            min_views=2,
            min_batch=2,
            bounds=(Bound(setting="prototypes", at_most="samples", why="one for each sample of the training split"),),
        ),
        metrics=(
            MetricSpec(
                name="cluster_accuracy",
                title="Cluster accuracy",
                better="higher",
                description="share of views whose nearest centre is that of their picture's cluster",
            ),
            MetricSpec(
                name="reassigned",
                title="Reassigned samples",
                better="lower",
                description="share that left the majority of its cluster at the last clustering; 1 before the first",
            ),
            MetricSpec(
                name="usage_entropy",
                title="Usage entropy",
                better="higher",
                description="of the clusters' sizes, as a share of log K; near 0 one cluster has everything",
            ),
        ),
        alarms=(
            prototypes_unused(
                "usage_entropy", LOWER_RATE, ("objective.prototypes", "lower it, so that each has samples")
            ),
        ),
        figures=(
            FigureSpec(
                name="sizes",
                title="Sizes of the clusters",
                kind="bars",
                x="cluster",
                y="share of the samples",
                description="share of the samples in each cluster of the first clustering, the largest first",
            ),
            FigureSpec(
                name="predictions",
                title="Predicted clusters",
                kind="matrix",
                x="cluster",
                y="sample",
                value="probability",
                description="probability of each cluster (column) for 32 samples (rows)",
            ),
            FigureSpec(
                name="nearest",
                title="Pictures nearest to a centre",
                kind="pictures",
                description="for each of the most used clusters (row) the pictures with the highest scores",
            ),
        ),
        chance=Chance(formula="ln K", expression="log(prototypes)"),
        views_preset="swav-cifar",
    )
    Config: ClassVar[type[Model]] = DeepClusterV2Config
    loss_unit: ClassVar[str] = "nat"
    by_picture: ClassVar[bool] = True
    config: DeepClusterV2Config

    def __init__(self, config: DeepClusterV2Config, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, layers=2)
        heads, clusters, samples = config.heads, config.prototypes, facts.samples
        equal_HS = torch.stack([torch.randperm(samples) % clusters for _ in range(heads)])
        self.register_buffer("centroids", F.normalize(torch.randn(heads, clusters, config.output), dim=2))
        self.register_buffer("labels", equal_HS)
        self.register_buffer("memory", F.normalize(torch.randn(samples, config.output), dim=1))
        self.register_buffer("seen", torch.zeros(samples, dtype=torch.bool))
        self.register_buffer("reassigned", torch.ones(()))
        self.register_buffer("usage_entropy", torch.ones(()))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self._steps = 0
        self._fresh: tuple[Tensor, Tensor] | None = None
        self.register_load_state_dict_post_hook(_see_steps)  # type: ignore[no-untyped-call]

    centroids: Tensor
    labels: Tensor
    memory: Tensor
    seen: Tensor
    reassigned: Tensor
    usage_entropy: Tensor
    steps: Tensor

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy of all views with their samples' clusters."""
        check_views(self.spec, views)
        h_VND, largest = encode(views.inputs, backbone)
        z_VNP = self._project(h_VND)
        mean_NP = F.normalize(z_VNP[:largest].detach().mean(dim=0), dim=1)
        scores_HVNK, labels_HN = self._scores(z_VNP), self._labels_of(views.index, mean_NP)
        self._fresh = gather(mean_NP), gather(views.index)
        loss_N = cluster_loss(scores_HVNK, labels_HN, self.config.temperature)
        terms = self._terms(scores_HVNK.detach(), labels_HN)
        return Step(loss_N.mean(), terms, h_VND[:largest].detach().flatten(0, 1), loss_N.detach())

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Remember the batch, and cluster the memory when an epoch is over."""
        if self._fresh is not None:
            rows_NP, index_N = self._fresh
            self.memory[index_N] = rows_NP
            self.seen[index_N] = True
            self._fresh = None
        self._steps += 1
        self.steps += 1
        if self._steps % self.facts.steps_per_epoch == 0:
            self.cluster()

    @torch.no_grad()
    def cluster(self) -> None:
        """Cluster the memory anew and relabel every sample that was seen."""
        old_HS = self.labels.clone()
        for head in range(self.config.heads):
            seed = self._steps * self.config.heads + head
            centroids_KP = spherical_kmeans(self.memory, self.seen, self.config.prototypes, self.config.rounds, seed)
            label_S, _ = nearest(self.memory, centroids_KP)
            self.centroids[head] = centroids_KP
            self.labels[head] = label_S.masked_fill(~self.seen, NO_CLUSTER)
        moved = [
            moved_share(old_S, new_S, self.config.prototypes) for old_S, new_S in zip(old_HS, self.labels, strict=True)
        ]
        shares = [shares_K(labels_S, self.config.prototypes) for labels_S in self.labels]
        self.reassigned.copy_(torch.stack(moved).mean())
        self.usage_entropy.copy_(entropy(torch.stack(shares)).mean())

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Sizes of the clusters, what 32 samples are taken for, and the pictures nearest to some centres."""
        with evaluating(backbone, self):
            h_VND, _ = encode(views.inputs, backbone)
            scores_NK = self._scores(self._project(h_VND[:1]))[0, 0]
            large = max(views.inputs, key=lambda view: view.shape[-1])
            shown = {
                "sizes": shares_K(self.labels[0], self.config.prototypes).sort(descending=True).values,
                "predictions": (scores_NK[:SHOWN_SAMPLES] / self.config.temperature).softmax(dim=1),
                "nearest": nearest_pictures(large, scores_NK, SHOWN_PROTOTYPES, SHOWN_PICTURES),
            }
            return {name: array.cpu().numpy() for name, array in shown.items()}

    def _project(self, h_VND: Tensor) -> Tensor:
        z_MP = F.normalize(self.projector(h_VND.flatten(0, 1)).float(), dim=1)
        return z_MP.reshape(*h_VND.shape[:2], -1)

    def _scores(self, z_VNP: Tensor) -> Tensor:
        """Cosines with the centroids of every clustering, (H, V, N, K), in float32 whatever the precision."""
        with torch.autocast(z_VNP.device.type, enabled=False):
            return torch.einsum("vnp,hkp->hvnk", z_VNP, self.centroids)

    def _labels_of(self, index_N: Tensor, mean_NP: Tensor) -> Tensor:
        """The samples' clusters, (H, N); for those that no clustering has seen the nearest centroid of this moment."""
        stored_HN, nearest_HN = self.labels[:, index_N], self._scores(mean_NP[None])[:, 0].argmax(dim=-1)
        return torch.where(stored_HN == NO_CLUSTER, nearest_HN, stored_HN)

    def _terms(self, scores_HVNK: Tensor, labels_HN: Tensor) -> dict[str, Tensor]:
        return {
            "cluster_accuracy": (scores_HVNK.argmax(dim=-1) == labels_HN[:, None]).float().mean(),
            "reassigned": self.reassigned.clone(),
            "usage_entropy": self.usage_entropy.clone(),
        }


def _see_steps(objective: nn.Module, _: Any) -> None:
    """How many steps a loaded state has made: asked once here, so that no step has to ask the device."""
    if isinstance(objective, DeepClusterV2):
        objective._steps = int(objective.steps)
