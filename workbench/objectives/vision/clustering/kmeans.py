"""Spherical k-means over a memory of unit vectors, of which some may not have been stored yet.

Shapes: S rows of width P, K clusters
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = 16384


def nearest(rows_SP: Tensor, centroids_KP: Tensor) -> tuple[Tensor, Tensor]:
    """The centroid with the highest dot product, (S,) int64, and that product; in chunks, to bound the memory."""
    starts = range(0, len(rows_SP), CHUNK)
    best = [(rows_SP[start : start + CHUNK] @ centroids_KP.T).max(dim=1) for start in starts]
    return torch.cat([each.indices for each in best]), torch.cat([each.values for each in best])


@torch.no_grad()
def spherical_kmeans(rows_SP: Tensor, seen_S: Tensor, clusters: int, rounds: int, seed: int) -> Tensor:
    """Directions that rows gather around: each round assigns by the dot product and takes the mean direction.

    A cluster that loses all its rows starts again at one of the rows that are farthest from their centroids.

    Parameters
    ----------
    rows_SP : unit vectors, at least as many as clusters
    seen_S : bool, which rows count
    seed : of the rows that the centroids start from

    Returns
    -------
    centroids_KP : unit vectors
    """
    generator = torch.Generator(rows_SP.device).manual_seed(seed)
    order_S = torch.rand(len(rows_SP), device=rows_SP.device, generator=generator).masked_fill(~seen_S, -1)
    centroids_KP = rows_SP[order_S.topk(clusters).indices]
    counted_S1 = seen_S[:, None].to(rows_SP.dtype)
    for _ in range(rounds):
        label_S, similarity_S = nearest(rows_SP, centroids_KP)
        sums_KP = torch.zeros_like(centroids_KP).index_add_(0, label_S, rows_SP * counted_S1)
        empty_K = torch.zeros_like(centroids_KP[:, 0]).index_add_(0, label_S, counted_S1[:, 0]) == 0
        farthest_K = similarity_S.masked_fill(~seen_S, 2).topk(clusters, largest=False).indices
        spare_K = farthest_K[(empty_K.cumsum(0) - 1).clamp(min=0)]
        centroids_KP = torch.where(empty_K[:, None], rows_SP[spare_K], F.normalize(sums_KP, dim=1))
    return centroids_KP


def moved_share(old_S: Tensor, new_S: Tensor, clusters: int) -> Tensor:
    """Share of rows that are not with the majority of their new cluster's rows, by the clusters of before.

    Does not depend on how clusters are numbered. Rows with a label below 0 in either are left out; 0 when the old
    clusters hold together, near 1 when they are scattered.
    """
    known_S = ((old_S >= 0) & (new_S >= 0)).float()
    cell_S = old_S.clamp(min=0) * clusters + new_S.clamp(min=0)
    table = torch.zeros(clusters * clusters, device=old_S.device).index_add_(0, cell_S, known_S)
    return 1 - table.reshape(clusters, clusters).amax(dim=0).sum() / known_S.sum().clamp(min=1)
