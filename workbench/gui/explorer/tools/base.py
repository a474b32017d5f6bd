"""What every tool is, and what a gathering does to the selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter

if TYPE_CHECKING:
    from workbench.gui.explorer.map_view import MapView

How = Literal["replace", "add", "subtract", "intersect"]
_Key = Qt.KeyboardModifier


def how_of(modifiers: Qt.KeyboardModifier) -> How:
    """What the pressed keys ask for: Shift adds, Alt or Ctrl+Shift subtracts, Shift+Alt intersects."""
    shift, alt = bool(modifiers & _Key.ShiftModifier), bool(modifiers & _Key.AltModifier)
    if shift and alt:
        return "intersect"
    if alt or (shift and modifiers & _Key.ControlModifier):
        return "subtract"
    return "add" if shift else "replace"


class Tool:
    """One way of using the mouse on a map. A tool keeps no view: each call names it.

    id, title, key, icon : what the tool strip shows; `key` is the letter that chooses it
    cursor : over the map while the tool is chosen
    is_hand : whether a drag moves what is seen, and gathers nothing
    """

    id = ""
    title = ""
    key = ""
    icon = ""
    cursor = Qt.CursorShape.ArrowCursor
    is_hand = False

    @property
    def dragging(self) -> bool:
        """Whether a drag is going on, so that nothing is hovered."""
        return False

    def press(self, view: MapView, event: QMouseEvent) -> None:
        """The button went down."""
        raise NotImplementedError

    def move(self, view: MapView, event: QMouseEvent) -> None:
        """The mouse moved with the button down."""
        raise NotImplementedError

    def release(self, view: MapView, event: QMouseEvent) -> None:
        """The button went up."""
        raise NotImplementedError

    def key_changed(self, view: MapView, event: QKeyEvent) -> None:
        """A key went down or up while the button was down."""

    def cancel(self, view: MapView) -> None:
        """Drop the drag as if it had never begun."""

    def paint(self, painter: QPainter, view: MapView) -> None:
        """Paint what is being dragged, over everything else."""
