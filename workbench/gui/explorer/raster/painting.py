"""Points to pixels: layers into a QImage, by compiled kernels or, until those are ready, by numpy.

Legend: N points, K colours, H x W the picture in device pixels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from threading import Thread
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from workbench.gui.explorer.raster.cells import CELLS, Cells

MAX_SIZE_PX = 64
ALL_VISIBLE = np.ones(1, np.bool_)
NO_RIMS = np.zeros(0, np.uint32)
_CHUNK = 65_536
_FEW = 20_000
"""So many points are drawn sooner than a thread starts."""
_MOST_BANDS = 4
_MOST_PLAIN = 300_000
"""So many points numpy draws while someone waits."""

Transform = tuple[float, float, float, float]


@dataclass(frozen=True)
class Compiled:
    """The modules of compiled loops, all of them or none."""

    drawing: Any
    points: Any
    density: Any
    lines: Any
    orbit: Any


_kernels: Compiled | None = None


def warm_up() -> None:
    """Load numba and the kernels; seconds at the first start, so call it in a worker thread. Safe to call again."""
    global _kernels
    from workbench.gui.explorer.raster import kernels, kernels_density, kernels_lines, kernels_orbit, kernels_points

    _kernels = Compiled(kernels, kernels_points, kernels_density, kernels_lines, kernels_orbit)


def compiled() -> Compiled | None:
    """The compiled loops, or None while they are not loaded."""
    return _kernels


def is_warm() -> bool:
    """Whether the compiled kernels draw; before that numpy does, slower and without anti-aliased rims."""
    return _kernels is not None


def pack_colours(rgba: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Premultiplied ARGB words (K,) of straight uint8 (K, 4) or (K, 3) colours."""
    wide = rgba.astype(np.uint32)
    alpha = wide[:, 3] if wide.shape[1] == 4 else np.full(len(wide), 255, np.uint32)
    red, green, blue = ((wide[:, channel] * alpha + 127) // 255 for channel in range(3))
    return ((alpha << 24) | (red << 16) | (green << 8) | blue).astype(np.uint32)


@dataclass(frozen=True, eq=False)
class Target:
    """A part of a picture that is drawn anew.

    picture : uint32 (H, W), already filled with what lies below
    transform : float64 (4,), a, b, c, d of px = a x + b, py = c y + d; b and d are whole numbers
    clip : first row, row behind, first column, column behind
    """

    picture: NDArray[np.uint32]
    transform: NDArray[np.float64]
    clip: tuple[int, int, int, int]


class Drawable(Protocol):
    """Something that a picture is made of."""

    @property
    def is_local(self) -> bool:
        """Whether a part of the picture can be drawn without the rest, to the same pixels."""

    def draw(self, target: Target) -> None:
        """Draw what falls into the target's clip over what is there."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Points that are drawn in their order.

    xy : float32 (N, 2), data units; NaN and infinite ones are not drawn
    codes : uint16 (N,) or (1,), rows of the table
    table : uint32 (K,), premultiplied ARGB (see `pack_colours`)
    sizes : uint8 (N,) or (1,), device pixels; up to 3 squares, larger ones anti-aliased discs
    visible : bool (N,) or (1,)
    cells : where the points of each cell begin, if they are in a grid's order: cells out of view are then skipped
    rims : uint32 (K,), the colours of the discs' rims; none where empty
    """

    xy: NDArray[np.float32]
    codes: NDArray[np.uint16]
    table: NDArray[np.uint32]
    sizes: NDArray[np.uint8]
    visible: NDArray[np.bool_] = field(default_factory=lambda: ALL_VISIBLE)
    cells: Cells | None = None
    rims: NDArray[np.uint32] = field(default_factory=lambda: NO_RIMS)
    is_local: ClassVar[bool] = True

    def draw(self, target: Target) -> None:
        """Draw the points; later ones cover earlier ones."""
        if not len(self.xy):
            return
        loops = compiled()
        if loops is None:
            _draw_plain(self, target)
            return
        look = (self.table, self.rims, stamps(), edges() if len(self.rims) else stamps())
        given = (self.xy, self.codes, self.visible, self.sizes, *look, target.transform, target.picture)
        reach = int(self.sizes.max()) + 1

        def band(clip: tuple[int, int, int, int]) -> None:
            loops.drawing.draw_band(*given, stretches(self, target.transform, clip, reach), np.array(clip, np.int64))

        in_bands(band, self, target.transform, target.clip)


class Placed(Protocol):
    """Points in a drawing order, in cells or not."""

    @property
    def xy(self) -> NDArray[np.float32]: ...
    @property
    def cells(self) -> Cells | None: ...


def draw(
    layers: Sequence[Drawable], transform: Transform, shape: tuple[int, int], background: int
) -> NDArray[np.uint32]:
    """The picture (H, W) of the layers, the first one at the bottom.

    Parameters
    ----------
    transform : a, b, c, d of px = a x + b, py = c y + d, in device pixels; b and d are rounded, so that panning moves
        pictures by whole pixels
    shape : H, W
    background : premultiplied ARGB
    """
    picture = np.full(shape, background, np.uint32)
    _draw_into(layers, Target(picture, _whole(transform), (0, shape[0], 0, shape[1])))
    return picture


class Canvas:
    """Draws pictures like `draw`, and keeps the last one: a pan draws only what came into view."""

    def __init__(self) -> None:
        self._layers: Sequence[Drawable] = ()
        self._key: tuple[object, ...] = ()
        self._offset = (0.0, 0.0)
        self._picture: NDArray[np.uint32] | None = None

    def draw(
        self, layers: Sequence[Drawable], transform: Transform, shape: tuple[int, int], background: int
    ) -> NDArray[np.uint32]:
        """The same picture as `draw` makes. Pass the very same `layers` object again while nothing but the view moved;
        the picture returned is kept, so it must not be written to.
        """
        a, b, c, d = map(float, _whole(transform))
        key = (a, c, shape, background, compiled() is None)
        before = self._picture
        if before is None or key != self._key or layers is not self._layers or not _all_local(layers):
            picture = draw(layers, transform, shape, background)
        else:
            picture = _panned(before, layers, (a, b, c, d), self._offset, background)
        self._layers, self._key, self._offset, self._picture = layers, key, (b, d), picture
        return picture


def _all_local(layers: Sequence[Drawable]) -> bool:
    return compiled() is not None and all(layer.is_local for layer in layers)


def _panned(
    before: NDArray[np.uint32], layers: Sequence[Drawable], transform: Transform, offset: tuple[float, float],
    background: int,
) -> NDArray[np.uint32]:  # fmt: skip
    """The last picture moved by whole pixels, with the strips that came into view drawn anew."""
    height, width = before.shape
    right, down = int(transform[1] - offset[0]), int(transform[3] - offset[1])
    if abs(right) >= width or abs(down) >= height:
        return draw(layers, transform, before.shape, background)
    picture = np.full(before.shape, background, np.uint32)
    top, bottom, left, edge = max(down, 0), height + min(down, 0), max(right, 0), width + min(right, 0)
    picture[top:bottom, left:edge] = before[top - down : bottom - down, left - right : edge - right]
    strips = [(0, top, 0, width), (bottom, height, 0, width), (top, bottom, 0, left), (top, bottom, edge, width)]
    for clip in strips:
        if clip[0] < clip[1] and clip[2] < clip[3]:
            _draw_into(layers, Target(picture, np.array(transform, np.float64), clip))
    return picture


def _draw_into(layers: Sequence[Drawable], target: Target) -> None:
    for layer in layers:
        layer.draw(target)


def _whole(transform: Transform) -> NDArray[np.float64]:
    a, b, c, d = transform
    return np.array([a, np.rint(b), c, np.rint(d)], np.float64)


def to_image(picture: NDArray[np.uint32]) -> QImage:
    """A QImage that owns a copy-free view of the picture; keep the array while the image lives."""
    height, width = picture.shape
    return QImage(picture.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)


@cache
def stamps() -> NDArray[np.uint8]:
    """Coverage 0..255 of a disc of every size up to MAX_SIZE_PX, (S + 1, S, S); sizes up to 3 are full squares."""
    table = np.zeros((MAX_SIZE_PX + 1, MAX_SIZE_PX, MAX_SIZE_PX), np.uint8)
    for size in range(1, MAX_SIZE_PX + 1):
        table[size, :size, :size] = 255 if size <= 3 else _disc(size, size)
    return table


@cache
def edges() -> NDArray[np.uint8]:
    """Coverage of the rims of those discs, an eighth of the size thick and at least 1 px; squares have none."""
    table = np.zeros((MAX_SIZE_PX + 1, MAX_SIZE_PX, MAX_SIZE_PX), np.uint8)
    for size in range(4, MAX_SIZE_PX + 1):
        table[size, :size, :size] = _disc(size, size) - _disc(size, size - 2 * max(1.0, size / 8))
    return table


def _disc(size: int, diameter: float) -> NDArray[np.uint8]:
    at = np.arange(size) - (size - 1) / 2
    distance = np.hypot(at[:, None], at[None, :])
    return np.asarray(np.clip(diameter / 2 - distance + 0.5, 0, 1) * 255, np.uint8)


def gathered(values: NDArray[Any], order: NDArray[np.int32]) -> NDArray[Any]:
    """`values[order]`, without the temporary index of 8 bytes a point that numpy makes."""
    loops = compiled()
    if loops is None:
        return np.ascontiguousarray(values[order])
    out = np.empty((len(order), *values.shape[1:]), values.dtype)
    (loops.points.gather_places if values.ndim == 2 else loops.points.gather)(values, order, out)
    return out


def stretches(
    layer: Placed, transform: NDArray[np.float64], clip: tuple[int, int, int, int], reach: float
) -> NDArray[np.int64]:
    """From and to (R, 2) of the points that can touch the clip, when each reaches so many pixels around its place."""
    if layer.cells is None:
        return np.array([[0, len(layer.xy)]], np.int64)
    a, b, c, d = transform
    top, bottom, left, right = clip
    x = sorted(((left - reach - b) / a, (right + reach - b) / a))
    y = sorted(((top - reach - d) / c, (bottom + reach - d) / c))
    return layer.cells.runs(layer.cells.box(x[0], x[1], y[0], y[1]))


def in_bands(
    work: Callable[[tuple[int, int, int, int]], None],
    layer: Placed,
    transform: NDArray[np.float64],
    clip: tuple[int, int, int, int],
    cost: int = 1,
) -> None:
    """Share the rows of a clip among threads, with about as many points for each; one costs as `cost` points do.

    Every band draws only its own pixels and in the points' order, so that no locks are needed and the picture does
    not depend on the number of threads.
    """
    rows = _band_rows(layer, transform, clip, cost)
    clips = [(top, bottom, clip[2], clip[3]) for top, bottom in pairwise(rows)]
    # A thread lives for one band: starting it costs a hundredth of a frame, and none is left to end with the window.
    others = [Thread(target=work, args=(band,)) for band in clips[1:]]
    for other in others:
        other.start()
    work(clips[0])
    for other in others:
        other.join()


def _band_rows(layer: Placed, transform: NDArray[np.float64], clip: tuple[int, int, int, int], cost: int) -> list[int]:
    """Where the bands begin, and where the last one ends."""
    top, bottom, _left, _right = clip
    runs = stretches(layer, transform, clip, 0.0)
    per_run = runs[:, 1] - runs[:, 0]
    count = min(_MOST_BANDS, os.cpu_count() or 1)
    if per_run.sum() * cost < _FEW or count == 1:
        return [top, bottom]
    even = [top + (bottom - top) * part // count for part in range(1, count)]
    if layer.cells is not None:
        even = _balanced(layer.cells, transform, clip, count) or even
    return [top, *even, bottom]


def _balanced(cells: Cells, transform: NDArray[np.float64], clip: tuple[int, int, int, int], count: int) -> list[int]:
    """Rows of pixels between which lie equal numbers of points; empty where the points lie too close for that."""
    a, b, c, d = transform
    top, bottom, left, right = clip
    x, y = sorted(((left - b) / a, (right - b) / a)), sorted(((top - d) / c, (bottom - d) / c))
    first_row, last_row, first_column, last_column = cells.box(x[0], x[1], y[0], y[1])
    rows = np.arange(first_row, last_row + 1) * CELLS
    total = np.cumsum(cells.start[rows + last_column + 1] - cells.start[rows + first_column])
    wanted = total[-1] * np.arange(1, count) / count
    split = first_row + np.searchsorted(total, wanted) + 1
    pixels = np.clip(c * (cells.low[1] + split / float(cells.per_unit[1])) + d, top, bottom)
    found = sorted(int(pixel) for pixel in pixels)
    return found if all(low < high for low, high in pairwise([top, *found, bottom])) else []


def _draw_plain(layer: Layer, target: Target) -> None:
    """The same picture without soft rims and translucency, of at most 300,000 points, evenly taken in their order."""
    picture, transform = target.picture, target.transform
    step = max(1, -(-len(layer.xy) // _MOST_PLAIN))
    for start in range(0, len(layer.xy), _CHUNK * step):
        part = slice(start, start + _CHUNK * step, step)
        xy = layer.xy[part]
        visible, sizes, codes = (_part(values, part, len(xy)) for values in (layer.visible, layer.sizes, layer.codes))
        with np.errstate(invalid="ignore", over="ignore"):
            at = xy.astype(np.float64) * transform[[0, 2]] + transform[[1, 3]]
        half = np.array(picture.shape[::-1]) / 2
        near = visible & (np.abs(at - half) < half + MAX_SIZE_PX).all(axis=1)
        _stamp(at[near], sizes[near].astype(np.int64), layer.table[codes[near]], picture)


def _part(values: NDArray[Any], part: slice, count: int) -> Any:
    return values[part] if len(values) > 1 else np.broadcast_to(values, count)


def _stamp(
    at: NDArray[np.float64], sizes: NDArray[np.int64], colours: NDArray[np.uint32], picture: NDArray[np.uint32]
) -> None:
    if not len(at):
        return
    largest = int(sizes.max())
    corner = np.floor(at - 0.5 * (sizes[:, None] - 1)).astype(np.int64)
    step = np.arange(largest)
    columns = (corner[:, 0, None, None] + step[None, None, :]).repeat(largest, axis=1)
    rows = (corner[:, 1, None, None] + step[None, :, None]).repeat(largest, axis=2)
    covered = stamps()[sizes, :largest, :largest] >= 128
    covered &= (columns >= 0) & (columns < picture.shape[1]) & (rows >= 0) & (rows < picture.shape[0])
    # Of repeated places numpy keeps the last, and the places are in the order of the points.
    flat = (rows * picture.shape[1] + columns)[covered]
    picture.reshape(-1)[flat] = np.broadcast_to(colours[:, None, None], covered.shape)[covered]
