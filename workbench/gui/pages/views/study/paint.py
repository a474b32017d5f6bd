"""How the study's table is drawn, on the screen and in files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QApplication

from workbench.app.studies.composition.report import AVERAGE, cell_words
from workbench.app.studies.composition.table import Table
from workbench.gui.explorer.palette import ramp
from workbench.gui.theme import Theme
from workbench.gui.theme.tokens import FONT_BODY, FONT_SMALL, SPACE_M, SPACE_S, SPACE_XS

RAMP = "cividis"
_APART = 10.0
_LEGEND = 12.0
_LEGEND_WORDS = "100.0%"
_CENTRED = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextDontClip)
_STANDING = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter) | int(Qt.TextFlag.TextDontClip)
_LIGHT = 0.179
"""Relative luminance (WCAG 2.1) above which black words stand out more than white ones."""


@dataclass(frozen=True)
class Frame:
    """Where the parts of the map lie.

    cells : the block of pairs; average : the column beside it
    legend : the colour bar, at the right, or below where the map is narrow
    upright : whether the column headings stand on end, because they are wider than a cell
    """

    cells: QRectF
    average: QRectF
    legend: QRectF
    upright: bool

    def cell(self, row: int, column: int, count: int) -> QRectF:
        """A cell; column `count` is the average's."""
        high = self.cells.height() / count
        top = self.cells.top() + row * high
        if column == count:
            return QRectF(self.average.left(), top, self.average.width(), high)
        wide = self.cells.width() / count
        return QRectF(self.cells.left() + column * wide, top, wide, high)


def frame(area: QRectF, headings: Sequence[str]) -> Frame:
    """The parts within an area, with room for headings, axis words and the legend's numbers."""
    count, metrics = max(len(headings), 1), QFontMetricsF(_font(FONT_SMALL))
    line, widest = metrics.height(), max(metrics.horizontalAdvance(text) for text in (*headings, AVERAGE))
    below = area.width() < 1.25 * area.height()
    left = widest + SPACE_S + line + SPACE_XS
    right = 0.0 if below else _LEGEND + SPACE_M + metrics.horizontalAdvance(_LEGEND_WORDS) + SPACE_XS
    column = max(8.0, (area.width() - left - right - _APART) / (count + 1))
    upright = widest > column - 2
    top = line + SPACE_S + (widest + SPACE_XS if upright else line)
    bottom = SPACE_M + _LEGEND + SPACE_XS + line if below else SPACE_XS
    row = max(8.0, min((area.height() - top - bottom) / count, column))
    column = min(column, 1.6 * row)
    cells = QRectF(area.left() + left, area.top() + top, column * count, row * count)
    average = QRectF(cells.right() + _APART, cells.top(), column, cells.height())
    legend = QRectF(average.right() + SPACE_M, cells.top(), _LEGEND, cells.height())
    if below:
        legend = QRectF(cells.left(), cells.bottom() + SPACE_M, average.right() - cells.left(), _LEGEND)
    return Frame(cells, average, legend, upright)


