"""Points to pixels: layers of points into a QImage, by compiled kernels or, until those are ready, by numpy.

Legend: N points, K colours, H x W the picture in device pixels.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

MAX_SIZE_PX = 64
ALL_VISIBLE = np.ones(1, np.bool_)
_CHUNK = 65_536

_kernels: Any = None


@dataclass(frozen=True)
class Layer:
    """Points that are drawn in their order.

    xy : float32 (N, 2), data units; NaN and infinite ones are not drawn
    codes : uint16 (N,), rows of the table
    table : uint32 (K,), premultiplied ARGB (see `pack_colours`)
    sizes : uint8 (N,) or (1,), device pixels; up to 3 squares, larger ones anti-aliased discs
    visible : bool (N,) or (1,)
    """

    xy: NDArray[np.float32]
    codes: NDArray[np.uint16]
    table: NDArray[np.uint32]
    sizes: NDArray[np.uint8]
    visible: NDArray[np.bool_] = field(default_factory=lambda: ALL_VISIBLE)


def warm_up() -> None:
    """Load numba and the kernels; seconds at the first start, so call it in a worker thread. Safe to call again."""
    global _kernels
    from workbench.gui.explorer import kernels

    _kernels = kernels


def is_warm() -> bool:
    """Whether the compiled kernels draw; before that numpy does, slower and without anti-aliased rims."""
    return _kernels is not None


def pack_colours(rgba: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Premultiplied ARGB words (K,) of straight uint8 (K, 4) or (K, 3) colours."""
    wide = rgba.astype(np.uint32)
    alpha = wide[:, 3] if wide.shape[1] == 4 else np.full(len(wide), 255, np.uint32)
    red, green, blue = ((wide[:, channel] * alpha + 127) // 255 for channel in range(3))
    return ((alpha << 24) | (red << 16) | (green << 8) | blue).astype(np.uint32)


def draw(
    layers: Sequence[Layer], transform: tuple[float, float, float, float], shape: tuple[int, int], background: int
) -> NDArray[np.uint32]:
    """The picture (H, W) of the layers, the first one at the bottom.

    Parameters
    ----------
    transform : a, b, c, d of px = a x + b, py = c y + d, in device pixels
    shape : H, W
    background : premultiplied ARGB
    """
    picture = np.full(shape, background, np.uint32)
    numbers = np.array(transform, np.float64)
    for layer in layers:
        if not len(layer.xy):
            continue
        if _kernels is None:
            _draw_plain(layer, numbers, picture)
        else:
            _draw_in_bands(_kernels, layer, numbers, picture)
    return picture


def to_image(picture: NDArray[np.uint32]) -> QImage:
    """A QImage that owns a copy-free view of the picture; keep the array while the image lives."""
    height, width = picture.shape
    return QImage(picture.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)


@cache
def stamps() -> NDArray[np.uint8]:
    """Coverage 0..255 of a disc of every size up to MAX_SIZE_PX, (S + 1, S, S); sizes up to 3 are full squares."""
    table = np.zeros((MAX_SIZE_PX + 1, MAX_SIZE_PX, MAX_SIZE_PX), np.uint8)
    for size in range(1, MAX_SIZE_PX + 1):
        table[size, :size, :size] = 255 if size <= 3 else _disc(size)
    return table


def _disc(size: int) -> NDArray[np.uint8]:
    at = np.arange(size) - (size - 1) / 2
    distance = np.hypot(at[:, None], at[None, :])
    return np.asarray(np.clip(size / 2 - distance + 0.5, 0, 1) * 255, np.uint8)


def _draw_in_bands(kernels: Any, layer: Layer, transform: NDArray[np.float64], picture: NDArray[np.uint32]) -> None:
    """Every band walks over all points, so bands cost only their own pixels, and the order is kept without locks."""
    given: tuple[Any, ...] = (
        layer.xy,
        layer.codes,
        layer.visible,
        layer.sizes,
        layer.table,
        stamps(),
        transform,
        picture,
    )
    height = picture.shape[0]
    count = 1 if len(layer.xy) < 20_000 else max(1, min(4, os.cpu_count() or 1))
    edges = [height * part // count for part in range(count + 1)]
    # A thread lives for one band: starting it costs a hundredth of a frame, and none is left to end with the window.
    others = [Thread(target=kernels.draw_band, args=(*given, *band)) for band in pairwise(edges[1:])]
    for other in others:
        other.start()
    kernels.draw_band(*given, edges[0], edges[1])
    for other in others:
        other.join()


def _draw_plain(layer: Layer, transform: NDArray[np.float64], picture: NDArray[np.uint32]) -> None:
    """The same picture without the soft rims and without translucency: a pixel takes the colour of the last point."""
    for start in range(0, len(layer.xy), _CHUNK):
        part = slice(start, start + _CHUNK)
        visible = layer.visible[part] if len(layer.visible) > 1 else np.broadcast_to(layer.visible, len(layer.xy[part]))
        sizes = layer.sizes[part] if len(layer.sizes) > 1 else np.broadcast_to(layer.sizes, len(layer.xy[part]))
        with np.errstate(invalid="ignore", over="ignore"):
            at = layer.xy[part].astype(np.float64) * transform[[0, 2]] + transform[[1, 3]]
        half = np.array(picture.shape[::-1]) / 2
        near = visible & (np.abs(at - half) < half + MAX_SIZE_PX).all(axis=1)
        colours = layer.table[layer.codes[part][near]]
        _stamp(at[near], sizes[near].astype(np.int64), colours, picture)


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
