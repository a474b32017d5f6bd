"""The graph of exact nearest neighbours, over all points.

Every pair is scored once in float32, and each point keeps a few more than it was asked for; those are compared again in
float64. Where the error of float32 leaves a doubt (near-duplicates, collapsed embeddings), that point's row is done
again in float64. `points` says what the errors are.

Legend: N all rows, M rows that can be compared, B and C rows of two blocks, K neighbours, D width.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.data.base import Progress, no_progress
from workbench.data.progress import portion
from workbench.embeddings.search.kernels import fold_across, fold_down, squared_gaps
from workbench.embeddings.search.metric import told
from workbench.embeddings.search.points import Points, native, prepare
from workbench.embeddings.search.sharing import share, workers
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import Neighbours, finite_rows, row_blocks

_BLOCK_ROWS = 2048
_RERANK_VALUES = 2**21
_WIDE_VALUES = 2**23
_UNIT = 2.0**-24
_NARROWER = 2.0**-29

Rows = NDArray[np.int64]


def comparable_rows(vectors: NDArray[Any], metric: Metric) -> NDArray[np.bool_]:
    """Which rows of (N, D) have distances, bool (N,): those that are finite and, under cosine, not zero."""
    comparable = finite_rows(vectors)
    if metric == "cosine":
        for rows in row_blocks(len(vectors), vectors.shape[1]):
            comparable[rows] &= vectors[rows].any(axis=1)
    return comparable


def exact_neighbours(vectors: NDArray[Any], k: int, metric: Metric, progress: Progress = no_progress) -> Neighbours:
    """The k nearest other rows of each row of (N, D), nearest first, equal distances in the order of the rows.

    k is cut to N - 1. A row that cannot be compared (see `comparable_rows`) is nobody's neighbour and has none. Of more
    than 2 k + 256 rows that even float64 products cannot tell apart, the first are taken. A GPU is used where the
    points fit. Raises what `progress` raises, between blocks.
    """
    total = len(vectors)
    k = max(0, min(k, total - 1))
    index = np.full((total, k), -1, dtype=np.int64)
    distance = np.full((total, k), np.inf, dtype=np.float32)
    points = prepare(vectors, metric)
    rows_M = np.flatnonzero(np.isfinite(points.inverse))
    found = min(k, len(rows_M) - 1)
    if found > 0:
        # A margin of a quarter: where distances are spread at all, float32 cannot move a point that far.
        kept = min(found + found // 4 + 8, len(rows_M) - 1)
        best = _best_on_gpu if _fits_gpu(points) else _best
        scores_NK, index_NK = best(points, kept, portion(progress, 0.0, 0.9))
        _settle(points, rows_M, scores_NK, index_NK, Neighbours(index[:, :found], distance[:, :found]), progress)
    progress(1.0, "Finding neighbours")
    return Neighbours(index, distance)


class _Best:
    """For each row the `kept` others whose score may be largest, as heaps of upper bounds and rows, (N, K) both."""

    def __init__(self, points: Points, kept: int) -> None:
        total = len(points.vectors)
        self.scores = np.full((total, kept), -np.inf, np.float32)
        self.index = np.full((total, kept), -1, np.int64)
        self._rows = np.arange(total)
        self._lengths = points.lengths
        self._offset, self._factor = bound_terms(points)

    def take(self, block_BC: NDArray[np.float32], rows: slice, columns: slice, pool: ThreadPoolExecutor) -> None:
        """Products of some rows with some columns, which are as many products of the columns with the rows."""
        share(pool, block_BC.shape[0], lambda band: self._across(block_BC, rows, columns, band))
        if rows != columns:
            share(pool, block_BC.shape[1], lambda band: self._down(block_BC, rows, columns, band))

    def _across(self, block_BC: NDArray[np.float32], rows: slice, columns: slice, band: slice) -> None:
        here = slice(rows.start + band.start, rows.start + band.stop)
        fold_across(
            block_BC[band], self._rows[here], columns.start, self._offset[columns], self._factor[here],
            self._lengths[columns], self.scores[here], self.index[here],
        )  # fmt: skip

    def _down(self, block_BC: NDArray[np.float32], rows: slice, columns: slice, band: slice) -> None:
        fold_down(
            block_BC, band.start, band.stop, rows.start, self._offset[rows], self._factor[columns],
            self._lengths[rows], self.scores[columns], self.index[columns],
        )  # fmt: skip


def bound_terms(points: Points) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What must be added to a product of i and j for the most that j's score can be: offset_j + factor_i * |j|."""
    length_N = points.lengths.astype(np.float64)
    offset_N = (points.slack - 0.5) * length_N**2 + points.tiny
    return offset_N.astype(np.float32), (points.slack * length_N).astype(np.float32)


