"""The plot itself: axes and curves painted into pictures that are kept, panned and zoomed by hand.

A redraw paints only what has changed: the ground (axes, grid, levels) while its range stays, and each curve's lines
while its samples stay, are kept from the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.curves.ground import area_of, paint_ground
from workbench.gui.curves.scene import Curve, Ground
from workbench.gui.curves.strokes import Frame, Strokes, paint_raw, paint_strokes, strokes
from workbench.gui.curves.ticks import Axis
from workbench.gui.explorer.colours import PlotColours

_NOTCH = 120.0
_PER_NOTCH, _PER_PIXEL = 0.85, 0.99
_LEAST_PX = 16.0


@dataclass(frozen=True)
class Ranges:
    """Both axes' ends."""

    left: float
    right: float
    bottom: float
    top: float

    def moved(self, right: float, up: float) -> Ranges:
        """Shifted by these shares of the width and the height."""
        x, y = right * (self.right - self.left), up * (self.top - self.bottom)
        return Ranges(self.left + x, self.right + x, self.bottom + y, self.top + y)

    def scaled(self, x_factor: float, y_factor: float, x: float | None = None, y: float | None = None) -> Ranges:
        """Zoomed about a point that stays where it is, the middle by default; a factor below 1 magnifies."""
        x = (self.left + self.right) / 2 if x is None else x
        y = (self.bottom + self.top) / 2 if y is None else y
        left, right = (x + (end - x) * x_factor for end in (self.left, self.right))
        bottom, top = (y + (end - y) * y_factor for end in (self.bottom, self.top))
        return Ranges(left, right, bottom, top)

    @property
    def usable(self) -> bool:
        """Whether the ends are still different numbers, so that something can be drawn between them."""
        wide, high = self.right - self.left, self.top - self.bottom
        far_x, far_y = max(abs(self.left), abs(self.right)), max(abs(self.bottom), abs(self.top))
        return 1e-12 * far_x < wide < 1e300 and 1e-12 * far_y < high < 1e300


