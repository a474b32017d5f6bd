"""Lasso and box: points are gathered by an outline drawn around them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QApplication

from workbench.core.units import points_words
from workbench.gui.explorer.tools.base import How, Tool, how_of

if TYPE_CHECKING:
    from workbench.gui.explorer.map_view import MapView

_STEP_PX = 3.0
_CHEAP_S = 0.015
_DEAR_COUNTS = 3
"""After so many counts in a row that took longer than is cheap, a drag goes on without."""
_VERBS = {"replace": "", "add": "add ", "subtract": "remove ", "intersect": "keep "}


class GatherTool(Tool):
    """Draws an outline while dragging, says how many points it holds, and gathers them at the end."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self) -> None:
        self._trail: list[QPointF] = []
        self._here = QPointF()
        self._how: How = "replace"
        self._dear_counts = 0

    @property
    def dragging(self) -> bool:
        return bool(self._trail)

    def outline(self, trail: Sequence[QPointF], here: QPointF) -> list[QPointF]:
        """The polygon in pixels of a drag along `trail` that has come to `here`."""
        raise NotImplementedError

    def press(self, view: MapView, event: QMouseEvent) -> None:
        self._trail = [event.position()]
        self._here = event.position()
        self._how = how_of(event.modifiers())
        self._dear_counts = 0
        view.set_hovered(None)

    def move(self, view: MapView, event: QMouseEvent) -> None:
        self._here = event.position()
        self._how = how_of(event.modifiers())
        if (self._here - self._trail[-1]).manhattanLength() >= _STEP_PX:
            self._trail.append(self._here)
        view.update()

    def release(self, view: MapView, event: QMouseEvent) -> None:
        self._here = event.position()
        how, drag = how_of(event.modifiers()), self._is_drag()
        polygon = self.outline(self._trail, self._here)
        self._trail = []
        view.update()
        if drag and len(polygon) >= 3:
            view.gathered.emit(view.rows_inside(polygon), how)
        else:
            view.click_at(event.position(), how)

    def key_changed(self, view: MapView, event: QKeyEvent) -> None:
        self._how = how_of(QApplication.queryKeyboardModifiers())
        view.update()

    def cancel(self, view: MapView) -> None:
        self._trail = []
        view.update()

    def paint(self, painter: QPainter, view: MapView) -> None:
        if not self._is_drag():
            return
        polygon = QPolygonF(self.outline(self._trail, self._here))
        fill = QColor(view.plot_colours.accent)
        fill.setAlphaF(0.12)
        painter.setBrush(fill)
        painter.setPen(QPen(QColor(view.plot_colours.background), 3.5))
        painter.drawPolygon(polygon)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(view.plot_colours.accent), 1.5, Qt.PenStyle.DashLine))
        painter.drawPolygon(polygon)
        if self._dear_counts < _DEAR_COUNTS:
            paint_words(painter, view, self._here, count_words(self._count(view), self._how))

    def _is_drag(self) -> bool:
        box = QPolygonF([*self._trail, self._here]).boundingRect()
        return bool(self._trail) and max(box.width(), box.height()) >= QApplication.startDragDistance()

    def _count(self, view: MapView) -> int:
        """How many points are inside now."""
        before = time.perf_counter()
        polygon = self.outline(self._trail, self._here)
        count = len(view.rows_inside(polygon)) if len(polygon) >= 3 else 0
        dear = time.perf_counter() - before > _CHEAP_S
        self._dear_counts = self._dear_counts + 1 if dear else 0
        return count


class LassoTool(GatherTool):
    """Gathers by a line drawn by hand, closed by a straight one."""

    id, title, key, icon = "lasso", "Lasso: draw around points", "L", "lasso"

    def outline(self, trail: Sequence[QPointF], here: QPointF) -> list[QPointF]:
        return [*trail, here] if trail and here != trail[-1] else list(trail)


class BoxTool(GatherTool):
    """Gathers by a box between two corners."""

    id, title, key, icon = "box", "Box: drag over points", "B", "marquee"

    def outline(self, trail: Sequence[QPointF], here: QPointF) -> list[QPointF]:
        box = QRectF(trail[0], here).normalized() if trail else QRectF()
        if box.width() == 0 or box.height() == 0:
            return []
        return [box.topLeft(), box.topRight(), box.bottomRight(), box.bottomLeft()]


def count_words(count: int, how: How) -> str:
    """`512 points`, with what will be done with them."""
    return f"{_VERBS[how]}{points_words(count)}"


def paint_words(painter: QPainter, view: MapView, at: QPointF, text: str) -> None:
    """Words on a small card beside the cursor, kept inside the view."""
    metrics = QFontMetricsF(painter.font())
    wide, high = metrics.horizontalAdvance(text) + 12, metrics.height() + 6
    left = min(max(at.x() + 14, 2), view.width() - wide - 2)
    top = at.y() + 14 if at.y() + 14 + high < view.height() else at.y() - high - 8
    card = QRectF(left, top, wide, high)
    painter.setPen(QPen(QColor(view.plot_colours.grid), 1))
    painter.setBrush(QColor(view.plot_colours.background))
    painter.drawRoundedRect(card, 4, 4)
    painter.setPen(QColor(view.plot_colours.foreground))
    painter.drawText(card, Qt.AlignmentFlag.AlignCenter, text)
