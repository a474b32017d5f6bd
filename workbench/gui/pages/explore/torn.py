"""Neighbours in the embedding that the map shows elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def torn_neighbours(xy: NDArray[np.floating[Any]], row: int, neighbours: ArrayLike) -> NDArray[np.int64]:
    """Those of a point's k nearest in the embedding that are not among its k nearest on the map, in their order.

    Parameters
    ----------
    xy : (N, 2) or (N, 3), NaN for a point without a place, which is near to none
    neighbours : k row numbers; negative ones stand for none
    """
    near = np.asarray(neighbours, np.int64)
    near = near[near >= 0]
    if not len(near) or not np.isfinite(xy[row]).all():
        return near
    away = np.square(xy - xy[row]).sum(axis=1)
    away[row] = np.inf
    away = np.where(np.isfinite(away), away, np.inf)
    reach = np.partition(away, len(near) - 1)[len(near) - 1]
    torn: NDArray[np.int64] = near[away[near] > reach]
    return torn
