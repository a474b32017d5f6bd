"""256 x 256 cells over the plane, and where the points of each lie in the drawing order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CELLS = 256


def joined(
    counts: NDArray[np.int64], wide: NDArray[np.float64], least: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Neighbouring cells put together until they are at least so wide and high.

    Parameters
    ----------
    counts : (rows, columns)
    wide : (2,), width and height of a cell

    Returns
    -------
    counts : fewer of them
    wide : (2,), of the new cells; at least `least`, also where all cells together are narrower
    """
    if not counts.size:
        return counts, wide
    limits = np.array(counts.shape[::-1])
    columns, rows = np.clip(np.ceil(least / np.maximum(wide, least / 1e6)), 1, limits).astype(int)
    over_x = np.add.reduceat(counts, np.arange(0, counts.shape[1], columns), axis=1)
    fewer = np.add.reduceat(over_x, np.arange(0, counts.shape[0], rows), axis=0)
    return fewer, np.maximum(wide * [columns, rows], least)


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells row by row, the lowest y first; what lies beyond the grid counts to the border cells.

    low : float32 (2,), where the grid begins
    per_unit : float32 (2,), cells a data unit along x and y
    start : int64 (cells + 1,), the first point of each cell in the drawing order
    """

    low: NDArray[np.float32]
    per_unit: NDArray[np.float32]
    start: NDArray[np.int64]

    def box(self, x_low: float, x_high: float, y_low: float, y_high: float) -> tuple[int, int, int, int]:
        """First and last row, first and last column of the cells that can hold points of the box."""
        # Outwards to float32: a point is sorted in by float32 arithmetic, which keeps the order of its coordinates.
        with np.errstate(over="ignore", invalid="ignore"):
            low = np.nextafter(np.array([x_low, y_low], np.float32), np.float32(-np.inf))
            high = np.nextafter(np.array([x_high, y_high], np.float32), np.float32(np.inf))
            first, last = (np.clip((at - self.low) * self.per_unit, 0, CELLS - 1).astype(int) for at in (low, high))
        return int(first[1]), int(last[1]), int(first[0]), int(last[0])

    def runs(self, box: tuple[int, int, int, int]) -> NDArray[np.int64]:
        """From and to (R, 2) of the stretches of the drawing order that hold the points of a box of cells."""
        first_row, last_row, first_column, last_column = box
        rows = np.arange(first_row, last_row + 1) * CELLS
        begin, end = self.start[rows + first_column], self.start[rows + last_column + 1]
        if last_column - first_column + 1 == CELLS and len(rows):
            begin, end = begin[:1], end[-1:]
        filled = end > begin
        return np.ascontiguousarray(np.stack([begin[filled], end[filled]], axis=1))

    def counts(self, shown: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Points in each cell, (cells, cells); of those where `shown` (M,), in the drawing order, is true."""
        if shown is None:
            return np.diff(self.start).reshape(CELLS, CELLS)
        before = np.zeros(len(shown) + 1, np.int32)
        np.cumsum(shown, out=before[1:])
        return np.diff(before[self.start]).reshape(CELLS, CELLS).astype(np.int64)

    def row_edges(self) -> NDArray[np.float64]:
        """y at which each row of cells begins, (cells + 1,), in data units; the outer two reach to infinity."""
        edges = self.low[1] + np.arange(CELLS + 1) / float(self.per_unit[1])
        edges[[0, -1]] = -np.inf, np.inf
        return np.asarray(edges)
