"""Compiled drawing of anti-aliased line segments, one band of rows at a time, without the GIL."""

from __future__ import annotations

import math

import numba
import numpy as np

from workbench.gui.explorer.raster.kernels import given, over


@numba.njit(
    numba.void(given(numba.float32, 2), given(numba.uint16, 1), given(numba.uint32, 1), numba.float64,
               given(numba.float64, 1), given(numba.int64, 1), numba.uint32[:, ::1]),
    nogil=True, cache=True,
)  # fmt: skip
def draw_lines(segments, codes, table, width, transform, clip, picture):
    """Draw segments (M, 4: x0, y0, x1, y1 in data units) in their order, `width` pixels wide, with soft butt ends.

    A pixel's coverage is that of a strip across the line times that of a strip along it, each by the distance of the
    pixel's middle from the strip's end, which is exact for lines along the axes.
    """
    a, b, c, d = transform[0], transform[1], transform[2], transform[3]
    half = width / 2
    for index in range(segments.shape[0]):
        # Without the picture's offset, so that a pan by whole pixels moves the same values.
        x0, y0 = a * segments[index, 0], c * segments[index, 1]
        dx, dy = a * segments[index, 2] - x0, c * segments[index, 3] - y0
        length = math.hypot(dx, dy)
        if not (0 < length < math.inf) or not abs(x0) < 1e15 or not abs(y0) < 1e15:
            continue
        colour = table[codes[index] if codes.shape[0] > 1 else codes[0]]
        steep = abs(dy) > abs(dx)
        # Step along the longer axis, and across over the few pixels that the line is thick there.
        along0, across0, along_d, across_d = (y0, x0, dy, dx) if steep else (x0, y0, dx, dy)
        along_shift, across_shift = (d, b) if steep else (b, d)
        first, behind = (clip[0], clip[1]) if steep else (clip[2], clip[3])
        low, high = (clip[2], clip[3]) if steep else (clip[0], clip[1])
        margin = half + 1
        start = max(np.float64(first), np.floor(min(along0, along0 + along_d) - margin) + along_shift)
        end = min(np.float64(behind), np.floor(max(along0, along0 + along_d) + margin) + along_shift + 1)
        along_unit, across_unit, slope = along_d / length, across_d / length, across_d / along_d
        spread = (half + 0.5) / abs(along_unit)
        for at in range(np.int64(start), np.int64(end)):
            along = at - along_shift + 0.5
            middle = across0 + (along - along0) * slope
            begin = max(np.float64(low), np.ceil(middle - spread - 0.5) + across_shift)
            stop = min(np.float64(high), np.floor(middle + spread - 0.5) + across_shift + 1)
            for beside in range(np.int64(begin), np.int64(stop)):
                across = beside - across_shift + 0.5
                u, v = along - along0, across - across0
                distance = abs(u * across_unit - v * along_unit)
                position = u * along_unit + v * across_unit
                share = min(max(half + 0.5 - distance, 0.0), min(1.0, width))
                share *= min(max(min(position, length - position) + 0.5, 0.0), 1.0)
                coverage = np.uint32(share * 255 + 0.5)
                if coverage:
                    row, column = (at, beside) if steep else (beside, at)
                    picture[row, column] = over(colour, picture[row, column], coverage)
