"""The ground of a plot: axes with their labels, the grid, and the levels with theirs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from workbench.gui.curves.scene import Ground, Level
from workbench.gui.curves.ticks import Axis, Tick, ticks
from workbench.gui.explorer.colours import PlotColours

_TOP_PX, _RIGHT_PX, _EDGE_PX, _GAP_PX, _TICK_PX = 6.0, 14.0, 2.0, 4.0, 3.0
_APART_X_PX, _APART_Y_PX = 52.0, 22.0
_STEP_PX = 8.0


def area_of(ground: Ground, size: QSize, font: QFont) -> QRectF:
    """The rectangle between the axes, beside labels that take the room they need."""
    metrics = QFontMetricsF(font)
    line = metrics.height()
    below = line + _TICK_PX + _GAP_PX + (line + _GAP_PX if ground.x.title else 0.0)
    height = size.height() - _TOP_PX - below
    texts = max((metrics.horizontalAdvance(tick.text) for tick in _ticks_up(ground.y, height)), default=0.0)
    # In steps, so that the curves do not shift with every digit.
    texts = _STEP_PX * -(-texts // _STEP_PX)
    left = _EDGE_PX + texts + _TICK_PX + _GAP_PX + (line + _GAP_PX if ground.y.title else 0.0)
    return QRectF(left, _TOP_PX, size.width() - left - _RIGHT_PX, height)


def paint_ground(painter: QPainter, ground: Ground, whole: QRectF, area: QRectF, font: QFont) -> None:
    """Everything but the curves."""
    colours = ground.colours
    painter.fillRect(whole, QColor(colours.background))
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    across = _fitting(ticks(ground.x, max(2, int(area.width() / _APART_X_PX))), ground.x, area, metrics)
    up = _ticks_up(ground.y, area.height())
    _paint_grid(painter, ground, across, up, area)
    _paint_tick_texts(painter, ground, across, up, area)
    _paint_titles(painter, ground, whole, area, metrics)
    _paint_marks(painter, ground, area)
    _paint_levels(painter, ground, area, metrics)


def _ticks_up(axis: Axis, height: float) -> list[Tick]:
    return ticks(axis, max(2, int(height / _APART_Y_PX)))


def _fitting(found: Sequence[Tick], axis: Axis, area: QRectF, metrics: QFontMetricsF) -> list[Tick]:
    """Every tick, or every second, fifth, ..., so that texts do not meet."""
    for every in (1, 2, 5, 10):
        kept = list(found[::every])
        places = [_x_px(tick.at, axis, area) for tick in kept]
        widths = [metrics.horizontalAdvance(tick.text) for tick in kept]
        gaps = zip(places, places[1:], widths, widths[1:], strict=False)
        if all(after - before >= (wide + next_wide) / 2 + _GAP_PX for before, after, wide, next_wide in gaps):
            return kept
    return list(found[:1])


def _x_px(at: float, axis: Axis, area: QRectF) -> float:
    return area.left() + (at - axis.low) / (axis.high - axis.low) * area.width()


def _y_px(at: float, axis: Axis, area: QRectF) -> float:
    return area.bottom() - (at - axis.low) / (axis.high - axis.low) * area.height()


def _paint_grid(painter: QPainter, ground: Ground, across: Sequence[Tick], up: Sequence[Tick], area: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(ground.colours.grid), 1))
    lines = [QLineF(area.left(), area.top(), area.left(), area.bottom()), QLineF(area.bottomLeft(), area.bottomRight())]
    for tick in across:
        x = round(_x_px(tick.at, ground.x, area))
        lines.append(QLineF(x, area.top(), x, area.bottom() + _TICK_PX))
    for tick in up:
        y = round(_y_px(tick.at, ground.y, area))
        lines.append(QLineF(area.left() - _TICK_PX, y, area.right(), y))
    painter.drawLines(lines)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def _paint_tick_texts(
    painter: QPainter, ground: Ground, across: Sequence[Tick], up: Sequence[Tick], area: QRectF
) -> None:
    painter.setPen(QColor(ground.colours.foreground))
    metrics = QFontMetricsF(painter.font())
    line = metrics.height()
    centre, right = Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight
    for tick in across:
        half = metrics.horizontalAdvance(tick.text) / 2 + 1
        middle = min(_x_px(tick.at, ground.x, area), area.right() + _RIGHT_PX - half)
        below = QRectF(middle - half, area.bottom() + _TICK_PX + _GAP_PX / 2, 2 * half, line)
        painter.drawText(below, centre | Qt.AlignmentFlag.AlignTop, tick.text)
    for tick in up:
        middle = _y_px(tick.at, ground.y, area)
        beside = QRectF(0, middle - line / 2, area.left() - _TICK_PX - _GAP_PX, line)
        painter.drawText(beside, right | Qt.AlignmentFlag.AlignVCenter, tick.text)


def _paint_titles(painter: QPainter, ground: Ground, whole: QRectF, area: QRectF, metrics: QFontMetricsF) -> None:
    line, centre = metrics.height(), Qt.AlignmentFlag.AlignCenter
    if ground.x.title:
        painter.drawText(QRectF(area.left(), whole.bottom() - line - 1, area.width(), line), centre, ground.x.title)
    if ground.y.title:
        painter.save()
        half = max(area.height(), metrics.horizontalAdvance(ground.y.title)) / 2
        # A title longer than its axis goes on beyond the axis' lower end, not out of the plot.
        painter.translate(QPointF(_EDGE_PX, max(area.center().y(), whole.top() + half)))
        painter.rotate(-90)
        painter.drawText(QRectF(-half, 0, 2 * half, line), centre, ground.y.title)
        painter.restore()


def _paint_marks(painter: QPainter, ground: Ground, area: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for mark in ground.marks:
        x = round(_x_px(mark.at, ground.x, area))
        if area.left() <= x <= area.right():
            style = Qt.PenStyle.DashLine if mark.ends else Qt.PenStyle.SolidLine
            painter.setPen(QPen(QColor(mark.colour), 1, style))
            painter.drawLine(QLineF(x, area.top(), x, area.bottom()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def _paint_levels(painter: QPainter, ground: Ground, area: QRectF, metrics: QFontMetricsF) -> None:
    pen = QPen(QColor(ground.colours.muted), 1, Qt.PenStyle.DashLine)
    painter.save()
    painter.setClipRect(area)
    for level in ground.levels:
        y = _y_px(level.at, ground.y, area)
        if area.top() - 1 <= y <= area.bottom() + 1:
            painter.setPen(pen)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.drawLine(QLineF(area.left(), round(y), area.right(), round(y)))
            _paint_level_text(painter, level, y, area, metrics, ground.colours)
    painter.restore()


def _paint_level_text(
    painter: QPainter, level: Level, y: float, area: QRectF, metrics: QFontMetricsF, colours: PlotColours
) -> None:
    line = metrics.height()
    top = y + 1 if level.below else y - line - 1
    painter.setPen(QColor(colours.muted))
    place = QRectF(area.left(), top, area.width() - _GAP_PX * 2, line)
    painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, level.label)
