"""Neighbours of many points: exact where that takes less than a minute, else approximate, with the recall measured.

Dong, Moses, Li (2011), "Efficient K-nearest neighbor graph construction for generic similarity measures"; the graph is
pynndescent's. Distances are taken again from the vectors.

Legend: N all rows, M rows that can be compared, Q of them sampled, B rows of a block, K neighbours, D width.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Progress, no_progress
from workbench.embeddings.background import PARALLEL_KERNELS, beside, wait
from workbench.embeddings.search.metric import scaled, told
from workbench.embeddings.search.neighbours import comparable_rows, exact_neighbours
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import Neighbours, row_blocks

PATIENCE_S = 60.0
SAMPLED = 500
_JUDGED_AFTER_S = 2.0
_SEED = 0
_SEARCHING = "Finding neighbours, approximately (compiles at first use)"


class _TooSlowError(Exception):
    """The exact search would outlast the patience."""


def graph(
    vectors: NDArray[Any], k: int, metric: Metric, progress: Progress = no_progress, exact: bool = False
) -> tuple[Neighbours, str]:
    """The k nearest other rows of each row of (N, D), and in words how far they are approximate ("" for exact).

    The exact search is begun in any case, on a GPU where there is one, and given up after two seconds when at its pace
    it would take longer than a minute; `exact` never gives up. Raises what `progress` raises.
    """
    if exact:
        return exact_neighbours(vectors, k, metric, progress), ""
    try:
        return exact_neighbours(vectors, k, metric, _Pace(progress)), ""
    except _TooSlowError:
        found = approximate_neighbours(vectors, k, metric, progress)
    sampled = recall(vectors, found, metric, progress)
    return found, f"approximate neighbours, recall {sampled:.2f} ({min(SAMPLED, len(vectors))} sampled)"


class _Pace:
    """Passes progress on, and gives up a search that is too slow."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began_s: float | None = None

    def __call__(self, share: float, words: str) -> None:
        now_s = time.monotonic()
        if self._began_s is None:
            self._began_s = now_s
        passed_s = now_s - self._began_s
        if share > 0 and passed_s >= _JUDGED_AFTER_S and passed_s / share > PATIENCE_S:
            raise _TooSlowError
        self._progress(share, words)


def approximate_neighbours(
    vectors: NDArray[Any], k: int, metric: Metric, progress: Progress = no_progress
) -> Neighbours:
    """About the k nearest other rows of each row of (N, D), nearest first; the same for the same vectors.

    As in the exact search, k is cut to N - 1, and a row that cannot be compared is nobody's neighbour and has none.
    """
    rows_M = np.flatnonzero(comparable_rows(vectors, metric))
    k = max(0, min(k, len(vectors) - 1))
    index = np.full((len(vectors), k), -1, dtype=np.int64)
    distance = np.full((len(vectors), k), np.inf, dtype=np.float32)
    found = min(k, len(rows_M) - 1)
    if found > 0:
        # Looking for twice as many takes twice as long, and misses a fifth as many of the nearest.
        wide = min(2 * found, len(rows_M) - 1)
        near_MK = wait(beside(lambda: _descend(vectors, rows_M, wide, metric)), progress, 0.0, _SEARCHING)
        for rows in row_blocks(len(rows_M), wide * vectors.shape[1]):
            progress(0.9 + 0.05 * rows.start / len(rows_M), "Measuring their distances")
            here = rows_M[rows]
            nearest, told_BK = _measured(vectors, here, rows_M[near_MK[rows]], metric)
            index[here, :found], distance[here, :found] = nearest[:, :found], told_BK[:, :found]
    return Neighbours(index, distance)


