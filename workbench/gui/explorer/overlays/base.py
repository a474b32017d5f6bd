"""What every overlay is: something painted over the points, which need not be drawn again for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

if TYPE_CHECKING:
    from workbench.gui.explorer.map_canvas import MapCanvas


class Overlay:
    """Painted over the points in logical pixels; lower levels first.

    An overlay that changes by itself calls `changed`, which repaints it over the picture of the points as it is.

    lasting : whether it belongs into a picture that is saved
    """

    level = 0
    lasting = True
    _view: MapCanvas | None = None

    def attach(self, view: MapCanvas) -> None:
        """The overlay was added to a view."""
        self._view = view

    def detach(self) -> None:
        """The overlay was removed from its view, or the view is closing."""
        self._view = None

    def changed(self) -> None:
        """Paint anew soon."""
        if self._view is not None:
            self._view.update()

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        """Paint into the view; the painter is antialiased and need not be put back as it was."""
        raise NotImplementedError

    def covers(self) -> Collection[QRectF]:
        """What its words covered when it was last painted; those of overlays above leave it free."""
        return ()

    def box_of(self, row: int) -> QRectF | None:
        """The area that stands for a point instead of its disc; None where the disc does."""
        return None

    def hit(self, at: QPointF) -> int | None:
        """The point whose stand-in lies under a pixel."""
        return None
