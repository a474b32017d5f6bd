"""What every kind of figure can do: lie in an area, be painted there, and say what is under the mouse."""

from __future__ import annotations

from abc import ABC, abstractmethod

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QApplication

from workbench.gui.theme import Theme
from workbench.gui.theme.tokens import FONT_SMALL
from workbench.plugins.specs import FigureSpec

Cell = tuple[int, int]
CENTRED = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextDontClip)
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter) | int(Qt.TextFlag.TextDontClip)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter) | int(Qt.TextFlag.TextDontClip)


class Drawing(ABC):
    """A figure with its numbers.

    Attributes
    ----------
    spec : what it is
    shape : rows and columns of cells that can be pointed at
    """

    def __init__(self, spec: FigureSpec, shape: Cell) -> None:
        self.spec, self.shape = spec, shape

    @abstractmethod
    def paint(self, painter: QPainter, area: QRectF, theme: Theme) -> None:
        """Draw it into the area."""

    @abstractmethod
    def rect(self, area: QRectF, row: int, column: int) -> QRectF:
        """Where a cell lies when the figure is drawn into the area."""

    @abstractmethod
    def cell_at(self, area: QRectF, point: QPointF) -> Cell | None:
        """The cell under a point."""

    @abstractmethod
    def words(self, row: int, column: int) -> str:
        """A cell in words, with its value."""

    @abstractmethod
    def summary(self) -> str:
        """The whole in words, for those who do not see it."""

    def hot_rect(self, area: QRectF, row: int, column: int) -> QRectF:
        """What a cell that is pointed at takes up; its value is written beneath."""
        return self.rect(area, row, column)

    def paint_hot(self, painter: QPainter, area: QRectF, cell: Cell, theme: Theme) -> None:
        """Mark the cell that is pointed at."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.focus), 2))
        painter.drawRect(self.rect(area, *cell))


def small_font(size: int = FONT_SMALL) -> QFont:
    """The font of headings and numbers in figures."""
    font = QFont(QApplication.font())
    font.setPixelSize(size)
    return font


def headings(names: tuple[str, ...], count: int) -> tuple[str, ...]:
    """The names where there is one for each; else none."""
    return names if len(names) == count else ()


def name_of(names: tuple[str, ...], number: int, kind: str) -> str:
    """A row's or column's heading, else its number counted from 1."""
    return names[number] if number < len(names) else f"{kind} {number + 1}"


def number_words(value: float) -> str:
    """A value with three digits that count."""
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")
