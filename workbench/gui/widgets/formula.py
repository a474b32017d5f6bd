"""Formulas, drawn from outlines that were set elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import current_theme

_TOKEN = re.compile(r"[MLQCZ]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_ARITY = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}
_NATURAL_SCALE = 1.5


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
    """A formula in the colour of text, as large as fits; screen readers get its TeX."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = QPainterPath()
        self._box = QRectF()
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
        left, top, right, bottom = box
        self._box = QRectF(left, top, right - left, bottom - top)
        self.setAccessibleName(tex)
        self.updateGeometry()
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

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._box.isEmpty():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = self.scale()
        painter.translate(0, (self.height() - scale * self._box.height()) / 2)
        painter.scale(scale, scale)
        painter.translate(-self._box.left(), -self._box.top())
        painter.fillPath(self._path, QColor(current_theme().text))
