"""A layout on the map while it is being computed: points move, everything else stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.map_view import MapView
from workbench.gui.pages.explore.map_part import MapPart


class LiveLayout:
    """Moves the points of the map as a projection goes on.

    The view shows all points until the user moves it. Colours, mask and marks stay.

    Attributes
    ----------
    moved : whether the map shows anything of it
    """

    def __init__(self, view: MapView, part: MapPart) -> None:
        self._view, self._part = view, part
        self.moved = False

    def show(self, places: NDArray[np.float32]) -> None:
        """Show places (N, 2) or (N, 3) of the points that are there; nothing where there are others, or none."""
        view = self._view
        if len(places) != len(view.cloud.xy):
            return
        fits = not self.moved or view.camera == view.home
        if (places.shape[1] == 3) == (view.space is not None):
            view.place_points(places)
        else:
            self._put(places)
        self._part.overlays.forget_places()
        if fits:
            view.fit()
        self.moved = True

    def _put(self, places: NDArray[np.float32]) -> None:
        """A plane follows on a view in space, or the other way round: the points are new, their look is the same."""
        view, before = self._view, self._view.cloud
        view.set_points(places)
        if before.table is not None:
            view.set_colours(before.codes, before.table)
        view.set_mask(before.visible)
        view.set_highlight(before.highlighted)
        view.set_selection(before.selected, dim_others=before.dims_others)
