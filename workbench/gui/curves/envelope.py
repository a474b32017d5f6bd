"""A long curve as few points that look the same: the extremes of every pixel column, none left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_PER_COLUMN = 2


def envelope(
    x: FloatArray, y: FloatArray, low: float, high: float, columns: int, flat: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """What to draw of a curve between `low` and `high` on `columns` pixel columns.

    A column with many samples becomes its smallest and its largest one, in the order in which the curve runs through
    them; where there are no more than two samples a column they are returned as they are. One sample beyond each end
    is kept, so that the line runs on to the border.

    Parameters
    ----------
    x : (N,) finite, not decreasing
    y : (N,); NaN is a gap
    flat : a column whose values differ by no more than this becomes a single point, as the eye would not see two
    """
    first = max(int(np.searchsorted(x, low, "left")) - 1, 0)
    last = min(int(np.searchsorted(x, high, "right")) + 1, len(x))
    x, y = x[first:last], y[first:last]
    if len(x) <= _PER_COLUMN * columns or not high > low:
        return x, y
    edges = np.searchsorted(x, np.linspace(low, high, columns + 1), "left")
    start = np.unique(np.concatenate([[0], edges, [len(x)]]))[:-1]
    end = np.append(start[1:], len(x)) - 1
    middle = (x[start] + x[end]) / 2
    smallest, largest = np.fmin.reduceat(y, start), np.fmax.reduceat(y, start)
    falls = y[start] > y[end]
    pair = np.stack([np.where(falls, largest, smallest), np.where(falls, smallest, largest)], axis=1)
    kept = np.ones_like(pair, np.bool_)
    kept[:, 1] = ~(largest - smallest <= flat)
    return np.stack([middle, middle], axis=1)[kept], pair[kept]


def lone(y: FloatArray) -> NDArray[np.intp]:
    """Indices of values that have no finite neighbour: no line runs through them, so they need a dot."""
    finite = np.concatenate([[False], np.isfinite(y), [False]])
    return np.flatnonzero(finite[1:-1] & ~finite[:-2] & ~finite[2:])