def _descend(vectors: NDArray[Any], rows_M: NDArray[np.int64], k: int, metric: Metric) -> NDArray[np.int64]:
    """Positions (M, K) of about the nearest others; a gap in the graph is filled with a row drawn at random."""
    from pynndescent import NNDescent

    points_MD = np.empty((len(rows_M), vectors.shape[1]), np.float32)
    for rows in row_blocks(len(rows_M), vectors.shape[1]):
        points_MD[rows] = scaled(vectors[rows_M[rows]], metric)
    # Nearest by angle is nearest by length between unit vectors: the library compiles for one metric, half a minute.
    with PARALLEL_KERNELS:
        near_MK = NNDescent(points_MD, metric="euclidean", n_neighbors=k + 1, random_state=_SEED).neighbor_graph[0]
    near_MK = near_MK.astype(np.int64)
    is_self = near_MK == np.arange(len(near_MK))[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    others_MK: NDArray[np.int64] = near_MK[~is_self].reshape(len(near_MK), k)
    row, column = np.nonzero(others_MK < 0)
    drawn = np.random.RandomState(_SEED).randint(1, len(near_MK), len(row))
    others_MK[row, column] = (row + drawn) % len(near_MK)
    return others_MK


def _measured(
    vectors: NDArray[Any], rows_B: NDArray[np.int64], near_BK: NDArray[np.int64], metric: Metric
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """These neighbours in order, with their distances."""
    points_BD = scaled(vectors[rows_B], metric)
    near_BKD = scaled(vectors[near_BK.ravel()], metric).reshape(*near_BK.shape, -1)
    squared_BK = np.square(near_BKD - points_BD[:, None]).sum(axis=2)
    order_BK = np.argsort(squared_BK, axis=1, kind="stable")
    told_BK = told(np.take_along_axis(squared_BK, order_BK, axis=1), metric)
    return np.take_along_axis(near_BK, order_BK, axis=1), told_BK.astype(np.float32)


def recall(
    vectors: NDArray[Any], found: Neighbours, metric: Metric, progress: Progress = no_progress, sampled: int = SAMPLED
) -> float:
    """The share of the exact neighbours of a sample of rows that were found, in [0, 1].

    A neighbour counts as found when it is no farther than the exact K-th, so that ties do not count as missed.
    """
    k = found.index.shape[1]
    rows_M = np.flatnonzero(comparable_rows(vectors, metric))
    k = min(k, len(rows_M) - 1)
    if k < 1:
        return 1.0
    rows_Q = np.sort(np.random.RandomState(_SEED).choice(rows_M, min(sampled, len(rows_M)), replace=False))
    border_Q = _kth_distance(vectors, rows_M, rows_Q, k, metric, progress)
    kept_QK = found.distance[rows_Q, :k] <= border_Q[:, None] * (1 + 1e-6)
    return float(kept_QK.mean())


def _kth_distance(
    vectors: NDArray[Any],
    rows_M: NDArray[np.int64],
    rows_Q: NDArray[np.int64],
    k: int,
    metric: Metric,
    progress: Progress,
) -> NDArray[np.float32]:
    """The distance of the k-th nearest other row to each sampled row (Q,), over all comparable rows."""
    best_QK, near_QK = np.full((len(rows_Q), k), np.inf), np.zeros((len(rows_Q), k), dtype=np.int64)
    points_QD = scaled(vectors[rows_Q], metric)
    # Vectors far from the origin and close to each other would lose their differences to rounding.
    middle_D = points_QD.mean(axis=0)
    points_QD -= middle_D
    for rows in row_blocks(len(rows_M), max(vectors.shape[1], len(rows_Q))):
        progress(0.95 + 0.05 * rows.start / len(rows_M), "Measuring the recall")
        here = rows_M[rows]
        block_BD = scaled(vectors[here], metric) - middle_D
        farness_QB = np.square(block_BD).sum(axis=1) - 2 * (points_QD @ block_BD.T)
        farness_QB[rows_Q[:, None] == here] = np.inf
        both = np.concatenate([best_QK, farness_QB], axis=1)
        rows_both = np.concatenate([near_QK, np.broadcast_to(here, farness_QB.shape)], axis=1)
        nearest = np.argpartition(both, k - 1, axis=1)[:, :k]
        best_QK, near_QK = np.take_along_axis(both, nearest, axis=1), np.take_along_axis(rows_both, nearest, axis=1)
    return _measured(vectors, rows_Q, near_QK, metric)[1][:, -1]
