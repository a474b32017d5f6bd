"""The resampling of `workbench.views.warp` as compiled kernels for a CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.views.compiling import Array, compiled
from workbench.views.steps import unit_of
from workbench.views.warp import TINY, Warp

# Pixels that are warped together: enough to work in vectors, few enough to stay in the nearest cache.
_RUN = 256


def warp_cpu(images: Array, warp: Warp, part: slice, out: Array) -> None:
    """Write the warped ones among some samples (n, C, H, W), `part` of the batch, into `out` (n, 3, S, S).

    Values keep the unit of the images; the other samples of `out` are left alone.
    """
    counts = warp.counts[part]
    if counts.any():
        chains = counts, warp.links[part], warp.frames[part], warp.tilted[part]
        white = np.float32(1 / unit_of(images.dtype))
        _warp(images, *chains, warp.boxes[part], warp.reach[part], warp.taps[part], white, out)


# A run of a view's pixels on its way to the source, one row each of `run`: position x, y; what is left to be seen of
# the source; the level seen instead, weighted; footprint along x, y; the Jacobian xx, xy, yx, yy. Loops run over pixels
# inside, so that the compiler takes several at once.


@compiled
def _start(first: int, size: int, run: Array) -> None:
    """Begin at pixel `first` of a view, counted along its rows."""
    i, j = first // size, first % size
    for p in range(run.shape[1]):
        run[0, p], run[1, p], run[2, p], run[3, p] = j + 0.5, i + 0.5, 1.0, 0.0
        run[6, p], run[7, p], run[8, p], run[9, p] = 1.0, 0.0, 0.0, 1.0
        j += 1
        if j == size:
            i, j = i + 1, 0


@compiled
def _shift(m: Array, run: Array) -> None:
    """Follow a link that does not tilt; the Jacobian is the same everywhere and not followed."""
    xx, xy, x0, yx, yy, y0 = m[0, 0], m[0, 1], m[0, 2], m[1, 0], m[1, 1], m[1, 2]
    for j in range(run.shape[1]):
        x, y = run[0, j], run[1, j]
        run[0, j], run[1, j] = xx * x + xy * y + x0, yx * x + yy * y + y0


@compiled
def _tilt(m: Array, run: Array) -> None:
    """Follow any link."""
    xx, xy, x0, yx, yy, y0 = m[0, 0], m[0, 1], m[0, 2], m[1, 0], m[1, 1], m[1, 2]
    zx, zy, z0 = m[2, 0], m[2, 1], m[2, 2]
    for j in range(run.shape[1]):
        x, y = run[0, j], run[1, j]
        depth = zx * x + zy * y + z0
        per = 1 / (TINY if abs(depth) < TINY else depth)
        u, v = (xx * x + xy * y + x0) * per, (yx * x + yy * y + y0) * per
        a, b, c, d = (xx - u * zx) * per, (xy - u * zy) * per, (yx - v * zx) * per, (yy - v * zy) * per
        e, f, g, h = run[6, j], run[7, j], run[8, j], run[9, j]
        run[0, j], run[1, j] = u, v
        run[6, j], run[7, j], run[8, j], run[9, j] = a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h


@compiled
def _measure(tilted: bool, across: float, down: float, run: Array) -> None:
    """Set the footprint: to the lengths of the Jacobian's rows, or where nothing tilts to what they are everywhere."""
    for j in range(run.shape[1]):
        if tilted:
            run[4, j] = np.sqrt(run[6, j] * run[6, j] + run[7, j] * run[7, j])
            run[5, j] = np.sqrt(run[8, j] * run[8, j] + run[9, j] * run[9, j])
        else:
            run[4, j], run[5, j] = across, down


@compiled
def _cover(position: float, extent: float, per: float) -> float:
    return min(max(position * per + 0.5, 0.0), 1.0) * min(max((extent - position) * per + 0.5, 0.0), 1.0)


@compiled
def look_beyond(frame: Array, run: Array) -> None:
    """See the fill beyond a picture (`warp.frame_of`), then clamp the position to it."""
    width, height, level = frame[0], frame[1], frame[2]
    least = 1.0 if level < 0 else 0.0
    for j in range(run.shape[1]):
        x, y = run[0, j], run[1, j]
        across, down = 1 / min(max(run[4, j], TINY), 1.0), 1 / min(max(run[5, j], TINY), 1.0)
        cover = max(_cover(x, width, across) * _cover(y, height, down), least)
        run[3, j] += run[2, j] * (1 - cover) * level
        run[2, j] *= cover
        run[0, j], run[1, j] = min(max(x, 0.0), width), min(max(y, 0.0), height)


