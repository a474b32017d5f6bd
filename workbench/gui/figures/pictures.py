"""Rows of pictures, one a sample, enlarged by whole factors without smoothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from workbench.gui.figures.drawing import CENTRED, RIGHT, Cell, Drawing, headings, name_of, small_font
from workbench.gui.theme import Theme
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.thumbnails import to_image
from workbench.plugins.specs import FigureSpec

_ELIDE = Qt.TextElideMode.ElideRight
_GAP = float(SPACE_XS)
_BESIDE_PX = 96.0
"""Longer headings at the left are broken into lines."""
_ENLARGED = 3
"""A picture that is pointed at is shown so many times as large, as far as there is room."""


@dataclass(frozen=True)
class _Frame:
    """One way to lay the pictures out.

    size : of a picture in logical px; turned : samples stand beside each other, their pictures beneath
    """

    left: float
    top: float
    size: tuple[float, float]
    turned: bool

    def rect(self, row: int, column: int) -> QRectF:
        across, down = (row, column) if self.turned else (column, row)
        wide, high = self.size
        return QRectF(self.left + across * (wide + _GAP), self.top + down * (high + _GAP), wide, high)


class PicturesDrawing(Drawing):
    """Samples stand beneath each other; beside each other where pictures with headings then become larger."""

    def __init__(self, spec: FigureSpec, pictures: NDArray[Any]) -> None:
        super().__init__(spec, (pictures.shape[0], pictures.shape[1]))
        pixels = pictures if pictures.dtype == np.uint8 else np.rint(255 * np.clip(pictures, 0, 1)).astype(np.uint8)
        self.height, self.width = pictures.shape[2:4]
        self.images = [
            [to_image(pixels[row, column]) for column in range(self.shape[1])] for row in range(self.shape[0])
        ]
        self.columns, self.rows = headings(spec.columns, self.shape[1]), headings(spec.rows, self.shape[0])

    def paint(self, painter: QPainter, area: QRectF, theme: Theme) -> None:
        frame = self._frame(area)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, frame.size[0] < self.width)
        for row, images in enumerate(self.images):
            for column, image in enumerate(images):
                painter.drawImage(frame.rect(row, column), image)
        painter.setFont(small_font())
        painter.setPen(QColor(theme.text))
        across, beside = (self.rows, self.columns) if frame.turned else (self.columns, self.rows)
        line = QFontMetricsF(painter.font()).height()
        for number, text in enumerate(across):
            cell = frame.rect(number, 0) if frame.turned else frame.rect(0, number)
            words = QFontMetricsF(painter.font()).elidedText(text, _ELIDE, cell.width() + _GAP)
            painter.drawText(QRectF(cell.left(), cell.top() - line - SPACE_XS, cell.width(), line), CENTRED, words)
        for number, text in enumerate(beside):
            cell = frame.rect(0, number) if frame.turned else frame.rect(number, 0)
            room = QRectF(cell.left() - SPACE_S - _BESIDE_PX, cell.top(), _BESIDE_PX, cell.height())
            painter.drawText(room, RIGHT | int(Qt.TextFlag.TextWordWrap), text)

    def rect(self, area: QRectF, row: int, column: int) -> QRectF:
        return self._frame(area).rect(row, column)

    def cell_at(self, area: QRectF, point: QPointF) -> Cell | None:
        frame = self._frame(area)
        cells = ((row, column) for row in range(self.shape[0]) for column in range(self.shape[1]))
        return next((cell for cell in cells if frame.rect(*cell).contains(point)), None)

    def words(self, row: int, column: int) -> str:
        return f"{name_of(self.rows, row, 'sample')}: {name_of(self.columns, column, 'picture')}"

    def summary(self) -> str:
        what = f": {', '.join(self.columns)}" if self.columns else ""
        return f"{self.shape[0]} samples, {self.shape[1]} pictures of each{what}"

    def hot_rect(self, area: QRectF, row: int, column: int) -> QRectF:
        small = self.rect(area, row, column)
        most = min(area.width(), area.height() * self.width / self.height)
        factor = min(_ENLARGED, most / small.width())
        wide, high = small.width() * factor, small.height() * factor
        left = min(max(area.left(), small.center().x() - wide / 2), area.right() - wide)
        top = min(max(area.top(), small.center().y() - high / 2), area.bottom() - high)
        return QRectF(left, top, wide, high)

    def paint_hot(self, painter: QPainter, area: QRectF, cell: Cell, theme: Theme) -> None:
        large = self.hot_rect(area, *cell)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, large.width() < self.width)
        painter.drawImage(large, self.images[cell[0]][cell[1]])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.focus), 2))
        painter.drawRect(large)

    def _frame(self, area: QRectF) -> _Frame:
        plain, turned = (self._scale(area, turned) for turned in (False, True))
        # Without headings nothing but the description says what a row is.
        is_turned = bool(self.columns) and (_whole(turned), turned) > (_whole(plain), plain)
        return self._placed(area, _whole(turned if is_turned else plain), is_turned)

    def _margins(self, turned: bool) -> tuple[float, float]:
        """Room at the left and at the top for headings."""
        metrics = QFontMetricsF(small_font())
        across, beside = (self.rows, self.columns) if turned else (self.columns, self.rows)
        left = min(max((metrics.horizontalAdvance(text) for text in beside), default=-SPACE_S), _BESIDE_PX) + SPACE_S
        return left, metrics.height() + SPACE_XS if across else 0.0

    def _counts(self, turned: bool) -> Cell:
        """Pictures beside each other and beneath each other."""
        return self.shape if turned else (self.shape[1], self.shape[0])

    def _scale(self, area: QRectF, turned: bool) -> float:
        (left, top), (across, down) = self._margins(turned), self._counts(turned)
        wide = (area.width() - left - (across - 1) * _GAP) / across / self.width
        high = (area.height() - top - (down - 1) * _GAP) / down / self.height
        return float(max(0.02, min(wide, high)))

    def _placed(self, area: QRectF, scale: float, turned: bool) -> _Frame:
        (left, top), (across, down) = self._margins(turned), self._counts(turned)
        size = scale * self.width, scale * self.height
        used = across * (size[0] + _GAP) - _GAP + left, down * (size[1] + _GAP) - _GAP + top
        x = area.left() + left + max(0.0, area.width() - used[0]) / 2
        y = area.top() + top + max(0.0, area.height() - used[1]) / 2
        return _Frame(float(round(x)), float(round(y)), size, turned)


def _whole(scale: float) -> float:
    """A factor that leaves every pixel as large as its neighbours; what must be reduced takes any."""
    return float(int(scale)) if scale >= 1 else scale
