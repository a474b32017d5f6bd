"""Vectors as the algorithms of this package compare them.

Both metrics are Euclidean geometry: the cosine distance of x and y is half the squared distance of x/|x| and y/|y|.
Clusterings, medoids and silhouettes of the scaled points are therefore those of the metric.

Legend: N all rows, M rows that can be compared, B rows of a block, D width.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.embeddings.search.metric import scaled
from workbench.embeddings.search.neighbours import comparable_rows
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import row_blocks

_EQUAL = 1e-12


@dataclass(frozen=True)
class ScaledPoints:
    """Points in memory.

    total : N, how many rows there are
    rows : int64 (M,), those that can be compared
    values : float32 (M, D), of length 1 under cosine before their mean was taken off; all 0 where all are equal
    metric : in which distances are told
    """

    total: int
    rows: NDArray[np.int64]
    values: NDArray[np.float32]
    metric: Metric

    @property
    def all_equal(self) -> bool:
        """Whether no two points differ by more than rounding."""
        return not self.values.any()

    def spread_out(self, codes_M: NDArray[Any]) -> NDArray[np.int32]:
        """Codes (M,) as codes (N,) with -1 for the rows that cannot be compared."""
        codes = np.full(self.total, -1, dtype=np.int32)
        codes[self.rows] = codes_M
        return codes


def points_of(vectors: NDArray[Any], metric: Metric) -> ScaledPoints:
    """The comparable rows of (N, D), scaled and centred; raises DataError where there are none.

    They are centred in float64 before they become float32, so that a collapsed embedding keeps its differences.
    """
    rows_M = np.flatnonzero(comparable_rows(vectors, metric)).astype(np.int64)
    if not len(rows_M):
        raise DataError(
            f"None of the {len(vectors):,} vectors can be compared: they are zero or not finite.",
            "Embed or import again.",
        )
    total_D = np.zeros(vectors.shape[1])
    for _, block_BD in scaled_blocks(vectors, rows_M, metric):
        total_D += block_BD.sum(axis=0)
    mean_D, largest = total_D / len(rows_M), 0.0
    values = np.empty((len(rows_M), vectors.shape[1]), dtype=np.float32)
    for where, block_BD in scaled_blocks(vectors, rows_M, metric):
        block_BD -= mean_D
        largest = max(largest, float(np.abs(block_BD).max()))
        values[where] = block_BD
    if largest <= _EQUAL * float(np.abs(mean_D).max()):
        values[:] = 0
    return ScaledPoints(len(vectors), rows_M, values, metric)


def scaled_blocks(
    vectors: NDArray[Any], rows_M: NDArray[np.int64], metric: Metric
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Blocks (B, D) of these rows in float64, of length 1 under cosine, each with its place among the M."""
    for where in row_blocks(len(rows_M), 4 * vectors.shape[1]):
        yield where, scaled(vectors[rows_M[where]], metric)
