"""Words on a map: written with a rim of the background's colour, so that they can be read over points."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPaintEngine, QPainter, QPainterPath, QPen

from workbench.gui.explorer.overlays.placing import Floats
from workbench.gui.explorer.raster.camera import Camera

LONGEST_PX = 220.0
_RIM_PX = 2.0


def font_of(base: QFont, size_px: float, *, bold: bool = False) -> QFont:
    """The view's font at a size."""
    font = QFont(base)
    font.setPixelSize(round(size_px))
    font.setBold(bold)
    return font


def measured(text: str, font: QFont) -> tuple[str, float, float]:
    """The text, shortened to what a label may take, with its width and height."""
    metrics = QFontMetricsF(font)
    shown = metrics.elidedText(" ".join(text.split()), Qt.TextElideMode.ElideRight, LONGEST_PX)
    return shown, math.ceil(metrics.horizontalAdvance(shown)) + 2.0, math.ceil(metrics.height())


def on_screen(camera: Camera, xy: NDArray[np.floating[Any]]) -> Floats:
    """(M, 2) data positions as pixels."""
    middle, half = np.array([camera.x, camera.y]), np.array([camera.width / 2, camera.height / 2])
    return np.asarray((np.asarray(xy, np.float64) - middle) * np.array([camera.scale, -camera.scale]) + half)


def paint_text(painter: QPainter, box: QRectF, text: str, font: QFont, colour: QColor, rim: QColor) -> None:
    """Write into a box that fits the text: vectors as vectors, pixels from a picture that is kept.

    Rimming a hundred words anew would take longer than a frame may.
    """
    engine = painter.paintEngine()
    if engine is None or engine.type() != QPaintEngine.Type.Raster or painter.transform().isRotating():
        _write(painter, box, text, font, colour, rim)
        return
    scale = painter.deviceTransform().m11()
    image = _picture(text, font.toString(), colour.rgba(), rim.rgba(), box.width(), box.height(), scale)
    x, y = (round((at - _RIM_PX) * scale) / scale for at in (box.left(), box.top()))
    painter.drawImage(QPointF(x, y), image)


@lru_cache(maxsize=1024)
def _picture(text: str, font: str, colour: int, rim: int, wide: float, high: float, scale: float) -> QImage:
    """The words on nothing, `scale` device pixels a logical one."""
    size = QSize(math.ceil((wide + 2 * _RIM_PX) * scale), math.ceil((high + 2 * _RIM_PX) * scale))
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.transparent)
    written = QFont()
    written.fromString(font)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    box = QRectF(_RIM_PX, _RIM_PX, wide, high)
    _write(painter, box, text, written, QColor.fromRgba(colour), QColor.fromRgba(rim))
    painter.end()
    return image


def _write(painter: QPainter, box: QRectF, text: str, font: QFont, colour: QColor, rim: QColor) -> None:
    metrics = QFontMetricsF(font)
    base = box.top() + (box.height() - metrics.height()) / 2 + metrics.ascent()
    path = QPainterPath()
    path.addText(QPointF(box.left() + 1, base), font, text)
    pen = QPen(rim, 2 * _RIM_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(path, pen)
    painter.fillPath(path, colour)


def box_of(row: Floats) -> QRectF:
    """A row of left, top, right and bottom."""
    left, top, right, bottom = map(float, row)
    return QRectF(left, top, right - left, bottom - top)
