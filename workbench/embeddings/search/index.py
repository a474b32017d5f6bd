"""Exact search of the rows nearest to a query, prepared once and asked many times.

Every row is scored by one float32 matrix product, and the rows that its rounding error cannot tell from the nearest are
compared again in float64, from their differences (see `points`). So the list is that of an exact search, whatever the
vectors, at the speed at which memory can be read.

Legend: N rows, Q queries, C candidates, K neighbours, D width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.embeddings.search.kernels import candidates, measure, products, row_products, squared_gaps
from workbench.embeddings.search.metric import told
from workbench.embeddings.search.points import Points, native, prepare
from workbench.embeddings.search.sharing import share, workers
from workbench.runs.embedding_meta import SearchMetric
from workbench.runs.embedding_set import Neighbours, row_blocks

MOST_NEIGHBOURS = 1000
_PRODUCTS = 2**24
# Beyond this length a query's float32 products may overflow; all rows are then compared in float64.
_FAR, _BEYOND = 1e30, 1e300

Rows = NDArray[np.int64]


class SearchIndex:
    """All rows of (N, D) under one metric: "cosine", "euclidean", or "dot", whose distance is minus the dot product.

    Rows that cannot be compared (not finite, or zero under cosine) are never found. Memory: at most one float32 copy of
    the vectors, and none where that is more than half of what is free; then each search reads the vectors anew.
    """

    def __init__(self, vectors: NDArray[Any], metric: SearchMetric) -> None:
        self.metric = metric
        self.points: Points = prepare(vectors, metric)

    def __len__(self) -> int:
        return len(self.points.vectors)

    @property
    def comparable(self) -> NDArray[np.bool_]:
        """Which rows can be found, bool (N,)."""
        return np.isfinite(self.points.inverse)

    def row(self, row: int) -> NDArray[np.float64]:
        """The vector of a row (D,), of length 1 under cosine; raises DataError where it is not there or has none."""
        if not 0 <= row < len(self):
            raise DataError(f"There is no row {row}: the embedding has rows 0 to {len(self) - 1}.")
        if not np.isfinite(self.points.inverse[row]):
            reason = "zero or not finite" if self.metric == "cosine" else "not finite"
            raise DataError(f"Row {row} has no neighbours: its vector is {reason}.")
        wide_D: NDArray[np.float64] = self.points.vectors[row].astype(np.float64) * self.points.inverse[row]
        return wide_D

    def nearest(self, queries: NDArray[Any], k: int, leave_out: Rows | None = None) -> Neighbours:
        """The k rows nearest to a vector (D,), or to each of (Q, D): nearest first, equal ones in order of the rows.

        Parameters
        ----------
        k : at most 1,000
        leave_out : rows that are not to be found, by any of the queries

        Returns
        -------
        Neighbours with index and distance (K,), K <= k: as many as there are; with a row a query, (Q, K)

        Raises
        ------
        DataError : the width differs, a query is not finite or (under cosine) zero, or k is too large
        """
        if not 0 <= k <= MOST_NEIGHBOURS:
            raise DataError(f"{k} neighbours cannot be listed.", f"Ask for 0 to {MOST_NEIGHBOURS:,}.")
        wide_QD, inverse_Q = self._taken(np.atleast_2d(np.asarray(queries)))
        k, chunk = min(k, self._findable(leave_out)), max(1, _PRODUCTS // max(1, len(self)))
        index_QK = np.empty((len(wide_QD), k), np.int64)
        distance_QK = np.empty(index_QK.shape, np.float32)
        for start in range(0, len(wide_QD) if k else 0, chunk):
            part = slice(start, start + chunk)
            index_QK[part], distance_QK[part] = self._search(wide_QD[part], inverse_Q[part], leave_out, k)
        if np.ndim(queries) == 1:
            return Neighbours(index_QK[0], distance_QK[0])
        return Neighbours(index_QK, distance_QK)

    def similarities(self, queries_QD: NDArray[Any]) -> tuple[NDArray[np.float64], float]:
        """Cosines of each query with each row, (Q, N), and how far they may be off; for an index under cosine.

        NaN for rows that cannot be compared. Raises DataError as `nearest` does.
        """
        wide_QD, inverse_Q = self._taken(np.atleast_2d(queries_QD))
        unit_QD = wide_QD * inverse_Q[:, None]
        # The rows are centred: what a query has in common with their middle is added again.
        cosine_QN = self._products(unit_QD.astype(np.float32)).astype(np.float64) / self.points.scale
        cosine_QN += (unit_QD @ self.points.middle)[:, None]
        cosine_QN[:, ~self.comparable] = np.nan
        # Rounded rows and queries have at most length 2 and 1.
        return cosine_QN, 2 * self.points.slack

    def cosines(self, query_D: NDArray[Any], rows: Rows) -> NDArray[np.float64]:
        """Cosines of a query with some rows, in float64; for an index under cosine."""
        wide_QD, inverse_Q = self._taken(query_D[None])
        return 1.0 - self._squared(wide_QD, inverse_Q, rows) / 2

    def _findable(self, leave_out: Rows | None) -> int:
        found = self.comparable
        if leave_out is not None:
            found[leave_out] = False
        return int(np.count_nonzero(found))

    def _taken(self, queries_QD: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Queries in float64, and the factor that each is taken with."""
        width = self.points.vectors.shape[1]
        if queries_QD.ndim != 2 or queries_QD.shape[1] != width:
            raise DataError(f"A query of shape {queries_QD.shape[1:]} does not fit vectors of width {width}.")
        wide_QD = np.ascontiguousarray(queries_QD, dtype=np.float64)
        inverse_Q = np.empty(len(wide_QD))
        measure(wide_QD, self.metric == "cosine", inverse_Q)
        if np.isnan(inverse_Q).any():
            reason = "is zero or not finite" if self.metric == "cosine" else "is not finite"
            raise DataError(f"This vector has no neighbours: it {reason}.")
        return wide_QD, inverse_Q

    def _products(self, queries_QD: NDArray[np.float32]) -> NDArray[np.float32]:
        """Products of float32 queries with all centred rows, (Q, N)."""
        if self.points.matrix is not None:
            return _times(self.points.matrix, queries_QD)
        out_QN = np.empty((len(queries_QD), len(self)), np.float32)
        for rows in row_blocks(*self.points.vectors.shape):
            out_QN[:, rows] = _times(self.points.block(rows), queries_QD)
        return out_QN

    def _search(
        self, wide_QD: NDArray[np.float64], inverse_Q: NDArray[np.float64], leave_out: Rows | None, k: int
    ) -> tuple[Rows, NDArray[np.float32]]:
        """Rows and distances of the k nearest to each query, (Q, K) both; k rows can be found."""
        points = self.points
        moved_QD, reach_Q = points.query(wide_QD * inverse_Q[:, None])
        products_QN, rows_N = self._products(moved_QD), np.empty(len(self), np.int64)
        index_QK = np.empty((len(wide_QD), k), np.int64)
        distance_QK = np.empty(index_QK.shape, np.float32)
        for q, product_N in enumerate(products_QN):
            far = reach_Q[q] > _FAR
            if far:
                product_N[:] = 0
            if leave_out is not None:
                product_N[leave_out] = np.nan
            reach = _BEYOND if far else float(reach_Q[q])
            found = candidates(
                product_N, points.lengths, points.halved, reach, points.slack, points.tiny, k, rows_N
            )  # fmt: skip
            rows = rows_N[:found]
            farness = self._farness(wide_QD[q : q + 1], inverse_Q[q : q + 1], rows)
            order = np.argsort(farness, kind="stable")[:k]
            index_QK[q] = rows[order]
            with np.errstate(over="ignore"):
                distance_QK[q] = told(farness[order], self.metric)
        return index_QK, distance_QK

    def _farness(self, wide_1D: NDArray[np.float64], inverse_1: NDArray[np.float64], rows: Rows) -> NDArray[np.float64]:
        """Squared distances of one query to some rows, or minus their products: the smaller the nearer."""
        if self.metric != "dot":
            return self._squared(wide_1D, inverse_1, rows)
        farness = np.empty(len(rows))
        for part in row_blocks(len(rows), wide_1D.shape[1]):
            products(wide_1D[0], native(self.points.vectors[rows[part]]), farness[part])
        return -farness

    def _squared(self, wide_1D: NDArray[np.float64], inverse_1: NDArray[np.float64], rows: Rows) -> NDArray[np.float64]:
        squared = np.empty((1, len(rows)))
        for part in row_blocks(len(rows), wide_1D.shape[1]):
            found_1CD = native(self.points.vectors[rows[part]])[None]
            squared_gaps(wide_1D, inverse_1, found_1CD, self.points.inverse[rows[part]][None], squared[:, part])
        return np.asarray(squared[0])


def _times(rows_ND: NDArray[np.float32], queries_QD: NDArray[np.float32]) -> NDArray[np.float32]:
    """Products (Q, N), contiguous by query; of a single query not by BLAS, which is slow where rows are narrow."""
    if len(queries_QD) == 1:
        out_1N = np.empty((1, len(rows_ND)), np.float32)
        with workers() as pool:
            share(pool, len(rows_ND), lambda band: row_products(queries_QD[0], rows_ND[band], out_1N[0, band]))
        return out_1N
    return np.asarray(queries_QD @ rows_ND.T)
