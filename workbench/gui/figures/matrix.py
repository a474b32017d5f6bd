"""A matrix as a heat map with a colour bar: diverging about 0 where values lie below it, else sequential from 0."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen

from workbench.app.figure_scale import Range, value_range
from workbench.gui.explorer.colours import rgba_table
from workbench.gui.explorer.palette import MISSING, oklab, ramp
from workbench.gui.figures.drawing import (
    CENTRED,
    LEFT,
    RIGHT,
    Cell,
    Drawing,
    headings,
    name_of,
    number_words,
    small_font,
)
from workbench.gui.theme import Theme
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.plugins.specs import FigureSpec

_BAR_PX, _BAR_WORDS = 12.0, "\N{MINUS SIGN}0.005"
_LEAST_CELL_PX, _WHOLE_FROM_PX = 8.0, 4.0
_LONG = 3
"""So many times as many columns as rows, or rows as columns, and cells are square no longer."""
_NUMBERS_FROM_PX, _MOST_NUMBERS = 30.0, 400
_FRAMED_FROM_PX = 3.0
_LIGHT = 0.66
"""Oklab lightness above which black words stand out more than white ones."""


@dataclass(frozen=True)
class _Frame:
    """cells : the matrix; bar : the colour bar; upright : whether column headings stand on end."""

    cells: QRectF
    bar: QRectF
    upright: bool


class MatrixDrawing(Drawing):
    """Cells are square where that fills the place; a very long matrix has them stretched until they can be seen."""

    def __init__(self, spec: FigureSpec, values: NDArray[Any], between: Range | None = None) -> None:
        super().__init__(spec, (values.shape[0], values.shape[1]))
        self.values = np.asarray(values, np.float64)
        self.between = between or value_range(self.values)
        self.columns, self.rows = headings(spec.columns, self.shape[1]), headings(spec.rows, self.shape[0])

    def paint(self, painter: QPainter, area: QRectF, theme: Theme) -> None:
        frame = self._frame(area)
        image = _image(self.values, self.between, theme.dark)
        shrunk = frame.cells.width() < self.shape[1] or frame.cells.height() < self.shape[0]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk)
        painter.drawImage(frame.cells, image)
        painter.setFont(small_font())
        self._paint_positives(painter, frame, theme)
        self._paint_numbers(painter, frame, theme)
        painter.setPen(QColor(theme.text))
        self._paint_rows(painter, frame)
        self._paint_columns(painter, frame)
        self._paint_titles(painter, frame)
        _paint_bar(painter, frame.bar, self.between, theme)

    def rect(self, area: QRectF, row: int, column: int) -> QRectF:
        return self._cell(self._frame(area), row, column)

    def cell_at(self, area: QRectF, point: QPointF) -> Cell | None:
        cells = self._frame(area).cells
        if not cells.contains(point):
            return None
        row = int((point.y() - cells.top()) / cells.height() * self.shape[0])
        column = int((point.x() - cells.left()) / cells.width() * self.shape[1])
        return min(row, self.shape[0] - 1), min(column, self.shape[1] - 1)

    def words(self, row: int, column: int) -> str:
        where = f"{name_of(self.rows, row, 'row')}, {name_of(self.columns, column, 'column')}"
        return f"{where}: {number_words(self.values[row, column])}"

    def summary(self) -> str:
        finite = self.values[np.isfinite(self.values)]
        if not finite.size:
            return f"{self.shape[0]} rows, {self.shape[1]} columns, no numbers"
        low, mean, high = (number_words(x) for x in (finite.min(), finite.mean(), finite.max()))
        return f"{self.shape[0]} rows, {self.shape[1]} columns; lowest {low}, mean {mean}, highest {high}"

    def _frame(self, area: QRectF) -> _Frame:
        metrics = QFontMetricsF(small_font())
        rows, columns = self.shape
        left = max((metrics.horizontalAdvance(text) for text in self.rows), default=-SPACE_S) + SPACE_S
        left += self._line_px(self.spec.y)
        right = _BAR_PX + SPACE_S + SPACE_XS + metrics.horizontalAdvance(_BAR_WORDS) + self._line_px(self.spec.value)
        widest = max((metrics.horizontalAdvance(text) for text in self.columns), default=0.0)
        wide = max(1.0, area.width() - left - right)
        upright = widest > min(wide / columns, area.height() / rows) - 2
        top = 0.0 if not self.columns else SPACE_XS + (widest if upright else metrics.height())
        high = max(1.0, area.height() - top - self._line_px(self.spec.x))
        cell_wide, cell_high = _sides(wide / columns, high / rows, max(self.shape) > _LONG * min(self.shape))
        size = columns * cell_wide, rows * cell_high
        x = area.left() + left + max(0.0, (wide - size[0]) / 2)
        cells = QRectF(x, area.top() + top + max(0.0, (high - size[1]) / 2), *size)
        return _Frame(cells, QRectF(cells.right() + SPACE_S, cells.top(), _BAR_PX, cells.height()), upright)

    @staticmethod
    def _line_px(title: str) -> float:
        """Room of the title of an axis."""
        return QFontMetricsF(small_font()).height() + SPACE_XS if title else 0.0

    def _cell(self, frame: _Frame, row: int, column: int) -> QRectF:
        wide, high = frame.cells.width() / self.shape[1], frame.cells.height() / self.shape[0]
        return QRectF(frame.cells.left() + column * wide, frame.cells.top() + row * high, wide, high)

    def _paint_positives(self, painter: QPainter, frame: _Frame, theme: Theme) -> None:
        """Frames around the cells of positive pairs, where cells are large enough to have an inside."""
        cell = self._cell(frame, 0, 0)
        if min(cell.width(), cell.height()) < _FRAMED_FROM_PX:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(QColor(theme.danger), 1))
        for row, column in self.spec.marked(*self.shape):
            painter.drawRect(self._cell(frame, row, column).toRect().adjusted(0, 0, -1, -1))
        painter.restore()

    def _paint_numbers(self, painter: QPainter, frame: _Frame, theme: Theme) -> None:
        """The values, where the cells have room for them."""
        cell = self._cell(frame, 0, 0)
        if min(cell.width(), cell.height()) < _NUMBERS_FROM_PX or self.values.size > _MOST_NUMBERS:
            return
        light = _light(self.between, theme.dark)[_places(self.values, self.between)]
        for (row, column), value in np.ndenumerate(self.values):
            painter.setPen(QColor("#000000" if light[row, column] else "#ffffff"))
            painter.drawText(self._cell(frame, row, column), CENTRED, f"{value:.2f}".replace("-", "\N{MINUS SIGN}"))

    def _paint_rows(self, painter: QPainter, frame: _Frame) -> None:
        for row, text in enumerate(self.rows):
            cell = self._cell(frame, row, 0)
            painter.drawText(QRectF(cell.left() - SPACE_S - 400, cell.top(), 400, cell.height()), RIGHT, text)

    def _paint_columns(self, painter: QPainter, frame: _Frame) -> None:
        line = QFontMetricsF(painter.font()).height()
        for column, text in enumerate(self.columns):
            cell = self._cell(frame, 0, column)
            if frame.upright:
                painter.save()
                painter.translate(cell.center().x() - line / 2, cell.top() - SPACE_XS)
                painter.rotate(-90)
                painter.drawText(QRectF(0, 0, 400, line), LEFT, text)
                painter.restore()
            else:
                above = QRectF(cell.left(), cell.top() - line - SPACE_XS, cell.width(), line)
                painter.drawText(above, CENTRED, text)

    def _paint_titles(self, painter: QPainter, frame: _Frame) -> None:
        """What the columns, the rows and the numbers are."""
        metrics, cells = QFontMetricsF(painter.font()), frame.cells
        line = metrics.height()
        below = QRectF(cells.left(), cells.bottom() + SPACE_XS, cells.width(), line)
        painter.drawText(below, CENTRED, self.spec.x)
        widest = max((metrics.horizontalAdvance(text) for text in self.rows), default=-SPACE_S) + SPACE_S
        _paint_upward(painter, QPointF(cells.left() - widest - SPACE_XS - line / 2, cells.center().y()), self.spec.y)
        numbers = SPACE_XS + max(metrics.horizontalAdvance(number_words(value)) for value in _marked(self.between))
        beside = QPointF(frame.bar.right() + numbers + SPACE_XS + line / 2, frame.bar.center().y())
        _paint_upward(painter, beside, self.spec.value)


def _paint_upward(painter: QPainter, middle: QPointF, text: str) -> None:
    painter.save()
    painter.translate(middle)
    painter.rotate(-90)
    painter.drawText(QRectF(-200, -20, 400, 40), CENTRED, text)
    painter.restore()


def _sides(wide: float, high: float, is_long: bool) -> tuple[float, float]:
    """Sides of a cell that may be so wide and so high: square, but in a long matrix not too thin to be seen."""
    side = min(wide, high)
    if is_long:
        return min(wide, max(side, _LEAST_CELL_PX)), min(high, max(side, _LEAST_CELL_PX))
    side = float(int(side)) if side >= _WHOLE_FROM_PX else side
    return side, side


def _paint_bar(painter: QPainter, bar: QRectF, between: Range, theme: Theme) -> None:
    steps = np.linspace(between[1], between[0], 128)[:, None]
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
    painter.drawImage(bar, _image(steps, between, theme.dark))
    painter.setPen(QColor(theme.muted))
    metrics = QFontMetricsF(painter.font())
    low, high = between
    for value in _marked(between):
        down = (high - value) / (high - low) * (bar.height() - metrics.height())
        beside = QPointF(bar.right() + SPACE_XS, bar.top() + down + metrics.ascent())
        painter.drawText(beside, number_words(value))


def _marked(between: Range) -> tuple[float, float, float]:
    """The values that are written beside the colour bar."""
    low, high = between
    return low, (low + high) / 2, high


def _image(values: NDArray[np.float64], between: Range, dark: bool) -> QImage:
    table = np.vstack([_table(between[0] < 0, dark), rgba_table([MISSING])]).astype(np.uint32)
    words = (table[:, 3] << 24) | (table[:, 0] << 16) | (table[:, 1] << 8) | table[:, 2]
    pixels = np.ascontiguousarray(words[_places(values, between)], np.uint32)
    height, width = pixels.shape
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGB32).copy()


def _places(values: NDArray[np.float64], between: Range) -> NDArray[np.int64]:
    """Rows of the colour table; the last is that of what is no number."""
    low, high = between
    shares = np.clip((values - low) / (high - low), 0, 1)
    known = np.isfinite(values)
    return np.where(known, np.rint(255 * np.where(known, shares, 0)), 256).astype(np.int64)


@cache
def _table(diverging: bool, dark: bool) -> NDArray[np.uint8]:
    """(256, 4) colours; what is near 0 of a diverging one is like the theme's ground."""
    return ramp(("diverging-dark" if dark else "diverging") if diverging else "viridis")


def _light(between: Range, dark: bool) -> NDArray[np.bool_]:
    table = np.vstack([_table(between[0] < 0, dark), rgba_table([MISSING])])
    return np.asarray(oklab(table[:, :3])[:, 0] > _LIGHT)
