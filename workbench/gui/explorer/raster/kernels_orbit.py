"""Compiled projection of points in space and their order by depth, without the GIL."""

from __future__ import annotations

import numba
import numpy as np

from workbench.gui.explorer.raster.kernels import given


@numba.njit(
    numba.void(given(numba.float32, 2), given(numba.float64, 2), given(numba.float64, 1), numba.float64,
               numba.float32[:, ::1], numba.float32[::1]),
    nogil=True, cache=True,
)  # fmt: skip
def project(xyz, axes, centre, distance, xy, depth):
    """Places (N, 3) as seen along the third axis; see `orbit.project`. An infinite distance makes it orthographic."""
    perspective = np.isfinite(distance)
    for i in range(xyz.shape[0]):
        x, y, z = xyz[i, 0] - centre[0], xyz[i, 1] - centre[1], xyz[i, 2] - centre[2]
        across = axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z
        up = axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z
        towards = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
        grown = 1.0
        if perspective:
            grown = distance / (distance - towards) if towards < 0.99 * distance else np.nan
        xy[i, 0], xy[i, 1], depth[i] = across * grown, up * grown, -towards


@numba.njit(
    numba.void(given(numba.float32, 1), numba.float64, numba.float64, numba.int64, numba.int64, numba.int64,
               numba.int32[::1], numba.uint8[::1]),
    nogil=True, cache=True,
)  # fmt: skip
def depth_order(depth, near, far, step, lowest, highest, order, shade):
    """Rows from far to near, by a counting sort into 1,024 depths, and a shade of each from `highest` to `lowest`.

    Rows of one depth come in steps around the circle, so that none covers others for coming late in the file. Those
    without a depth come first.
    """
    bins = 1024
    count = depth.shape[0]
    start = np.zeros(bins + 1, np.int64)
    scale = (bins - 1) / max(far - near, 1e-30)
    keys = np.empty(count, np.uint16)
    for i in range(count):
        place = (far - depth[i]) * scale
        # Written so that NaN fails.
        keys[i] = np.uint16(min(place, bins - 1.0)) if place > 0 else 0
        start[keys[i] + 1] += 1
        shade[i] = lowest + (np.int64(keys[i]) * (highest - lowest + 1)) // bins
    for key in range(bins):
        start[key + 1] += start[key]
    i = 0
    for _ in range(count):
        order[start[keys[i]]] = i
        start[keys[i]] += 1
        i += step
        if i >= count:
            i -= count
