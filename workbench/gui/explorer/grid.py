"""Which point is under the cursor: a uniform grid over the points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CELLS = 256


class GridIndex:
    """Points sorted into 256 x 256 cells, shuffled within each cell.

    The grid spans the inner 99.8 % of each coordinate, and what lies outside counts to the border cells: one stray
    point far away must not put all others into a single cell.

    Attributes
    ----------
    order : int32 (M,), the M finite points cell by cell. Drawn in this order a million points take half the time of a
        random order, and no class covers the others merely because its samples come last in the file.
    """

    def __init__(self, xy: NDArray[np.float32]) -> None:
        self._xy = xy
        with np.errstate(over="ignore", invalid="ignore"):
            drawn = np.flatnonzero(np.isfinite(xy[:, 0] * 0 + xy[:, 1] * 0)).astype(np.int32)
        drawn = drawn[_scattered(len(drawn))]
        sample = xy[drawn[:20_000]].astype(np.float64)
        edges = np.percentile(sample, [0.1, 99.9], axis=0) if len(sample) else np.zeros((2, 2))
        self._low = edges[0].astype(np.float32)
        self._per_unit = np.minimum(CELLS / np.maximum(edges[1] - edges[0], 1e-30), 1e30).astype(np.float32)
        # 16-bit keys, because a stable sort of those is a radix sort.
        key = (self._cells(xy[:, 1], 1) * np.uint16(CELLS) + self._cells(xy[:, 0], 0))[drawn]
        self.order = drawn[np.argsort(key, kind="stable")]
        self._start = np.zeros(CELLS * CELLS + 1, np.int64)
        np.cumsum(np.bincount(key, minlength=CELLS * CELLS), out=self._start[1:])

    def _cells(self, values: NDArray[np.float32], axis: int) -> NDArray[np.uint16]:
        with np.errstate(over="ignore", invalid="ignore"):
            position = np.clip((values - self._low[axis]) * self._per_unit[axis], 0, CELLS - 1)
            return np.asarray(position.astype(np.uint16))

    def within(self, x: float, y: float, radius: float) -> NDArray[np.int32]:
        """The points of all cells that touch the square of half-width `radius` (data units): a superset of the hits."""
        first_column, last_column = map(int, self._cells(np.array([x - radius, x + radius], np.float32), 0))
        first_row, last_row = map(int, self._cells(np.array([y - radius, y + radius], np.float32), 1))
        runs = [
            self.order[self._start[row * CELLS + first_column] : self._start[row * CELLS + last_column + 1]]
            for row in range(first_row, last_row + 1)
        ]
        return np.concatenate(runs)

    def nearest(self, x: float, y: float, radius: float, visible: NDArray[np.bool_] | None = None) -> int | None:
        """The visible point nearest to a data position within `radius` (data units), or None."""
        found = self.within(x, y, radius)
        if visible is not None:
            found = found[visible[found]]
        if not len(found):
            return None
        offset = self._xy[found].astype(np.float64) - (x, y)
        distance = np.einsum("ij,ij->i", offset, offset)
        best = int(distance.argmin())
        return int(found[best]) if distance[best] <= radius * radius else None


def _scattered(count: int) -> NDArray[np.int32]:
    """A fixed order of 0..count-1 in which neighbours are far apart, at a tenth of the cost of a shuffle."""
    step = max(1, round(count * 0.6180339887))
    while np.gcd(step, max(count, 1)) != 1:
        step += 1
    return np.asarray(np.arange(count, dtype=np.int64) * step % max(count, 1), np.int32)