class Plot(QWidget):
    """Curves between two axes.

    The wheel zooms about the cursor (over an axis along this one alone), dragging pans, dragging with the right
    button zooms.

    Signals
    -------
    moved() : someone panned or zoomed
    all_wanted() : a double click
    hovered(object) : the cursor's QPointF within the axes, None when it leaves them
    """

    moved = Signal()
    all_wanted = Signal()
    hovered = Signal(object)

    def __init__(self, colours: PlotColours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ranges = Ranges(0.0, 1.0, 0.0, 1.0)
        self._ground = Ground(Axis(0.0, 1.0), Axis(0.0, 1.0), (), colours)
        self._curves: Sequence[Curve] = ()
        self._strokes: dict[Curve, Strokes] = {}
        self._stroked: object = None
        self._under: tuple[object, QPixmap] | None = None
        self._picture: QPixmap | None = None
        self._area: QRectF | None = None
        self._held: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def ranges(self) -> Ranges:
        return self._ranges

    @property
    def ground(self) -> Ground:
        return self._ground

    @property
    def curves(self) -> Sequence[Curve]:
        return self._curves

    @property
    def area(self) -> QRectF:
        """The rectangle between the axes, in the widget's pixels."""
        if self._area is None:
            self._area = area_of(self._ground, self.size(), self.font())
        return self._area

    def set_ranges(self, ranges: Ranges) -> None:
        """Show another part of the plane; one too narrow to be told from a point is not shown."""
        if ranges != self._ranges and ranges.usable:
            self._ranges = ranges
            self.set_ground(self._ground)

    def set_ground(self, ground: Ground) -> None:
        """Show these labels, levels and colours; the axes' ends are those of the ranges."""
        x = replace(ground.x, low=self._ranges.left, high=self._ranges.right)
        y = replace(ground.y, low=self._ranges.bottom, high=self._ranges.top)
        ground = replace(ground, x=x, y=y)
        if ground != self._ground:
            self._ground, self._area = ground, None
            self._touch()

    def set_curves(self, curves: Sequence[Curve]) -> None:
        """Draw these, the last on top; one that is the same object as before is taken from what was kept."""
        if list(curves) != list(self._curves):
            self._curves = tuple(curves)
            self._touch()

    def to_pixel(self, x: float, y: float) -> QPointF:
        """Where a place on the axes lies in the widget."""
        area, seen = self.area, self._ranges
        across = (x - seen.left) / (seen.right - seen.left)
        up = (y - seen.bottom) / (seen.top - seen.bottom)
        return QPointF(area.left() + across * area.width(), area.bottom() - up * area.height())

    def from_pixel(self, where: QPointF) -> tuple[float, float]:
        """The place on the axes under a pixel."""
        area, seen = self.area, self._ranges
        across = (where.x() - area.left()) / area.width()
        up = (area.bottom() - where.y()) / area.height()
        return seen.left + across * (seen.right - seen.left), seen.bottom + up * (seen.top - seen.bottom)

    # -- painting --------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, scale: float) -> None:
        """The whole plot in the widget's size at (0, 0), for a device of `scale` pixels a logical one."""
        area = self.area
        paint_ground(painter, self._ground, QRectF(self.rect()), area, self.font())
        self._paint_curves(painter, area, scale, {})

    def _touch(self) -> None:
        self._picture = None
        self.update()

    def _paint_curves(self, painter: QPainter, area: QRectF, dpr: float, kept: dict[Curve, Strokes]) -> None:
        seen = self._ranges
        frame = Frame(seen.left, seen.right, seen.bottom, seen.top, area, max(16, round(area.width() * dpr)))
        painter.save()
        painter.setClipRect(area)
        for curve in self._curves:
            if curve not in kept:
                kept[curve] = strokes(curve, frame)
            paint_raw(painter, curve, kept[curve], self._ground.colours, dpr)
        for curve in self._curves:
            paint_strokes(painter, curve, kept[curve], area, self._ground.colours, dpr)
        painter.restore()

    def _painted(self) -> QPixmap:
        """The picture of what is shown now."""
        if self._picture is None:
            area, dpr = self.area, self.devicePixelRatioF()
            picture = QPixmap(self._painted_ground(area, dpr))
            place = self._ranges, area.getRect(), dpr
            kept = self._strokes if self._stroked == place else {}
            self._strokes = {curve: kept[curve] for curve in self._curves if curve in kept}
            self._stroked = place
            painter = QPainter(picture)
            self._paint_curves(painter, area, dpr, self._strokes)
            painter.end()
            self._picture = picture
        return self._picture

    def _painted_ground(self, area: QRectF, dpr: float) -> QPixmap:
        key = self._ground, self.size().toTuple(), dpr, self.font().key()
        if self._under is None or self._under[0] != key:
            under = QPixmap(self.size() * dpr)
            under.setDevicePixelRatio(dpr)
            painter = QPainter(under)
            paint_ground(painter, self._ground, QRectF(self.rect()), area, QFont(self.font()))
            painter.end()
            self._under = key, under
        return self._under[1]

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.area.width() >= _LEAST_PX and self.area.height() >= _LEAST_PX:
            QPainter(self).drawPixmap(0, 0, self._painted())
        else:
            QPainter(self).fillRect(self.rect(), QColor(self._ground.colours.background))

    # -- by hand ---------------------------------------------------------------------------------------------------

    def change_by_hand(self, ranges: Ranges) -> None:
        """Show what someone panned or zoomed to, and say so."""
        self.moved.emit()
        self.set_ranges(ranges)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = (event.angleDelta().y() or event.angleDelta().x()) / _NOTCH
        if not notches:
            return
        where, area = event.position(), self.area
        factor = _PER_NOTCH**notches
        x_factor = factor if where.x() >= area.left() else 1.0
        y_factor = factor if where.y() <= area.bottom() else 1.0
        self.change_by_hand(self._ranges.scaled(x_factor, y_factor, *self.from_pixel(where)))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton):
            self._held = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        where, area = event.position(), self.area
        if self._held is None or event.buttons() == Qt.MouseButton.NoButton:
            self.hovered.emit(where if area.contains(where) else None)
            return
        way = where - self._held
        if event.buttons() & Qt.MouseButton.RightButton:
            zoomed = self._ranges.scaled(_PER_PIXEL ** way.x(), _PER_PIXEL ** -way.y(), *self.from_pixel(self._held))
            self.change_by_hand(zoomed)
        else:
            self.change_by_hand(self._ranges.moved(-way.x() / area.width(), way.y() / area.height()))
        self._held = where

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.all_wanted.emit()

    def leaveEvent(self, event: object) -> None:
        self.hovered.emit(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._area = None
        self._touch()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._area = None
            self._touch()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(640, 300)
