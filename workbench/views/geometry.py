"""Where each pixel of a view comes from.

Matrices are (N, 3, 3) and act on (x, y, 1) in px, pixel i covering [i, i + 1]; they run from output to input, so the
composition of operations 1, 2, ... is M1 @ M2 @ ...

Maps that keep the axes (crops, flips, quarter turns) resample one axis at a time. Pixel i of the output axis looks at
the source position c = scale (i + 1/2) + offset through a triangle of radius max(1, |scale|): bilinear interpolation
when enlarging, the same filter widened to the pixel's footprint when shrinking. Source pixels outside the box that
the view covers do not count. Other maps are `workbench.views.warp`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.compiling import compiled

Floats = NDArray[np.float64]

# Keeps a box edge that is whole but for rounding from taking in one more pixel.
_EDGE = 1e-6


@dataclass(frozen=True)
class AxisMap:
    """A resampling that keeps the axes.

    spans : (N, 2, 4) float64; for source axis x, then y: scale, offset, first pixel, pixel after the last
    turned : (N,) bool; the output's y runs along the source's x
    """

    spans: Floats
    turned: NDArray[np.bool_]

    @property
    def taps(self) -> int:
        """The most source pixels that one output pixel reads along an axis."""
        widest = np.abs(self.spans[:, :, 0]).max(initial=1.0)
        return int(np.ceil(2 * max(1.0, widest)))


def axis_matrices(scale_x: Floats, offset_x: Floats, scale_y: Floats, offset_y: Floats) -> Floats:
    """Matrices (N, 3, 3) of x -> scale_x x + offset_x, y -> scale_y y + offset_y."""
    matrices = np.zeros((len(scale_x), 3, 3))
    matrices[:, 0, 0], matrices[:, 0, 2] = scale_x, offset_x
    matrices[:, 1, 1], matrices[:, 1, 2] = scale_y, offset_y
    matrices[:, 2, 2] = 1
    return matrices


def fit_matrices(height: Floats, width: Floats, size: int) -> Floats:
    """Matrices that bring the shorter side to `size` and keep the centre; the identity for a square of that size."""
    side = np.minimum(height, width)
    return axis_matrices(side / size, (width - side) / 2, side / size, (height - side) / 2)


def product(first: Floats, second: Floats) -> Floats:
    """first @ second, (N, 3, 3) each, in a twentieth of the time that numpy takes for matrices so small."""
    out = np.empty_like(first)
    _multiply(first, second, out)
    return out


@compiled
def _multiply(first: Floats, second: Floats, out: Floats) -> None:
    for n in range(len(first)):
        for i in range(3):
            for j in range(3):
                total = 0.0
                for k in range(3):
                    total += first[n, i, k] * second[n, k, j]
                out[n, i, j] = total


def axis_map(matrices: Floats, size: int, height: int, width: int) -> AxisMap:
    """The resampling of a source of height x width px to size x size px.

    Raises ValueError for a matrix that shears or rotates by other than quarter turns.
    """
    straight = (matrices[:, 0, 1] == 0) & (matrices[:, 1, 0] == 0)
    turned = (matrices[:, 0, 0] == 0) & (matrices[:, 1, 1] == 0)
    if not np.all(straight | turned):
        raise ValueError("only maps that keep the axes can be resampled one axis at a time")
    scale = np.stack([matrices[:, 0, 0] + matrices[:, 0, 1], matrices[:, 1, 0] + matrices[:, 1, 1]], axis=1)
    offset = matrices[:, :2, 2]
    first, stop = axis_bounds(np.stack([offset, offset + scale * size]), height, width)
    return AxisMap(np.stack([scale, offset, first, stop], axis=2), turned)


def axis_bounds(ends: Floats, height: int, width: int) -> tuple[Floats, Floats]:
    """First pixel and pixel after the last, (N, 2) each, of source boxes whose opposite corners are `ends` (2, N, 2).

    At least one pixel of the height x width px of the source.
    """
    extent = np.array([width, height])
    first: Floats = np.clip(np.floor(ends.min(axis=0) + _EDGE), 0, extent - 1)
    stop: Floats = np.clip(np.ceil(ends.max(axis=0) - _EDGE), first + 1, extent)
    return first, stop
