"""The map: a widget that shows a cloud of points and answers to mouse, wheel and keyboard."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.hover import HoverTracker
from workbench.gui.explorer.map_canvas import MapCanvas
from workbench.gui.explorer.overlays.rings import FocusRing, HoverRing
from workbench.gui.explorer.raster.camera import Camera
from workbench.gui.explorer.raster.grid import GridIndex
from workbench.gui.explorer.tools import keys
from workbench.gui.explorer.tools.base import How, Tool
from workbench.gui.explorer.tools.gather import BoxTool, LassoTool
from workbench.gui.explorer.tools.hands import PanTool, TurnTool

PICK_RADIUS_PX = 14


class MapView(MapCanvas):
    """A map of up to millions of points, used with mouse and keyboard.

    Drag pans, the wheel zooms at the cursor, a double click, Home or 0 shows everything, arrows pan, + and - zoom.
    L is the lasso, B the box (or Shift and drag), V or Escape the hand; Ctrl+A, Ctrl+D, Ctrl+I gather all shown points,
    none, and those that are not selected; F flies to the selection; Ctrl and an arrow focuses the next point that way,
    Enter clicks it. A three-dimensional layout is turned by drag with R, which it begins with, or by Shift and arrows.

    Signals
    -------
    hovered(object) : index of the point under the cursor, or None; only when it changes
    clicked(object) : index of the clicked point, or None for a click beside all points
    gathered(object, str) : points as int64 rows, and what to do with them: replace, add, subtract or intersect
    tool_changed(str) : id of the tool that is used now
    focused(object) : index of the point that the keyboard has reached, or None

    Attributes
    ----------
    gathers : whether points can be selected in numbers; False leaves the hand alone
    """

    hovered = Signal(object)
    clicked = Signal(object)
    gathered = Signal(object, str)
    tool_changed = Signal(str)
    focused = Signal(object)

    gathers = True

    def __init__(self, colours: PlotColours, parent: QWidget | None = None) -> None:
        super().__init__(colours, parent)
        self._focus_row: int | None = None
        self._tools: dict[str, Tool] = {tool.id: tool for tool in (PanTool(), TurnTool(), LassoTool(), BoxTool())}
        self._tool = self._tools["pan"]
        self._acting: Tool | None = None
        self._hover = HoverTracker(self.pick, self)
        self._hover.changed.connect(self._hover_changed)
        self.add_overlay(FocusRing(self))
        self.add_overlay(HoverRing(self))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # data

    def set_points(
        self,
        xy: ArrayLike,
        sizes: ArrayLike | None = None,
        *,
        keep_view: bool = False,
        grid: GridIndex | None = None,
    ) -> None:
        self._drop_drag()
        self._hover.put(None)
        self.set_focus_row(None)
        was_flat = self.space is None
        super().set_points(xy, sizes, keep_view=keep_view, grid=grid)
        if was_flat != (self.space is None):
            self._tool = self._tools[self.hand] if self._tool.is_hand else self._tool
            self.setCursor(self._tool.cursor)
            self.tool_changed.emit(self._tool.id)

    def place_points(
        self,
        xy: ArrayLike,
        order: NDArray[np.int32] | None = None,
        shade: NDArray[np.uint8] | None = None,
        grid: GridIndex | None = None,
    ) -> None:
        self._hover.put(None)  # where it is now is looked up when the mouse moves: it takes an index
        super().place_points(xy, order, shade, grid)

    def set_mask(self, mask: ArrayLike | None) -> None:
        super().set_mask(mask)
        if self.hovered_index is not None and not self._cloud.is_drawn(self.hovered_index):
            self._hover.put(None)

    @property
    def hovered_index(self) -> int | None:
        return self._hover.row

    @property
    def focus_row(self) -> int | None:
        """The point that the keyboard has reached."""
        return self._focus_row

    def pick(self, at: QPointF) -> int | None:
        """The shown point nearest to `at`, at most 14 px away (or within its own disc); None where there is none."""
        for overlay in reversed(self._overlays):
            found = overlay.hit(at)
            if found is not None:
                return found
        return self._cloud.nearest(self._camera, at.x(), at.y(), max(PICK_RADIUS_PX, self.point_size_px() / 2))

    def set_hovered(self, index: int | None) -> None:
        """Take a point for the hovered one, until the mouse moves."""
        self._hover.put(index)

    def set_focus_row(self, index: int | None) -> None:
        """Move the keyboard's focus to a point, hover it and bring it into view."""
        if index == self._focus_row:
            return
        self._focus_row = index
        if index is not None:
            if not self.shows(index):
                self.centre_on(index)
            self._hover.rest(None)
            self._hover.put(index)
        self.update()
        self.focused.emit(index)

    def _hover_changed(self, index: int | None) -> None:
        self.hovered.emit(index)
        self.update()

    def _move_to(self, camera: Camera) -> None:
        super()._move_to(camera)
        if self._acting is None or not self._acting.dragging:
            self._hover.test()

    # tools

    @property
    def tools(self) -> list[Tool]:
        return list(self._tools.values())

    @property
    def hand(self) -> str:
        """The tool that a layout begins with and Escape goes back to."""
        return "pan" if self.space is None else "turn"

    @property
    def tool(self) -> Tool:
        return self._tool

    def set_tool(self, id_: str) -> None:
        """Use a tool: "pan", "turn" (of a three-dimensional layout), "lasso" or "box"; raises KeyError for another."""
        self._drop_drag()
        chosen = self._tools[id_]
        if chosen is not self._tool:
            self._tool = chosen
            self.setCursor(chosen.cursor)
            self.tool_changed.emit(id_)

    def click_at(self, at: QPointF, how: How = "replace") -> None:
        """A click at a pixel: picks the point there, or adds it to what is selected, or takes it away."""
        row = self.pick(at)
        if how == "replace" or not self.gathers:
            self.clicked.emit(row)
        elif row is not None:
            self.gathered.emit(np.array([row], np.int64), how)

    def _drop_drag(self) -> bool:
        acting, self._acting = self._acting, None
        if acting is not None:
            acting.cancel(self)
            self.setCursor(self._tool.cursor)
        return acting is not None

    def _tool_for(self, event: QMouseEvent) -> Tool | None:
        if event.button() == Qt.MouseButton.MiddleButton:
            return self._tools["pan"]
        if event.button() != Qt.MouseButton.LeftButton:
            return None
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        return self._tools["box"] if shift and self.gathers and self._tool.is_hand else self._tool

    # events

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._acting is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._acting.paint(painter, self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        tool = self._tool_for(event)
        if tool is not None:
            self._drop_drag()
            self._flight.stop()
            self._acting = tool
            tool.press(self, event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._acting is not None and not event.buttons():
            self._drop_drag()  # the button went up elsewhere, as in front of a dialogue
        if self._acting is None:
            self._hover.move_to(event.position())
            return
        self._hover.rest(event.position())
        self._acting.move(self, event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._acting is None or event.buttons():
            return
        acting, self._acting = self._acting, None
        self.setCursor(self._tool.cursor)
        acting.release(self, event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._tool.is_hand:
            self.fit()
        else:
            self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches and (self._acting is None or self._acting.is_hand):
            self._hover.rest(event.position())
            self.zoom_at(keys.WHEEL_STEP**notches, event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and keys.takes(self, event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._acting is not None and self._acting.dragging:
            if event.key() == Qt.Key.Key_Escape:
                self._drop_drag()
            else:
                self._acting.key_changed(self, event)
        elif not keys.press(self, event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if self._acting is not None:
            self._acting.key_changed(self, event)
        super().keyReleaseEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hover.move_to(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self._hover.leave()
