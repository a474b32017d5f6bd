"""The embedding map with one picture and its views on it, each tied to its original."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QImageWriter, QPainter, QPaintEvent, QPen
from PySide6.QtSvg import QSvgGenerator

from workbench.core.errors import WorkbenchError
from workbench.core.files import write_atomic
from workbench.gui.explorer.legend import visible_mask
from workbench.gui.explorer.legend_paint import LegendContent, legend_width, paint_legend
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.raster import painting
from workbench.gui.explorer.raster.cloud import device_shape, transform
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_SMALL

VIEW_PX, ORIGINAL_PX = 8.0, 10.0
"""Radii of the marks."""
_MARGIN_PX, _TITLE_PX = 16, 28


class TetherMap(MapView):
    """A map whose last points are marks: the original, then its views with their numbers."""

    gathers = False
    marks: NDArray[np.float64] = np.zeros((0, 2))
    _codes: NDArray[np.uint16] = np.zeros(0, np.uint16)

    def show_set(
        self, xy: NDArray[np.float32], codes: NDArray[np.uint16], table: NDArray[np.uint8], marks: NDArray[np.float64],
        *, hidden: frozenset[int] = frozenset(), fit: bool = False,
    ) -> None:  # fmt: skip
        """Show the set's points (N, 2) in their colours, and marks (1 + K, 2), the original first.

        The marks are points that the raster does not draw, so that the view is fitted to them as well; it is not, where
        someone panned or zoomed, unless `fit` asks for it.
        """
        count = len(marks)
        self.marks, self._codes = marks, codes
        self.set_points(np.concatenate([xy, marks.astype(np.float32)]), keep_view=not (fit or self._fits))
        self.set_colours(np.concatenate([codes, np.zeros(count, np.uint16)]), table)
        self.hide_codes(hidden)
        self.setAccessibleDescription(f"{len(xy)} points, one picture and {max(0, count - 1)} of its views")

    def hide_codes(self, hidden: frozenset[int]) -> None:
        """Draw the points of all colours but these."""
        mask = np.zeros(len(self._codes) + len(self.marks), bool)
        shown = visible_mask(self._codes, hidden)
        mask[: len(self._codes)] = True if shown is None else shown
        self.set_mask(mask)

    def place_of(self, mark: int) -> QPointF:
        """Where a mark lies in the widget."""
        return QPointF(*self.camera.to_screen(*map(float, self.marks[mark])))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_marks(painter)

    def paint_points(self, painter: QPainter, scale: float) -> None:
        """The points at (0, 0) in the widget's size, at `scale` device pixels a logical one."""
        layers = self.cloud.layers(self.plot_colours, self.point_size_px(), scale)
        background = self.plot_colours.argb("background")
        pixels = painting.draw(layers, transform(self.camera, scale), device_shape(self.camera, scale), background)
        painter.drawImage(QRectF(0, 0, self.camera.width, self.camera.height), painting.to_image(pixels).copy())

    def paint_marks(self, painter: QPainter) -> None:
        """Tethers below, then the views, the original on top."""
        usable = [at for at in range(len(self.marks)) if np.isfinite(self.marks[at]).all()]
        if 0 not in usable:
            return
        theme, colours = current_theme(), self.plot_colours
        for width, colour in ((4.0, colours.background), (1.6, theme.accent)):
            painter.setPen(QPen(QColor(colour), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            for at in usable[1:]:
                painter.drawLine(self.place_of(0), self.place_of(at))
        font = QFont(painter.font())
        font.setPixelSize(FONT_SMALL - 1)
        font.setBold(True)
        painter.setFont(font)
        for at in [*usable[1:], 0]:
            self._paint_mark(painter, at)

    def _paint_mark(self, painter: QPainter, at: int) -> None:
        theme, colours = current_theme(), self.plot_colours
        radius, place = (ORIGINAL_PX if at == 0 else VIEW_PX), self.place_of(at)
        painter.setPen(QPen(QColor(colours.background), 2.0))
        painter.setBrush(QColor(colours.foreground if at == 0 else theme.accent))
        painter.drawEllipse(place, radius, radius)
        painter.setPen(QColor(colours.background if at == 0 else theme.on_accent))
        box = QRectF(place.x() - radius, place.y() - radius, 2 * radius, 2 * radius)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "O" if at == 0 else str(at))


def save_map(path: Path, view: TetherMap, legend: LegendContent, title: str) -> None:
    """Write the map with title and legend; the suffix says how. WorkbenchError for another one, OSError."""
    if path.suffix.lower() == ".svg":
        write_atomic(path, _svg(view, legend, title))
    elif path.suffix.lower() == ".png":
        write_atomic(path, _png(view, legend, title))
    else:
        raise WorkbenchError(f"A map is not saved as {path.suffix or path.name!r}.", "Choose .png, .svg or .csv.")


def _png(view: TetherMap, legend: LegendContent, title: str, scale: float = 2.0) -> bytes:
    size = _size(view, legend)
    image = QImage(size * scale, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    painter = QPainter(image)
    _paint(painter, view, legend, title, scale)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def _svg(view: TetherMap, legend: LegendContent, title: str, scale: float = 2.0) -> bytes:
    """The points as one embedded picture, marks, title and legend as vectors."""
    size, buffer = _size(view, legend), QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(title)
    painter = QPainter(generator)
    _paint(painter, view, legend, title, scale)
    painter.end()
    return bytes(buffer.data().data())


def _legend_px(view: TetherMap, legend: LegendContent) -> int:
    return round(legend_width(legend, view.height(), 200.0, _font(view)))


def _size(view: TetherMap, legend: LegendContent) -> QSize:
    wide = _legend_px(view, legend)
    width = view.width() + 2 * _MARGIN_PX + (wide + _MARGIN_PX if wide else 0)
    return QSize(width, view.height() + 2 * _MARGIN_PX + _TITLE_PX)


def _font(view: TetherMap) -> QFont:
    font = QFont(view.font())
    font.setPixelSize(12)
    return font


def _paint(painter: QPainter, view: TetherMap, legend: LegendContent, title: str, scale: float) -> None:
    colours, size = view.plot_colours, _size(view, legend)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(QRectF(0, 0, size.width(), size.height()), QColor(colours.background))
    painter.setFont(_font(view))
    painter.setPen(QColor(colours.foreground))
    painter.drawText(QRectF(_MARGIN_PX, _MARGIN_PX, size.width(), _TITLE_PX), Qt.AlignmentFlag.AlignLeft, title)
    top, wide = _MARGIN_PX + _TITLE_PX, _legend_px(view, legend)
    if wide:
        left = size.width() - _MARGIN_PX - wide
        paint_legend(painter, QRectF(left, top, wide, view.height()), legend, colours)
    painter.translate(_MARGIN_PX, top)
    painter.setClipRect(QRectF(0, 0, view.width(), view.height()))
    view.paint_points(painter, scale)
    view.paint_marks(painter)
