"""The map as a picture for a paper: what the view shows, with its title and legend, as PNG or SVG."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication

from workbench.core.errors import WorkbenchError
from workbench.core.files import write_atomic
from workbench.gui.explorer.legend_paint import LegendContent, legend_width, paint_legend
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.raster import painting
from workbench.gui.explorer.raster.camera import Camera
from workbench.gui.explorer.raster.cloud import device_shape, transform

_MARGIN_PX = 16
_TITLE_PX = 28


def render(view: MapView, legend: LegendContent, size: QSize, scale: float = 1.0, title: str = "") -> QImage:
    """The view with legend and title as an image of `size` logical pixels, `scale` device pixels each."""
    image = QImage(size * scale, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    painter = QPainter(image)
    _paint(painter, view, legend, size, scale, title)
    painter.end()
    return image


def svg(view: MapView, legend: LegendContent, size: QSize, scale: float = 2.0, title: str = "") -> bytes:
    """The same as SVG: the points as one embedded picture of `scale` pixels a unit, legend and title as vectors."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(title or "Embedding map")
    painter = QPainter(generator)
    _paint(painter, view, legend, size, scale, title)
    painter.end()
    return bytes(buffer.data().data())


def save(path: Path, view: MapView, legend: LegendContent, size: QSize, scale: float = 2.0, title: str = "") -> None:
    """Write the picture; the suffix says which kind. WorkbenchError for another one, OSError from the disk."""
    if path.suffix.lower() == ".svg":
        write_atomic(path, svg(view, legend, size, scale, title))
    elif path.suffix.lower() == ".png":
        write_atomic(path, png_bytes(render(view, legend, size, scale, title)))
    else:
        raise WorkbenchError(f"A map is not saved as {path.suffix or path.name!r}.", "Choose .png or .svg.")


def png_bytes(image: QImage) -> bytes:
    """The image as the bytes of a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def _paint(painter: QPainter, view: MapView, legend: LegendContent, size: QSize, scale: float, title: str) -> None:
    colours = view.plot_colours
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = QFont(QApplication.font())
    font.setPixelSize(12)
    painter.setFont(font)
    whole = QRectF(0, 0, size.width(), size.height())
    painter.fillRect(whole, QColor(colours.background))
    inner = whole.adjusted(_MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX)
    if title:
        _paint_title(painter, QRectF(inner.left(), inner.top(), inner.width(), _TITLE_PX), title, colours.foreground)
        inner.setTop(inner.top() + _TITLE_PX)
    wide = legend_width(legend, inner.height(), inner.width() * 0.5, font)
    if wide:
        paint_legend(painter, QRectF(inner.right() - wide, inner.top(), wide, inner.height()), legend, colours)
        inner.setRight(inner.right() - wide - _MARGIN_PX)
    _pixels, image = _map_image(view, inner, scale)
    painter.drawImage(inner, image)
    view.paint_lasting(painter, inner)


def _paint_title(painter: QPainter, area: QRectF, title: str, colour: str) -> None:
    painter.save()
    font = painter.font()
    font.setPixelSize(15)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, title)
    painter.restore()


def _map_image(view: MapView, area: QRectF, scale: float) -> tuple[NDArray[np.uint32], QImage]:
    """The points in the frame of `area`, showing at least all that the view shows; the array holds the pixels."""
    now = view.camera
    ratio = min(area.width() / now.width, area.height() / now.height)
    camera: Camera = replace(now, scale=now.scale * ratio).resized(area.width(), area.height())
    pixels = painting.draw(
        [*view.underlay, *view.cloud.layers(view.plot_colours, view.point_size_px(), scale, view.mode)],
        transform(camera, scale),
        device_shape(camera, scale),
        view.plot_colours.argb("background"),
    )
    return pixels, painting.to_image(pixels)
