"""The first k of stored neighbours, as the measures of this package read them.

Legend: N rows, K neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.runs.embedding_set import Neighbours


@dataclass(frozen=True)
class Near:
    """The k nearest others of each row; a row that cannot be compared has none.

    index : int64 (N, K); the row itself where it has none, so that it may be used to look up
    distance : float64 (N, K), NaN where there is none
    known : bool (N,), whether the row has neighbours
    """

    index: NDArray[np.int64]
    distance: NDArray[np.float64]
    known: NDArray[np.bool_]

    @property
    def k(self) -> int:
        """How many neighbours a row has."""
        return int(self.index.shape[1])


def near(neighbours: Neighbours, k: int) -> Near:
    """The first k neighbours, or as many as there are (fewer points than k).

    A row that has fewer than the others counts as having none.

    Raises DataError where k is below 1 or no row has a neighbour.
    """
    if k < 1:
        raise DataError(f"k = {k} neighbours cannot be compared.", "Choose at least 1.")
    index_NK = np.array(neighbours.index[:, :k], dtype=np.int64)
    count_N = (index_NK >= 0).sum(axis=1)
    found = int(count_N.max(initial=0))
    if not found:
        raise DataError("No point of this embedding has a neighbour.", "At least two vectors must be comparable.")
    known = count_N == found
    index_NK = index_NK[:, :found]
    distance_NK = neighbours.distance[:, :found].astype(np.float64)
    index_NK[~known] = np.flatnonzero(~known)[:, None]
    distance_NK[~known] = np.nan
    return Near(index_NK, distance_NK, known)
