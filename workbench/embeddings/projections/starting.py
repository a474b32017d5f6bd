"""Where an iterative projection starts: on the principal components, at random, or where another layout left off.

Legend: N all rows, M rows to place, C axes of the layout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError

_NOISE = 1e-4


def from_layout(
    start: NDArray[np.float32], rows_M: NDArray[np.int64], dimensions: int, seed: int
) -> NDArray[np.float64]:
    """The places (M, C) of these rows in a layout (N, C), with a little noise that keeps equal points apart.

    Rows without a place there start in its middle. Raises DataError where the layout has another number of axes or
    places none of the rows.
    """
    if start.shape[1] != dimensions:
        raise DataError(
            f"The layout to start from has {start.shape[1]} axes, where {dimensions} are wanted.",
            "Choose another layout to start from, or as many dimensions.",
        )
    start_MC = start[rows_M].astype(np.float64)
    placed_M = np.isfinite(start_MC).all(axis=1)
    if not placed_M.any():
        raise DataError("The layout to start from has a place for none of the points.", "Choose another one.")
    start_MC[~placed_M] = start_MC[placed_M].mean(axis=0)
    extent = float(np.ptp(start_MC, axis=0).max())
    return start_MC + noise(start_MC.shape, seed, _NOISE * (extent or 1.0))


def noise(shape: tuple[int, ...], seed: int, scale: float = _NOISE) -> NDArray[np.float64]:
    """Normal noise, the same for the same seed."""
    return np.random.RandomState(seed).normal(scale=scale, size=shape)


def within(places_MC: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Places shrunk or stretched so that the farthest coordinate is `reach`; all equal ones stay where they are."""
    extent = float(np.abs(places_MC).max())
    return places_MC * (reach / extent if extent > 0 else 0.0)
