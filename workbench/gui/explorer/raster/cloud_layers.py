"""How a cloud of points becomes raster layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.colours import PlotColours, mixed, rgba_table
from workbench.gui.explorer.raster.density import CELL_PX, DensityLayer
from workbench.gui.explorer.raster.modes import Mode
from workbench.gui.explorer.raster.orbit import SHADES
from workbench.gui.explorer.raster.painting import (
    ALL_VISIBLE,
    MAX_SIZE_PX,
    NO_RIMS,
    Drawable,
    Layer,
    gathered,
    pack_colours,
)

if TYPE_CHECKING:
    from workbench.gui.explorer.raster.cloud import Cloud

MANY_MARKED = 5_000
"""More marked points than this are drawn in one layer instead of with a ring each."""
_DIMMED = 0.22
_RIM = 0.62
"""Share of its own colour in a point's rim; the rest is black."""
_SMALLEST = 0.6
"""Size of a point of the lowest shade, as a share of its own."""
_CONTOUR_ALPHA = 96
_RING_PX, _GAP_PX = 3.0, 1.5
_ALIKE = np.zeros(1, np.uint16)


@dataclass(frozen=True)
class Look:
    """What a picture depends on beside the points: colours, size in logical pixels, device pixels each, mode."""

    colours: PlotColours
    size_px: float
    dpr: float
    mode: Mode


def build(cloud: Cloud, look: Look) -> tuple[Drawable, ...]:
    """What is drawn, lowest first: all points (dimmed where a selection stands out), then the marked ones.

    Up to 5,000 marked points get a ring each. More of them are drawn once, in the ring's colour, or in their own where
    the others are dimmed.
    """
    colours = look.colours
    table = rgba_table(list(colours.palette[:1])) if cloud.table is None else cloud.table
    marks = [("highlighted", cloud.highlighted, colours.accent), ("selected", cloud.selected, colours.foreground)]
    dims = cloud.dims_others and any(len(indices) for _, indices, _ in marks)
    many = [mark for mark in marks if len(mark[1]) > MANY_MARKED]
    shown = _shown(cloud, [(name, indices) for name, indices, _ in many])
    drawn: list[Drawable] = [_all(cloud, look, mixed(table, colours.background, _DIMMED) if dims else table, shown)]
    for name, indices, colour in marks:
        if len(indices) <= MANY_MARKED:
            drawn.extend(_ringed(cloud, look, table, indices, colour))
        elif dims:
            drawn.append(_all(cloud, look, table, _mask(cloud, name, indices)))
        else:
            drawn.append(_all(cloud, look, rgba_table([colour]), _mask(cloud, name, indices), alike=True))
    return tuple(drawn)


def _shown(cloud: Cloud, many: list[tuple[str, NDArray[np.int64]]]) -> NDArray[np.bool_]:
    """The shown points (M,) in drawing order, without those of a layer of their own."""
    visible = ALL_VISIBLE if cloud.visible is None else cloud.in_order("visible", cloud.visible)
    if not many:
        return visible

    def without() -> NDArray[np.bool_]:
        left = np.ones(len(cloud.order), np.bool_) & visible
        for name, indices in many:
            left &= ~_mask(cloud, name, indices)
        return left

    return cloud.kept("unmarked", (cloud.visible, cloud.order, *(indices for _, indices in many)), without)


def _mask(cloud: Cloud, name: str, indices: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The shown ones among the marked points (M,), in drawing order."""

    def marked() -> NDArray[np.bool_]:
        mask = np.zeros(len(cloud.xy), np.bool_)
        mask[indices] = True
        if cloud.visible is not None:
            mask &= cloud.visible
        return gathered(mask, cloud.order)

    return cloud.kept(name, (indices, cloud.visible, cloud.order), marked)


def _all(
    cloud: Cloud, look: Look, table: NDArray[np.uint8], shown: NDArray[np.bool_], *, alike: bool = False
) -> Drawable:
    """The points where `shown` is true, in the mode that was asked for; `alike` for all in the table's one colour."""
    xy, cells = cloud.places(), cloud.cells
    if look.mode == "density":
        codes = _ALIKE if alike else cloud.in_order("codes", cloud.codes)
        line = rgba_table([look.colours.foreground])
        line[:, 3] = _CONTOUR_ALPHA
        cell_px = max(1, round(CELL_PX * look.dpr))
        return DensityLayer(xy, codes, table, shown, cells, cell_px, cloud.counts(), int(pack_colours(line)[0]))
    codes, colours = _coded(cloud, look, table, alike)
    rims = pack_colours(mixed(colours, "#000000", _RIM)) if look.mode == "outlined" else NO_RIMS
    return Layer(xy, codes, pack_colours(colours), _sizes(cloud, look), shown, cells, rims)


def _coded(
    cloud: Cloud, look: Look, table: NDArray[np.uint8], alike: bool
) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Codes in drawing order and their colours; with shades, each colour in all of them, if there are codes enough."""
    codes = _ALIKE if alike else cloud.in_order("codes", cloud.codes)
    if cloud.shade is None or len(table) * SHADES > np.iinfo(np.uint16).max:
        return codes, table
    shaded = [mixed(table, look.colours.background, shade / (SHADES - 1)) for shade in range(SHADES)]
    own = codes * np.uint16(SHADES) + cloud.in_order("shade", cloud.shade)
    return own.astype(np.uint16), np.stack(shaded, axis=1).reshape(-1, 4)


def _sizes(cloud: Cloud, look: Look) -> NDArray[np.uint8]:
    """Device pixels of each point in drawing order, or of all."""
    own = np.array([look.size_px], np.float32) if cloud.sizes is None else cloud.in_order("sizes", cloud.sizes)
    if cloud.shade is None:
        return device_sizes(own, look.dpr, 0.0)
    share = (_SMALLEST + (1 - _SMALLEST) * np.arange(SHADES) / (SHADES - 1)).astype(np.float32)
    shade = cloud.in_order("shade", cloud.shade)
    if len(own) == 1:
        return np.asarray(device_sizes(own * share, look.dpr, 0.0)[shade])
    return device_sizes(own * share[shade], look.dpr, 0.0)


def device_sizes(sizes: NDArray[np.float32], dpr: float, more_px: float) -> NDArray[np.uint8]:
    """Device pixels 1..64 of sizes in logical ones, and so many logical ones more."""
    return np.asarray(np.clip(np.rint((sizes + more_px) * dpr), 1, MAX_SIZE_PX), np.uint8)


def _ringed(
    cloud: Cloud, look: Look, table: NDArray[np.uint8], indices: NDArray[np.int64], ring: str
) -> list[Drawable]:
    """A disc in the ring's colour, a smaller one of background, and the point: a ring with a gap."""
    shown = indices if cloud.visible is None else indices[cloud.visible[indices]]
    if not len(shown):
        return []
    xy = cloud.xy[shown]
    own = np.array([look.size_px], np.float32) if cloud.sizes is None else cloud.sizes[shown]
    own = np.maximum(own, 4.0)
    below = [(ring, 2 * _RING_PX), (look.colours.background, 2 * _GAP_PX)]
    discs = [
        Layer(xy, _ALIKE, pack_colours(rgba_table([colour])), device_sizes(own, look.dpr, more))
        for colour, more in below
    ]
    return [*discs, Layer(xy, cloud.codes[shown], pack_colours(table), device_sizes(own, look.dpr, 0.0))]
