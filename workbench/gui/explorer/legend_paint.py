"""What a legend says, and how it is painted into a picture that is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QLinearGradient, QPainter, QPen

from workbench.gui.explorer.colours import PlotColours

ROW_PX = 20.0
SWATCH_PX = 11.0
MOST_LISTED = 256
_GAP_PX = 8.0
_BAR_PX = 16.0


@dataclass(frozen=True)
class Category:
    """One row: its name, its colour as "#rrggbb" and how many points it has."""

    name: str
    colour: str
    count: int


@dataclass(frozen=True)
class Ramp:
    """A continuous colouring: its table (K, 4) uint8 from `low` to `high`, and how many points have no value."""

    table: NDArray[np.uint8]
    low: float
    high: float
    missing: int = 0
    missing_colour: str = ""


@dataclass(frozen=True)
class LegendContent:
    """A legend: a title (the column's name) over categories or a ramp; `hidden` are the categories switched off."""

    title: str = ""
    categories: tuple[Category, ...] = ()
    ramp: Ramp | None = None
    hidden: frozenset[int] = field(default_factory=frozenset)

    @property
    def shown(self) -> list[Category]:
        return [category for code, category in enumerate(self.categories) if code not in self.hidden]

    @property
    def listed(self) -> list[Category]:
        """What a picture can list of the shown ones: all, or the largest where they are very many."""
        shown = self.shown
        return shown if len(shown) <= MOST_LISTED else sorted(shown, key=lambda one: -one.count)[:MOST_LISTED]


def format_value(value: float) -> str:
    """Four significant digits, without a trailing point."""
    return f"{value:z.4g}"


def gradient(ramp: Ramp, area: QRectF) -> QLinearGradient:
    """The ramp as a vertical gradient, high at the top."""
    result = QLinearGradient(area.bottomLeft(), area.topLeft())
    for at in np.linspace(0, 1, 33):
        red, green, blue = (int(part) for part in ramp.table[round(at * (len(ramp.table) - 1))][:3])
        result.setColorAt(float(at), QColor(red, green, blue))
    return result


def legend_width(content: LegendContent, height: float, most: float, font: QFont) -> float:
    """The width that the painted legend takes at a height, at most `most`; 0 where there is nothing to say."""
    metrics = QFontMetricsF(font)
    title = metrics.horizontalAdvance(content.title) if content.title else 0.0
    if content.ramp is not None:
        texts = [text for _, text in _ticks(content.ramp)] + [missing_text(content.ramp)]
        wide = max(map(metrics.horizontalAdvance, texts))
        return min(max(title, _BAR_PX + _GAP_PX + wide), most)
    listed = content.listed
    if not listed:
        return min(title, most)
    lines = len(listed) + (1 if len(listed) == MOST_LISTED else 0)
    columns = -(-lines // _rows(content, height))
    return min(max(title, columns * _column_width(listed, metrics)), most)


def paint_legend(painter: QPainter, area: QRectF, content: LegendContent, colours: PlotColours) -> None:
    """Paint the whole legend; where not all categories find room, the last row says how many are left out."""
    painter.save()
    painter.setPen(QColor(colours.foreground))
    metrics = QFontMetricsF(painter.font())
    top = area.top()
    if content.title:
        _text(painter, QRectF(area.left(), top, area.width(), ROW_PX), content.title)
        top += ROW_PX + 4
    if content.ramp is not None:
        bar = QRectF(area.left(), top + 4, _BAR_PX, min(area.bottom() - top - 8 - 2 * ROW_PX, 240))
        _paint_ramp(painter, bar, content.ramp)
    else:
        _paint_rows(painter, area.adjusted(0, top - area.top(), 0, 0), content, colours, metrics)
    painter.restore()


def _paint_rows(
    painter: QPainter, area: QRectF, content: LegendContent, colours: PlotColours, metrics: QFontMetricsF
) -> None:
    rows = _rows(content, area.height() + (ROW_PX + 4 if content.title else 0))
    shown, listed = len(content.shown), content.listed
    column_width = min(_column_width(listed, metrics), area.width())
    places = rows * max(1, int((area.width() + 0.5) // column_width))
    fits = listed if shown <= places else listed[: places - 1]
    for place, category in enumerate(fits):
        column, row = divmod(place, rows)
        corner = QPointF(area.left() + column * column_width, area.top() + row * ROW_PX)
        _paint_row(painter, QRectF(corner.x(), corner.y(), column_width, ROW_PX), category, colours)
    if len(fits) < shown:
        column, row = divmod(len(fits), rows)
        corner = QPointF(area.left() + column * column_width, area.top() + row * ROW_PX)
        painter.setPen(QColor(colours.muted))
        _text(painter, QRectF(corner.x(), corner.y(), column_width, ROW_PX), f"and {shown - len(fits):,} more")


def _paint_row(painter: QPainter, row: QRectF, category: Category, colours: PlotColours) -> None:
    swatch = QRectF(row.left(), row.center().y() - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(category.colour))
    painter.drawEllipse(swatch)
    painter.setPen(QColor(colours.foreground))
    _text(painter, row.adjusted(SWATCH_PX + _GAP_PX, 0, -_GAP_PX, 0), category.name)


def _paint_ramp(painter: QPainter, bar: QRectF, ramp: Ramp) -> None:
    pen = painter.pen()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(gradient(ramp, bar)))
    painter.drawRect(bar)
    painter.setPen(QPen(pen))
    for share, text in _ticks(ramp):
        y = bar.bottom() - share * bar.height()
        _text(painter, QRectF(bar.right() + _GAP_PX, y - ROW_PX / 2, 200, ROW_PX), text)

    if ramp.missing:
        below = QRectF(bar.left() + (_BAR_PX - SWATCH_PX) / 2, bar.bottom() + ROW_PX, SWATCH_PX, SWATCH_PX)
        _text(painter, QRectF(bar.right() + _GAP_PX, below.center().y() - ROW_PX / 2, 200, ROW_PX), missing_text(ramp))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ramp.missing_colour))
        painter.drawEllipse(below)


def missing_text(ramp: Ramp) -> str:
    """What is said of points without a value; "" where there are none."""
    return f"no value ({ramp.missing:,})" if ramp.missing else ""


def _ticks(ramp: Ramp) -> list[tuple[float, str]]:
    middle = (ramp.low + ramp.high) / 2
    return [(0.0, format_value(ramp.low)), (0.5, format_value(middle)), (1.0, format_value(ramp.high))]


def _rows(content: LegendContent, height: float) -> int:
    return max(1, int((height - (ROW_PX + 4 if content.title else 0)) // ROW_PX))


def _column_width(categories: Sequence[Category], metrics: QFontMetricsF) -> float:
    widest = max((metrics.horizontalAdvance(category.name) for category in categories), default=0.0)
    return SWATCH_PX + 3 * _GAP_PX + min(widest, 180.0)


def _text(painter: QPainter, area: QRectF, text: str) -> None:
    shown = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
