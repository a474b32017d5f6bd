"""Curves for a paper or a table: PNG and SVG with title, legend and axis labels, and CSV of every sample."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator

from workbench.core.errors import WorkbenchError
from workbench.core.files import write_atomic
from workbench.gui.curves.legend import Entry, flow, flow_height, paint_entry
from workbench.gui.curves.view import CurveView

_MARGIN_PX = 16.0
_TITLE_PX = 26.0


def save(view: CurveView, path: Path) -> None:
    """Write what the view shows; the suffix says how. WorkbenchError for an unknown suffix, OSError from the disk."""
    kinds: dict[str, Callable[[CurveView], str | bytes]] = {".png": png_bytes, ".svg": svg, ".csv": csv_text}
    if path.suffix.lower() not in kinds:
        known = ", ".join(kinds)
        raise WorkbenchError(f"Curves are not saved as {path.suffix or path.name!r}.", f"Choose one of {known}.")
    write_atomic(path, kinds[path.suffix.lower()](view))


def render(view: CurveView, scale: float = 2.0) -> QImage:
    """The plot in its size on the screen, with title and legend, at `scale` device pixels a logical one."""
    size = _size(view)
    image = QImage(size * scale, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    painter = QPainter(image)
    _paint(painter, view, size)
    painter.end()
    return image


def png_bytes(view: CurveView) -> bytes:
    """`render` as the bytes of a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(render(view))
    return bytes(buffer.data().data())


def svg(view: CurveView) -> bytes:
    """The same picture as SVG; texts stay texts."""
    size, buffer = _size(view), QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # The tiny profile knows no clipping, and lines would run out of the axes.
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setResolution(view.logicalDpiX())
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(view.title or "Curves")
    painter = QPainter(generator)
    _paint(painter, view, size)
    painter.end()
    return bytes(buffer.data().data())


def csv_text(view: CurveView) -> str:
    """Every sample of the visible curves, one a row: key, curve, the axes, value and the smoothed value."""
    keys = [axis.key for axis in view.axes]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["key", "curve", *keys, "value", "smoothed"])
    for key, series in view.series.items():
        if not series.visible:
            continue
        smoothed = series.smoothed(view.options.smoothing)
        columns = [series.x(axis).tolist() for axis in keys]
        for row in zip(*columns, series.y.tolist(), smoothed.tolist(), strict=True):
            writer.writerow([key, series.style.title, *row])
    return buffer.getvalue()


def _visible_entries(view: CurveView) -> list[Entry]:
    return [entry for entry in view.legend.entries if entry.visible]


def _font(view: CurveView) -> QFont:
    font = QFont(view.font())
    font.setPixelSize(12)
    return font


def _head_px(view: CurveView) -> float:
    places = flow(_visible_entries(view), view.plot.width(), _font(view))
    return (_TITLE_PX if view.title else 0.0) + flow_height(places) + (6 if places else 0)


def _size(view: CurveView) -> QSize:
    plot = view.plot.size()
    return QSize(plot.width() + round(2 * _MARGIN_PX), plot.height() + round(2 * _MARGIN_PX + _head_px(view)))


def _paint(painter: QPainter, view: CurveView, size: QSize) -> None:
    colours, font = view.plot_colours, _font(view)
    view.redraw()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(QRectF(0, 0, size.width(), size.height()), QColor(colours.background))
    top, width = _MARGIN_PX, view.plot.width()
    if view.title:
        title_font = QFont(font)
        title_font.setPixelSize(15)
        title_font.setBold(True)
        painter.setFont(title_font)
        painter.setPen(QColor(colours.foreground))
        painter.drawText(QRectF(_MARGIN_PX, top, width, _TITLE_PX), Qt.AlignmentFlag.AlignLeft, view.title)
        top += _TITLE_PX
    painter.setFont(font)
    entries = _visible_entries(view)
    places = flow(entries, width, font)
    for entry, place in zip(entries, places, strict=True):
        paint_entry(painter, place.translated(_MARGIN_PX, top), entry, colours)
    painter.translate(_MARGIN_PX, _MARGIN_PX + _head_px(view))
    view.plot.paint(painter, painter.device().devicePixelRatioF())
