"""A curve as lines and marks in pixels, and how they are painted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from shiboken6 import VoidPtr

from workbench.gui.curves.envelope import extremes, lone, split
from workbench.gui.curves.scene import Curve
from workbench.gui.explorer.colours import PlotColours, mixed, rgba_table

FloatArray = NDArray[np.float64]
_FAINT = 0.35
_LINE_PX = 1.6
_DOT_PX, _FLAG_PX, _STAR_PX = 2.5, 4.5, 6.5
_FLAG_EVERY_PX = 4
# Qt's rasteriser counts in 26.6 fixed point; what lies further out than this is off the screen anyway.
_FARTHEST_PX = 20_000.0


@dataclass(frozen=True)
class Frame:
    """The part of the plane on the screen and the rectangle it fills, `columns` device pixels wide."""

    left: float
    right: float
    bottom: float
    top: float
    area: QRectF
    columns: int

    def x_px(self, x: FloatArray) -> FloatArray:
        return self.area.left() + (x - self.left) * (self.area.width() / (self.right - self.left))

    def pixels(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """(N, 2) places of samples."""
        points = np.empty((len(x), 2))
        points[:, 0] = self.x_px(x)
        up = (y - self.bottom) * (self.area.height() / (self.top - self.bottom))
        points[:, 1] = (self.area.bottom() - up).clip(-_FARTHEST_PX, _FARTHEST_PX)
        return points

    def pixel(self, x: float, y: float) -> QPointF:
        """The place of one sample."""
        return QPointF(*self.pixels(np.array([x]), np.array([y]))[0])

    @property
    def pixel_high(self) -> float:
        """The height of a pixel in units of y."""
        return (self.top - self.bottom) / max(self.area.height(), 1.0)


@dataclass(frozen=True)
class Strokes:
    """What is painted of a curve; all in pixels.

    Attributes
    ----------
    line, raw : pieces without gaps of the (smoothed) curve and of the values as they are
    dense : the line has about as many points as there are pixel columns
    dots : (D, 2) values without neighbours
    flags : (F,) x of the marks for values that are no numbers, at the lower border
    star : the best value
    """

    line: list[QPolygonF]
    raw: list[QPolygonF]
    dense: bool
    dots: FloatArray
    flags: FloatArray
    star: QPointF | None


def strokes(curve: Curve, frame: Frame) -> Strokes:
    """What lies in the frame, thinned out to what the eye can see of it."""
    shown = curve.shown
    first, last, starts = split(shown.x, frame.left, frame.right, frame.columns)
    x, y = shown.x[first:last], shown.smoothed[first:last]
    line = (x, y) if starts is None else extremes(x, y, starts, frame.pixel_high)
    raw: list[QPolygonF] = []
    if curve.smooths:
        y = shown.raw[first:last]
        raw = _pieces(*((x, y) if starts is None else extremes(x, y, starts, 0.0)), frame)
    alone = lone(line[1])
    return Strokes(
        _pieces(*line, frame),
        raw,
        len(line[0]) > 1.25 * frame.columns,
        frame.pixels(line[0][alone], line[1][alone]),
        _flags(shown.flags, frame),
        None if curve.best is None else frame.pixel(*curve.best),
    )


def _pieces(x: FloatArray, y: FloatArray, frame: Frame) -> list[QPolygonF]:
    """The line between its gaps, ended at the borders where its next sample is beyond them."""
    x, y = _ended(x, y, frame)
    points = frame.pixels(x, y)
    finite = np.isfinite(y)
    if finite.all():
        return [_polygon(points)] if len(points) > 1 else []
    borders = np.concatenate([[-1], np.flatnonzero(~finite), [len(y)]])
    spans = zip(borders[:-1] + 1, borders[1:], strict=True)
    return [_polygon(points[start:end]) for start, end in spans if end - start > 1]


def _ended(x: FloatArray, y: FloatArray, frame: Frame) -> tuple[FloatArray, FloatArray]:
    """The same line with an end far outside put on the border: at a deep zoom it would be millions of pixels off."""
    if len(x) < 2 or (x[0] >= frame.left and x[-1] <= frame.right):
        return x, y
    x, y = x.copy(), y.copy()
    for end, inner, border in ((0, 1, frame.left), (-1, -2, frame.right)):
        if min(x[end], x[inner]) < border < max(x[end], x[inner]):
            y[end] += (y[inner] - y[end]) * (border - x[end]) / (x[inner] - x[end])
            x[end] = border
    return x, y


def _polygon(points: FloatArray) -> QPolygonF:
    """(N, 2) pixels as Qt wants them, copied at once: appending one by one takes fifty times as long."""
    polygon = QPolygonF()
    polygon.resize(len(points))
    memory = np.frombuffer(VoidPtr(polygon.data(), points.nbytes, True), np.float64)
    memory.reshape(-1, 2)[:] = points
    return polygon


def _flags(flags: FloatArray, frame: Frame) -> FloatArray:
    """One mark for every few pixels in which there are any."""
    if not len(flags):
        return flags
    inside = flags[(flags >= frame.left) & (flags <= frame.right)]
    places = np.unique(np.floor((frame.x_px(inside) - frame.area.left()) / _FLAG_EVERY_PX))
    return np.asarray(frame.area.left() + (places + 0.5) * _FLAG_EVERY_PX)


@cache
def _faint(colour: str, background: str) -> QColor:
    """The colour of the values behind a smoothed line: mixed, as blending costs five times as much as drawing."""
    return QColor(*mixed(rgba_table([colour]), background, _FAINT)[0, :3].tolist())


def paint_raw(painter: QPainter, curve: Curve, drawn: Strokes, colours: PlotColours, dpr: float) -> None:
    """The values as they are, faintly."""
    if drawn.raw:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(_faint(curve.colour, colours.background), 1 / dpr))
        for piece in drawn.raw:
            painter.drawPolyline(piece)


def paint_strokes(
    painter: QPainter, curve: Curve, drawn: Strokes, area: QRectF, colours: PlotColours, dpr: float
) -> None:
    """Line, dots, flags and star of one curve, in this order."""
    colour = QColor(curve.colour)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint_line(painter, curve, drawn, QPen(colour, 1 / dpr))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for x, y in drawn.dots.tolist():
        painter.drawEllipse(QPointF(x, y), _DOT_PX, _DOT_PX)
    for x in drawn.flags.tolist():
        painter.drawPolygon(_flag(x, area.bottom()))
    if drawn.star is not None:
        painter.setPen(QPen(QColor(colours.background), 1))
        painter.drawPolygon(_STAR.translated(drawn.star))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_line(painter: QPainter, curve: Curve, drawn: Strokes, hair: QPen) -> None:
    """Qt draws a path of one pixel fast, and a wider one fifty times slower unless it goes segment by segment."""
    if curve.dashed:
        hair.setDashPattern([4.0, 2.0])
    elif not drawn.dense:
        hair.setWidthF(_LINE_PX)
        hair.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(hair)
    for piece in drawn.line:
        if drawn.dense or curve.dashed:
            painter.drawPolyline(piece)
        else:
            painter.drawLines(list(_segments(piece)))


def _segments(piece: QPolygonF) -> Iterator[QLineF]:
    return (QLineF(start, end) for start, end in pairwise(piece.toList()))


def _flag(x: float, bottom: float) -> QPolygonF:
    return QPolygonF([QPointF(x, bottom - _FLAG_PX), QPointF(x - _FLAG_PX, bottom), QPointF(x + _FLAG_PX, bottom)])


def _star(outer: float) -> QPolygonF:
    """A five-pointed star around the origin, its inner corners on 0.382 of the outer circle (the golden section)."""
    turns = [(math.pi * corner / 5, outer * (0.382 if corner % 2 else 1.0)) for corner in range(10)]
    return QPolygonF([QPointF(radius * math.sin(turn), -radius * math.cos(turn)) for turn, radius in turns])


_STAR = _star(_STAR_PX)
