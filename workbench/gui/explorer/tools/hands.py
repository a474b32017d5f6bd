"""The hands: a drag moves the map or turns a three-dimensional layout, a click picks a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from workbench.gui.explorer.tools.base import Tool, how_of

if TYPE_CHECKING:
    from workbench.gui.explorer.map_view import MapView

RADIANS_A_PIXEL = 0.008


class Hand(Tool):
    """Takes hold of the map once the mouse has moved far enough to be no click."""

    is_hand = True

    def __init__(self) -> None:
        self._pressed = self._last = QPointF()
        self._dragging = False

    @property
    def dragging(self) -> bool:
        return self._dragging

    def drag(self, view: MapView, dx_px: float, dy_px: float) -> None:
        """The mouse moved by so many pixels, right and down."""
        raise NotImplementedError

    def press(self, view: MapView, event: QMouseEvent) -> None:
        self._pressed = self._last = event.position()
        self._dragging = False

    def move(self, view: MapView, event: QMouseEvent) -> None:
        here = event.position()
        if not self._dragging and (here - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._dragging = True
            view.set_hovered(None)
            view.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragging:
            self.drag(view, here.x() - self._last.x(), here.y() - self._last.y())
            self._last = here

    def release(self, view: MapView, event: QMouseEvent) -> None:
        dragged, self._dragging = self._dragging, False
        if not dragged and event.button() == Qt.MouseButton.LeftButton:
            view.click_at(event.position(), how_of(event.modifiers()))

    def cancel(self, view: MapView) -> None:
        self._dragging = False


class PanTool(Hand):
    """Moves the map."""

    id, title, key, icon = "pan", "Move the map, click points", "V", "cursor"

    def drag(self, view: MapView, dx_px: float, dy_px: float) -> None:
        view.pan_by(dx_px, dy_px)


class TurnTool(Hand):
    """Turns a three-dimensional layout: sideways about its third axis, up and down to look from above or below."""

    id, title, key, icon = "turn", "Turn the layout, click points", "R", "turn"

    def drag(self, view: MapView, dx_px: float, dy_px: float) -> None:
        view.turn_by(dx_px * RADIANS_A_PIXEL, dy_px * RADIANS_A_PIXEL)
