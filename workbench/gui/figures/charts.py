"""Bars and lines over the number of their entries, on the same ground as the curves of a run."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from workbench.app.figure_scale import Range, value_range
from workbench.gui.curves.ground import area_of, paint_ground
from workbench.gui.curves.scene import Ground, padded
from workbench.gui.curves.ticks import Axis
from workbench.gui.explorer.colours import of_theme
from workbench.gui.explorer.palette import categorical
from workbench.gui.figures.drawing import CENTRED, LEFT, Cell, Drawing, headings, name_of, number_words, small_font
from workbench.gui.theme import Theme, current_theme
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from workbench.plugins.specs import FigureSpec

_MOST_NAMED = 10
_NOTHING: Range = (0.0, 1.0)


class _Chart(Drawing):
    """Entries beside each other over a value axis; `ends` are those of the value axis."""

    def __init__(self, spec: FigureSpec, count: int, ends: Range, names: tuple[str, ...]) -> None:
        super().__init__(spec, (1, count))
        self.ends, self.names = ends, names

    def rect(self, area: QRectF, row: int, column: int) -> QRectF:
        plot = self._plot(area)
        wide = plot.width() / self.shape[1]
        return QRectF(plot.left() + column * wide, plot.top(), wide, plot.height())

    def hot_rect(self, area: QRectF, row: int, column: int) -> QRectF:
        whole = self.rect(area, row, column)
        return QRectF(whole.left(), whole.top(), whole.width(), 0.0)

    def cell_at(self, area: QRectF, point: QPointF) -> Cell | None:
        plot = self._plot(area)
        if not plot.contains(point):
            return None
        return 0, min(int((point.x() - plot.left()) / plot.width() * self.shape[1]), self.shape[1] - 1)

    def paint(self, painter: QPainter, area: QRectF, theme: Theme) -> None:
        painter.setFont(small_font())
        whole, plot = self._lower(area), self._plot(area)
        painter.save()
        painter.translate(whole.topLeft())
        local = QRectF(0, 0, whole.width(), whole.height())
        paint_ground(painter, self._ground(theme), local, plot.translated(-whole.topLeft()), small_font())
        painter.restore()
        self._paint_names(painter, plot, theme)
        painter.save()
        painter.setClipRect(plot.adjusted(-1, -1, 1, 1))
        self._paint_values(painter, plot, theme)
        painter.restore()
        self._paint_legend(painter, area, theme)

    @abstractmethod
    def _paint_values(self, painter: QPainter, plot: QRectF, theme: Theme) -> None:
        """Draw the bars or lines."""

    def _paint_legend(self, painter: QPainter, area: QRectF, theme: Theme) -> None:
        """Draw what tells several lines apart."""

    def _legend_px(self) -> float:
        return 0.0

    def _y(self, value: float, plot: QRectF) -> float:
        low, high = self.ends
        return plot.bottom() - (value - low) / (high - low) * plot.height()

    def _lower(self, area: QRectF) -> QRectF:
        return area.adjusted(0, self._legend_px(), 0, 0)

    def _plot(self, area: QRectF) -> QRectF:
        whole = self._lower(area)
        plot = area_of(self._ground(current_theme()), whole.size().toSize(), small_font())
        if self.names:
            plot.setBottom(plot.bottom() - SPACE_XS)
        return plot.translated(whole.topLeft())

    def _ground(self, theme: Theme) -> Ground:
        return Ground(self._across(), Axis(*self.ends, self.spec.y), (), of_theme(theme))

    def _across(self) -> Axis:
        """The axis of the entries, each in the middle of its share."""
        if self.names:  # they stand where the numbers would: an axis without a width has none
            return Axis(0.0, 0.0, self.spec.x)
        first, last = self._place(0), self._place(self.shape[1] - 1)
        half = (last - first) / (2 * max(1, self.shape[1] - 1)) or 0.5
        return Axis(first - half, last + half, self.spec.x)

    def _place(self, column: int) -> float:
        """Where an entry stands on the axis: its number counted from 1, unless the figure spans a range."""
        if self.spec.span is None or self.shape[1] < 2:
            return column + 1.0
        first, last = self.spec.span
        return first + column / (self.shape[1] - 1) * (last - first)

    def _entry(self, column: int) -> str:
        """An entry in words."""
        if self.names or not self.spec.x:
            return name_of(self.names, column, "number")
        return f"{self.spec.x} {number_words(self._place(column))}"

    def _paint_names(self, painter: QPainter, plot: QRectF, theme: Theme) -> None:
        painter.setPen(QColor(theme.text))
        metrics = QFontMetricsF(painter.font())
        wide = plot.width() / self.shape[1]
        for number, name in enumerate(self.names):
            words = metrics.elidedText(name, Qt.TextElideMode.ElideRight, wide)
            below = QRectF(plot.left() + number * wide, plot.bottom() + SPACE_XS, wide, metrics.height())
            painter.drawText(below, CENTRED, words)


class BarsDrawing(_Chart):
    """Bars from 0; more than there are pixels are drawn as the extremes of neighbours."""

    def __init__(self, spec: FigureSpec, values: NDArray[Any], between: Range | None = None) -> None:
        self.values = np.asarray(values, np.float64)
        names = headings(spec.columns, len(values)) or headings(spec.rows, len(values))
        super().__init__(spec, len(values), between or value_range(self.values), names)

    def words(self, row: int, column: int) -> str:
        return f"{self._entry(column)}: {number_words(self.values[column])}"

    def summary(self) -> str:
        top = int(np.nan_to_num(self.values, nan=-np.inf).argmax())
        return f"{len(self.values)} bars; the highest is {self.words(0, top)}"

    def _paint_values(self, painter: QPainter, plot: QRectF, theme: Theme) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        zero, wide = self._y(0.0, plot), plot.width() / len(self.values)
        gap = min(float(SPACE_S), 0.2 * wide) if wide >= 3 else 0.0
        colour = QColor(theme.palette[0])
        for left, right, value in self._merged(plot):
            y = self._y(value, plot)
            x = plot.left() + left * wide + gap / 2
            bar = QRectF(x, min(y, zero), max(1.0, (right - left) * wide - gap), max(1.0, abs(zero - y)))
            painter.fillRect(bar, colour)
        painter.setPen(QPen(QColor(theme.muted), 1))
        painter.drawLine(QLineF(plot.left(), zero, plot.right(), zero))

    def _merged(self, plot: QRectF) -> list[tuple[int, int, float]]:
        """(first, end, value) of the bars to draw, each at least a pixel wide."""
        count = len(self.values)
        starts = np.unique(np.linspace(0, count, min(count, max(1, int(plot.width()))) + 1).astype(int))
        known = np.nan_to_num(self.values)
        spans = zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
        return [(first, end, float(max(known[first:end], key=abs))) for first, end in spans]


class LinesDrawing(_Chart):
    """Lines over the number of their points."""

    def __init__(self, spec: FigureSpec, values: NDArray[Any], between: Range | None = None) -> None:
        self.values = np.asarray(values, np.float64)
        self.lines = headings(spec.rows, len(values)) or tuple(str(n + 1) for n in range(len(values)))
        finite = self.values[np.isfinite(self.values)]
        ends = padded(float(finite.min()), float(finite.max()), 0.05) if finite.size else _NOTHING
        super().__init__(spec, self.values.shape[1], between or ends, headings(spec.columns, self.values.shape[1]))

    def words(self, row: int, column: int) -> str:
        shown = list(zip(self.lines, self.values[:, column], strict=True))[:_MOST_NAMED]
        values = ", ".join(f"{name} {number_words(value)}" for name, value in shown)
        return f"{self._entry(column)}: {values}"

    def summary(self) -> str:
        shown = zip(self.lines[:_MOST_NAMED], self.values, strict=False)
        return f"{len(self.lines)} lines: {'; '.join(_span_words(name, row) for name, row in shown)}"

    def paint_hot(self, painter: QPainter, area: QRectF, cell: Cell, theme: Theme) -> None:
        middle = self.rect(area, *cell).center().x()
        plot = self._plot(area)
        painter.setPen(QPen(QColor(theme.focus), 1))
        painter.drawLine(QLineF(middle, plot.top(), middle, plot.bottom()))

    def _paint_values(self, painter: QPainter, plot: QRectF, theme: Theme) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = plot.left() + (np.arange(self.shape[1]) + 0.5) * (plot.width() / self.shape[1])
        for number, row in enumerate(self.values):
            y = [self._y(value, plot) for value in row.tolist()]
            points = [
                QPointF(*place) for place, value in zip(zip(x, y, strict=True), row, strict=True) if value == value
            ]
            painter.setPen(QPen(self._colour(number), 1.6))
            painter.drawPolyline(QPolygonF(points))

    def _colour(self, number: int) -> QColor:
        return QColor(*categorical(number + 1)[number, :3].tolist())

    def _legend_px(self) -> float:
        return QFontMetricsF(small_font()).height() + SPACE_S if 1 < len(self.lines) <= _MOST_NAMED else 0.0

    def _paint_legend(self, painter: QPainter, area: QRectF, theme: Theme) -> None:
        if not self._legend_px():
            return
        metrics, x = QFontMetricsF(painter.font()), self._plot(area).left()
        for number, name in enumerate(self.lines):
            middle = area.top() + metrics.height() / 2
            painter.setPen(QPen(self._colour(number), 2))
            painter.drawLine(QLineF(x, middle, x + SPACE_L, middle))
            painter.setPen(QColor(theme.text))
            wide = metrics.horizontalAdvance(name)
            painter.drawText(QRectF(x + SPACE_L + SPACE_XS, area.top(), wide, metrics.height()), LEFT, name)
            x += SPACE_L + SPACE_XS + wide + SPACE_M


def _span_words(name: str, row: NDArray[np.float64]) -> str:
    known = row[np.isfinite(row)]
    return (
        f"{name} from {number_words(known.min())} to {number_words(known.max())}" if known.size else f"{name} unknown"
    )