@compiled
def read_bilinear(image: Array, box: Array, run: Array, white: Any, out: Array) -> None:
    """Read a run (3, P) by bilinear interpolation within a box of the image (C, H, W); `white` is its unit."""
    least_x, right, least_y, bottom = float(box[0, 0]), box[0, 1] - 1, float(box[1, 0]), box[1, 1] - 1
    most_x, most_y, channels = float(right), float(bottom), image.shape[0]
    first, second, third = image[0], image[min(1, channels - 1)], image[channels - 1]
    for j in range(run.shape[1]):
        through, paint = np.float32(run[2, j]), np.float32(run[3, j]) * white
        x = min(max(run[0, j] - 0.5, least_x), most_x)
        y = min(max(run[1, j] - 0.5, least_y), most_y)
        left, top = int(x), int(y)
        # Unsigned indices, here and below: signed ones are checked for counting from the end.
        x0, x1, fx = np.uint64(left), np.uint64(min(left + 1, right)), np.float32(x - left)
        y0, y1, fy = np.uint64(top), np.uint64(min(top + 1, bottom)), np.float32(y - top)
        out[0, j] = through * _between(first, x0, x1, y0, y1, fx, fy) + paint
        out[1, j] = through * _between(second, x0, x1, y0, y1, fx, fy) + paint
        out[2, j] = through * _between(third, x0, x1, y0, y1, fx, fy) + paint


@compiled
def _between(plane: Array, x0: Any, x1: Any, y0: Any, y1: Any, fx: Any, fy: Any) -> Any:
    nw, ne, sw, se = (
        np.float32(plane[y0, x0]),
        np.float32(plane[y0, x1]),
        np.float32(plane[y1, x0]),
        np.float32(plane[y1, x1]),
    )
    upper, lower = nw + fx * (ne - nw), sw + fx * (se - sw)
    return upper + fy * (lower - upper)


@compiled
def _limit(reach: Array, run: Array) -> None:
    """From footprints to the filter's radii."""
    across, down = reach[0], reach[1]
    for j in range(run.shape[1]):
        run[4, j], run[5, j] = max(1.0, min(run[4, j], across)), max(1.0, min(run[5, j], down))


@compiled
def _triangles(centres: Array, radii: Array, box: Array, starts: Array, weights: Array, sums: Array) -> int:
    """How many source pixels are read along an axis; for each pixel the first one, the weights (K, P) and their sum."""
    width = min(int(np.ceil(2.0 * radii.max())), int(box[1] - box[0]))
    least, most = float(box[0]), float(box[1] - width)
    for j in range(len(centres)):
        start = max(least, min(np.floor(centres[j] - radii[j] + 0.5), most))
        starts[j], sums[j] = int(start), 0.0
        centres[j] -= start + 0.5
    for k in range(width):
        for j in range(len(centres)):
            weight = max(0.0, radii[j] - abs(k - centres[j]))
            weights[k, j] = weight
            sums[j] += weight
    return width


@compiled
def _read_widened(image: Array, box: Array, run: Array, white: Any, starts: Array, weights: Array, out: Array) -> None:
    """Read a run (3, P) through triangles of the radii in `run`."""
    across = _triangles(run[0], run[4], box[0], starts[0], weights[0], run[6])
    down = _triangles(run[1], run[5], box[1], starts[1], weights[1], run[7])
    channels = image.shape[0]
    first, second, third = image[0], image[min(1, channels - 1)], image[channels - 1]
    for pixel in range(run.shape[1]):
        j = np.uint64(pixel)
        one = two = three = np.float32(0.0)
        for ky in range(down):
            y, weight_y = np.uint64(starts[1, j] + ky), weights[1, np.uint64(ky), j]
            for kx in range(across):
                x, weight = np.uint64(starts[0, j] + kx), weight_y * weights[0, np.uint64(kx), j]
                one += weight * np.float32(first[y, x])
                two += weight * np.float32(second[y, x])
                three += weight * np.float32(third[y, x])
        through, paint = np.float32(run[2, j] / (run[6, j] * run[7, j])), np.float32(run[3, j]) * white
        out[0, j], out[1, j], out[2, j] = through * one + paint, through * two + paint, through * three + paint


@compiled
def _follow(links: Array, frames: Array, count: int, tilted: bool, run: Array) -> None:
    for k in range(count + 1):
        if tilted:
            _tilt(links[k], run)
        else:
            _shift(links[k], run)
        if k < count:
            _measure(tilted, frames[k, 3], frames[k, 4], run)
            look_beyond(frames[k], run)


@compiled
def _warp(
    images: Array,
    counts: Array,
    links: Array,
    frames: Array,
    tilted: Array,
    boxes: Array,
    reach: Array,
    taps: Array,
    white: Any,
    out: Array,
) -> None:
    size, pixels = out.shape[2], out.shape[2] * out.shape[3]
    length = min(_RUN, pixels)
    run = np.empty((10, length))
    starts, weights = np.empty((2, length), np.int64), np.empty((2, taps.max(), length), np.float32)
    for n in range(len(images)):
        flat = out[n].reshape(3, pixels)
        for first in range(0, pixels if counts[n] > 0 else 0, length):
            # The last run is made whole by taking some pixels twice.
            begin = min(first, pixels - length)
            part = flat[:, begin : begin + length]
            _start(begin, size, run)
            _follow(links[n], frames[n], counts[n], tilted[n], run)
            _measure(tilted[n], reach[n, 0], reach[n, 1], run)
            _limit(reach[n], run)
            if run[4].max() <= 1 and run[5].max() <= 1:
                read_bilinear(images[n], boxes[n], run, white, part)
            else:
                _read_widened(images[n], boxes[n], run, white, starts, weights, part)
