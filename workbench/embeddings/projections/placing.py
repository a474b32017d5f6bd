"""New points in a layout that was made without them.

Legend: N rows of the set, M of them with a place, Q new points, D width, K neighbours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.embeddings.search.index import SearchIndex
from workbench.runs.embedding_set import row_blocks

NEIGHBOURS = 15
_SAME = 1e-9


def place_on_components(
    vectors: NDArray[Any], xy: NDArray[np.float32], points_QD: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Exact places (Q, 2) on the plane of a PCA layout (N, 2) of the vectors (N, D).

    A component l is an eigenvector of the scatter V'V (V centred) with eigenvalue s, and its coordinates are x = Vl:
    so l = V'x / s with s = x'x, read back from the layout itself.
    """
    rows_M = np.flatnonzero(np.isfinite(xy).all(axis=1))
    blocks = [rows_M[rows] for rows in row_blocks(len(rows_M), vectors.shape[1])]
    mean_D = sum(vectors[rows].sum(axis=0, dtype=np.float64) for rows in blocks) / len(rows_M)
    pulled_D2 = np.zeros((vectors.shape[1], 2))
    for rows in blocks:
        pulled_D2 += (vectors[rows].astype(np.float64) - mean_D).T @ xy[rows].astype(np.float64)
    variance_2 = np.square(xy[rows_M].astype(np.float64)).sum(axis=0)
    loadings_D2 = np.divide(pulled_D2, variance_2, out=np.zeros_like(pulled_D2), where=variance_2 > 0)
    placed: NDArray[np.float64] = (points_QD - mean_D) @ loadings_D2
    return placed


def place_among_neighbours(
    index: SearchIndex, xy: NDArray[np.float32], points_QD: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Places (Q, 2) in any layout: the mean place of the K nearest rows, weighted by 1 / distance (Shepard 1968).

    Distances are those of `index`, which is not under "dot".

    A point that is a row of the set lies where that row lies. Neighbours without a place do not count; a point without
    any that does is NaN.
    """
    placed = np.full((len(points_QD), 2), np.nan)
    for number, point_D in enumerate(points_QD):
        found = index.nearest(point_D, NEIGHBOURS)
        usable = np.isfinite(xy[found.index]).all(axis=1)
        if usable.any():
            weights = 1 / np.maximum(found.distance[usable].astype(np.float64), _SAME)
            placed[number] = np.average(xy[found.index[usable]].astype(np.float64), axis=0, weights=weights)
    return placed