def _best(points: Points, kept: int, progress: Progress) -> tuple[NDArray[np.float32], Rows]:
    """Upper bounds and rows of the `kept` best of each row, (N, K): each pair is multiplied once."""
    best, total = _Best(points, kept), len(points.vectors)
    blocks = [slice(start, min(start + _BLOCK_ROWS, total)) for start in range(0, total, _BLOCK_ROWS)]
    pairs = [(rows, columns) for number, rows in enumerate(blocks) for columns in blocks[number:]]
    with workers() as pool:
        for done, (rows, columns) in enumerate(pairs):
            progress(done / len(pairs), "Finding neighbours")
            best.take(points.block(rows) @ points.block(columns).T, rows, columns, pool)
    return best.scores, best.index


def _best_on_gpu(
    points: Points, kept: int, progress: Progress, device: str = "cuda"
) -> tuple[NDArray[np.float32], Rows]:
    """The same on a GPU, which has products to spare: all columns of a block of rows at once."""
    total = len(points.vectors)
    scores_NK, index_NK = np.full((total, kept), -np.inf, np.float32), np.full((total, kept), -1, np.int64)
    offset_N, factor_N = (torch.from_numpy(term).nan_to_num(-torch.inf).to(device) for term in bound_terms(points))
    length_N = torch.from_numpy(points.lengths).nan_to_num(0.0).to(device)
    points_ND = torch.from_numpy(points.block(slice(None))).to(device)
    block = max(1, _WIDE_VALUES * 8 // total)
    for start in range(0, total, block):
        progress(start / total, "Finding neighbours")
        rows_BD = points_ND[start : start + block]
        score_BN = (rows_BD @ points_ND.T).add_(offset_N)
        score_BN.addr_(factor_N[start : start + block].clamp(min=0), length_N)
        own_B = torch.arange(len(rows_BD), device=device)
        score_BN[own_B, own_B + start] = -torch.inf
        found = score_BN.topk(kept, sorted=False)
        here = slice(start, start + len(rows_BD))
        scores_NK[here], index_NK[here] = found.values.cpu().numpy(), found.indices.cpu().numpy()
    return scores_NK, index_NK


def _fits_gpu(points: Points) -> bool:
    """Whether there is a GPU that has room beside what already runs there, and float32 means float32 on it."""
    if points.matrix is None or not torch.cuda.is_available() or torch.get_float32_matmul_precision() != "highest":
        return False
    return bool(torch.cuda.mem_get_info()[0] > 8 * points.vectors.size + 128 * _WIDE_VALUES)


def _settle(
    points: Points, rows_M: Rows, scores_NK: NDArray[np.float32], index_NK: Rows, out: Neighbours, progress: Progress
) -> None:
    """Compare what was kept in float64, write the nearest, and do again the rows of which more may be missing."""
    doubtful: list[Rows] = []
    size = max(1, _RERANK_VALUES // (index_NK.shape[1] * points.vectors.shape[1]))
    parts = [rows_M[start : start + size] for start in range(0, len(rows_M), size)]
    with workers() as pool:
        work = pool.map(lambda rows: _rerank(points, rows, scores_NK[rows], index_NK[rows], out), parts)
        for done, doubt in enumerate(work):
            doubtful.append(doubt)
            progress(0.9 + 0.1 * done / len(parts), "Comparing neighbours")
    again_F = np.concatenate(doubtful)
    if len(again_F) and index_NK.shape[1] < len(rows_M) - 1:
        _again(points, rows_M, again_F, out, progress)


def _rerank(points: Points, rows_B: Rows, scores_BK: NDArray[np.float32], index_BK: Rows, out: Neighbours) -> Rows:
    """Write the nearest of the kept; returns the rows for which one that was not kept may be as near."""
    index_BK = np.sort(index_BK, axis=1)
    squared_BK = _squared(points, rows_B, index_BK)
    order_BK = np.argsort(squared_BK, axis=1, kind="stable")[:, : out.index.shape[1]]
    nearest_BK = np.take_along_axis(squared_BK, order_BK, axis=1)
    out.index[rows_B] = np.take_along_axis(index_BK, order_BK, axis=1)
    out.distance[rows_B] = told(nearest_BK, points.metric)
    # With |q|^2 - 2 score a squared distance, all that were not kept are farther than this.
    lengths_B = points.lengths[rows_B].astype(np.float64)
    border_B = lengths_B**2 * (1 - 4 * _UNIT) - 2 * scores_BK.min(axis=1).astype(np.float64)
    doubtful: Rows = rows_B[nearest_BK[:, -1] * points.scale**2 >= border_B]
    return doubtful


def _squared(points: Points, rows_B: Rows, index_BK: Rows) -> NDArray[np.float64]:
    """Squared distances (B, K) of rows to others, in float64 from their differences."""
    found_BKD = native(np.take(points.vectors, index_BK.ravel(), axis=0)).reshape(*index_BK.shape, -1)
    squared_BK = np.empty(index_BK.shape)
    rows_BD = np.ascontiguousarray(points.vectors[rows_B], dtype=np.float64)
    squared_gaps(rows_BD, points.inverse[rows_B], found_BKD, points.inverse[index_BK], squared_BK)
    return squared_BK


def _again(points: Points, rows_M: Rows, rows_F: Rows, out: Neighbours, progress: Progress) -> None:
    """The same rows by float64 products; M rows can be compared, F of them are to be done."""
    wide_MD = _wide(points, rows_M)
    length_M = np.linalg.norm(wide_MD, axis=1)
    block = max(1, _WIDE_VALUES // len(rows_M))
    at_F = np.searchsorted(rows_M, rows_F)
    for start in range(0, len(rows_F), block):
        progress(0.9 + 0.1 * start / len(rows_F), "Comparing close neighbours")
        at_B = at_F[start : start + block]
        scores_BM = wide_MD[at_B] @ wide_MD.T - length_M**2 / 2
        scores_BM[np.arange(len(at_B)), at_B] = -np.inf
        for at, score_M in zip(at_B, scores_BM, strict=True):
            # What float64 may be off: of products as float32, and what scaling to length 1 has rounded.
            doubt_M = _NARROWER * (points.slack * length_M + 4 * _UNIT) * (length_M[at] + length_M)
            _settle_row(points, rows_M, int(at), _near(score_M, doubt_M, out.index.shape[1]), out)


def _near(score_M: NDArray[np.float64], doubt_M: NDArray[np.float64], k: int) -> Rows:
    """Positions of the k largest and of what may be as large, ascending; of too many of those the first."""
    border = np.partition(score_M - doubt_M, -k)[-k]
    near = np.flatnonzero(score_M + doubt_M >= border)
    if len(near) > 2 * k + 256:
        near = np.union1d(near[: k + 256], np.argpartition(score_M, -k)[-k:])
    return near


def _settle_row(points: Points, rows_M: Rows, at: int, near: Rows, out: Neighbours) -> None:
    row, others = rows_M[at], rows_M[near]
    squared = _squared(points, np.array([row]), others[None])[0]
    order = np.argsort(squared, kind="stable")[: out.index.shape[1]]
    out.index[row], out.distance[row] = others[order], told(squared[order], points.metric)


def _wide(points: Points, rows_M: Rows) -> NDArray[np.float64]:
    """The centred rows in float64."""
    wide_MD = np.empty((len(rows_M), points.vectors.shape[1]))
    for part in row_blocks(*wide_MD.shape):
        rows = rows_M[part]
        taken = points.vectors[rows].astype(np.float64) * points.inverse[rows, None]
        wide_MD[part] = (taken - points.middle) * points.scale
    return wide_MD
