"""The plot's items: curves, marks, lines, axes. It imports pyqtgraph, so it is itself imported only when needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from workbench.gui.curves.envelope import envelope, lone
from workbench.gui.curves.series import SeriesStyle, Shown
from workbench.gui.explorer.colours import PlotColours, mixed, rgba_table

FloatArray = NDArray[np.float64]
_FAINT = 0.35
_LINE_PX = 1.6
_DURATIONS = ((2 * 86400.0, 86400.0, "d"), (2 * 3600.0, 3600.0, "h"), (120.0, 60.0, "min"))


@dataclass(frozen=True)
class ReferenceLine:
    """A horizontal line: what chance, raw pixels or a random encoder reach.

    below : its label stands under the line, so that those of two near lines do not meet
    """

    value: float
    label: str
    below: bool = False


@dataclass(frozen=True)
class Frame:
    """The part of the plane on the screen, its pixel columns, and the height of a pixel in units of y."""

    left: float
    right: float
    bottom: float
    columns: int
    pixel_high: float


class CurveItems:
    """What one curve puts into the plot: the faint raw line, the smoothed line, lone dots, best mark and NaN flags."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._plot = plot
        self._raw = pg.PlotCurveItem(connect="finite", antialias=False)
        self._line = pg.PlotCurveItem(connect="finite", antialias=True)
        self._dots = pg.ScatterPlotItem(size=5, pen=None)
        self._best = pg.ScatterPlotItem(size=13, symbol="star")
        self._thin = self._thick = _pen(QColor(), 1)
        self._flags = pg.ScatterPlotItem(size=9, symbol="t1", pen=None)
        for layer, item in enumerate(self._all()):
            item.setZValue(10 * layer + 10)
            plot.addItem(item, ignoreBounds=True)

    def _all(self) -> list[pg.GraphicsObject]:
        return [self._raw, self._line, self._dots, self._flags, self._best]

    def remove(self) -> None:
        for item in self._all():
            self._plot.removeItem(item)

    def set_style(self, style: SeriesStyle, colours: PlotColours) -> None:
        """Take over the colours."""
        colour = QColor(style.colour)
        # Mixed, not translucent: blending costs five times as much as drawing.
        red, green, blue = mixed(rgba_table([style.colour]), colours.background, _FAINT)[0, :3].tolist()
        self._raw.setPen(_pen(QColor(red, green, blue), 1))
        self._thin = _pen(colour, 1, Qt.PenStyle.DashLine if style.dashed else Qt.PenStyle.SolidLine)
        self._thick = self._thin if style.dashed else _pen(colour, _LINE_PX)
        self._dots.setBrush(colour)
        self._flags.setBrush(colour)
        self._best.setBrush(colour)
        self._best.setPen(_pen(QColor(colours.background), 1))

    def set_visible(self, visible: bool) -> None:
        for item in self._all():
            item.setVisible(visible)

    def draw(self, shown: Shown, view: Frame, smooths: bool) -> None:
        """Draw what lies in the frame."""
        left, right, columns = view.left, view.right, view.columns
        x, y = envelope(shown.x, shown.smoothed, left, right, columns, flat=view.pixel_high)
        # Qt draws a path of one pixel fast, and wider ones only segment by segment: fifty times the speed of a path.
        dense = len(x) > 1.25 * columns or self._thick is self._thin
        self._line.setSegmentedLineMode("off" if dense else "on")
        self._line.setData(x, y, pen=self._thin if dense else self._thick)
        dots = lone(y)
        self._dots.setData(x[dots], y[dots])
        self._raw.setVisible(smooths)
        if smooths:
            self._raw.setData(*envelope(shown.x, shown.raw, left, right, columns))
        flags = shown.flags[(shown.flags >= left) & (shown.flags <= right)]
        pixel = np.unique(np.floor((flags - left) / max(right - left, 1e-300) * columns / 4))
        at = left + (pixel + 0.5) * 4 * (right - left) / columns
        self._flags.setData(at, np.full(len(at), view.bottom))

    def mark_best(self, at: tuple[float, float] | None) -> None:
        """The star at the best value, in the coordinates of the axes; None for none."""
        self._best.setData(*(([], []) if at is None else ([at[0]], [at[1]])))


