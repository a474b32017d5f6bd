"""Where points lie: a uniform grid that orders them for drawing and finds them under a cursor or in an outline."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.gui.explorer.raster import painting
from workbench.gui.explorer.raster.cells import CELLS, Cells

_SAMPLE = 20_000
_CHUNK = 65_536


class GridIndex:
    """Points sorted into 256 x 256 cells, shuffled within each cell.

    The grid spans the inner 99.8 % of each coordinate, and what lies outside counts to the border cells: one stray
    point far away must not put all others into a single cell. Building it leaves the GIL free once the compiled
    kernels are there, so a worker thread can; without them numpy builds the same, slower and with more memory.

    Attributes
    ----------
    order : int32 (M,), the M finite points cell by cell. Drawn in this order a million points take half the time of a
        random order, and no class covers the others merely because its samples come last in the file.
    xy : float32 (M, 2), their places in that order
    cells : where the points of each cell begin in the order
    """

    def __init__(self, xy: NDArray[np.float32]) -> None:
        places = np.ascontiguousarray(xy, np.float32)
        drawn = finite_rows(places)
        step = scatter_step(len(drawn))
        sample = drawn[np.arange(min(len(drawn), _SAMPLE)) * step % max(len(drawn), 1)]
        edges = (
            np.percentile(places[sample].astype(np.float64), [0.1, 99.9], axis=0) if len(drawn) else np.zeros((2, 2))
        )
        low = edges[0].astype(np.float32)
        per_unit = np.minimum(CELLS / np.maximum(edges[1] - edges[0], 1e-30), 1e30).astype(np.float32)
        self.order, start = _sorted_into_cells(places, drawn, low, per_unit, step)
        self.cells = Cells(low, per_unit, start)
        self.xy = painting.gathered(places, self.order)
        self._count = len(places)

    def within(self, x: float, y: float, radius: float) -> NDArray[np.int32]:
        """The points of all cells that touch the square of half-width `radius` (data units): a superset of the hits."""
        runs = self.cells.runs(self.cells.box(x - radius, x + radius, y - radius, y + radius))
        return np.concatenate([self.order[:0], *(self.order[start:end] for start, end in runs)])

    def nearest(self, x: float, y: float, radius: float, visible: NDArray[np.bool_] | None = None) -> int | None:
        """The visible point nearest to a data position within `radius` (data units), or None."""
        runs = self.cells.runs(self.cells.box(x - radius, x + radius, y - radius, y + radius))
        loops = painting.compiled()
        if loops is not None:
            shown = painting.ALL_VISIBLE if visible is None else visible
            found = int(loops.points.nearest(self.xy, self.order, runs, shown, x, y, radius))
            return found if found >= 0 else None
        parts = [np.arange(start, end) for start, end in runs]
        at = np.concatenate([np.zeros(0, np.int64), *parts])
        if visible is not None:
            at = at[visible[self.order[at]]]
        if not len(at):
            return None
        offset = self.xy[at].astype(np.float64) - (x, y)
        distance = np.einsum("ij,ij->i", offset, offset)
        best = int(distance.argmin())
        return int(self.order[at[best]]) if distance[best] <= radius * radius else None

    def inside_polygon(self, polygon: ArrayLike, visible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """The visible points inside a polygon, rising.

        Parameters
        ----------
        polygon : (P, 2) corners in data units, closed by itself; with fewer than 3 nothing is inside. What edges
            surround an even number of times is outside (even-odd rule). A point on a left or lower edge is inside, one
            on a right or upper edge is not, so that two outlines side by side share no point.
        visible : (N,), or None for all
        """
        corners = np.ascontiguousarray(polygon, np.float64).reshape(-1, 2)
        inside = np.zeros(self._count, np.bool_)
        if len(corners) < 3 or not np.isfinite(corners).all():
            return np.flatnonzero(inside)
        loops = painting.compiled()
        if loops is None:
            self._inside_plain(corners, visible, inside)
        else:
            kinds = np.zeros((CELLS, CELLS), np.uint8)
            loops.points.polygon_kinds((corners - self.cells.low) * self.cells.per_unit.astype(np.float64), kinds)
            shown = painting.ALL_VISIBLE if visible is None else visible
            slack = loops.points.SLACK / float(self.cells.per_unit[1])
            given = (self.xy, self.order, self.cells.start, kinds, corners, self.cells.row_edges(), slack, shown)
            loops.points.inside_polygon(*given, inside)
        return np.flatnonzero(inside)

    def inside_box(
        self, x_low: float, x_high: float, y_low: float, y_high: float, visible: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """The visible points in a box in data units, its border included, rising."""
        inside = np.zeros(self._count, np.bool_)
        for start, end in self.cells.runs(self.cells.box(x_low, x_high, y_low, y_high)):
            x, y = self.xy[start:end].T
            hit = (x >= x_low) & (x <= x_high) & (y >= y_low) & (y <= y_high)
            inside[self.order[start:end][hit]] = True
        if visible is not None:
            inside &= visible
        return np.flatnonzero(inside)

    def _inside_plain(
        self, corners: NDArray[np.float64], visible: NDArray[np.bool_] | None, inside: NDArray[np.bool_]
    ) -> None:
        """The same edge by edge, with numpy, over the points in the polygon's box."""
        (x_low, y_low), (x_high, y_high) = corners.min(axis=0), corners.max(axis=0)
        rows = self.inside_box(x_low, x_high, y_low, y_high, visible)
        place = np.empty(self._count, np.int32)
        place[self.order] = np.arange(len(self.order), dtype=np.int32)
        for part in range(0, len(rows), _CHUNK):
            own = rows[part : part + _CHUNK]
            inside[own] = even_odd(self.xy[place[own]].astype(np.float64), corners)


