"""Sliders: one handle over a scale, two handles for a range, and a switch. None moves under an unfocused wheel."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QSlider, QWidget

from workbench.gui.forms.scale import STEPS, Scale
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import Theme

_INSET = 7.0


class ValueSlider(QSlider):
    """A slider over a scale.

    Signals
    -------
    moved(value) : while it is dragged, and at every key
    """

    moved = Signal(object)

    def __init__(self, scale: Scale, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._scale = scale
        few = scale.integral and not scale.log and scale.upper - scale.lower < STEPS
        self.setRange(0, round(scale.upper - scale.lower) if few else STEPS)
        self.setPageStep(max(1, self.maximum() // 10))
        self.setSingleStep(max(1, self.maximum() // 100))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(48)
        self._quiet = False
        self.valueChanged.connect(self._tell)

    def set_value(self, value: float) -> None:
        """Move the handle without a signal."""
        self._quiet = True
        self.setValue(round(self._scale.share(value) * self.maximum()))
        self._quiet = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        # A press beside the handle goes there at once instead of a page towards it.
        if event.button() == Qt.MouseButton.LeftButton:
            share = (event.position().x() - _INSET) / max(1.0, self.width() - 2 * _INSET)
            self.setValue(round(min(max(share, 0.0), 1.0) * self.maximum()))
        super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _tell(self, position: int) -> None:
        if not self._quiet:
            self.moved.emit(self._scale.value(position / self.maximum()))


class RangeSlider(QWidget):
    """Two handles on one scale, which never cross.

    The arrow keys move the handle that was used last, Space changes to the other.

    Signals
    -------
    moved(pair) : (low, high)
    """

    moved = Signal(object)

    def __init__(self, scale: Scale, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale = scale
        self._pair = [scale.lower, scale.upper]
        self._active = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(48)

    def pair(self) -> tuple[float, float]:
        """(low, high)"""
        return self._pair[0], self._pair[1]

    def set_pair(self, low: float, high: float) -> None:
        """Move both handles without a signal."""
        self._pair = [low, high]
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, 24)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            x = event.position().x()
            low, high = (self._x(value) for value in self._pair)
            middle = (low + high) / 2
            self._active = 0 if x < middle or (x == middle and self._active == 0) else 1
            self._move_to(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move_to(event.position().x())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_PageDown: -10,
            Qt.Key.Key_PageUp: 10,
        }
        key = Qt.Key(event.key())
        if key in steps:
            self._set_active(self._scale.value(self._scale.share(self._pair[self._active]) + steps[key] / 100))
        elif key == Qt.Key.Key_Space:
            self._active = 1 - self._active
            self.update()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def _x(self, value: float) -> float:
        return _INSET + self._scale.share(value) * (self.width() - 2 * _INSET)

    def _move_to(self, x: float) -> None:
        self._set_active(self._scale.value((x - _INSET) / max(1.0, self.width() - 2 * _INSET)))

    def _set_active(self, value: float) -> None:
        low, high = self._pair
        pair = [min(value, high), high] if self._active == 0 else [low, max(value, low)]
        if pair != self._pair:
            self._pair = pair
            self.update()
            self.moved.emit(self.pair())

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        low, high = (self._x(value) for value in self._pair)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.border))
        painter.drawRoundedRect(QRectF(1, middle - 2, self.width() - 2, 4), 2, 2)
        painter.setBrush(QColor(theme.accent if self.isEnabled() else theme.outline))
        painter.drawRoundedRect(QRectF(low, middle - 2, max(high - low, 1), 4), 2, 2)
        order = (1, 0) if self._active == 0 else (0, 1)
        for index in order:
            self._paint_handle(painter, theme, QPointF((low, high)[index], middle), index == self._active)

    def _paint_handle(self, painter: QPainter, theme: Theme, centre: QPointF, active: bool) -> None:
        ringed = active and self.hasFocus()
        painter.setPen(QPen(QColor(theme.focus if ringed else theme.outline), 2 if ringed else 1))
        painter.setBrush(QColor(theme.surface))
        painter.drawEllipse(centre, 6, 6)


class Switch(QAbstractButton):
    """An on-off switch; `clicked` tells of the user's changes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(38, 24)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(3, 4, 32, 16)
        on = self.isChecked()
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.focus), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(track.adjusted(-2.2, -2.2, 2.2, 2.2), 10.2, 10.2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.accent if on and self.isEnabled() else theme.outline))
        painter.drawRoundedRect(track, 8, 8)
        painter.setBrush(QColor(theme.on_accent if on else theme.surface))
        painter.drawEllipse(QPointF(track.right() - 8 if on else track.left() + 8, track.center().y()), 5.5, 5.5)
