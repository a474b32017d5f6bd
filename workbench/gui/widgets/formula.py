"""Formulas, drawn from outlines that were set elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import RADIUS_S, SPACE_L

_TOKEN = re.compile(r"[MLQCZ]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_ARITY = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}
_NATURAL_SCALE, _READABLE_SCALE = 1.5, 1.1
_OPENING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


@lru_cache(maxsize=64)
def parse_path(data: str) -> QPainterPath:
    """A path from SVG path data with the absolute commands M, L, Q, C and Z.

    Raises
    ------
    ValueError
        where the data holds anything else, or too few numbers
    """
    if re.sub(r"[\s,]", "", _TOKEN.sub("", data)):
        raise ValueError(f"This is not path data of M, L, Q, C and Z: {data[:40]!r}")
    path = QPainterPath()
    for command, numbers in _commands(_TOKEN.findall(data)):
        match command:
            case "M":
                path.moveTo(*numbers)
            case "L":
                path.lineTo(*numbers)
            case "Q":
                path.quadTo(*numbers)
            case "C":
                path.cubicTo(*numbers)
            case "Z":
                path.closeSubpath()
    return path


def _commands(tokens: list[str]) -> Iterator[tuple[str, list[float]]]:
    """(command, its numbers); a command counts for all complete groups of numbers that follow."""
    position = 0
    while position < len(tokens):
        command = tokens[position]
        position += 1
        arity = _ARITY.get(command)
        if arity is None:
            raise ValueError(f"Path data has a number where a command should be: {command!r}")
        start = position
        while position < len(tokens) and tokens[position] not in _ARITY:
            position += 1
        numbers = [float(token) for token in tokens[start:position]]
        if (arity == 0 and numbers) or (arity and (not numbers or len(numbers) % arity)):
            raise ValueError(f"Path command {command} takes {arity} numbers, not {len(numbers)}.")
        for group in range(0, max(len(numbers), 1), max(arity, 1)):
            yield ("L" if command == "M" and group else command), numbers[group : group + arity]


class FormulaView(QWidget):
    """A formula in the colour of text, as large as fits; screen readers get its TeX.

    One that is too small to be read where it stands is shown in its natural size by a click, Enter or Space.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = QPainterPath()
        self._box = QRectF()
        self._outline: tuple[str, tuple[float, float, float, float], str] = ("", (0.0, 0.0, 0.0, 0.0), "")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_formula(self, outline: str, box: tuple[float, float, float, float], tex: str) -> None:
        """Show a formula.

        Parameters
        ----------
        outline : SVG path data in points, y downwards, baseline at 0; "" shows nothing
        box : left, top, right, bottom of the outline
        tex : the formula as TeX

        Raises
        ------
        ValueError
            where the outline is not path data
        """
        self._path = parse_path(outline)
        self._outline = outline, box, tex
        left, top, right, bottom = box
        self._box = QRectF(left, top, right - left, bottom - top)
        self.setAccessibleName(tex)
        self.updateGeometry()
        self._offer()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(self._box.width() * _NATURAL_SCALE), round(self._box.height() * _NATURAL_SCALE) + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(120, self.sizeHint().width()), self.sizeHint().height())

    def scale(self) -> float:
        """Pixels a point: the natural size, or less where the width or height asks for it."""
        if self._box.isEmpty():
            return _NATURAL_SCALE
        return min(_NATURAL_SCALE, self.width() / self._box.width(), self.height() / self._box.height())

    @property
    def small(self) -> bool:
        """Whether it is too small to be read where it stands."""
        return not self._box.isEmpty() and self.scale() < _READABLE_SCALE

    def enlarge(self) -> QFrame:
        """Show it in its natural size over the window; any click elsewhere and Escape take it away."""
        frame = QFrame(self, Qt.WindowType.Popup)
        frame.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        frame.setProperty("card", True)
        large = FormulaView(frame)
        large.set_formula(*self._outline)
        large.setMinimumSize(large.sizeHint())
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        inside.addWidget(large)
        frame.adjustSize()
        window = self.window()
        at = self.mapTo(window, QPoint(-SPACE_L, (self.height() - frame.height()) // 2))
        at.setX(max(0, min(at.x(), window.width() - frame.width())))
        frame.move(window.mapToGlobal(at))
        frame.show()
        return frame

    def _offer(self) -> None:
        """Say that it can be enlarged, where that helps."""
        small = self.small
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if small else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if small else Qt.CursorShape.ArrowCursor)
        self.setToolTip("Click to enlarge" if small else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._offer()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.small and event.button() == Qt.MouseButton.LeftButton:
            self.enlarge()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.small and event.key() in _OPENING:
            self.enlarge()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._box.isEmpty():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus():
            painter.setPen(QPen(QColor(current_theme().focus), 1.5))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_S, RADIUS_S)
        scale = self.scale()
        painter.translate(0, (self.height() - scale * self._box.height()) / 2)
        painter.scale(scale, scale)
        painter.translate(-self._box.left(), -self._box.top())
        painter.fillPath(self._path, QColor(current_theme().text))
