"""How far a layout can be trusted, point by point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from workbench.runs.embedding_set import Neighbours

TRUST_NEIGHBOURS = 15


def trust(neighbours: Neighbours, xy: NDArray[np.float32], k: int = TRUST_NEIGHBOURS) -> NDArray[np.float32]:
    """The share of each point's k true neighbours that are also among its k nearest in the layout.

    Lee and Verleysen (2009), "Quality assessment of dimensionality reduction: rank-based criteria", call its mean
    Q_NX(k).

    Parameters
    ----------
    neighbours : the true ones, index (N, >= k); with fewer than k, as many as there are
    xy : (N, 2) or (N, 3), NaN for points without a place

    Returns
    -------
    float32 (N,) in [0, 1]; NaN for a point that has no place or no neighbours
    """
    true_NK = neighbours.index[:, :k]
    placed = np.flatnonzero(np.isfinite(xy).all(axis=1))
    shown_NK = np.full(true_NK.shape, -2, dtype=np.int64)
    shown = _nearest_in_layout(xy[placed].astype(np.float64), min(true_NK.shape[1], len(placed) - 1))
    if shown.size:
        shown_NK[placed, : shown.shape[1]] = placed[shown]
    kept_N = np.zeros(len(xy), dtype=np.int64)
    for column in range(true_NK.shape[1]):
        kept_N += (shown_NK == true_NK[:, column, None]).any(axis=1)
    asked_N = np.count_nonzero(true_NK >= 0, axis=1)
    share = np.full(len(xy), np.nan, dtype=np.float32)
    share[placed] = np.where(asked_N > 0, kept_N / np.maximum(asked_N, 1), np.nan)[placed]
    return share


def _nearest_in_layout(xy: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """The k nearest others of each of M points (M, C): positions (M, k)."""
    if k <= 0:
        return np.empty((len(xy), 0), dtype=np.int64)
    found = cKDTree(xy).query(xy, k=k + 1, workers=-1)[1].astype(np.int64)
    # Among many equal points a point need not find itself; then its last neighbour is the one too many.
    is_self = found == np.arange(len(xy))[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    others: NDArray[np.int64] = found[~is_self].reshape(len(xy), k)
    return others
