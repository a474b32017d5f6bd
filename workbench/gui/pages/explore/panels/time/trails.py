"""The ways of points through the checkpoints, under the points."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.colours import rgba_table
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.raster.lines import LineLayer, trail_segments
from workbench.gui.explorer.raster.painting import Target, pack_colours

Which = Literal["none", "selection", "all"]
MOST_SEGMENTS = 12_000
"""So many lines are drawn in one frame; of more points, some are taken evenly."""
_ALPHA = {"selection": 190, "all": 70}
_WIDTH_PX = {"selection": 1.6, "all": 1.0}


class Trails:
    """A layer below the points that is made anew in every picture, in the points' own colours.

    Parameters
    ----------
    passed : gives the layouts (N, 2) that have been passed, oldest first
    """

    is_local: ClassVar[bool] = False

    def __init__(self, view: MapView, passed: Callable[[], list[NDArray[np.float32]]]) -> None:
        self._view, self._passed = view, passed
        self.which: Which = "none"

    def rows(self, layouts: int) -> NDArray[np.int64]:
        """The points that have a trail through so many layouts: shown ones, selected ones where only those have."""
        cloud = self._view.cloud
        rows = self._view.shown_rows()
        if self.which == "selection":
            rows = np.intersect1d(rows, cloud.selected)
        step = -(-len(rows) * max(layouts - 1, 1) // MOST_SEGMENTS)
        return rows[:: max(step, 1)]

    def draw(self, target: Target) -> None:
        """Draw the ways up to where the points are now."""
        if self.which == "none":
            return
        cloud = self._view.cloud
        layouts = [*self._passed(), cloud.xy]
        rows = self.rows(len(layouts))
        table = rgba_table([self._view.plot_colours.accent]) if cloud.table is None else cloud.table.copy()
        table[:, 3] = _ALPHA[self.which]
        codes = np.tile(cloud.codes[rows], len(layouts) - 1)
        width = _WIDTH_PX[self.which] * self._view.devicePixelRatioF()
        LineLayer(trail_segments(layouts, rows), codes, pack_colours(table), width).draw(target)
