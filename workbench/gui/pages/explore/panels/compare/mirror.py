"""Gives the second map the colours, the mask and the marks that the first one has, point by point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workbench.app.explorer.state import ExplorerState
from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import rgba_table
from workbench.gui.explorer.map_canvas import MapCanvas
from workbench.gui.pages.explore.panels.compare.sides import Side


class Mirror:
    """Copies what the first map shows to the second; what has not changed since is left alone."""

    def __init__(self, first: MapCanvas, second: MapCanvas) -> None:
        self._first, self._second = first, second
        self._same_rows = True
        self._copied: dict[str, tuple[object, ...]] = {}

    def begin(self, side: Side) -> None:
        """The second map has other points."""
        self._copied.clear()
        self._same_rows = side.same_rows

    def copy(self, side: Side, state: ExplorerState) -> None:
        """Bring the second map up to date; nothing while the maps hold points of another number than matched."""
        cloud = self._first.cloud
        if len(self._second.cloud.xy) != len(side.to_here):
            return
        self._once("look", (state.point_size, state.layer), lambda: self._copy_look(state))
        if len(cloud.xy) != len(side.to_there):
            return
        self._once("colours", (cloud.codes, cloud.table), lambda: self._copy_colours(side))
        self._once("mask", (cloud.visible,), lambda: self._copy_mask(side))
        marks = (cloud.selected, cloud.highlighted, cloud.dims_others)
        self._once("marks", marks, lambda: self._copy_marks(side))

    def _copy_look(self, state: ExplorerState) -> None:
        self._second.set_point_size(state.point_size)
        self._second.set_mode(state.layer)

    def _copy_colours(self, side: Side) -> None:
        cloud = self._first.cloud
        if cloud.table is None:
            return
        if self._same_rows:
            self._second.set_colours(cloud.codes, cloud.table)
            return
        codes = self._there(side, cloud.codes.astype(np.int64), len(cloud.table))
        self._second.set_colours(codes, np.concatenate([cloud.table, rgba_table([palette.MISSING])]))

    def _copy_mask(self, side: Side) -> None:
        """A filter keeps no point that it cannot be asked of."""
        visible = self._first.cloud.visible
        whole = visible is None or self._same_rows
        self._second.set_mask(visible if visible is None or whole else self._there(side, visible, False))

    def _copy_marks(self, side: Side) -> None:
        cloud = self._first.cloud
        self._second.set_highlight(side.there(cloud.highlighted))
        self._second.set_selection(side.there(cloud.selected), dim_others=cloud.dims_others)

    def _there(self, side: Side, values: NDArray[np.generic], without: int | bool) -> NDArray[np.generic]:
        """The values (N,) of the first map's points for those of the second, `without` for one that has no partner."""
        known = side.to_here >= 0
        return np.where(known, values[np.maximum(side.to_here, 0)], without)

    def _once(self, what: str, given: tuple[object, ...], act: Callable[[], None]) -> None:
        before = self._copied.get(what)
        if before is None or any(one is not other for one, other in zip(before, given, strict=True)):
            self._copied[what] = given
            act()
