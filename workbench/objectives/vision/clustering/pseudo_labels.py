"""Labels that k-means gives to pictures, from one remembered feature vector a picture.

Features are prepared as in DeepCluster (Caron, Bojanowski, Joulin, Douze, ECCV 2018, section 4.1): centred, whitened
along their principal components, and brought to length 1.

Shapes: S samples in the training split, D features, P components, K clusters, N samples
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.objectives.vision.clustering.crops import entropy, shares_K
from workbench.objectives.vision.clustering.kmeans import moved_share, nearest, spherical_kmeans

NO_CLUSTER = -1
_FLAT = 1e-5
"""The least share of the first component's variance that a component is divided by."""


@torch.no_grad()
def whitened(rows_SD: Tensor, seen_S: Tensor, components: int) -> Tensor:
    """Rows of length 1 along the first principal components, each divided by its deviation.

    Parameters
    ----------
    seen_S : bool, which rows the mean and the components are taken of
    components : P at most

    Returns
    -------
    unit_SP : float32; rows that were not seen mean nothing
    """
    weight_S1 = seen_S[:, None].float() / seen_S.sum().clamp(min=1)
    centred_SD = rows_SD.float() - (rows_SD.float() * weight_S1).sum(dim=0)
    variance_D, axes_DD = torch.linalg.eigh((centred_SD * weight_S1).T @ centred_SD)
    kept = min(components, rows_SD.shape[1])
    variance_P, axes_DP = variance_D[-kept:], axes_DD[:, -kept:]
    floor = (_FLAT * variance_D[-1]).clamp(min=torch.finfo(torch.float32).tiny)
    return F.normalize(centred_SD @ axes_DP / torch.maximum(variance_P, floor).sqrt(), dim=1)


def balancing_weights(labels_S: Tensor, clusters: int) -> Tensor:
    """Weights of the clusters, (K,), that let each count as much as any other; 0 for an empty one.

    Drawing samples uniformly over clusters, as the paper does, has the same mean gradient. Labels below 0 do not count.
    """
    share_K = shares_K(labels_S, clusters)
    return torch.where(share_K > 0, 1 / (clusters * share_K.clamp(min=1e-12)), 0)


def balanced_loss(logits_MK: Tensor, labels_M: Tensor, weight_K: Tensor) -> Tensor:
    """Cross-entropy in which a view counts by the weight of its cluster, over the sum of the weights.

    Labels below 0 are left out; 0, with a gradient, where nothing counts.
    """
    total = F.cross_entropy(logits_MK.float(), labels_M, weight_K, ignore_index=NO_CLUSTER, reduction="sum")
    counted_M = torch.where(labels_M >= 0, weight_K[labels_M.clamp(min=0)], 0)
    return total / counted_M.sum().clamp(min=1e-12)


class PseudoLabels(nn.Module):
    """The features that were last seen of every picture, and the cluster that each fell into.

    Before the first clustering every picture has a random label, each label as often.

    Attributes
    ----------
    rows : (S, D), features
    seen : bool (S,), whether a picture's features have been stored
    labels : int64 (S,); below 0 for a picture that the last clustering did not know
    weight : (K,), see `balancing_weights`
    made : how many clusterings there were, int64
    reassigned : share of the pictures that left the majority of their cluster at the last one
    """

    def __init__(self, samples: int, width: int, clusters: int) -> None:
        super().__init__()
        self.clusters = clusters
        self.register_buffer("rows", torch.zeros(samples, width))
        self.register_buffer("seen", torch.zeros(samples, dtype=torch.bool))
        self.register_buffer("labels", torch.randperm(samples) % clusters)
        self.register_buffer("weight", torch.ones(clusters))
        self.register_buffer("made", torch.zeros((), dtype=torch.int64))
        self.register_buffer("reassigned", torch.ones(()))

    rows: Tensor
    seen: Tensor
    labels: Tensor
    weight: Tensor
    made: Tensor
    reassigned: Tensor

    @torch.no_grad()
    def store(self, index_N: Tensor, rows_ND: Tensor) -> None:
        """Remember the features of these pictures in the place of older ones."""
        self.rows[index_N] = rows_ND.to(self.rows.dtype)
        self.seen[index_N] = True

    @torch.no_grad()
    def cluster(self, components: int, rounds: int, seed: int) -> None:
        """Cluster what is stored and label every picture that was seen."""
        unit_SP = whitened(self.rows, self.seen, components)
        centroids_KP = spherical_kmeans(unit_SP, self.seen, self.clusters, rounds, seed)
        fresh_S = nearest(unit_SP, centroids_KP)[0].masked_fill(~self.seen, NO_CLUSTER)
        self.reassigned.copy_(moved_share(self.labels, fresh_S, self.clusters))
        self.labels.copy_(fresh_S)
        self.weight.copy_(balancing_weights(fresh_S, self.clusters))
        self.made += 1

    def shares(self) -> Tensor:
        """The clusters' shares of the labelled pictures, (K,)."""
        return shares_K(self.labels, self.clusters)

    def terms(self) -> dict[str, Tensor]:
        """What a run logs: how evenly the clusters are filled, as a share of log K, and how many pictures moved."""
        return {"usage_entropy": entropy(self.shares()), "reassigned": self.reassigned.clone()}
