"""A ring around one point of a map that somebody else points at."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPen

from workbench.gui.explorer.map_canvas import MapCanvas
from workbench.gui.explorer.overlays.base import Overlay

_GAP_PX = 4.5


class PointRing(Overlay):
    """Rings a point, or the picture that stands for it; nothing while it has no row.

    Parameters
    ----------
    colour : of the theme's plot colours
    """

    level = 60
    lasting = False

    def __init__(self, colour: Literal["foreground", "accent"]) -> None:
        self._colour = colour
        self.row: int | None = None

    def set_row(self, row: int | None) -> None:
        """Ring another point, or none."""
        if row != self.row:
            self.row = row
            self.changed()

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        row = self.row
        if row is None or row >= len(view.cloud.xy) or not view.cloud.is_drawn(row):
            return
        box = view.box_of(row)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((view.plot_colours.background, 5.0), (getattr(view.plot_colours, self._colour), 2.0)):
            painter.setPen(QPen(QColor(colour), width))
            if box is not None:
                painter.drawRoundedRect(box.adjusted(-_GAP_PX, -_GAP_PX, _GAP_PX, _GAP_PX), 5, 5)
            else:
                reach = max(view.size_of(row), 4.0) / 2 + _GAP_PX
                painter.drawEllipse(view.position_of(row), reach, reach)
