"""Compiled loops over the points themselves: sorting them into cells, gathering, finding. All release the GIL.

Legend: N points, M of them with a finite place, R stretches of the drawing order, P corners of a polygon.
"""

from __future__ import annotations

import numba
import numpy as np

from workbench.gui.explorer.raster.cells import CELLS
from workbench.gui.explorer.raster.kernels import given

SLACK = 0.01
"""In cells: how far beyond its cell a point may lie by float32 arithmetic, generously."""

_XY = given(numba.float32, 2)
_ROWS = given(numba.int32, 1)
_MASK = given(numba.boolean, 1)
_RUNS = given(numba.int64, 2)


@numba.njit(numba.int64(_XY, numba.int32[::1]), nogil=True, cache=True)
def finite_rows(xy, out):
    """Write the rows with a finite place to `out` (N); returns how many there are."""
    count = 0
    for i in range(xy.shape[0]):
        if np.isfinite(xy[i, 0]) and np.isfinite(xy[i, 1]):
            out[count] = i
            count += 1
    return count


@numba.njit(numba.void(_XY, numba.float64[::1]), nogil=True, cache=True)
def box(xy, out):
    """Write x_low, x_high, y_low, y_high of the finite points to `out`, which holds inf, -inf, inf, -inf at first."""
    for i in range(xy.shape[0]):
        x, y = xy[i, 0], xy[i, 1]
        if np.isfinite(x) and np.isfinite(y):
            out[0], out[1] = min(out[0], x), max(out[1], x)
            out[2], out[3] = min(out[2], y), max(out[3], y)


@numba.njit(
    numba.void(_XY, _ROWS, given(numba.float32, 1), given(numba.float32, 1), numba.uint16[::1], numba.int64[::1]),
    nogil=True, cache=True,
)  # fmt: skip
def cell_keys(xy, rows, low, per_unit, keys, start):
    """Write the cell of each of the M rows to `keys` (M), and where each cell's points begin to `start` (cells + 1)."""
    last = np.float32(CELLS - 1)
    for k in range(rows.shape[0]):
        i = rows[k]
        column = min(max((xy[i, 0] - low[0]) * per_unit[0], np.float32(0)), last)
        line = min(max((xy[i, 1] - low[1]) * per_unit[1], np.float32(0)), last)
        keys[k] = np.int64(line) * CELLS + np.int64(column)
        start[keys[k] + 1] += 1
    for cell in range(CELLS * CELLS):
        start[cell + 1] += start[cell]


@numba.njit(
    numba.void(_ROWS, given(numba.uint16, 1), numba.int64, numba.int64[::1], numba.int32[::1]), nogil=True, cache=True
)
def sort_into_cells(rows, keys, step, following, order):
    """A counting sort of the rows by cell, taking every `step`-th around the circle; `following` is used up."""
    count = rows.shape[0]
    k = 0
    for _ in range(count):
        order[following[keys[k]]] = rows[k]
        following[keys[k]] += 1
        k += step
        if k >= count:
            k -= count


@numba.njit(
    [
        numba.void(given(kind, 1), _ROWS, kind[::1])
        for kind in (numba.uint16, numba.uint8, numba.boolean, numba.float32)
    ],
    nogil=True, cache=True,
)  # fmt: skip
def gather(values, order, out):
    """out[i] = values[order[i]]."""
    for i in range(order.shape[0]):
        out[i] = values[order[i]]


@numba.njit(numba.void(_XY, _ROWS, numba.float32[:, ::1]), nogil=True, cache=True)
def gather_places(xy, order, out):
    """The same for places (N, 2)."""
    for i in range(order.shape[0]):
        row = order[i]
        out[i, 0] = xy[row, 0]
        out[i, 1] = xy[row, 1]


@numba.njit(numba.int64(_XY, _ROWS, _RUNS, _MASK, numba.float64, numba.float64, numba.float64), nogil=True, cache=True)
def nearest(xy, order, runs, visible, x, y, radius):
    """The row of the visible point nearest to a place, at most `radius` from it; -1 where there is none.

    xy (M, 2) are in the drawing order; `visible` (N) is by row, or (1) for all alike.
    """
    each_visible = visible.shape[0] > 1
    best, found = radius * radius, -1
    if not each_visible and not visible[0]:
        return -1
    for run in range(runs.shape[0]):
        for i in range(runs[run, 0], runs[run, 1]):
            dx, dy = xy[i, 0] - x, xy[i, 1] - y
            distance = dx * dx + dy * dy
            if (distance < best or (found < 0 and distance == best)) and (not each_visible or visible[order[i]]):
                best, found = distance, order[i]
    return found


