"""Outliers: points that are far from their neighbours, or farther than their neighbours are from theirs.

Legend: N rows, K neighbours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.embeddings.structure.near import near
from workbench.runs.embedding_set import Neighbours

_NO_ZERO = 1e-10


def knn_outlier_score(neighbours: Neighbours, k: int) -> NDArray[np.float64]:
    """The mean distance to the k nearest neighbours, float64 (N,), in the metric's unit; NaN for a row that has none.

    Ramaswamy, Rastogi and Shim (2000), "Efficient algorithms for mining outliers from large data sets", rank points by
    the distance to the k-th neighbour alone; the mean over all k (Angiulli and Pizzuti 2002) depends less on k.
    """
    score: NDArray[np.float64] = near(neighbours, k).distance.mean(axis=1)
    return score


def local_outlier_factor(neighbours: Neighbours, k: int) -> NDArray[np.float64]:
    """How much sparser it is around a point than around its k neighbours, float64 (N,); NaN for a row that has none.

    Breunig, Kriegel, Ng and Sander (2000), "LOF: identifying density-based local outliers", definitions 3 to 7. About 1
    inside a cluster, above 1 for an outlier. The reachability distances carry a ten-billionth of their largest, so that
    a point beside k duplicates has a finite factor, and points that are all equal have 1.
    """
    found = near(neighbours, k)
    reach_NK = np.maximum(found.distance, found.distance[:, -1][found.index])
    reach_N = reach_NK.mean(axis=1)
    largest = float(np.nanmax(reach_N))
    if largest == 0:
        return np.where(found.known, 1.0, np.nan)
    density_N = 1 / (reach_N + _NO_ZERO * largest)
    factor: NDArray[np.float64] = density_N[found.index].mean(axis=1) / density_N
    return factor
