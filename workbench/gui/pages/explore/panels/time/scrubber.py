"""The line of checkpoints that is dragged along."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.pages.explore.panels.time.steps import TimeStep
from workbench.gui.theme import current_theme

_SIDE_PX, _LINE_Y, _TICK_PX, _KNOB_PX = 18.0, 15.0, 5.0, 7.0
_LABEL_GAP_PX = 10.0
_HEIGHT_PX = 44
_Key = Qt.Key
_MOVES = {_Key.Key_Left: -1, _Key.Key_Down: -1, _Key.Key_Right: 1, _Key.Key_Up: 1}


class Scrubber(QWidget):
    """A tick for each checkpoint, evenly spaced; those that are not drawn are hollow and passed over.

    Left and Right go a checkpoint on, Home and End to the first and the last, Space plays and pauses.

    Signals
    -------
    moved(float) : dragged to a place among the drawn checkpoints: 1.5 is half way from the second to the third
    let_go() : the drag has ended
    wanted(int) : a key asks for the drawn checkpoint of this number
    play_wanted() : Space was pressed
    """

    moved = Signal(float)
    let_go = Signal()
    wanted = Signal(int)
    play_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[TimeStep, ...] = ()
        self._drawn = np.zeros(0)
        self._place = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Checkpoints")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @property
    def place(self) -> float:
        """Where it stands among the drawn checkpoints."""
        return self._place

    def set_steps(self, steps: tuple[TimeStep, ...]) -> None:
        """Show these checkpoints, oldest first."""
        self._steps = steps
        self._drawn = np.array([at for at, step in enumerate(steps) if step.places is not None], np.float64)
        self.set_place(min(self._place, max(0.0, len(self._drawn) - 1)))

    def set_place(self, place: float) -> None:
        """Stand somewhere among the drawn checkpoints."""
        self._place = place
        if len(self._drawn):
            self.setAccessibleDescription(self._steps[int(self._drawn[round(place)])].words)
        self.update()

    def x_of(self, place: float) -> float:
        """The pixel of a place among the drawn checkpoints."""
        return self._x(float(np.interp(place, np.arange(len(self._drawn)), self._drawn)) if len(self._drawn) else 0.0)

    def sizeHint(self) -> QSize:
        return QSize(320, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, _HEIGHT_PX)

    def _x(self, tick: float) -> float:
        return _SIDE_PX + (self.width() - 2 * _SIDE_PX) * tick / max(len(self._steps) - 1, 1)

    def _place_at(self, x: float) -> float:
        tick = (x - _SIDE_PX) / max(self.width() - 2 * _SIDE_PX, 1.0) * max(len(self._steps) - 1, 1)
        return float(np.interp(tick, self._drawn, np.arange(len(self._drawn))))

    # events

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and len(self._drawn):
            self.moved.emit(self._place_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and len(self._drawn):
            self.moved.emit(self._place_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and len(self._drawn):
            self.let_go.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, last = _Key(event.key()), len(self._drawn) - 1
        if key == _Key.Key_Space:
            self.play_wanted.emit()
        elif last < 0:
            super().keyPressEvent(event)
        elif key in _MOVES:
            on = np.floor(self._place + 1) if _MOVES[key] > 0 else np.ceil(self._place - 1)
            self.wanted.emit(int(np.clip(on, 0, last)))
        elif key in (_Key.Key_Home, _Key.Key_End):
            self.wanted.emit(0 if key == _Key.Key_Home else last)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = self._nearest(event.pos().x())
            words = "" if at is None else self._steps[at].words + self._undrawn_words(at)
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def _nearest(self, x: float) -> int | None:
        if not self._steps:
            return None
        return min(range(len(self._steps)), key=lambda at: abs(self._x(at) - x))

    def _undrawn_words(self, at: int) -> str:
        return "" if self._steps[at].places is not None else " · not drawn yet"

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = current_theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        muted, accent, ground = QColor(theme.muted), QColor(theme.accent), QColor(theme.surface)
        painter.setPen(QPen(QColor(theme.border), 2))
        painter.drawLine(QPointF(self._x(0), _LINE_Y), QPointF(self._x(max(len(self._steps) - 1, 1)), _LINE_Y))
        if len(self._drawn):
            painter.setPen(QPen(accent, 2))
            painter.drawLine(QPointF(self.x_of(0), _LINE_Y), QPointF(self.x_of(self._place), _LINE_Y))
        for at, step in enumerate(self._steps):
            is_drawn = step.places is not None
            passed = is_drawn and self._x(at) <= self.x_of(self._place) + 0.5
            painter.setPen(QPen(accent if passed else muted, 1.5))
            painter.setBrush((accent if passed else muted) if is_drawn else ground)
            painter.drawEllipse(QPointF(self._x(at), _LINE_Y), _TICK_PX / 1.6, _TICK_PX / 1.6)
        self._paint_labels(painter, muted)
        if len(self._drawn):
            painter.setPen(QPen(ground, 2))
            painter.setBrush(accent)
            painter.drawEllipse(QPointF(self.x_of(self._place), _LINE_Y), _KNOB_PX, _KNOB_PX)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(accent, 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def _paint_labels(self, painter: QPainter, colour: QColor) -> None:
        """The steps under their ticks: the last and the first, and between them those that find room."""
        metrics = QFontMetricsF(painter.font())
        painter.setPen(colour)
        last = len(self._steps) - 1
        taken: list[tuple[float, float]] = []
        for at in sorted(range(len(self._steps)), key=lambda at: (at != last, at)):
            text = f"{self._steps[at].step:,}"
            wide = metrics.horizontalAdvance(text)
            left = min(max(self._x(at) - wide / 2, 1.0), self.width() - wide - 1.0)
            right = left + wide
            if all(right + _LABEL_GAP_PX < other[0] or left - _LABEL_GAP_PX > other[1] for other in taken):
                taken.append((left, right))
                area = QRectF(left, _LINE_Y + _KNOB_PX + 2, wide + 1, metrics.height())
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
