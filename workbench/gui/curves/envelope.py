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
    first, last, starts = split(x, low, high, columns)
    x, y = x[first:last], y[first:last]
    return (x, y) if starts is None else extremes(x, y, starts, flat)


def split(x: FloatArray, low: float, high: float, columns: int) -> tuple[int, int, NDArray[np.intp] | None]:
    """The samples from `first` to `last` that lie between the ends, one more at each, and where columns begin in them.

    The beginnings, (M,) ascending from 0, are None where there are too few samples to be thinned out.
    """
    first = max(int(x.searchsorted(low, "left")) - 1, 0)
    last = min(int(x.searchsorted(high, "right")) + 1, len(x))
    if last - first <= _PER_COLUMN * columns or not high > low:
        return first, last, None
    borders = low + np.arange(columns + 1) * ((high - low) / columns)
    edges = np.empty(columns + 2, np.intp)
    edges[0] = 0
    edges[1:] = x[first:last].searchsorted(borders, "left")
    kept = np.empty(len(edges), np.bool_)
    kept[:-1] = edges[1:] > edges[:-1]
    kept[-1] = edges[-1] < last - first
    return first, last, edges[kept]


def extremes(x: FloatArray, y: FloatArray, starts: NDArray[np.intp], flat: float) -> tuple[FloatArray, FloatArray]:
    """The smallest and the largest value of every column that `split` found, at the column's middle."""
    ends = np.empty_like(starts)
    ends[:-1], ends[-1] = starts[1:] - 1, len(x) - 1
    smallest, largest = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
    falls = y[starts] > y[ends]
    pairs, middles = np.empty((2, len(starts), 2))
    pairs[:, 0], pairs[:, 1] = np.where(falls, largest, smallest), np.where(falls, smallest, largest)
    middles[:] = ((x[starts] + x[ends]) / 2)[:, None]
    if flat <= 0:
        return middles.ravel(), pairs.ravel()
    kept = np.ones_like(pairs, np.bool_)
    kept[:, 1] = ~(largest - smallest <= flat)
    return middles[kept], pairs[kept]


def lone(y: FloatArray) -> NDArray[np.intp]:
    """Indices of values that have no finite neighbour: no line runs through them, so they need a dot."""
    finite = np.zeros(len(y) + 2, np.bool_)
    np.isfinite(y, out=finite[1:-1])
    return np.flatnonzero(finite[1:-1] & ~finite[:-2] & ~finite[2:])
