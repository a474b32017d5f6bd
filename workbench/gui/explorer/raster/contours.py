"""Lines of equal density."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

COUNT = 7


def levels(low: float, high: float, count: int = COUNT) -> NDArray[np.float64]:
    """So many levels between two densities, equally far apart in their logarithm; none where there is no room."""
    if not 0 < low < high:
        return np.zeros(0)
    return np.geomspace(low, high, count + 2)[1:-1]


def segments(values: NDArray[np.float32], at: NDArray[np.float64]) -> NDArray[np.float32]:
    """The contour lines of a grid by marching squares (contourpy), as single segments.

    Parameters
    ----------
    values : (h, w), each at the middle of its cell
    at : (L,) levels

    Returns
    -------
    float32 (M, 4), x0, y0, x1, y1 in cells from the grid's corner
    """
    from contourpy import LineType, contour_generator

    if min(values.shape) < 2:
        return np.zeros((0, 4), np.float32)
    generator = contour_generator(z=values, name="serial", line_type=LineType.ChunkCombinedOffset)
    found = [_pairs(*generator.lines(float(level))) for level in at]
    return np.concatenate([np.zeros((0, 4)), *found]).astype(np.float32) + np.float32(0.5)


def _pairs(chunks: Any, offsets: Any) -> NDArray[np.float64]:
    """Neighbouring points of all lines of a level, which contourpy hands over one after another in a single chunk."""
    if chunks[0] is None:
        return np.zeros((0, 4))
    joined = np.concatenate([chunks[0][:-1], chunks[0][1:]], axis=1)
    between_lines = offsets[0][1:-1].astype(np.int64) - 1
    return np.delete(joined, between_lines, axis=0)
