"""The view kernels for a CPU: one pass a sample from bytes to the encoder's input, samples spread over threads.

Kernels are compiled without the GIL and spread by plain threads, not by numba's own: its thread pools may not be
entered by two threads at once on every platform, and the lab serves previews beside other numba code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from workbench.views.compiling import Array as Array
from workbench.views.compiling import compiled as compiled
from workbench.views.steps import FilterStep, FusedStep, Step, unit_of
from workbench.views.warp_cpu import warp_cpu

_CHUNKS_PER_THREAD = 3
_LANES = 2
ResultT = TypeVar("ResultT")


class Workers:
    """Threads that share a batch, and others that make views side by side."""

    def __init__(self, threads: int) -> None:
        self._threads = max(1, threads)
        self._pool = ThreadPoolExecutor(self._threads, "views") if threads > 1 else None
        self._lanes = ThreadPoolExecutor(_LANES, "views-lane") if threads > 1 else None

    def spread(self, samples: int, work: Callable[[int, int], None]) -> None:
        """Call `work(start, stop)` over all samples; returns when all are done, raises what any raised."""
        if self._pool is None or samples < 2:
            work(0, samples)
            return
        edges = np.linspace(0, samples, min(samples, self._threads * _CHUNKS_PER_THREAD) + 1).astype(int).tolist()
        for _ in self._pool.map(work, edges[:-1], edges[1:]):
            pass

    def side_by_side(self, tasks: Sequence[Callable[[], ResultT]]) -> list[ResultT]:
        """The results of all tasks in order; each may `spread` its own work.

        What one view does in plain numpy is done while the kernels of another one keep the cores busy.
        """
        if self._lanes is None or len(tasks) < 2:
            return [task() for task in tasks]
        return list(self._lanes.map(lambda task: task(), tasks))


def run_cpu(images: Array, steps: Sequence[Step], workers: Workers) -> NDArray[np.float32]:
    """A view of uint8 (N, C, H, W) images, float32 (N, 3, S, S) and contiguous."""
    x = images
    for step in steps:
        if isinstance(step, FilterStep):
            step.operation.on_cpu(x, step.values, step.applied, workers)
        else:
            x = _fused(x, step, workers)
    return x


def _fused(x: Array, step: FusedStep, workers: Workers) -> NDArray[np.float32]:
    if step.map is None and x.dtype == np.float32:
        out = x  # what an earlier pass made is ours to change
    else:
        out = np.empty((len(x), 3, step.size, step.size) if step.map else (len(x), 3, *x.shape[2:]), np.float32)
    transform = step.transform.copy()
    transform[:, :, :6] *= np.float32(unit_of(x.dtype))
    source = np.ascontiguousarray(x)
    skipped = np.zeros(len(x), np.bool_) if step.warp is None else step.warp.rows

    def work(start: int, stop: int) -> None:
        part = slice(start, stop)
        if step.map is None:
            if out is not x:
                _copy(source[part], out[part])
        else:
            _resample(
                source[part], step.map.spans[part], step.map.turned[part], skipped[part], step.map.taps, out[part]
            )
        if step.warp is not None:
            warp_cpu(source[part], step.warp, part, out[part])
        _recolour(out[part], transform[part], step.gain[part], step.bias[part])

    workers.spread(len(x), work)
    return out


# Loops are written out below because numba takes seconds to compile each array expression.


@compiled
def _copy_plane(plane: Array, out: Array) -> None:
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = plane[i, j]


@compiled
def _copy(images: Array, out: Array) -> None:
    for n in range(len(images)):
        for c in range(3):
            _copy_plane(images[n, c % images.shape[1]], out[n, c])


@compiled
def _weigh(span: Array, width: int, starts: Array, weights: Array) -> None:
    """First source pixel and `width` normalised weights (width, S) for each output pixel of an axis."""
    scale, offset, first, stop = span[0], span[1], int(span[2]), int(span[3])
    radius = max(1.0, abs(scale))
    slope = 1.0 / radius
    for i in range(len(starts)):
        centre = scale * (i + 0.5) + offset
        start = max(first, min(int(np.floor(centre - radius + 0.5)), stop - width))
        starts[i] = start
        total = 0.0
        for k in range(width):
            weight = max(0.0, 1.0 - abs(start + k + 0.5 - centre) * slope)
            weights[k, i] = weight
            total += weight
        share = 1.0 / total
        for k in range(width):
            weights[k, i] *= share


@compiled
def _width(span: Array) -> int:
    """How many source pixels an output pixel reads along an axis."""
    return min(int(np.ceil(2.0 * max(1.0, abs(span[0])))), int(span[3] - span[2]))


# Indices below are unsigned: signed ones are checked for counting from the end, which costs more than the sums.


@compiled
def _rows(plane: Array, across: Array, down: Array, starts: Array, weights: Array, width: int, out: Array) -> None:
    """Resample along x the rows that the span `down` covers; `across` is the other axis' span."""
    left, right = np.uint64(across[2]), np.uint64(across[3])
    line = np.empty(plane.shape[1], np.float32)
    for y in range(np.uint64(down[2]), np.uint64(down[3])):
        source, target = plane[y], out[y]
        for x in range(left, right):
            line[x] = source[x]
        if width == 2:
            for i in range(len(starts)):
                at = starts[i]
                target[i] = weights[0, i] * line[at] + weights[1, i] * line[at + np.uint64(1)]
        else:
            for i in range(len(starts)):
                at, total = starts[i], np.float32(0.0)
                for k in range(np.uint64(width)):
                    total += weights[k, i] * line[at + k]
                target[i] = total


