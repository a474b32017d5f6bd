"""Axes with names, for layouts whose directions mean something."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from workbench.gui.curves.ticks import Axis, ticks
from workbench.gui.explorer.overlays.base import Overlay
from workbench.gui.explorer.overlays.words import font_of, measured, paint_text

if TYPE_CHECKING:
    from workbench.gui.explorer.map_canvas import MapCanvas

_INSET_PX = 14.5
"""In the middle of a pixel, so that the lines are sharp."""
_TICK_PX = 4.0
_EVERY_PX = 110
_SIZE_PX = 11.0


class Axes(Overlay):
    """Thin axes along the lower and the left edge, each with its name; numbers on demand."""

    level = 45

    def __init__(self) -> None:
        self._names: tuple[str, str] | None = None
        self._numbers = False

    def set_axes(self, names: tuple[str, str] | None, *, numbers: bool = False) -> None:
        """Name the axes, such as "PC 1 (24%)" and "PC 2 (11%)"; None for a layout whose directions mean nothing.

        UMAP and t-SNE keep neighbours, not directions: their maps may be turned and bent at will.
        """
        self._names, self._numbers = names, numbers
        self.changed()

    @property
    def names(self) -> tuple[str, str] | None:
        return self._names

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        if self._names is None:
            return
        left, bottom = _INSET_PX, view.height() - _INSET_PX
        right, top = view.width() - _INSET_PX, _INSET_PX
        painter.setPen(QPen(QColor(view.plot_colours.muted), 1.0))
        painter.drawLines([QLineF(left, bottom, right, bottom), QLineF(left, bottom, left, top)])
        font = font_of(view.font(), _SIZE_PX)
        if self._numbers:
            self._paint_numbers(painter, view, QRectF(QPointF(left, top), QPointF(right, bottom)), font)
        text, rim = QColor(view.plot_colours.muted), QColor(view.plot_colours.background)
        across, wide, high = measured(self._names[0], font)
        paint_text(painter, QRectF(right - wide, bottom - high - 3, wide, high), across, font, text, rim)
        upwards, wide, high = measured(self._names[1], font)
        painter.translate(left + 3, top)
        painter.rotate(90)
        paint_text(painter, QRectF(0, -high, wide, high), upwards, font, text, rim)

    def _paint_numbers(self, painter: QPainter, view: MapCanvas, box: QRectF, font: QFont) -> None:
        camera, metrics = view.camera, QFontMetricsF(font)
        text, rim = QColor(view.plot_colours.muted), QColor(view.plot_colours.background)
        (x0, y0), (x1, y1) = camera.to_data(box.left(), box.bottom()), camera.to_data(box.right(), box.top())
        for tick in ticks(Axis(x0, x1), int(box.width() / _EVERY_PX)):
            x, _ = camera.to_screen(tick.at, 0.0)
            wide = metrics.horizontalAdvance(tick.text) + 2
            painter.setPen(QPen(text, 1.0))
            painter.drawLine(QLineF(_sharp(x), box.bottom(), _sharp(x), box.bottom() - _TICK_PX))
            if box.left() + wide < x < box.right() - wide:
                label = QRectF(x - wide / 2, box.bottom() - _TICK_PX - metrics.height(), wide, metrics.height())
                if label.right() < box.right() - measured(self._names[0] if self._names else "", font)[1] - 6:
                    paint_text(painter, label, tick.text, font, text, rim)
        name_px = measured(self._names[1] if self._names else "", font)[1]
        for tick in ticks(Axis(y0, y1), int(box.height() / _EVERY_PX)):
            _, y = camera.to_screen(0.0, tick.at)
            painter.setPen(QPen(text, 1.0))
            painter.drawLine(QLineF(box.left(), _sharp(y), box.left() + _TICK_PX, _sharp(y)))
            if box.top() + name_px + metrics.height() < y < box.bottom() - 2 * metrics.height():
                wide = metrics.horizontalAdvance(tick.text) + 2
                label = QRectF(box.left() + _TICK_PX + 2, y - metrics.height() / 2, wide, metrics.height())
                paint_text(painter, label, tick.text, font, text, rim)


def _sharp(at: float) -> float:
    return math.floor(at) + 0.5
