"""Compiled loops of the density: counting, smoothing, painting. Each works on one band of rows and releases the GIL.

Legend: N points, K colours, R stretches of the drawing order, h x w the coarse grid, H x W the picture.
"""

from __future__ import annotations

import numba
import numpy as np

from workbench.gui.explorer.raster.kernels import given

_GRID = given(numba.float32, 3)


@numba.njit(
    numba.void(given(numba.float32, 2), given(numba.uint16, 1), given(numba.boolean, 1), given(numba.float32, 2),
               given(numba.float64, 1), given(numba.int64, 2), given(numba.int64, 1), numba.float32[:, :, ::1]),
    nogil=True, cache=True,
)  # fmt: skip
def count_band(xy, codes, visible, colours, transform, runs, clip, grid):
    """Add each point's red, green, blue (K, 3) and 1 to its place in the grid (h, w, 4)."""
    a, b, c, d = transform[0], transform[1], transform[2], transform[3]
    each_visible, each_code = visible.shape[0] > 1, codes.shape[0] > 1
    if not each_visible and not visible[0]:
        return
    for run in range(runs.shape[0]):
        for i in range(runs[run, 0], runs[run, 1]):
            if each_visible and not visible[i]:
                continue
            row_f, column_f = np.floor(c * xy[i, 1]) + d, np.floor(a * xy[i, 0]) + b
            # Written so that NaN fails, and before the casts, which are undefined out of range.
            if not (clip[0] <= row_f < clip[1] and clip[2] <= column_f < clip[3]):
                continue
            row, column = np.int64(row_f), np.int64(column_f)
            code = codes[i] if each_code else codes[0]
            for channel in range(3):
                grid[row, column, channel] += colours[code, channel]
            grid[row, column, 3] += np.float32(1)


@numba.njit(
    numba.void(_GRID, given(numba.float32, 1), numba.boolean, numba.float32[:, :, ::1]),
    nogil=True, cache=True, fastmath=True,
)  # fmt: skip
def smooth(source, weights, along_rows, out):
    """A correlation of (h, w, 4) with the 2 r + 1 weights along one axis; what lies beyond the grid counts as 0."""
    height, width = source.shape[0], source.shape[1]
    reach = weights.shape[0] // 2
    for row in range(height):
        for column in range(width):
            for channel in range(4):
                out[row, column, channel] = 0
        if along_rows:
            for offset in range(-reach, reach + 1):
                weight = weights[offset + reach]
                for column in range(max(0, -offset), min(width, width - offset)):
                    for channel in range(4):
                        out[row, column, channel] += weight * source[row, column + offset, channel]
        else:
            for offset in range(max(-reach, -row), min(reach, height - 1 - row) + 1):
                weight = weights[offset + reach]
                for column in range(width):
                    for channel in range(4):
                        out[row, column, channel] += weight * source[row + offset, column, channel]


@numba.njit(
    numba.void(_GRID, numba.float64, numba.float64, numba.float64, given(numba.int64, 1), numba.uint32[:, ::1]),
    nogil=True, cache=True,
)  # fmt: skip
def paint_band(shades, step, left, top, clip, picture):
    """Lay premultiplied red, green, blue, alpha (h, w, 4), 0..255, over the picture, bilinear between cells' middles.

    A cell is `step` pixels wide; the grid's corner lies at pixel (`left`, `top`).
    """
    height, width = shades.shape[0], shades.shape[1]
    line, mixed = np.empty((width, 4), np.float32), np.empty(4, np.float32)
    for row in range(clip[0], clip[1]):
        v = min(max((row + 0.5 - top) / step - 0.5, 0.0), height - 1.0)
        above = min(np.int64(v), height - 2)
        down = np.float32(v - above)
        for cell in range(width):
            for channel in range(4):
                line[cell, channel] = (
                    shades[above, cell, channel] * (1 - down) + shades[above + 1, cell, channel] * down
                )
        for column in range(clip[2], clip[3]):
            u = min(max((column + 0.5 - left) / step - 0.5, 0.0), width - 1.0)
            before = min(np.int64(u), width - 2)
            right = np.float32(u - before)
            mixed[3] = line[before, 3] * (1 - right) + line[before + 1, 3] * right
            if mixed[3] < 0.5:
                continue
            for channel in range(3):
                mixed[channel] = line[before, channel] * (1 - right) + line[before + 1, channel] * right
            below, keep = picture[row, column], 1 - mixed[3] / 255
            value = np.uint32(mixed[3] + (below >> 24) * keep + 0.5) << 24
            value |= np.uint32(mixed[0] + ((below >> 16) & 255) * keep + 0.5) << 16
            value |= np.uint32(mixed[1] + ((below >> 8) & 255) * keep + 0.5) << 8
            value |= np.uint32(mixed[2] + (below & 255) * keep + 0.5)
            picture[row, column] = value
