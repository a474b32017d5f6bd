"""Vectors made ready to be compared: float32 rows in which little is lost, and how much that is.

Points are centred (and of length 1 before that, under cosine) in float64 and then rounded, so that float32 has its
digits where the points differ: of a collapsed embedding, or of one far from the origin, nearly nothing is lost. The
middle is a median, which one row far away does not move. The cosine distance of x and y is half the squared Euclidean
distance of x/|x| and y/|y|, and a squared Euclidean distance is |q|^2 - 2 (q.x - |x|^2 / 2): so under all metrics the
nearest rows are those with the largest

    score(x) = q.x - h |x|^2 / 2        h = 1, and 0 under "dot", where q is not centred

Float32 products give that score up to `Points.slack * |x| (|q| + |x|) + Points.tiny`: rounding x and q costs 2 units of
2^-24, summing D products D of them whatever the order (Higham 2002, Accuracy and Stability of Numerical Algorithms,
section 3.1), the rest fewer than 6; `tiny` is what may be lost below the smallest normal number.

Legend: N rows, Q queries, B rows of a block, D width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from workbench.embeddings.search.kernels import centre, measure
from workbench.runs.embedding_meta import SearchMetric

_UNIT = 2.0**-24
_SMALLEST = 2.0**-126
_BLOCK_VALUES = 2**20
_SAMPLED = 1000


@dataclass(frozen=True)
class Points:
    """The rows of a set, ready for one metric.

    vectors : (N, D) as they were given
    middle : float64 (D,), what the rows, each taken with its factor, are centred at
    scale : power of two that brings the rows near length 1
    inverse : float64 (N,), the factor of each row: 1, or 1 / length under cosine; NaN where it cannot be compared
    lengths : float32 (N,) of the centred rows; NaN where they cannot be compared
    matrix : float32 (N, D), the centred rows; None where memory does not hold them, then blocks are made when needed
    """

    vectors: NDArray[Any]
    metric: SearchMetric
    middle: NDArray[np.float64]
    scale: float
    inverse: NDArray[np.float64]
    lengths: NDArray[np.float32]
    matrix: NDArray[np.float32] | None

    @property
    def slack(self) -> float:
        """The relative part of a score's error."""
        return 1.01 * (int(self.vectors.shape[1]) + 8) * _UNIT

    @property
    def tiny(self) -> float:
        """The absolute part of a score's error."""
        return (int(self.vectors.shape[1]) + 8) * _SMALLEST

    @property
    def halved(self) -> float:
        """h of the score."""
        return 0.0 if self.metric == "dot" else 1.0

    def block(self, rows: slice) -> NDArray[np.float32]:
        """Centred rows, float32 (B, D)."""
        if self.matrix is not None:
            return self.matrix[rows]
        taken = native(self.vectors[rows])
        out_BD, lengths_B = np.empty(taken.shape, np.float32), np.empty(len(taken), np.float32)
        centre(taken, self.inverse[rows], self.middle, self.scale, out_BD, lengths_B)
        return out_BD

    def query(self, taken_QD: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Queries (already of length 1 under cosine) as scores need them, float32 (Q, D), and their lengths (Q,)."""
        shift = 0.0 if self.metric == "dot" else self.middle
        moved_QD = (taken_QD - shift) * self.scale
        with np.errstate(over="ignore"):
            return moved_QD.astype(np.float32), np.linalg.norm(moved_QD, axis=1)


def prepare(vectors: NDArray[Any], metric: SearchMetric) -> Points:
    """Measure and centre (N, D) in two passes over the rows."""
    total, width = vectors.shape
    inverse_N, lengths_N = np.empty(total), np.empty(total, np.float32)
    blocks = _blocks(total, width)
    largest = max((measure(native(vectors[rows]), metric == "cosine", inverse_N[rows]) for rows in blocks), default=0.0)
    middle_D = _middle(vectors, inverse_N)
    reach = largest + float(np.linalg.norm(middle_D))
    scale = 2.0 ** -math.ceil(math.log2(reach)) if reach > 0 else 1.0
    matrix_ND = np.empty(vectors.shape, np.float32) if _fits(total * width * 4) else None
    for rows in blocks:
        taken = native(vectors[rows])
        out_BD = np.empty(taken.shape, np.float32) if matrix_ND is None else matrix_ND[rows]
        centre(taken, inverse_N[rows], middle_D, scale, out_BD, lengths_N[rows])
    return Points(vectors, metric, middle_D, scale, inverse_N, lengths_N, matrix_ND)


def native(block_BD: NDArray[Any]) -> NDArray[Any]:
    """Rows (B, D), contiguous and in a type that the kernels know."""
    known = block_BD.dtype if block_BD.dtype in (np.float32, np.float64) else np.float32
    return np.ascontiguousarray(block_BD, dtype=known)


def _middle(vectors: NDArray[Any], inverse_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median (D,) of rows taken evenly from the set."""
    rows = np.flatnonzero(np.isfinite(inverse_N))
    rows = rows[:: max(1, len(rows) // _SAMPLED)]
    if not len(rows):
        return np.zeros(vectors.shape[1])
    taken = vectors[rows].astype(np.float64) * inverse_N[rows, None]
    return np.asarray(np.median(taken, axis=0), dtype=np.float64)


def _fits(nbytes: int) -> bool:
    return bool(nbytes <= psutil.virtual_memory().available // 2)


def _blocks(rows: int, width: int) -> list[slice]:
    size = max(1, _BLOCK_VALUES // max(1, width))
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
