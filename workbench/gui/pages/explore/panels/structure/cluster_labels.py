"""The names of found clusters on the map, while points are coloured by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QPainter

from workbench.gui.explorer.overlays.cluster_labels import ClusterLabels, MapLabel, class_labels
from workbench.gui.pages.explore.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.gui.explorer.map_canvas import MapCanvas


ALWAYS = 0.0
"""Names that were asked for are not left out on a small map."""


class FoundClusterLabels(ClusterLabels):
    """Places names in whatever layout the map shows, and is silent where they mean nothing.

    The panel may be closed while another layout or set is opened, so what the map shows is looked at
    when it is painted.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._codes: NDArray[np.integer[Any]] = np.zeros(0, np.int32)
        self._names: tuple[str, ...] = ()
        self._column = ""
        self._folder: Path | None = None
        self._placed_in: NDArray[np.float32] | None = None
        self._placing = False

    def show_clusters(self, column: str, codes: NDArray[np.integer[Any]], names: Sequence[str]) -> None:
        """Name these clusters of the opened set while points are coloured by the column that holds them."""
        opened = self._desk.opened
        self._codes, self._names, self._column = codes, tuple(names), column
        self._folder = None if opened is None else opened.folder
        self._placed_in, self._placing = None, False
        self.set_labels([])

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        self.boxes = {}
        if not self._belongs(view):
            return
        if self._placed_in is view.cloud.xy:
            super().paint(painter, view)
        elif not self._placing:
            self._place(view.cloud.xy)

    def _belongs(self, view: MapCanvas) -> bool:
        """Whether the map shows the clustered set, flat, in the colours of the clusters."""
        opened, explorer = self._desk.opened, self._desk.explorer
        if opened is None or explorer is None or not self._names or opened.folder != self._folder:
            return False
        return explorer.state.colour == self._column and view.space is None and len(view.cloud.xy) == len(self._codes)

    def _place(self, xy: NDArray[np.float32]) -> None:
        """Find the places off the window's thread, one layout at a time: points may be on their way."""
        self._placing = True
        codes, names = self._codes, self._names

        def placed(labels: list[MapLabel]) -> None:
            if self._codes is codes:
                self._placing, self._placed_in = False, xy
                self.set_labels(labels)

        def place() -> list[MapLabel]:
            return [replace(label, spread=ALWAYS) for label in class_labels(xy, codes, names)]

        self._desk.work(place, placed)