class Grid(pg.GraphicsObject):  # type: ignore[misc]
    """Lines at the labelled ticks. The axes' own grid takes 9 ms a frame, more than five curves together."""

    def __init__(self, plot: pg.PlotWidget) -> None:
        super().__init__()
        self._plot = plot
        self._colour = QColor()
        self.setZValue(-10)
        plot.addItem(self, ignoreBounds=True)

    def set_colour(self, colour: str) -> None:
        self._colour = QColor(colour)
        self.update()

    def viewRangeChanged(self, view: object = None, ranges: object = None) -> None:
        self.prepareGeometryChange()
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(self.viewRect())

    def paint(self, painter: QPainter, *_style: object) -> None:
        area = self.viewRect()
        painter.setPen(_pen(self._colour, 1))
        across, down = self._plot.getAxis("bottom"), self._plot.getAxis("left")
        for x in _labelled(across, area.left(), area.right(), across.width()):
            painter.drawLine(QLineF(x, area.top(), x, area.bottom()))
        for y in _labelled(down, area.top(), area.bottom(), down.height()):
            painter.drawLine(QLineF(area.left(), y, area.right(), y))


def _labelled(axis: pg.AxisItem, low: float, high: float, size_px: float) -> list[float]:
    """The places of an axis' main ticks."""
    levels = axis.tickValues(low, high, size_px)
    return [float(value) for value in levels[0][1]] if levels else []


def make_plot() -> pg.PlotWidget:
    """A plot without pyqtgraph's own menu and buttons."""
    plot = pg.PlotWidget(enableMenu=False)
    # The plot keeps its switches in a menu that nobody shows; without an owner it would outlive the plot.
    menu = plot.getPlotItem().ctrlMenu
    menu.setParent(plot, menu.windowFlags())
    plot.hideButtons()
    plot.setFrameShape(plot.Shape.NoFrame)
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.getViewBox().disableAutoRange()
    plot.getPlotItem().layout.setContentsMargins(2, 6, 14, 2)
    for name in ("left", "bottom"):
        plot.getAxis(name).enableAutoSIPrefix(False)
    return plot


def paint_plot(plot: pg.PlotWidget, colours: PlotColours) -> None:
    """Background, axes and labels in the theme's colours."""
    plot.setBackground(colours.background)
    for name in ("left", "bottom"):
        axis = plot.getAxis(name)
        axis.setPen(_pen(QColor(colours.grid), 1))
        axis.setTickPen(_pen(QColor(colours.grid), 1))
        axis.setTextPen(_pen(QColor(colours.foreground), 1))


def make_line(line: ReferenceLine, at: float, colours: PlotColours) -> pg.InfiniteLine:
    """A dashed horizontal line with its label at the right, above or below it."""
    anchor = (1, 0) if line.below else (1, 1)
    options = {"position": 0.99, "anchors": [anchor, anchor], "color": colours.muted, "movable": False}
    pen = _pen(QColor(colours.muted), 1, Qt.PenStyle.DashLine)
    item = pg.InfiniteLine(at, angle=0, pen=pen, label=line.label, labelOpts=options)
    item.setZValue(5)
    return item


def make_crosshair(colours: PlotColours) -> pg.InfiniteLine:
    item = pg.InfiniteLine(0, angle=90, pen=_pen(QColor(colours.muted), 1))
    item.setZValue(30)
    item.hide()
    return item


def duration_unit(span_s: float) -> tuple[float, str]:
    """Seconds in the unit that suits a span of time, and the unit's name."""
    return next(((seconds, name) for limit, seconds, name in _DURATIONS if span_s >= limit), (1.0, "s"))


def extent(arrays: Sequence[FloatArray], clip: bool) -> tuple[float, float] | None:
    """Smallest and largest finite value of all arrays, or their 1st and 99th percentile; None without any."""
    ranges = []
    for array in arrays:
        finite = array[np.isfinite(array)]
        if len(finite):
            ranges.append(np.percentile(finite, [1, 99]) if clip else (finite.min(), finite.max()))
    if not ranges:
        return None
    return float(min(low for low, _ in ranges)), float(max(high for _, high in ranges))


def padded(low: float, high: float, share: float) -> tuple[float, float]:
    """The range with a margin on both sides; a single value gets a range around it."""
    margin = (high - low) * share if high > low else max(abs(low) * 0.1, 1e-6)
    return low - margin, high + margin


def _pen(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    pen = QPen(colour, width, style)
    pen.setCosmetic(True)
    return pen