def paint(painter: QPainter, area: QRectF, table: Table, headings: Sequence[str], theme: Theme) -> None:
    """The whole map, with headings, axis words and legend."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(_font(FONT_SMALL))
    parts, (low, high) = frame(area, headings), bounds(table)
    _paint_cells(painter, parts, table, (low, high), theme)
    _paint_columns(painter, parts, headings, theme)
    _paint_rows(painter, parts, headings, theme)
    _paint_legend(painter, parts.legend, low, high, theme)


def bounds(table: Table) -> tuple[float, float]:
    """Lowest and highest mean; one per cent apart at least, and 0 to 1 where nothing is measured."""
    ops = table.plan.ops
    means = [score.mean for first in ops for second in ops if (score := table.score(first, second)) is not None]
    if not means:
        return 0.0, 1.0
    low, high = min(means), max(means)
    return (low, high) if high - low >= 0.01 else (low - 0.005, high + 0.005)


def shade(value: float, low: float, high: float) -> tuple[QColor, bool]:
    """The colour of an accuracy between two bounds, and whether it is so light that words on it must be black."""
    colours = _colours()
    place = min(max((value - low) / (high - low), 0.0), 1.0)
    return colours[round(place * (len(colours) - 1))]


def _paint_cells(painter: QPainter, parts: Frame, table: Table, between: tuple[float, float], theme: Theme) -> None:
    ops, best = table.plan.ops, table.best()
    shown: list[tuple[QRectF, float | None, str, bool]] = []
    for row, first in enumerate(ops):
        for column, second in enumerate(ops):
            score = table.score(first, second)
            words, mean = cell_words(score, table.runs(first, second)), score.mean if score is not None else None
            shown.append((parts.cell(row, column, len(ops)), mean, words, (first, second) == best))
        average = table.average(first)
        words = "" if average is None else f"{100 * average:.1f}"
        shown.append((parts.cell(row, len(ops), len(ops)), average, words, False))
    size = _fitting((words for _, _, words, _ in shown), parts.average.width() - SPACE_S)
    for cell, value, words, is_best in shown:
        painter.setFont(_font(size, bold=is_best))
        _paint_cell(painter, cell.adjusted(1, 1, -1, -1), value, words, between, theme, is_best)


def _paint_cell(
    painter: QPainter,
    cell: QRectF,
    value: float | None,
    words: str,
    between: tuple[float, float],
    theme: Theme,
    best: bool,
) -> None:
    if value is None:
        colour, ink = QColor(theme.raised), QColor(theme.danger if words == "failed" else theme.muted)
    else:
        colour, light = shade(value, *between)
        ink = QColor("#000000" if light else "#ffffff")
    painter.fillRect(cell, colour)
    if best:
        painter.setPen(QPen(ink, 1.5))
        painter.drawRect(cell.adjusted(2, 2, -2, -2))
    painter.setPen(ink)
    painter.drawText(cell, _CENTRED, words)


def _paint_columns(painter: QPainter, parts: Frame, headings: Sequence[str], theme: Theme) -> None:
    painter.setFont(_font(FONT_SMALL))
    metrics, count = QFontMetricsF(painter.font()), len(headings)
    line, room = metrics.height(), max(metrics.horizontalAdvance(text) for text in (*headings, AVERAGE))
    painter.setPen(QColor(theme.text))
    for number, text in enumerate((*headings, AVERAGE)):
        cell = parts.cell(0, number, count)
        if parts.upright:
            painter.save()
            painter.translate(cell.center().x() - line / 2, cell.top() - SPACE_XS)
            painter.rotate(-90)
            painter.drawText(QRectF(0, 0, room, line), _STANDING, text)
            painter.restore()
        else:
            painter.drawText(QRectF(cell.left(), cell.top() - line - SPACE_XS, cell.width(), line), _CENTRED, text)
    above = parts.cells.top() - (room + SPACE_XS if parts.upright else line) - SPACE_XS - line
    painter.setPen(QColor(theme.muted))
    painter.drawText(QRectF(parts.cells.left(), above, parts.cells.width(), line), _CENTRED, "second operation")


def _paint_rows(painter: QPainter, parts: Frame, headings: Sequence[str], theme: Theme) -> None:
    metrics = QFontMetricsF(painter.font())
    line, room = metrics.height(), max(metrics.horizontalAdvance(text) for text in (*headings, AVERAGE))
    painter.setPen(QColor(theme.text))
    for number, text in enumerate(headings):
        cell = parts.cell(number, 0, len(headings))
        beside = QRectF(cell.left() - room - SPACE_S, cell.top(), room, cell.height())
        painter.drawText(beside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
    painter.save()
    painter.setPen(QColor(theme.muted))
    painter.translate(parts.cells.left() - room - SPACE_S - SPACE_XS - line, parts.cells.center().y())
    painter.rotate(-90)
    half = parts.cells.height() / 2
    painter.drawText(QRectF(-half, 0, 2 * half, line), _CENTRED, "first operation")
    painter.restore()


def _paint_legend(painter: QPainter, bar: QRectF, low: float, high: float, theme: Theme) -> None:
    upright, steps = bar.height() > bar.width(), 64
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for step in range(steps):
        at = step / steps
        strip = QRectF(bar.left() + at * bar.width(), bar.top(), bar.width() / steps + 1, bar.height())
        if upright:
            high_px = bar.height() / steps
            strip = QRectF(bar.left(), bar.bottom() - (step + 1) * high_px, bar.width(), high_px + 1)
        painter.fillRect(strip, shade(low + (high - low) * step / (steps - 1), low, high)[0])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(theme.muted))
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    for share in (0.0, 0.5, 1.0):
        words = f"{100 * (low + share * (high - low)):.1f}%"
        if upright:
            top = bar.bottom() - line - share * (bar.height() - line)
            painter.drawText(QPointF(bar.right() + SPACE_XS, top + metrics.ascent()), words)
        else:
            left = bar.left() + share * (bar.width() - metrics.horizontalAdvance(words))
            painter.drawText(QPointF(left, bar.bottom() + SPACE_XS + metrics.ascent()), words)


@cache
def _colours() -> list[tuple[QColor, bool]]:
    colours = [QColor(*map(int, row)) for row in ramp(RAMP)[:, :3]]
    return [(colour, _luminance(colour) > _LIGHT) for colour in colours]


def _luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def _fitting(words: Iterable[str], width: float) -> int:
    """The largest font size, from body down to 7 px, in which all words fit the width in bold."""
    told = list(words)
    for size in range(FONT_BODY, 7, -1):
        metrics = QFontMetricsF(_font(size, bold=True))
        if all(metrics.horizontalAdvance(text) <= width for text in told):
            return size
    return 7


def _font(size: int, bold: bool = False) -> QFont:
    font = QFont(QApplication.font())
    font.setPixelSize(size)
    font.setBold(bold)
    return font