@numba.njit(
    numba.int64(_XY, _XY, numba.float32, numba.float32, numba.float32[:, ::1], numba.uint8[::1]), nogil=True, cache=True
)
def glide(begin, end, share, full, xy, shade):
    """Places on the way and their shades, `full` for rows with both places; returns how many have not. See `glide`."""
    lost = 0
    keep = np.float32(1) - share
    for i in range(begin.shape[0]):
        here, there = np.isfinite(begin[i, 0] + begin[i, 1]), np.isfinite(end[i, 0] + end[i, 1])
        if here and there:
            xy[i, 0], xy[i, 1] = begin[i, 0] * keep + end[i, 0] * share, begin[i, 1] * keep + end[i, 1] * share
            shade[i] = np.uint8(full)
            continue
        lost += 1
        left = keep if here else (share if there else np.float32(0))
        shade[i] = np.uint8(np.rint(left * full))
        for axis in range(2):
            xy[i, axis] = np.nan if left == 0 else (begin[i, axis] if here else end[i, axis])
    return lost


@numba.njit(numba.boolean(given(numba.float64, 2), _ROWS, numba.int64, numba.float64, numba.float64), nogil=True)
def _is_inside(corners, edges, count, x, y):
    """Even-odd rule over the first `count` edges that are named; edge k runs from corner k to the next."""
    inside = False
    for at in range(count):
        k = edges[at]
        after = k + 1 if k + 1 < corners.shape[0] else 0
        x0, y0, x1, y1 = corners[k, 0], corners[k, 1], corners[after, 0], corners[after, 1]
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            inside = not inside
    return inside


@numba.njit(numba.int64(given(numba.float64, 2), numba.float64, numba.float64, numba.int32[::1]), nogil=True)
def _edges_between(corners, low, high, out):
    """Write the edges that reach into low <= y <= high to `out` (P); returns how many there are."""
    count = 0
    for k in range(corners.shape[0]):
        after = k + 1 if k + 1 < corners.shape[0] else 0
        if max(corners[k, 1], corners[after, 1]) >= low and min(corners[k, 1], corners[after, 1]) <= high:
            out[count] = k
            count += 1
    return count


@numba.njit(numba.int64(numba.float64), nogil=True)
def _cell(value):
    """The cell of a place in cells, the border cell for one beyond the grid."""
    return np.int64(min(max(value, 0.0), CELLS - 1.0))


@numba.njit(numba.void(given(numba.float64, 2), numba.uint8[:, ::1]), nogil=True, cache=True)
def polygon_kinds(corners, kinds):
    """What a polygon does with each cell, (cells, cells): 0 leaves it out, 1 holds all of it, 2 cuts it.

    Corners (P, 2) are in cells. Border cells are always cut, because they reach beyond the grid. An edge cuts
    generously, by more than float32 arithmetic can misplace a point.
    """
    edges = np.empty(corners.shape[0], np.int32)
    for line in range(CELLS):
        low, high = line - SLACK, line + 1 + SLACK
        count = _edges_between(corners, low, high, edges)
        for column in range(CELLS):
            border = line == 0 or column == 0 or line == CELLS - 1 or column == CELLS - 1
            kinds[line, column] = 2 if border else _is_inside(corners, edges, count, column + 0.5, line + 0.5)
        for at in range(count):
            k = edges[at]
            after = k + 1 if k + 1 < corners.shape[0] else 0
            x0, y0, x1, y1 = corners[k, 0], corners[k, 1], corners[after, 0], corners[after, 1]
            if abs(y1 - y0) > 1e-9:
                slope = (x1 - x0) / (y1 - y0)
                near = x0 + (min(max(low, min(y0, y1)), max(y0, y1)) - y0) * slope
                far = x0 + (min(max(high, min(y0, y1)), max(y0, y1)) - y0) * slope
            else:
                near, far = x0, x1
            for column in range(_cell(min(near, far) - SLACK), _cell(max(near, far) + SLACK) + 1):
                kinds[line, column] = 2


@numba.njit(
    numba.void(_XY, _ROWS, given(numba.int64, 1), given(numba.uint8, 2), given(numba.float64, 2),
               given(numba.float64, 1), numba.float64, _MASK, numba.boolean[::1]),
    nogil=True, cache=True,
)  # fmt: skip
def inside_polygon(xy, order, start, kinds, corners, row_edges, slack, visible, out):
    """Set out[row] for the visible points inside the polygon.

    Parameters
    ----------
    kinds : (cells, cells), 0 for a cell outside, 1 inside, 2 to be tested point by point
    row_edges : (cells + 1), y at which each row of cells begins; the first and the last reach to infinity
    slack : how far a point may lie beyond its row of cells, data units
    """
    each_visible = visible.shape[0] > 1
    edges = np.empty(corners.shape[0], np.int32)
    if not each_visible and not visible[0]:
        return
    for line in range(CELLS):
        count = _edges_between(corners, row_edges[line] - slack, row_edges[line + 1] + slack, edges)
        for column in range(CELLS):
            kind = kinds[line, column]
            if kind == 0:
                continue
            cell = line * CELLS + column
            for i in range(start[cell], start[cell + 1]):
                row = order[i]
                if each_visible and not visible[row]:
                    continue
                if kind == 1 or _is_inside(corners, edges, count, xy[i, 0], xy[i, 1]):
                    out[row] = True