@compiled
def _columns(rows: Array, starts: Array, weights: Array, width: int, out: Array) -> None:
    """Resample along y."""
    if width == 2:  # whatever is enlarged: one pass instead of two
        for i in range(len(starts)):
            target, above, below = out[i], rows[starts[i]], rows[starts[i] + np.uint64(1)]
            upper, lower = weights[0, i], weights[1, i]
            for j in range(out.shape[1]):
                target[j] = upper * above[j] + lower * below[j]
        return
    for i in range(len(starts)):
        target, weight, source = out[i], weights[0, i], rows[starts[i]]
        for j in range(out.shape[1]):
            target[j] = weight * source[j]
        for k in range(1, width):
            weight, source = weights[k, i], rows[starts[i] + np.uint64(k)]
            for j in range(out.shape[1]):
                target[j] += weight * source[j]


@compiled
def _transpose(plane: Array) -> None:
    for i in range(len(plane)):
        for j in range(i):
            plane[i, j], plane[j, i] = plane[j, i], plane[i, j]


@compiled
def _resample(images: Array, spans: Array, turned: Array, skipped: Array, taps: int, out: Array) -> None:
    size, channels = out.shape[2], images.shape[1]
    starts = np.empty((2, size), np.uint64)
    weights = np.empty((2, taps, size), np.float32)
    rows = np.empty((images.shape[2], size), np.float32)
    for n in range(len(images)):
        if skipped[n]:
            continue
        width_x, width_y = _width(spans[n, 0]), _width(spans[n, 1])
        _weigh(spans[n, 0], width_x, starts[0], weights[0])
        _weigh(spans[n, 1], width_y, starts[1], weights[1])
        for c in range(channels):
            plane = images[n, c]
            _rows(plane, spans[n, 0], spans[n, 1], starts[0], weights[0], width_x, rows)
            _columns(rows, starts[1], weights[1], width_y, out[n, c])
            if turned[n]:
                _transpose(out[n, c])
        for c in range(channels, 3):
            _copy_plane(out[n, 0], out[n, c])


@compiled
def _recolour(x: Array, transform: Array, gain: Array, bias: Array) -> None:
    pixels = x.shape[2] * x.shape[3]
    for n in range(len(x)):
        flat = x[n].reshape(3, pixels)
        t, offset = transform[n], np.empty(3, np.float32)
        for c in range(3):
            offset[c] = t[c, 6]
        for source in range(3):
            if t[0, 3 + source] != 0 or t[1, 3 + source] != 0 or t[2, 3 + source] != 0:
                mean = _mean(flat[source])
                for c in range(3):
                    offset[c] += t[c, 3 + source] * mean
        _affine(flat, t, offset, gain[n], bias[n])


@compiled
def _mean(values: Array) -> Any:
    total = np.float32(0.0)
    for value in values:
        total += value
    return total / np.float32(len(values))


@compiled
def _squash(value: Any, gain: Any, bias: Any) -> Any:
    return min(max(value, np.float32(0.0)), np.float32(1.0)) * gain + bias


@compiled
def _affine(flat: Array, t: Array, offset: Array, gain: Array, bias: Array) -> None:
    # Coefficients are held in scalars: the compiler must assume that a store to `flat` changes any array.
    rr, rg, rb, r0 = t[0, 0], t[0, 1], t[0, 2], offset[0]
    gr, gg, gb, g0 = t[1, 0], t[1, 1], t[1, 2], offset[1]
    br, bg, bb, b0 = t[2, 0], t[2, 1], t[2, 2], offset[2]
    (r_gain, g_gain, b_gain), (r_bias, g_bias, b_bias) = (gain[0], gain[1], gain[2]), (bias[0], bias[1], bias[2])
    for i in range(flat.shape[1]):
        r, g, b = flat[0, i], flat[1, i], flat[2, i]
        flat[0, i] = _squash(rr * r + rg * g + rb * b + r0, r_gain, r_bias)
        flat[1, i] = _squash(gr * r + gg * g + gb * b + g0, g_gain, g_bias)
        flat[2, i] = _squash(br * r + bg * g + bb * b + b0, b_gain, b_bias)
