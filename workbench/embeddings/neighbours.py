"""Exact nearest neighbours, over all points.

Both metrics are one computation: the cosine distance of x and y is half the squared Euclidean distance of x/|x| and
y/|y|. Points are centred and compared in float64, and the distances of those found are taken again from their
differences, so that near-duplicates and collapsed embeddings keep their order.

Legend: N all rows, M rows that can be compared, B rows of a block, K neighbours, D width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.errors import DataError
from workbench.data.base import Progress, no_progress
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import Neighbours, finite_rows, row_blocks

_BLOCK_VALUES = 2**23


def comparable_rows(vectors: NDArray[Any], metric: Metric) -> NDArray[np.bool_]:
    """Which rows of (N, D) have distances, bool (N,): those that are finite and, under cosine, not zero."""
    comparable = finite_rows(vectors)
    if metric == "cosine":
        for rows in row_blocks(len(vectors), vectors.shape[1]):
            comparable[rows] &= vectors[rows].any(axis=1)
    return comparable


def exact_neighbours(vectors: NDArray[Any], k: int, metric: Metric, progress: Progress = no_progress) -> Neighbours:
    """The k nearest other rows of each row of (N, D), nearest first, equal distances in the order of the rows.

    k is cut to N - 1. A row that cannot be compared (see `comparable_rows`) is nobody's neighbour and has none.
    Raises what `progress` raises, between blocks.
    """
    total = len(vectors)
    k = max(0, min(k, total - 1))
    index = np.full((total, k), -1, dtype=np.int64)
    distance = np.full((total, k), np.inf, dtype=np.float32)
    rows_M = np.flatnonzero(comparable_rows(vectors, metric))
    found = min(k, len(rows_M) - 1)
    if found > 0:
        points_MD = _centred(vectors, rows_M, metric)
        lengths_M = points_MD.square().sum(1)
        block = max(1, _BLOCK_VALUES // max(len(rows_M), found * points_MD.shape[1]))
        for start in range(0, len(rows_M), block):
            progress(start / len(rows_M), "Finding neighbours")
            nearest_BK, squared_BK = _block(points_MD, lengths_M, start, block, found)
            here = rows_M[start : start + block]
            index[here, :found] = rows_M[nearest_BK]
            distance[here, :found] = _told(squared_BK, metric)
    progress(1.0, "Finding neighbours")
    return Neighbours(index, distance)


def nearest(vectors: NDArray[Any], query: int | np.integer[Any] | NDArray[Any], k: int, metric: Metric) -> Neighbours:
    """The k rows of (N, D) nearest to a vector (D,), or to a row given by number, which is then left out.

    Returns
    -------
    Neighbours with index (K,) and distance (K,), K <= k: only rows that can be compared

    Raises
    ------
    DataError : the row does not exist, the width differs, or the query is not finite or (under cosine) zero
    """
    query_D = _query(vectors, query, metric)
    squared_N = np.full(len(vectors), np.inf)
    usable_N = comparable_rows(vectors, metric)
    if isinstance(query, (int, np.integer)):
        usable_N[query] = False
    for rows in row_blocks(len(vectors), vectors.shape[1]):
        here = np.flatnonzero(usable_N[rows]) + rows.start
        difference_BD = _scaled(vectors[here], metric) - query_D
        squared_N[here] = np.einsum("bd,bd->b", difference_BD, difference_BD)
    count = max(0, min(k, int(usable_N.sum())))
    border = np.partition(squared_N, count - 1)[count - 1] if count else -1.0
    candidates = np.flatnonzero(squared_N <= border)
    order = candidates[np.argsort(squared_N[candidates], kind="stable")][:count]
    return Neighbours(order, _told(squared_N[order], metric))


def _query(vectors: NDArray[Any], query: int | np.integer[Any] | NDArray[Any], metric: Metric) -> NDArray[np.float64]:
    if isinstance(query, (int, np.integer)):
        if not 0 <= query < len(vectors):
            raise DataError(f"There is no row {query}: the embedding has rows 0 to {len(vectors) - 1}.")
        query = vectors[query]
    query_1D = np.asarray(query)[None]
    if query_1D.shape != (1, vectors.shape[1]):
        raise DataError(f"A query of shape {query_1D.shape[1:]} does not fit vectors of width {vectors.shape[1]}.")
    if not comparable_rows(query_1D, metric)[0]:
        reason = "is zero or not finite" if metric == "cosine" else "is not finite"
        raise DataError(f"This vector has no neighbours: it {reason}.")
    scaled_D: NDArray[np.float64] = _scaled(query_1D, metric)[0]
    return scaled_D


def _scaled(vectors_BD: NDArray[Any], metric: Metric) -> NDArray[np.float64]:
    """float64, and of length 1 for cosine."""
    wide_BD: NDArray[np.float64] = vectors_BD.astype(np.float64)
    if metric == "cosine":
        wide_BD /= np.abs(wide_BD).max(axis=1, keepdims=True)
        wide_BD /= np.linalg.norm(wide_BD, axis=1, keepdims=True)
    return wide_BD


def _centred(vectors: NDArray[Any], rows_M: NDArray[np.int64], metric: Metric) -> Tensor:
    points_MD = np.empty((len(rows_M), vectors.shape[1]), dtype=np.float64)
    for rows in row_blocks(*points_MD.shape):
        points_MD[rows] = _scaled(vectors[rows_M[rows]], metric)
    points_MD -= points_MD.mean(axis=0)
    return torch.from_numpy(points_MD).to(_device(points_MD.nbytes))


def _device(nbytes: int) -> torch.device:
    """A GPU where the points and the blocks fit beside what already runs there."""
    if torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > 2 * nbytes + 64 * _BLOCK_VALUES:
        return torch.device("cuda")
    return torch.device("cpu")


def _block(
    points_MD: Tensor, lengths_M: Tensor, start: int, block: int, k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Neighbours of the rows from `start`: positions (B, K) among the M, and squared distances (B, K).

    `lengths_M` are squared; the row's own length is the same for all its candidates and left out of the comparison.
    """
    rows_BD = points_MD[start : start + block]
    farness_BM = torch.addmm(lengths_M, rows_BD, points_MD.T, alpha=-2)
    own_B = torch.arange(len(rows_BD), device=points_MD.device)
    farness_BM[own_B, own_B + start] = torch.inf
    nearest_BK = farness_BM.topk(k, largest=False).indices.sort(dim=1).values
    difference_BKD = points_MD[nearest_BK].sub_(rows_BD[:, None])
    exact_BK = torch.einsum("bkd,bkd->bk", difference_BKD, difference_BKD)
    sorted_BK, order_BK = exact_BK.sort(dim=1, stable=True)
    return nearest_BK.gather(1, order_BK).cpu().numpy(), sorted_BK.cpu().numpy()


def _told(squared: NDArray[np.float64], metric: Metric) -> NDArray[np.float32]:
    """Squared Euclidean distances as the metric's own, float32; cosine distances never leave [0, 2]."""
    told: NDArray[np.float64] = np.minimum(squared / 2, 2.0) if metric == "cosine" else np.sqrt(squared)
    return told.astype(np.float32)
