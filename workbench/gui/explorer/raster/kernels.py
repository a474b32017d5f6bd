"""The map's inner loops, compiled. Importing this module compiles them (or loads them from numba's cache).

They release the GIL and draw one band of rows each, so that ordinary threads share the work. numba's own threads are
not used: its default layer aborts the process when two threads enter it at once.

Legend: N points, K colours, S largest size in pixels, R stretches of the drawing order, H x W the picture.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


def given(dtype: Any, dimensions: int) -> Any:
    """The type of an array that is only read, so that memory-mapped ones can be handed over as they are."""
    return numba.types.Array(dtype, dimensions, "C", readonly=True)


_SIGNATURE = numba.void(
    given(numba.float32, 2),  # xy (N, 2), data units
    given(numba.uint16, 1),  # codes (N), rows of the table, or (1) for all alike
    given(numba.boolean, 1),  # visible (N), or (1) for all alike
    given(numba.uint8, 1),  # sizes (N) in pixels, or (1) for all alike
    given(numba.uint32, 1),  # table (K) of premultiplied ARGB
    given(numba.uint32, 1),  # rims (K), the colours of the discs' rims, or (0) for none
    given(numba.uint8, 3),  # stamps (S + 1, S, S), coverage of a disc of each size
    given(numba.uint8, 3),  # edges (S + 1, S, S), coverage of its rim
    given(numba.float64, 1),  # transform: px = a * x + b, py = c * y + d, with b and d whole numbers
    numba.uint32[:, ::1],  # picture (H, W)
    given(numba.int64, 2),  # runs (R, 2), from and to of the points that are drawn
    given(numba.int64, 1),  # clip: first row, row behind, first column, column behind
)


@numba.njit(numba.uint32(numba.uint32, numba.uint32, numba.uint32), inline="always")
def over(source, below, coverage):
    """`source` over `below`, both premultiplied, with the source thinned to coverage / 255."""
    keep = np.uint32(255) - ((source >> np.uint32(24)) * coverage + np.uint32(127)) // np.uint32(255)
    # Two channels at once, each in 16 bits: s * coverage + b * keep + 127 is at most 65,279, and for such x
    # x // 255 is (x + 1 + x // 256) // 256.
    pair, half, one = np.uint32(0x00FF00FF), np.uint32(0x007F007F), np.uint32(0x00010001)
    low = (source & pair) * coverage + (below & pair) * keep + half
    high = ((source >> np.uint32(8)) & pair) * coverage + ((below >> np.uint32(8)) & pair) * keep + half
    low = ((low + one + ((low >> np.uint32(8)) & pair)) >> np.uint32(8)) & pair
    high = ((high + one + ((high >> np.uint32(8)) & pair)) >> np.uint32(8)) & pair
    return np.uint32(low | (high << np.uint32(8)))


@numba.njit(_SIGNATURE, nogil=True, cache=True, boundscheck=False)
def draw_band(xy, codes, visible, sizes, table, rims, stamps, edges, transform, picture, runs, clip):
    """Draw the points in their order into the rows and columns of the clip; later ones cover earlier ones."""
    a, b, c, d = transform[0], transform[1], transform[2], transform[3]
    top, bottom, left_edge, right_edge = clip[0], clip[1], clip[2], clip[3]
    each_visible, each_size, each_code = visible.shape[0] > 1, sizes.shape[0] > 1, codes.shape[0] > 1
    outlined = rims.shape[0] > 0
    if not each_visible and not visible[0]:
        return
    for run in range(runs.shape[0]):
        for i in range(runs[run, 0], runs[run, 1]):
            if each_visible and not visible[i]:
                continue
            size = np.int64(sizes[i] if each_size else sizes[0])
            middle = 0.5 * (size - 1)
            # Both tests are written so that NaN fails, and stand before the casts, which are undefined out of range.
            # The offsets are added last: whole numbers there move a picture by whole pixels, to the bit.
            up_f = np.floor(c * xy[i, 1] - middle) + d
            if not (top - size < up_f < bottom):
                continue
            left_f = np.floor(a * xy[i, 0] - middle) + b
            if not (left_edge - size < left_f < right_edge):
                continue
            left, up = np.int64(left_f), np.int64(up_f)
            first_row, last_row = max(up, top), min(up + size, bottom)
            first_column, last_column = max(left, left_edge), min(left + size, right_edge)
            code = codes[i] if each_code else codes[0]
            colour = table[code]
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
                        picture[row, column] = over(colour, picture[row, column], coverage)
                    if outlined:
                        edge = np.uint32(edges[size, row - up, column - left])
                        if edge:
                            picture[row, column] = over(rims[code], picture[row, column], edge)
