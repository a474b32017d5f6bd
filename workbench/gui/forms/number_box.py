"""A field for one number that takes scientific notation and lets a wrong number stand, so that it can be explained."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRegularExpression, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegularExpressionValidator,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget

from workbench.gui.forms.scale import number_text, parse_number, stepped
from workbench.gui.forms.schema import FieldSpec
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import CONTROL_HEIGHT

COMMIT_DELAY_MS = 250
"""How long typing must rest before it counts."""

_STEPPER_WIDTH = 16
_PADDING = 8
_NUMBER_CHARACTERS = r"[\d.eE+\-−\s]*"
_STEPS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}


class NumberBox(QLineEdit):
    """A number of any size: typed values are not clamped, steps stay within the setting's bounds.

    The arrow keys, Page Up and Page Down, the wheel while it has the focus, and two small buttons step it.

    Signals
    -------
    committed(value) : float or int, or None where nothing is allowed and nothing was typed
    """

    committed = Signal(object)

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spec = spec
        self._value: float | None = None
        self._delay = QTimer(self, singleShot=True, interval=COMMIT_DELAY_MS)
        self._delay.timeout.connect(self._commit_typed)
        self._unit = QLabel(spec.unit, self)
        self._unit.setProperty("tone", "caption")
        self._unit.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._stepper = _Stepper(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setValidator(QRegularExpressionValidator(QRegularExpression(_NUMBER_CHARACTERS), self))
        self.setPlaceholderText("none" if spec.nullable else "")
        self.textEdited.connect(lambda _text: self._delay.start())
        self.editingFinished.connect(self._finish)

    def value(self) -> float | None:
        """The number as last committed or set."""
        return self._value

    def set_value(self, value: float | None) -> None:
        """Show a number without a signal; text that already means it is left as typed."""
        self._delay.stop()
        typed = parse_number(self.text(), self._spec.integral)
        self._value = value
        if value is None or typed != value:
            self._show(value)

    def step_by(self, steps: int) -> None:
        """Step up or down by so many arrow presses."""
        typed = parse_number(self.text(), self._spec.integral)
        start = typed if typed is not None else (self._value if self._value is not None else self._spec.lower or 0)
        self._show(stepped(self._spec, start, steps))
        self._commit_typed()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = _STEPS.get(Qt.Key(event.key()))
        if steps is None:
            super().keyPressEvent(event)
        else:
            self.step_by(steps)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus() and event.angleDelta().y():
            self.step_by(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            event.ignore()

    def sizeHint(self) -> QSize:
        return QSize(96 + self._unit_width(), CONTROL_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        unit = self._unit_width()
        self._stepper.setGeometry(self.width() - _STEPPER_WIDTH - 1, 1, _STEPPER_WIDTH, self.height() - 2)
        self._unit.setGeometry(self.width() - _STEPPER_WIDTH - unit, 0, unit, self.height())
        self.setTextMargins(0, 0, _STEPPER_WIDTH + unit - _PADDING, 0)

    def _unit_width(self) -> int:
        return self._unit.sizeHint().width() + 4 if self._spec.unit else 0

    def _show(self, value: float | None) -> None:
        self.setText("" if value is None else number_text(value))
        self.setCursorPosition(0)

    def _finish(self) -> None:
        typed = parse_number(self.text(), self._spec.integral)
        if typed is None and not (self._spec.nullable and not self.text().strip()):
            self._delay.stop()
            self._show(self._value)
            return
        self._commit_typed()
        if typed is not None:
            self._show(typed)

    def _commit_typed(self) -> None:
        self._delay.stop()
        typed = parse_number(self.text(), self._spec.integral)
        empty = not self.text().strip() and self._spec.nullable
        if (typed is not None or empty) and typed != self._value:
            self._value = typed
            self.committed.emit(typed)


class _Stepper(QWidget):
    """Two small chevrons at the right end of a box; the keyboard has the arrow keys."""

    def __init__(self, box: NumberBox) -> None:
        super().__init__(box)
        self._box = box
        self._repeat = QTimer(self, interval=70)
        self._repeat.timeout.connect(self._again)
        self._direction = 0
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._box.setFocus(Qt.FocusReason.MouseFocusReason)
        self._direction = 1 if event.position().y() < self.height() / 2 else -1
        self._box.step_by(self._direction)
        self._repeat.setInterval(400)
        self._repeat.start()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._repeat.stop()

    def hideEvent(self, event: QHideEvent) -> None:
        self._repeat.stop()

    def _again(self) -> None:
        self._repeat.setInterval(70)
        self._box.step_by(self._direction)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(current_theme().outline), 1.3))
        centre, middle = self.width() / 2 - 1, self.height() / 2
        for sign in (-1, 1):
            tip = QPointF(centre, middle + sign * 6.5)
            painter.drawPolyline([tip + QPointF(-3, -sign * 3), tip, tip + QPointF(3, -sign * 3)])
