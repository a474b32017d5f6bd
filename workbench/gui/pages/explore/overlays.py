"""What is drawn over the points on the page: pictures, names, axes, torn neighbours, and what is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPen

from workbench.app.explorer.columns import ID, LABEL
from workbench.gui.explorer.map_canvas import MapCanvas
from workbench.gui.explorer.overlays.axes import Axes
from workbench.gui.explorer.overlays.base import Overlay
from workbench.gui.explorer.overlays.cluster_labels import ClusterLabels, MapLabel, class_labels
from workbench.gui.explorer.overlays.lines import Lines, Segments
from workbench.gui.explorer.overlays.pictures import pictures_of
from workbench.gui.explorer.overlays.point_labels import PointLabels
from workbench.gui.explorer.overlays.thumbnails import Thumbnails
from workbench.gui.pages.explore.colouring import Colouring
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.torn import torn_neighbours

if TYPE_CHECKING:
    from workbench.runs.embedding_set import Layout

KINDS = {
    "pictures": "Pictures, when zoomed in",
    "words": "Names of points",
    "names": "Names of groups",
    "axes": "Axes",
    "torn": "Lines to neighbours that lie elsewhere",
}
"""What can be switched off and on, with its words."""


class LookedAt(Overlay):
    """A ring around the looked-at sample, around its picture where one stands for it."""

    level = 45
    lasting = False

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        row = None if self._desk.explorer is None else self._desk.explorer.focus
        if row is None or row >= len(view.cloud.xy) or not view.cloud.is_drawn(row):
            return
        box, gap = view.box_of(row), 5.0
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((view.plot_colours.background, 5.0), (view.plot_colours.accent, 2.5)):
            painter.setPen(QPen(QColor(colour), width))
            if box is not None:
                painter.drawRect(box.adjusted(-gap, -gap, gap, gap))
            else:
                radius = max(view.size_of(row), 4.0) / 2 + gap
                painter.drawEllipse(view.position_of(row), radius, radius)


class MapOverlays:
    """Keeps the overlays in step with the opened set and the explorer's state.

    Parameters
    ----------
    hides : kinds that are switched off
    """

    def __init__(self, desk: Desk, hides: Sequence[str]) -> None:
        self._desk = desk
        self.pictures = Thumbnails()
        self.words = PointLabels(self._texts)
        self.names = ClusterLabels()
        self.axes = Axes()
        self.torn = Lines()
        self._kinds: dict[str, Overlay] = {
            "pictures": self.pictures,
            "words": self.words,
            "names": self.names,
            "axes": self.axes,
            "torn": self.torn,
        }
        self._asked = 0
        self._hides = frozenset(hides)
        for kind, overlay in self._kinds.items():
            if kind not in self._hides:
                desk.map.add_overlay(overlay)
        desk.map.add_overlay(LookedAt(desk))

    @property
    def hides(self) -> tuple[str, ...]:
        """The kinds that are switched off."""
        return tuple(kind for kind in KINDS if kind in self._hides)

    def switch(self, kind: str, on: bool) -> None:
        """Show a kind, or no longer."""
        if on == (kind not in self._hides):
            return
        self._hides ^= {kind}
        (self._desk.map.add_overlay if on else self._desk.map.remove_overlay)(self._kinds[kind])
        self.show_torn()

    def before_points(self) -> None:
        """Another set or layout is open, and the map gets its points next: drop what belongs to the last ones."""
        opened = self._desk.opened
        thumbnails = None if opened is None else opened.stored.thumbnails
        self.pictures.set_source(None if thumbnails is None else pictures_of(thumbnails))
        self.words.set_texts(self._texts)
        self._asked += 1
        self.names.set_labels([])
        self.torn.set_segments([])
        info = None if opened is None or opened.layout is None else opened.layout.info
        axes = () if info is None else info.axes
        self.axes.set_axes((axes[0], axes[1]) if len(axes) == 2 else None)

    def forget_places(self) -> None:
        """The points move elsewhere: drop what was laid out by where they were."""
        self._asked += 1
        self.names.set_labels([])
        self.torn.set_segments([])
        self.axes.set_axes(None)

    def show_groups(self, colours: Colouring | None, shown: NDArray[np.bool_]) -> None:
        """Name the groups of the colours where most of their shown points are; in space they would hide them."""
        opened = self._desk.opened
        self._asked += 1
        xy = None if opened is None or opened.layout is None else self._places(opened.layout)
        if xy is None or xy.shape[1] == 3 or colours is None or not self._are_names(colours):
            self.names.set_labels([])
            return
        mine = self._asked

        def done(labels: list[MapLabel]) -> None:
            if mine == self._asked:
                self.names.set_labels(labels)

        self._desk.work(lambda: group_labels(xy, colours, shown), done)

    def _places(self, layout: Layout) -> NDArray[np.float32]:
        """Where the points are: in space, or on the flat map as it shows them now."""
        return layout.xy if self._desk.map.space is not None else self._desk.map.cloud.xy

    def _are_names(self, colours: Colouring) -> bool:
        """Whether the categories name groups that nobody names yet; a few whole numbers do not, but for labels."""
        explorer = self._desk.explorer
        if explorer is None or len(colours.values) < 2 or colours.column in ("", self._desk.named_column):
            return False
        return colours.column == LABEL or explorer.columns.compared_as(colours.column) == "text"

    def show_torn(self) -> None:
        """Draw lines from the looked-at sample to the neighbours that the map shows elsewhere."""
        opened, found = self._desk.opened, self._desk.app.selection
        mine = opened is not None and found.embeddings == opened.folder and found.row is not None
        if opened is None or opened.layout is None or not mine or "torn" in self._hides:
            self.torn.set_segments([])
            return
        rows = torn_neighbours(self._places(opened.layout), found.row or 0, found.neighbours)
        ends = np.stack([np.full(len(rows), found.row), rows], axis=1)
        self.torn.set_segments([Segments(rows=ends, opacity=0.7, dashed=True)])

    def _texts(self, rows: NDArray[np.int64]) -> list[str]:
        """Names beside points: the ids, in sets without pictures, which show themselves."""
        opened, explorer = self._desk.opened, self._desk.explorer
        if opened is None or explorer is None or opened.stored.thumbnails is not None:
            return [""] * len(rows)
        return explorer.columns.cells(ID, rows) if ID in explorer.columns.names else [str(row) for row in rows]


def group_labels(xy: NDArray[np.float32], colours: Colouring, shown: NDArray[np.bool_]) -> list[MapLabel]:
    """Names of the categories of some colours, where most of their shown points are; points without value have none."""
    codes = np.where(shown, colours.codes.astype(np.int64), -1)
    return class_labels(xy, codes, colours.values)
