"""The points of a map with their colours, mask and marks, and how they become raster layers. No widget here."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.gui.explorer.camera import Bounds, Camera
from workbench.gui.explorer.colours import PlotColours, mixed, rgba_table
from workbench.gui.explorer.grid import GridIndex
from workbench.gui.explorer.raster import MAX_SIZE_PX, Layer, pack_colours

LARGEST_PX = 15
_DIMMED = 0.22
_RING_PX, _GAP_PX = 3.0, 1.5
_SIZES = ((2_000, 8), (8_000, 6), (30_000, 4), (300_000, 3))


class Cloud:
    """Points (N), each with a colour code, a size and whether it is shown, and the marked ones among them.

    Parameters
    ----------
    xy : (N, 2); NaN and infinite positions are never drawn nor picked, `hidden_count` says how many
    sizes : (N,) logical pixels 1..15, or None for a size that suits the number of points
    grid : the index of these very points, where it was built before; else it is built when first needed, which takes
        some 0.1 s for a million points
    """

    def __init__(self, xy: ArrayLike, sizes: ArrayLike | None = None, grid: GridIndex | None = None) -> None:
        self.xy = np.ascontiguousarray(xy, np.float32).reshape(-1, 2)
        self.sizes = None if sizes is None else np.clip(np.asarray(sizes, np.float32).ravel(), 1, LARGEST_PX)
        self.codes = np.zeros(len(self.xy), np.uint16)
        self.table: NDArray[np.uint8] | None = None
        self.visible: NDArray[np.bool_] | None = None
        self.selected = np.zeros(0, np.int64)
        self.highlighted = np.zeros(0, np.int64)
        self.dims_others = False
        self._drawn: dict[str, NDArray[Any]] = {}
        self._built = grid

    @cached_property
    def grid(self) -> GridIndex:
        return self._built or GridIndex(self.xy)

    @cached_property
    def bounds(self) -> Bounds:
        return Bounds.around(self.xy)

    @property
    def hidden_count(self) -> int:
        return len(self.xy) - len(self.grid.order)

    def set_colours(self, codes: ArrayLike, table: ArrayLike) -> None:
        """One row of `table` (K, 4) for each point; raises ValueError for a code that the table does not have."""
        new_codes, new_table = np.asarray(codes, np.uint16).ravel(), np.asarray(table, np.uint8).reshape(-1, 4)
        if len(new_codes) != len(self.xy):
            raise ValueError(f"{len(new_codes)} colour codes do not fit {len(self.xy)} points.")
        if len(new_codes) and int(new_codes.max()) >= len(new_table):
            raise ValueError(f"Colour code {new_codes.max()} is not in a table of {len(new_table)} colours.")
        self.codes, self.table = new_codes, new_table
        self._drawn.pop("codes", None)

    def set_visible(self, mask: ArrayLike | None) -> None:
        """Show only the points where `mask` (N,) is true; None shows all."""
        visible = None if mask is None else np.ascontiguousarray(mask, np.bool_).ravel()
        if visible is not None and len(visible) != len(self.xy):
            raise ValueError(f"A mask of {len(visible)} does not fit {len(self.xy)} points.")
        self.visible = visible
        self._drawn.pop("visible", None)

    def marked(self, indices: ArrayLike) -> NDArray[np.int64]:
        """The indices as an array; raises IndexError for one that is no point."""
        wanted = np.asarray(indices, np.int64).ravel()
        if len(wanted) and (wanted.min() < 0 or wanted.max() >= len(self.xy)):
            raise IndexError(f"Not all of {wanted.min()}..{wanted.max()} are among the map's {len(self.xy)} points.")
        return wanted

    def is_drawn(self, index: int) -> bool:
        return bool(np.isfinite(self.xy[index]).all()) and (self.visible is None or bool(self.visible[index]))

    def size_px(self, chosen: float | None, zoom: float) -> float:
        """Logical pixels of a point: the chosen size or one that suits N, growing slowly as the view zooms in."""
        base = chosen or next((size for limit, size in _SIZES if len(self.xy) <= limit), 2)
        return float(min(max(base * max(zoom, 1.0) ** 0.25, 1.0), LARGEST_PX))

    def nearest(self, camera: Camera, px: float, py: float, radius_px: float) -> int | None:
        """The shown point nearest to a logical pixel, or None within `radius_px` of which there is none."""
        x, y = camera.to_data(px, py)
        return self.grid.nearest(x, y, radius_px / camera.scale, self.visible)

    def layers(self, colours: PlotColours, size_px: float, dpr: float) -> list[Layer]:
        """What is drawn, lowest first: all points (dimmed where a selection stands out), then the marked with rings."""
        table = rgba_table(list(colours.palette[:1])) if self.table is None else self.table
        marks = [(self.highlighted, colours.accent), (self.selected, colours.foreground)]
        dims = self.dims_others and any(len(indices) for indices, _ in marks)
        base = pack_colours(mixed(table, colours.background, _DIMMED) if dims else table)
        sizes = self._device_sizes(self._ordered_sizes(size_px), dpr, 0.0)
        visible = {} if self.visible is None else {"visible": self._ordered("visible", self.visible)}
        whole = Layer(self._ordered("xy", self.xy), self._ordered("codes", self.codes), base, sizes, **visible)
        ringed = [self._ringed(indices, ring, colours.background, table, size_px, dpr) for indices, ring in marks]
        return [whole, *(layer for layers in ringed for layer in layers)]

    def _ringed(
        self, indices: NDArray[np.int64], ring: str, background: str, table: NDArray[np.uint8],
        size_px: float, dpr: float,
    ) -> list[Layer]:  # fmt: skip
        """A disc in the ring's colour, a smaller one of background, and the point: a ring with a gap."""
        shown = indices if self.visible is None else indices[self.visible[indices]]
        if not len(shown):
            return []
        xy, codes = self.xy[shown], self.codes[shown]
        own = np.array([size_px], np.float32) if self.sizes is None else self.sizes[shown]
        own = np.maximum(own, 4.0)
        alike = np.zeros(len(shown), np.uint16)
        return [
            Layer(xy, alike, pack_colours(rgba_table([ring])), self._device_sizes(own, dpr, 2 * _RING_PX)),
            Layer(xy, alike, pack_colours(rgba_table([background])), self._device_sizes(own, dpr, 2 * _GAP_PX)),
            Layer(xy, codes, pack_colours(table), self._device_sizes(own, dpr, 0.0)),
        ]

    def _device_sizes(self, sizes: NDArray[np.float32], dpr: float, more_px: float) -> NDArray[np.uint8]:
        return np.asarray(np.clip(np.rint((sizes + more_px) * dpr), 1, MAX_SIZE_PX), np.uint8)

    def _ordered_sizes(self, size_px: float) -> NDArray[np.float32]:
        if self.sizes is None:
            return np.array([size_px], np.float32)
        return self._ordered("sizes", self.sizes)

    def _ordered(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        """The values in drawing order, kept until they change."""
        if name not in self._drawn:
            self._drawn[name] = np.ascontiguousarray(values[self.grid.order])
        return self._drawn[name]


def transform(camera: Camera, dpr: float) -> tuple[float, float, float, float]:
    """The raster's a, b, c, d in device pixels for a camera in logical ones."""
    a = camera.scale * dpr
    return a, camera.width * dpr / 2 - camera.x * a, -a, camera.height * dpr / 2 + camera.y * a


def device_shape(camera: Camera, dpr: float) -> tuple[int, int]:
    """Height and width of the picture that covers the view."""
    return max(1, math.ceil(camera.height * dpr)), max(1, math.ceil(camera.width * dpr))
