"""The map while checkpoints are played on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from workbench.gui.explorer.raster.cloud import Cloud
from workbench.gui.explorer.raster.glide import glide
from workbench.gui.explorer.raster.grid import GridIndex
from workbench.gui.pages.explore.desk import Desk, Where
from workbench.gui.pages.explore.panels.time.trails import Trails, Which

Layouts = tuple[NDArray[np.float32], ...]


class Stage:
    """Moves the map's points along the checkpoints, and puts them back.

    Whoever else gives the map other points in between ends that: they are not put back then.

    Attributes
    ----------
    glides : whether points glide between checkpoints; else they jump
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._map = desk, desk.map
        self.glides = True
        self._name = ""
        self._layouts: Layouts = ()
        self._place = 0.0
        self._shown: NDArray[np.float32] | None = None
        self._ours: Cloud | None = None
        self._told: Where = "home"
        self._framed = False
        self.trails = Trails(self._map, self._passed)

    @property
    def is_up(self) -> bool:
        """Whether the map shows a checkpoint of the time-lapse."""
        return self._ours is not None and self._ours is self._map.cloud

    def set_layouts(self, name: str, layouts: Layouts) -> None:
        """The places of the points (N, 2) at each checkpoint, and what the layouts are called.

        Without any the map goes back to the opened layout.
        """
        if not layouts:
            self.leave()
        self._framed = self._framed and name == self._name
        self._name, self._layouts = name, layouts

    def show(self, place: float, *, rests: bool) -> None:
        """Show a place among the checkpoints.

        rests : the points stay there: what finds them under the mouse is built in the background
        """
        self._place = place
        if not self._layouts or len(self._layouts[0]) != len(self._map.cloud.xy):
            return
        was_up = self.is_up and self._framed
        step = min(int(place), len(self._layouts) - 1)
        if place == step or not self.glides:
            self._put(self._layouts[step], None)
        else:
            self._put(*glide(self._layouts[step], self._layouts[step + 1], place - step))
        self._tell("resting" if rests else "moving")
        if rests and self._shown is self._layouts[step]:
            self._settle(self._layouts[step])
        if not was_up and not self._is_opened():
            self._map.fit()
            self._map.fly_to(_box(self._layouts))
        self._framed = True

    def show_trails(self, which: Which) -> None:
        """Draw the ways of the selected points, of all, or of none."""
        self.trails.which = which
        self._map.set_underlay([] if which == "none" else [self.trails])

    def leave(self) -> None:
        """Put the points back to where the opened layout has them."""
        self._map.set_underlay([])
        opened = self._desk.opened
        if self.is_up and opened is not None and opened.layout is not None:
            if opened.layout.xy.shape[1] == 2:
                self._map.place_points(opened.layout.xy, grid=opened.grid)
            else:
                self._begin_anew(opened.layout.xy)
            if not self._is_opened():
                self._map.fit()
            self._tell("home")
        self._ours = None

    def _is_opened(self) -> bool:
        """Whether the page's own layout is one of the time-lapse, so that the view fits both."""
        return self._desk.opened is not None and self._desk.opened.layout_name == self._name

    def _put(self, xy: NDArray[np.float32], shade: NDArray[np.uint8] | None) -> None:
        if self._map.space is not None:
            self._begin_anew(xy)
        self._map.place_points(xy, shade=shade)
        self._shown, self._ours = xy, self._map.cloud

    def _tell(self, where: Where) -> None:
        """What lies over the points follows at rest, and is told once when they begin to move."""
        if where != "moving" or self._told != where:
            self._desk.tell_places(where)
        self._told = where

    def _begin_anew(self, xy: NDArray[np.float32]) -> None:
        """Change between a layout in space and one in the plane; colours, mask and marks stay."""
        before = self._map.cloud
        self._map.set_points(xy)
        if before.table is not None:
            self._map.set_colours(before.codes, before.table)
        self._map.set_mask(before.visible)
        self._map.set_selection(before.selected, dim_others=before.dims_others)
        self._map.set_highlight(before.highlighted)

    def _settle(self, xy: NDArray[np.float32]) -> None:
        """Have the index built that finds points under the mouse; how they are drawn stays as it was on the way."""

        def built(grid: GridIndex) -> None:
            if self.is_up and self._shown is xy:
                self._map.place_points(xy, self._map.cloud.order, grid=grid)
                self._ours = self._map.cloud

        self._desk.work(lambda: GridIndex(xy), built)

    def _passed(self) -> list[NDArray[np.float32]]:
        if not self.is_up or not self._layouts:
            return []
        return list(self._layouts[: int(self._place) + (self._place > int(self._place))])


def _box(layouts: Layouts) -> QRectF:
    """The area that the points take over all checkpoints, in data units."""
    finite = [xy[np.isfinite(xy).all(axis=1)] for xy in layouts]
    low = np.min([xy.min(axis=0) for xy in finite if len(xy)], axis=0, initial=np.inf)
    high = np.max([xy.max(axis=0) for xy in finite if len(xy)], axis=0, initial=-np.inf)
    if not np.isfinite([low, high]).all():
        return QRectF()
    (left, bottom), (right, top) = low.tolist(), high.tolist()
    return QRectF(left, bottom, right - left, top - bottom)
