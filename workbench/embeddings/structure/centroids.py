"""Class centroids: how far classes lie apart, and how far their members lie from them.

Legend: N all rows, M rows that are labelled and can be compared, K classes, B rows of a block, D width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist, squareform

from workbench.core.errors import DataError
from workbench.data.base import Progress, no_progress
from workbench.embeddings.search.metric import told
from workbench.embeddings.search.neighbours import comparable_rows
from workbench.embeddings.structure.labels import Labels
from workbench.embeddings.structure.points import scaled_blocks
from workbench.runs.embedding_meta import Metric

MOST_CLASSES = 2000
_OPTIMAL = 256
_NO_DIRECTION = 1e-12


@dataclass(frozen=True)
class Centroids:
    """The classes that have members, in the order of their names.

    classes : int64 (K,), label codes
    sizes : int64 (K,), members that can be compared
    centroids : float64 (K, D), the mean of the members; under cosine of their directions, scaled to length 1
    distance : float64 (K, K), between centroids in the metric
    order : int64 (K,), positions in which similar classes stand side by side
    spread : float64 (K,), mean distance of the members to their centroid
    medoids : int64 (K,), the row nearest to each centroid
    nearest : int64 (K,), position of the nearest other class; -1 where there is one class
    """

    classes: NDArray[np.int64]
    sizes: NDArray[np.int64]
    centroids: NDArray[np.float64]
    distance: NDArray[np.float64]
    order: NDArray[np.int64]
    spread: NDArray[np.float64]
    medoids: NDArray[np.int64]
    nearest: NDArray[np.int64]


def class_centroids(
    vectors: NDArray[Any], labels: Labels, metric: Metric, progress: Progress = no_progress
) -> Centroids:
    """Centroids of all classes of (N, D), exact over all labelled points.

    The order is that of the leaves of average linkage on the distances (`scipy.cluster.hierarchy`), turned so that
    neighbours are most alike (Bar-Joseph et al. 2001) up to 256 classes. A class whose directions cancel out under
    cosine has no direction: it is told at distance 1 from everything.

    Raises DataError where no labelled point can be compared, or for more than 2,000 classes.
    """
    rows_M = np.flatnonzero(comparable_rows(vectors, metric) & (labels.codes >= 0)).astype(np.int64)
    if not len(rows_M):
        raise DataError("No labelled vector can be compared: they are zero or not finite.", "Embed or import again.")
    classes, member_M, sizes = np.unique(labels.codes[rows_M], return_inverse=True, return_counts=True)
    if len(classes) > MOST_CLASSES:
        raise DataError(
            f"Distances between {len(classes):,} classes are not shown: at most {MOST_CLASSES:,}.",
            "Choose a column with fewer classes, or find clusters.",
        )
    centroids = _means(vectors, rows_M, member_M, sizes, metric, progress)
    distance = _between(centroids, metric)
    away_M = _to_centroid(vectors, rows_M, member_M, centroids, metric, progress)
    spread = np.bincount(member_M, away_M) / sizes
    by_class = rows_M[np.lexsort((away_M, member_M))]
    medoids = by_class[np.cumsum(sizes) - sizes]
    others = distance + np.diag(np.full(len(classes), np.inf))
    nearest = others.argmin(axis=1) if len(classes) > 1 else np.array([-1])
    order = _leaf_order(distance)
    progress(1.0, "Measuring classes")
    return Centroids(classes, sizes, centroids, distance, order, spread, medoids, nearest.astype(np.int64))


def _means(
    vectors: NDArray[Any],
    rows_M: NDArray[np.int64],
    member_M: NDArray[np.int64],
    sizes: NDArray[np.int64],
    metric: Metric,
    progress: Progress,
) -> NDArray[np.float64]:
    sums_KD = np.zeros((len(sizes), vectors.shape[1]))
    for where, block_BD in scaled_blocks(vectors, rows_M, metric):
        progress(0.45 * where.start / len(rows_M), "Finding centroids")
        ones = np.ones(len(block_BD))
        belongs = csr_array((ones, (member_M[where], np.arange(len(block_BD)))), shape=(len(sizes), len(block_BD)))
        sums_KD += belongs @ block_BD
    means_KD: NDArray[np.float64] = sums_KD / sizes[:, None]
    if metric == "cosine":
        length_K1 = np.linalg.norm(means_KD, axis=1, keepdims=True)
        means_KD = np.divide(means_KD, length_K1, out=np.zeros_like(means_KD), where=length_K1 > _NO_DIRECTION)
    return means_KD


def _between(centroids: NDArray[np.float64], metric: Metric) -> NDArray[np.float64]:
    centred = centroids - centroids.mean(axis=0)
    distance = told(cdist(centred, centred, "sqeuclidean"), metric)
    if metric == "cosine":
        lost = np.abs(centroids).max(axis=1) == 0
        distance[lost], distance[:, lost] = 1.0, 1.0
    np.fill_diagonal(distance, 0.0)
    return distance


def _to_centroid(
    vectors: NDArray[Any],
    rows_M: NDArray[np.int64],
    member_M: NDArray[np.int64],
    centroids: NDArray[np.float64],
    metric: Metric,
    progress: Progress,
) -> NDArray[np.float64]:
    """The distance of each member to its centroid (M,)."""
    away_M = np.empty(len(rows_M))
    for where, block_BD in scaled_blocks(vectors, rows_M, metric):
        progress(0.45 + 0.45 * where.start / len(rows_M), "Measuring classes")
        block_BD -= centroids[member_M[where]]
        away_M[where] = told(np.einsum("bd,bd->b", block_BD, block_BD), metric)
    if metric == "cosine":
        is_lost_K = np.abs(centroids).max(axis=1) == 0
        away_M[is_lost_K[member_M]] = 1.0
    return away_M


def _leaf_order(distance: NDArray[np.float64]) -> NDArray[np.int64]:
    count = len(distance)
    if count < 3:
        return np.arange(count, dtype=np.int64)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=count <= _OPTIMAL)
    order: NDArray[np.int64] = leaves_list(tree).astype(np.int64)
    return order
