"""The map's inner loops, compiled. Importing this module compiles them (or loads them from numba's cache).

They release the GIL and draw one band of rows each, so that ordinary threads share the work. numba's own threads are
not used: its default layer aborts the process when two threads enter it at once.

Legend: N points, K colours, S largest size in pixels, H x W the picture.
"""

from __future__ import annotations

import numba
import numpy as np

_SIGNATURE = numba.void(
    numba.float32[:, ::1],  # xy (N, 2), data units
    numba.uint16[::1],  # codes (N), rows of the table
    numba.boolean[::1],  # visible (N), or (1) for all alike
    numba.uint8[::1],  # sizes (N) in pixels, or (1) for all alike
    numba.uint32[::1],  # table (K) of premultiplied ARGB
    numba.uint8[:, :, ::1],  # stamps (S + 1, S, S), coverage of a disc of each size
    numba.float64[::1],  # transform: px = a * x + b, py = c * y + d
    numba.uint32[:, ::1],  # picture (H, W)
    numba.int64,  # first row of the band
    numba.int64,  # row behind the band
)


@numba.njit(numba.uint32(numba.uint32, numba.uint32, numba.uint32), inline="always")
def _over(source, below, coverage):
    """`source` over `below`, both premultiplied, with the source thinned to coverage / 255."""
    keep = np.uint32(255) - ((source >> np.uint32(24)) * coverage + np.uint32(127)) // np.uint32(255)
    result = np.uint32(0)
    for shift in (np.uint32(0), np.uint32(8), np.uint32(16), np.uint32(24)):
        top = ((source >> shift) & np.uint32(255)) * coverage
        rest = ((below >> shift) & np.uint32(255)) * keep
        channel = (top + rest + np.uint32(127)) // np.uint32(255)
        result |= min(channel, np.uint32(255)) << shift
    return result


@numba.njit(_SIGNATURE, nogil=True, cache=True, boundscheck=False)
def draw_band(xy, codes, visible, sizes, table, stamps, transform, picture, top, bottom):
    """Draw the points in their order into the rows `top` <= row < `bottom`; later ones cover earlier ones."""
    width = picture.shape[1]
    a, b, c, d = transform[0], transform[1], transform[2], transform[3]
    each_visible, each_size = visible.shape[0] > 1, sizes.shape[0] > 1
    if not each_visible and not visible[0]:
        return
    for i in range(xy.shape[0]):
        if each_visible and not visible[i]:
            continue
        size = np.int64(sizes[i] if each_size else sizes[0])
        middle = 0.5 * (size - 1)
        # Both tests are written so that NaN fails, and stand before the casts, which are undefined out of range.
        up_f = np.floor(c * xy[i, 1] + d - middle)
        if not (top - size < up_f < bottom):
            continue
        left_f = np.floor(a * xy[i, 0] + b - middle)
        if not (-size < left_f < width):
            continue
        left, up = np.int64(left_f), np.int64(up_f)
        first_row, last_row = max(up, np.int64(top)), min(up + size, np.int64(bottom))
        first_column, last_column = max(left, np.int64(0)), min(left + size, np.int64(width))
        colour = table[codes[i]]
        opaque = (colour >> np.uint32(24)) == 255
        if size <= 3 and opaque:
            for row in range(first_row, last_row):
                for column in range(first_column, last_column):
                    picture[row, column] = colour
            continue
        for row in range(first_row, last_row):
            for column in range(first_column, last_column):
                coverage = np.uint32(stamps[size, row - up, column - left])
                if opaque and coverage == 255:
                    picture[row, column] = colour
                elif coverage:
                    picture[row, column] = _over(colour, picture[row, column], coverage)
