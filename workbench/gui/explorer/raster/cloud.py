"""The points of a map with their colours, mask and marks, and how they become raster layers. No widget here."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.raster import cloud_layers, modes, painting
from workbench.gui.explorer.raster.camera import Bounds, Camera
from workbench.gui.explorer.raster.cells import Cells
from workbench.gui.explorer.raster.grid import GridIndex, finite_rows, scatter_step
from workbench.gui.explorer.raster.modes import Mode
from workbench.gui.explorer.raster.painting import Drawable

LARGEST_PX = 15
_SIZES = ((2_000, 8), (8_000, 6), (30_000, 4), (300_000, 3))


T = TypeVar("T")


class Cloud:
    """Points (N), each with a colour code, a size and whether it is shown, and the marked ones among them.

    Arrays that were handed over are kept and must not be written to; hand over another one instead.

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
        self._kept: dict[str, tuple[tuple[object, ...], Any]] = {}
        self._built = grid
        self._own_order: NDArray[np.int32] | None = None
        self.shade: NDArray[np.uint8] | None = None

    @cached_property
    def grid(self) -> GridIndex:
        return self._built or GridIndex(self.xy)

    @cached_property
    def bounds(self) -> Bounds:
        return Bounds.around(self.xy)

    @cached_property
    def drawn_count(self) -> int:
        """How many points have a finite position."""
        return len(self.grid.order) if self._own_order is None else len(finite_rows(self.xy))

    @property
    def hidden_count(self) -> int:
        return len(self.xy) - self.drawn_count

    def set_colours(self, codes: ArrayLike, table: ArrayLike) -> None:
        """One row of `table` (K, 4) for each point; raises ValueError for a code that the table does not have."""
        new_codes, new_table = np.asarray(codes, np.uint16).ravel(), np.asarray(table, np.uint8).reshape(-1, 4)
        if len(new_codes) != len(self.xy):
            raise ValueError(f"{len(new_codes)} colour codes do not fit {len(self.xy)} points.")
        if len(new_codes) and int(new_codes.max()) >= len(new_table):
            raise ValueError(f"Colour code {new_codes.max()} is not in a table of {len(new_table)} colours.")
        self.codes, self.table = new_codes, new_table

    def set_visible(self, mask: ArrayLike | None) -> None:
        """Show only the points where `mask` (N,) is true; None shows all."""
        visible = None if mask is None else np.ascontiguousarray(mask, np.bool_).ravel()
        if visible is not None and len(visible) != len(self.xy):
            raise ValueError(f"A mask of {len(visible)} does not fit {len(self.xy)} points.")
        self.visible = visible

    def marked(self, indices: ArrayLike) -> NDArray[np.int64]:
        """The indices, or the rows where a mask (N,) is true; raises IndexError for one that is no point."""
        given = np.asarray(indices)
        wanted = np.flatnonzero(given) if given.dtype == np.bool_ else given.astype(np.int64, copy=False).ravel()
        if len(wanted) and (wanted.min() < 0 or wanted.max() >= len(self.xy)):
            raise IndexError(f"Not all of {wanted.min()}..{wanted.max()} are among the map's {len(self.xy)} points.")
        return wanted

    def is_drawn(self, index: int) -> bool:
        return bool(np.isfinite(self.xy[index]).all()) and (self.visible is None or bool(self.visible[index]))

    def moved(
        self,
        xy: ArrayLike,
        order: NDArray[np.int32] | None = None,
        shade: NDArray[np.uint8] | None = None,
        grid: GridIndex | None = None,
    ) -> Cloud:
        """The same points in other places, as for a frame of a time-lapse or an orbit, without building an index.

        The index is built when someone picks or asks for what is inside an outline.

        Parameters
        ----------
        xy : (N, 2)
        order : int32 (N,), the drawing order; None keeps this cloud's
        shade : uint8 (N,), 7 for a point's own colour and size down to 0 for the background's colour; None for 7
        grid : the index of these places, where it was built; the points are drawn in its order, as at first, unless
            another is given

        Raises ValueError where the number of points differs.
        """
        places = np.ascontiguousarray(xy, np.float32).reshape(-1, 2)
        if len(places) != len(self.xy):
            raise ValueError(f"{len(places)} places do not fit {len(self.xy)} points.")
        other = copy.copy(self)
        other.xy, other._built, other.shade = places, grid, shade
        as_at_first = grid is not None and order is None
        other._kept = {} if as_at_first else dict(self._kept)
        other._own_order = None if as_at_first else self._full_order() if order is None else order
        for name in ("grid", "bounds", "drawn_count"):
            other.__dict__.pop(name, None)
        return other

    def _full_order(self) -> NDArray[np.int32]:
        """The drawing order with the rows that have no place now, too."""
        if len(self.order) == len(self.xy):
            return self.order
        count = len(self.xy)
        return np.asarray(np.arange(count, dtype=np.int64) * scatter_step(count) % max(count, 1), np.int32)

    def size_px(self, chosen: float | None, zoom: float) -> float:
        """Logical pixels of a point: the chosen size or one that suits N, growing slowly as the view zooms in."""
        base = chosen or next((size for limit, size in _SIZES if len(self.xy) <= limit), 2)
        return float(min(max(base * max(zoom, 1.0) ** 0.25, 1.0), LARGEST_PX))

    def mode_for(self, camera: Camera, size_px: float, before: Mode | None = None) -> Mode:
        """The way of drawing that suits the points in view (see `choose_mode`); moved points are drawn as points."""
        if self.cells is None or (counts := self.counts()) is None:
            return "points"
        x, y = camera.to_data(0, camera.height)
        right, top = camera.to_data(camera.width, 0)
        first_row, last_row, first_column, last_column = self.cells.box(x, right, y, top)
        counts = counts[first_row : last_row + 1, first_column : last_column + 1]
        wide, high = (camera.scale / float(per_unit) for per_unit in self.cells.per_unit)
        return modes.choose_mode(counts, (wide, high), size_px, before)

    def nearest(self, camera: Camera, px: float, py: float, radius_px: float) -> int | None:
        """The shown point nearest to a logical pixel, or None within `radius_px` of which there is none."""
        x, y = camera.to_data(px, py)
        return self.grid.nearest(x, y, radius_px / camera.scale, self.visible)

    def inside_polygon(self, polygon: ArrayLike) -> NDArray[np.int64]:
        """The shown points inside a polygon (P, 2) in data units, rising; see `GridIndex.inside_polygon`."""
        return self.grid.inside_polygon(polygon, self.visible)

    def inside_box(self, x_low: float, x_high: float, y_low: float, y_high: float) -> NDArray[np.int64]:
        """The shown points in a box in data units, its border included, rising."""
        return self.grid.inside_box(x_low, x_high, y_low, y_high, self.visible)

    def layers(self, colours: PlotColours, size_px: float, dpr: float, mode: Mode = "points") -> Sequence[Drawable]:
        """What is drawn, lowest first; see `cloud_layers.build`.

        The same sequence is returned until something but the view changes, so that a `painting.Canvas` can tell a pan.
        """
        look = cloud_layers.Look(colours, size_px, dpr, mode)
        state = (self.xy, self.codes, self.table, self.visible, self.selected, self.highlighted, self._own_order)
        given = (*state, self.shade, self.dims_others, look)
        return self.kept("layers", given, lambda: cloud_layers.build(self, look))

    @property
    def order(self) -> NDArray[np.int32]:
        """The rows in drawing order."""
        return self.grid.order if self._own_order is None else self._own_order

    @property
    def cells(self) -> Cells | None:
        """Where the points of each cell begin in the drawing order; None for moved points, which are in no cells."""
        return self.grid.cells if self._own_order is None else None

    def places(self) -> NDArray[np.float32]:
        """Positions (M, 2) in drawing order."""
        return self.grid.xy if self._own_order is None else self.in_order("xy", self.xy)

    def in_order(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        """Values (N,) in drawing order, kept under a name until they or the order change."""
        order = self.order
        return self.kept(name, (values, order), lambda: painting.gathered(values, order))

    def counts(self) -> NDArray[np.int64] | None:
        """Shown points in each cell of the index; None for moved points."""
        cells, visible = self.cells, self.visible
        if cells is None:
            return None
        return self.kept(
            "counts", (visible,), lambda: cells.counts(None if visible is None else self.in_order("visible", visible))
        )

    def kept(self, name: str, sources: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` returned for these very sources the last time, else what it returns now."""
        last = self._kept.get(name)
        if last is None or not all(map(_same, last[0], sources)):
            last = self._kept[name] = (sources, make())
        found: T = last[1]
        return found


def _same(old: object, new: object) -> bool:
    """Arrays are told apart by identity, as comparing them would take as long as the work that is saved."""
    return old is new or (not isinstance(old, np.ndarray) and not isinstance(new, np.ndarray) and old == new)


def transform(camera: Camera, dpr: float) -> tuple[float, float, float, float]:
    """The raster's a, b, c, d in device pixels for a camera in logical ones."""
    a = camera.scale * dpr
    return a, camera.width * dpr / 2 - camera.x * a, -a, camera.height * dpr / 2 + camera.y * a


def device_shape(camera: Camera, dpr: float) -> tuple[int, int]:
    """Height and width of the picture that covers the view."""
    return max(1, math.ceil(camera.height * dpr)), max(1, math.ceil(camera.width * dpr))
