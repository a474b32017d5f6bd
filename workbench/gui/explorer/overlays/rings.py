"""Rings around the point under the mouse and around the one that the keyboard has reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPen

from workbench.gui.explorer.overlays.base import Overlay

if TYPE_CHECKING:
    from workbench.gui.explorer.map_canvas import MapCanvas
    from workbench.gui.explorer.map_view import MapView


class HoverRing(Overlay):
    """A ring around the hovered point; around its picture where one stands for it."""

    level = 60
    lasting = False

    def __init__(self, view: MapView) -> None:
        self._map = view

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        row = self._map.hovered_index
        if row is None:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((view.plot_colours.background, 5.0), (view.plot_colours.foreground, 2.0)):
            painter.setPen(QPen(QColor(colour), width))
            _ring(painter, view, row, 3.5)


class FocusRing(Overlay):
    """A dashed ring in the accent colour around the focused point."""

    level = 50
    lasting = False

    def __init__(self, view: MapView) -> None:
        self._map = view

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        row = self._map.focus_row
        if row is None or not view.cloud.is_drawn(row):
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(view.plot_colours.background), 4.0))
        _ring(painter, view, row, 6.5)
        painter.setPen(QPen(QColor(view.plot_colours.accent), 2.0, Qt.PenStyle.DotLine))
        _ring(painter, view, row, 6.5)


def _ring(painter: QPainter, view: MapCanvas, row: int, gap_px: float) -> None:
    box = view.box_of(row)
    if box is not None:
        painter.drawRoundedRect(box.adjusted(-gap_px, -gap_px, gap_px, gap_px), 5, 5)
        return
    radius = max(view.size_of(row), 4.0) / 2 + gap_px
    painter.drawEllipse(view.position_of(row), radius, radius)
