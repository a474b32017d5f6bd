"""Near-duplicates: samples that lie closer together than samples of this embedding do.

Legend: N rows, P pairs, G groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.core.errors import DataError
from workbench.embeddings.structure.near import near
from workbench.runs.embedding_set import Neighbours

_ZERO = 1e-9
_FENCE = 3.0


@dataclass(frozen=True)
class Duplicates:
    """Pairs within a threshold, and the groups that they link.

    pairs : int64 (P, 2), the smaller row first, closest pair first
    distance : float64 (P,)
    groups : int32 (N,), -1 for a row in no group; the largest group is 0, of equal ones that with the smallest row
    sizes : int64 (G,)
    crowded : rows all of whose known neighbours lie within the threshold: they may have more, and groups may be split
    """

    pairs: NDArray[np.int64]
    distance: NDArray[np.float64]
    groups: NDArray[np.int32]
    sizes: NDArray[np.int64]
    crowded: int


def suggested_threshold(neighbours: Neighbours) -> float:
    """A distance below which a nearest neighbour is unusually near.

    The lower outer fence of Tukey (1977), "Exploratory Data Analysis", chapter 2, of the logarithms of all distances to
    the nearest neighbour: exp(Q1 - 3 (Q3 - Q1)). Distances of 0 (a billionth of the largest, or less) are duplicates
    whatever the fence is, and do not shape it; where all are 0, so is the threshold.
    """
    found = near(neighbours, 1)
    nearest_M = found.distance[found.known, 0]
    zero = _ZERO * float(nearest_M.max())
    apart = nearest_M[nearest_M > zero]
    if not len(apart):
        return 0.0
    first, third = np.quantile(np.log(apart), [0.25, 0.75])
    return max(float(np.exp(first - _FENCE * (third - first))), zero)


def near_duplicates(neighbours: Neighbours, threshold: float) -> Duplicates:
    """All pairs at most `threshold` apart among the stored neighbours, and their groups (single linkage).

    A row with fewer such neighbours than are stored has all its pairs here, so the groups are exact where `crowded`
    is 0. Raises DataError for a threshold that is negative or not finite.
    """
    if not 0 <= threshold < np.inf:
        raise DataError(f"{threshold} is no distance.", "Choose a threshold of 0 or more.")
    found = near(neighbours, neighbours.index.shape[1])
    close_NK = found.distance <= threshold
    first_P, column_P = np.nonzero(close_NK)
    pairs, distance = _each_once(first_P, found.index[first_P, column_P], found.distance[first_P, column_P])
    groups, sizes = _linked(pairs, len(found.index))
    others = int(found.known.sum()) - 1
    crowded = int(close_NK.all(axis=1).sum()) if found.k < others else 0
    return Duplicates(pairs, distance, groups, sizes, crowded)


def _each_once(
    first_P: NDArray[np.int64], second_P: NDArray[np.int64], distance_P: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs that may be listed from both ends, once each, the closest first."""
    low, high = np.minimum(first_P, second_P), np.maximum(first_P, second_P)
    order = np.lexsort((high, low))
    low, high, distance_P = low[order], high[order], distance_P[order]
    is_new = np.ones(len(low), dtype=np.bool_)
    is_new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    pairs, distance = np.stack([low, high], axis=1)[is_new], distance_P[is_new]
    order = np.argsort(distance, kind="stable")
    return pairs[order], distance[order]


def _linked(pairs: NDArray[np.int64], rows: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    links = coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(rows, rows))
    _, component = connected_components(links, directed=False)
    names, first, inverse, counts = np.unique(component, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -counts))
    several = order[counts[order] > 1]
    number = np.full(len(names), -1, dtype=np.int32)
    number[several] = np.arange(len(several))
    return number[inverse], counts[several].astype(np.int64)
