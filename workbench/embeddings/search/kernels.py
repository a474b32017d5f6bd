"""The inner loops of the search, compiled. They free the GIL, so that ordinary threads share the work.

Legend: N rows, Q queries, B and C rows and columns of a block, K kept, D width. A score is the larger the nearer;
`search` says how scores, errors and distances belong together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from workbench.views.compiling import Array, compiled

Function = TypeVar("Function", bound=Callable[..., Any])
_CHUNK = 128


def _inlined(function: Function) -> Function:
    """A part of other kernels."""
    return cast(Function, njit(inline="always")(function))


def _symmetric(function: Function) -> Function:
    """Without fused multiply-add, which would tell x from y in x * a - y * b."""
    return cast(Function, njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})(function))


@compiled
def measure(block_BD: Array, unit: bool, inverse_B: Array) -> float:
    """Write the factor that each row is taken with, and return the largest length so taken.

    The factor is 1, or 1 / length if `unit`; NaN for a row that cannot be compared.
    """
    largest = 0.0
    for b in range(block_BD.shape[0]):
        square = 0.0
        for d in range(block_BD.shape[1]):
            value = np.float64(block_BD[b, d])
            square += value * value
        length = np.sqrt(square)
        if not np.isfinite(length) or (unit and length == 0.0):
            inverse_B[b] = np.nan
            continue
        inverse_B[b] = 1.0 / length if unit else 1.0
        largest = max(largest, length * inverse_B[b])
    return largest


@compiled
def centre(block_BD: Array, inverse_B: Array, middle_D: Array, scale: float, out_BD: Array, lengths_B: Array) -> None:
    """Write (row * inverse - middle) * scale as float32, and its length; a row that cannot be compared is 0 and NaN."""
    for b in range(block_BD.shape[0]):
        if np.isnan(inverse_B[b]):
            out_BD[b, :] = 0.0
            lengths_B[b] = np.nan
            continue
        square = 0.0
        for d in range(block_BD.shape[1]):
            value = (block_BD[b, d] * inverse_B[b] - middle_D[d]) * scale
            out_BD[b, d] = value
            square += value * value
        lengths_B[b] = np.sqrt(square)


@_symmetric
def squared_gaps(query_BD: Array, query_inverse_B: Array, found_BKD: Array, inverse_BK: Array, out_BK: Array) -> None:
    """Squared Euclidean distances of each query to its K rows, all taken with their factors, from the differences.

    The same for x and y as for y and x, and 0 for equal ones.
    """
    for b in range(found_BKD.shape[0]):
        for k in range(found_BKD.shape[1]):
            square = 0.0
            for d in range(found_BKD.shape[2]):
                gap = query_BD[b, d] * query_inverse_B[b] - found_BKD[b, k, d] * inverse_BK[b, k]
                square += gap * gap
            out_BK[b, k] = square


@compiled
def products(query_D: Array, found_KD: Array, out_K: Array) -> None:
    """Dot products of a query with K rows, in float64."""
    for k in range(found_KD.shape[0]):
        total = 0.0
        for d in range(found_KD.shape[1]):
            total += query_D[d] * np.float64(found_KD[k, d])
        out_K[k] = total


@compiled
def row_products(query_D: Array, rows_BD: Array, out_B: Array) -> None:
    """Dot products in float32."""
    for b in range(rows_BD.shape[0]):
        total = np.float32(0)
        for d in range(rows_BD.shape[1]):
            total += rows_BD[b, d] * query_D[d]
        out_B[b] = total


@_inlined
def _sink(heap: Array, value: float) -> None:
    """Replace the smallest of a heap."""
    at, size = 0, heap.shape[0]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value


@compiled
def candidates(
    products_N: Array, lengths_N: Array, halved: float, reach: float, slack: float, tiny: float, k: int, out_N: Array
) -> int:
    """Rows that may be among the k of largest score; returns how many were written to `out_N`, in ascending order.

    The score of a row is product - halved * length^2 / 2, known up to slack * length * (reach + length) + tiny. A row
    is left out when k others are larger for certain. NaN products and lengths are nobody's.
    """
    heap = np.full(k, -np.inf)
    for n in range(products_N.shape[0]):
        length = np.float64(lengths_N[n])
        error = slack * length * (reach + length) + tiny
        lowest = products_N[n] - 0.5 * halved * length * length - error
        if lowest > heap[0]:
            _sink(heap, lowest)
    border, count = heap[0], 0
    for n in range(products_N.shape[0]):
        length = np.float64(lengths_N[n])
        error = slack * length * (reach + length) + tiny
        if products_N[n] - 0.5 * halved * length * length + error >= border:
            out_N[count] = n
            count += 1
    return count


@_inlined
def _sink_pair(scores: Array, index: Array, score: float, row: int) -> None:
    """Replace the last in order of a heap of (score, row): the smallest score, of equal ones the largest row."""
    at, size = 0, scores.shape[0]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        other = child + 1
        if other < size and (
            scores[other] < scores[child] or (scores[other] == scores[child] and index[other] > index[child])
        ):
            child = other
        if scores[child] > score or (scores[child] == score and index[child] < row):
            break
        scores[at], index[at] = scores[child], index[child]
        at = child
    scores[at], index[at] = score, row


# Nearly no part of a block has anything new: counting what has is what compilers turn into wide instructions.
@_inlined
def _any_across(values_C: Array, offset_C: Array, factor: float, length_C: Array, border: float) -> bool:
    hits = np.int32(0)
    for c in range(len(values_C)):
        hits += np.int32(values_C[c] + offset_C[c] + factor * length_C[c] > border)
    return bool(hits > 0)


@_inlined
def _any_down(values_C: Array, offset: float, factor_C: Array, length: float, border_C: Array) -> bool:
    hits = np.int32(0)
    for c in range(len(values_C)):
        hits += np.int32(values_C[c] + offset + factor_C[c] * length > border_C[c])
    return bool(hits > 0)


@compiled
def fold_across(
    block_BC: Array, rows: Array, first_column: int, offset_C: Array, factor_B: Array, length_C: Array,
    scores_BK: Array, index_BK: Array,
) -> None:  # fmt: skip
    """Take the columns of a block into the heap of each of its rows, where score = value + offset + factor * length.

    `rows` are the numbers of the block's rows: a row does not meet itself. Equal scores keep the smaller number, as
    long as columns come in ascending order.
    """
    for b in range(block_BC.shape[0]):
        for start in range(0, block_BC.shape[1], _CHUNK):
            stop = min(start + _CHUNK, block_BC.shape[1])
            part = slice(start, stop)
            if not _any_across(block_BC[b, part], offset_C[part], factor_B[b], length_C[part], scores_BK[b, 0]):
                continue
            for c in range(start, stop):
                score = block_BC[b, c] + offset_C[c] + factor_B[b] * length_C[c]
                if score > scores_BK[b, 0] and first_column + c != rows[b]:
                    _sink_pair(scores_BK[b], index_BK[b], score, first_column + c)


@compiled
def fold_down(
    block_BC: Array, first: int, behind: int, first_row: int, offset_B: Array, factor_C: Array, length_B: Array,
    scores_CK: Array, index_CK: Array,
) -> None:  # fmt: skip
    """Take the rows of a block into the heap of each of its columns from `first` to before `behind`.

    The mirror of `fold_across`, which spares a symmetric matrix half of its products.
    """
    border_C = scores_CK[:, 0].copy()
    for b in range(block_BC.shape[0]):
        for start in range(first, behind, _CHUNK):
            stop = min(start + _CHUNK, behind)
            part = slice(start, stop)
            if not _any_down(block_BC[b, part], offset_B[b], factor_C[part], length_B[b], border_C[part]):
                continue
            for c in range(start, stop):
                score = block_BC[b, c] + offset_B[b] + factor_C[c] * length_B[b]
                if score > border_C[c]:
                    _sink_pair(scores_CK[c], index_CK[c], score, first_row + b)
                    border_C[c] = scores_CK[c, 0]
