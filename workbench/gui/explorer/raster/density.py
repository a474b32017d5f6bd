"""Density as a layer of the map: smoothed counts, coloured by what lies there, with contours.

Legend: N points, K colours, h x w the coarse grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.raster import contours
from workbench.gui.explorer.raster.cells import Cells, joined
from workbench.gui.explorer.raster.lines import LineLayer
from workbench.gui.explorer.raster.painting import Target, compiled, in_bands, stretches

CELL_PX = 4
"""Logical pixels of a cell of the coarse grid."""
_SIGMA = 1.5
"""Of the Gaussian, in cells."""
_REACH = math.ceil(3 * _SIGMA)
_LONE = 1 / (2 * math.pi * _SIGMA**2)
"""The density in the middle of a single point, in points a cell."""
_FAINTEST, _STRONGEST = 0.14, 0.95
"""Opacity of a single point and of the densest place."""


@dataclass(frozen=True, eq=False)
class DensityLayer:
    """Points as a smooth surface of their mean colour, more opaque where more of them lie.

    Opacity grows with the logarithm of the density, from a single point up to the densest place of the whole map at
    this zoom, so that panning changes nothing. The coarse grid stands still on the data for the same reason.

    xy, codes, visible, cells : as in a `Layer`
    table : uint8 (K, 4), straight RGBA
    cell_px : device pixels of a cell of the coarse grid
    counts : int (cells, cells), shown points in each of the index's cells; None for points without an index, whose
        densest place is that in view
    line : premultiplied ARGB of the contours; 0 for none
    """

    xy: NDArray[np.float32]
    codes: NDArray[np.uint16]
    table: NDArray[np.uint8]
    visible: NDArray[np.bool_]
    cells: Cells | None
    cell_px: int
    counts: NDArray[np.int64] | None = None
    line: int = 0
    is_local: ClassVar[bool] = False

    def draw(self, target: Target) -> None:
        """Count, smooth, paint, and draw the contours."""
        if not len(self.xy):
            return
        corner, transform, shape = self._grid(target)
        smoothed = smooth(self._counted(transform, shape))
        peak = self._peak(target.transform, float(smoothed[:, :, 3].max()))
        left, top = (corner * self.cell_px + target.transform[[1, 3]]).tolist()
        _paint(_shades(smoothed, peak), self, (left, top), target)
        if self.line:
            lines = contours.segments(np.log(np.maximum(smoothed[:, :, 3], _LONE / 100)), self._levels(peak))
            on_grid = Target(target.picture, np.array([self.cell_px, left, self.cell_px, top], np.float64), target.clip)
            alike = np.zeros(1, np.uint16)
            LineLayer(lines, alike, np.array([self.line], np.uint32), self.cell_px / CELL_PX).draw(on_grid)

    def _grid(self, target: Target) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[int, int]]:
        """The coarse grid over the clip and what reaches into it: first column and row, transform, height and width."""
        a, b, c, d = target.transform
        top, bottom, left, right = target.clip
        first = np.floor((np.array([left, top]) - [b, d]) / self.cell_px) - _REACH - 1
        last = np.floor((np.array([right, bottom]) - [b, d]) / self.cell_px) + _REACH + 1
        transform = np.array([a / self.cell_px, -first[0], c / self.cell_px, -first[1]])
        width, height = (last - first + 1).astype(int)
        return first, transform, (int(height), int(width))

    def _counted(self, transform: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float32]:
        """Sums of red, green, blue and the number of points, (h, w, 4)."""
        grid = np.zeros((*shape, 4), np.float32)
        colours = np.ascontiguousarray(self.table[:, :3], np.float32)
        loops = compiled()
        if loops is None:
            _count_plain(self, colours, transform, grid)
            return grid

        def band(clip: tuple[int, int, int, int]) -> None:
            runs = stretches(self, transform, clip, 1.0)
            given = (self.xy, self.codes, self.visible, colours, transform, runs)
            loops.density.count_band(*given, np.array(clip, np.int64), grid)

        in_bands(band, self, transform, (0, shape[0], 0, shape[1]))
        return grid

    def _peak(self, transform: NDArray[np.float64], in_view: float) -> float:
        """The density of the densest place, in points a cell of the coarse grid; at least ten times a single point's.

        The index's cells are joined until they are as wide as the Gaussian, which sees no finer.
        """
        found = in_view
        if self.counts is not None and self.cells is not None:
            counts, wide = joined(self.counts, abs(transform[[0, 2]]) / self.cells.per_unit, 2 * self.cell_px)
            found = float(counts.max() * self.cell_px**2 / wide.prod())
        return max(found, 10 * _LONE)

    @staticmethod
    def _levels(peak: float) -> NDArray[np.float64]:
        return np.log(contours.levels(2 * _LONE, peak))


def smooth(grid: NDArray[np.float32]) -> NDArray[np.float32]:
    """A Gaussian over both axes of (h, w, 4), which keeps the sum of what is not near the border."""
    offsets = np.arange(-_REACH, _REACH + 1)
    weights = np.exp(-0.5 * (offsets / _SIGMA) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    loops = compiled()
    if loops is None:
        return _smooth_plain(_smooth_plain(grid, weights, 1), weights, 0)
    once, twice = np.empty_like(grid), np.empty_like(grid)
    loops.density.smooth(grid, weights, True, once)
    loops.density.smooth(once, weights, False, twice)
    return twice


def _smooth_plain(grid: NDArray[np.float32], weights: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    margin = [(0, 0), (0, 0), (0, 0)]
    margin[axis] = (_REACH, _REACH)
    wide = np.pad(grid, margin)
    parts = [np.take(wide, np.arange(k, k + grid.shape[axis]), axis=axis) * weight for k, weight in enumerate(weights)]
    return np.asarray(np.sum(parts, axis=0), np.float32)


def _shades(smoothed: NDArray[np.float32], peak: float) -> NDArray[np.float32]:
    """Premultiplied red, green, blue and alpha, 0..255, of the smoothed sums (h, w, 4)."""
    density = smoothed[:, :, 3]
    share = np.log(np.maximum(density / _LONE, 1e-6)) / math.log(peak / _LONE)
    grown = _FAINTEST + (_STRONGEST - _FAINTEST) * np.clip(share, 0, 1)
    opacity = np.where(density < _LONE, _FAINTEST * density / _LONE, grown)
    result = np.empty_like(smoothed)
    result[:, :, :3] = smoothed[:, :, :3] / np.maximum(density, 1e-9)[:, :, None] * opacity[:, :, None]
    result[:, :, 3] = 255 * opacity
    return result


def _paint(shades: NDArray[np.float32], layer: DensityLayer, corner: tuple[float, float], target: Target) -> None:
    loops = compiled()
    if loops is None:
        _paint_plain(shades, layer.cell_px, corner, target)
        return

    def band(clip: tuple[int, int, int, int]) -> None:
        loops.density.paint_band(shades, float(layer.cell_px), *corner, np.array(clip, np.int64), target.picture)

    in_bands(band, layer, target.transform, target.clip)


def _count_plain(
    layer: DensityLayer, colours: NDArray[np.float32], transform: NDArray[np.float64], grid: NDArray[np.float32]
) -> None:
    height, width = grid.shape[:2]
    visible = np.broadcast_to(layer.visible, len(layer.xy)) if len(layer.visible) == 1 else layer.visible
    with np.errstate(invalid="ignore", over="ignore"):
        at = np.floor(layer.xy[visible] * transform[[0, 2]]) + transform[[1, 3]]
        near = (at >= 0).all(axis=1) & (at < [width, height]).all(axis=1)
    place = (at[near, 1] * width + at[near, 0]).astype(int)
    codes = np.broadcast_to(layer.codes, len(layer.xy)) if len(layer.codes) == 1 else layer.codes
    own = np.c_[colours, np.ones(len(colours))][codes[visible][near]]
    for channel in range(4):
        summed = np.bincount(place, own[:, channel], height * width)
        grid[:, :, channel] = summed.reshape(height, width)


def _paint_plain(shades: NDArray[np.float32], step: int, corner: tuple[float, float], target: Target) -> None:
    def along(count: int, start: float, size: int) -> tuple[Any, Any]:
        at = np.clip((np.arange(count) + 0.5 - start) / step - 0.5, 0, size - 1)
        first = np.minimum(at.astype(int), size - 2)
        return first, (at - first)[:, None].astype(np.float32)

    height, width = target.picture.shape
    row, down = along(height, corner[1], shades.shape[0])
    column, right = along(width, corner[0], shades.shape[1])
    rows = shades[row] * (1 - down[:, None]) + shades[row + 1] * down[:, None]
    mixed = rows[:, column] * (1 - right) + rows[:, column + 1] * right
    below = np.stack([(target.picture >> shift) & 255 for shift in (16, 8, 0, 24)], axis=2)
    result = (mixed + below * (1 - mixed[:, :, 3:] / 255) + 0.5).astype(np.uint32)
    words = (result[:, :, 3] << 24) | (result[:, :, 0] << 16) | (result[:, :, 1] << 8) | result[:, :, 2]
    target.picture[:] = np.where(mixed[:, :, 3] < 0.5, target.picture, words)