def even_odd(xy: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each place (N, 2) is inside the polygon (P, 2); see `GridIndex.inside_polygon`."""
    inside = np.zeros(len(xy), np.bool_)
    x, y = xy.T
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


def scatter_step(count: int) -> int:
    """A step that visits 0..count-1 once around the circle, neighbours far apart, at a tenth of a shuffle's cost."""
    step = max(1, round(count * 0.6180339887))
    while np.gcd(step, max(count, 1)) != 1:
        step += 1
    return step


def finite_rows(xy: NDArray[np.float32]) -> NDArray[np.int32]:
    """The rows of (N, 2) places that are finite, rising."""
    loops = painting.compiled()
    if loops is None:
        return np.flatnonzero(np.isfinite(xy).all(axis=1)).astype(np.int32)
    rows = np.empty(len(xy), np.int32)
    return rows[: loops.points.finite_rows(xy, rows)]


def _sorted_into_cells(
    xy: NDArray[np.float32],
    drawn: NDArray[np.int32],
    low: NDArray[np.float32],
    per_unit: NDArray[np.float32],
    step: int,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The drawn rows cell by cell, and where each cell begins."""
    start = np.zeros(CELLS * CELLS + 1, np.int64)
    loops = painting.compiled()
    if loops is not None:
        keys, order = np.empty(len(drawn), np.uint16), np.empty(len(drawn), np.int32)
        loops.points.cell_keys(xy, drawn, low, per_unit, keys, start)
        loops.points.sort_into_cells(drawn, keys, step, start.copy(), order)
        return order, start
    scattered = drawn[np.arange(len(drawn), dtype=np.int64) * step % max(len(drawn), 1)]
    with np.errstate(over="ignore"):
        at = np.clip((xy[scattered] - low) * per_unit, 0, CELLS - 1).astype(np.uint16)
    # 16-bit keys, because a stable sort of those is a radix sort.
    keys = at[:, 1] * np.uint16(CELLS) + at[:, 0]
    np.cumsum(np.bincount(keys, minlength=CELLS * CELLS), out=start[1:])
    return scattered[np.argsort(keys, kind="stable")], start
