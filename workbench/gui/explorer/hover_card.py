"""The card beside the hovered point: its picture and what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from workbench.gui.explorer.map_view import MapView

DWELL_MS = 125
LEAVE_MS = 260
_GAP_PX = 14
_PAD_PX = 8
_SMALLEST_PX, _LARGEST_PX = 96, 128


@dataclass(frozen=True)
class CardContent:
    """What a card says: a picture (h, w, 3) uint8 or none, a title, and lines below it."""

    title: str
    lines: tuple[str, ...] = ()
    picture: NDArray[np.uint8] | None = None


def place(card: QSize, point: QPointF, view: QSize, clearance: float) -> QRect:
    """Where the card goes: above the point, else below, right or left of it, inside the view and never over the point.

    Where no side has room the widest one is taken, and the card leaves the view rather than cover the point.
    """
    x = min(max(point.x() - card.width() / 2, 0), max(view.width() - card.width(), 0))
    y = min(max(point.y() - card.height() / 2, 0), max(view.height() - card.height(), 0))
    wide, high = card.width() + clearance, card.height() + clearance
    room = (
        (point.y() - high, x, point.y() - high),
        (view.height() - point.y() - high, x, point.y() + clearance),
        (view.width() - point.x() - wide, point.x() + clearance, y),
        (point.x() - wide, point.x() - wide, y),
    )
    _, left, top = next((side for side in room if side[0] >= 0), max(room))
    return QRect(round(left), round(top), card.width(), card.height())


class HoverCard(QWidget):
    """Floats over a map and lets the mouse through: comes after 125 ms on a point, goes 260 ms after all were left.

    Parameters
    ----------
    view : the map whose `hovered` it follows
    content : what to say of the point with an index; None for nothing. Called in the GUI thread, so it must be quick.
    """

    def __init__(self, view: MapView, content: Callable[[int], CardContent | None]) -> None:
        super().__init__(view)
        self._view = view
        self._source = content
        self._content = CardContent("")
        self._picture = QImage()
        self._dwell = QTimer(self, singleShot=True, interval=DWELL_MS)
        self._leave = QTimer(self, singleShot=True, interval=LEAVE_MS)
        self._dwell.timeout.connect(self._appear)
        self._leave.timeout.connect(self.hide)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        view.hovered.connect(self._follow)
        view.view_changed.connect(self._vanish)

    @property
    def content(self) -> CardContent:
        return self._content

    def _follow(self, index: int | None) -> None:
        """While the card is shown it goes from point to point without a break, at the pace of the dwell."""
        if index is None:
            if not self.isVisible():
                self._dwell.stop()
            elif not self._leave.isActive():
                self._leave.start()
            return
        self._leave.stop()
        if not (self.isVisible() and self._dwell.isActive()):
            self._dwell.start()

    def _vanish(self) -> None:
        """The point moved away under the card."""
        self.hide()
        self._leave.stop()
        if self._view.hovered_index is not None:
            self._dwell.start()

    def _appear(self) -> None:
        index = self._view.hovered_index
        if index is None:
            return
        content = self._source(index)
        if content is None:
            self.hide()
            return
        self._leave.stop()
        self._content = content
        self._picture = _scaled(content.picture, self.devicePixelRatioF())
        self.setAccessibleName(", ".join((content.title, *content.lines)))
        box = self._view.box_of(index)
        reach = self._view.size_of(index) if box is None else max(box.width(), box.height())
        at = self._view.position_of(index)
        self.setGeometry(place(self._wanted_size(), at, self._view.size(), _GAP_PX + reach / 2))
        self.show()
        self.raise_()
        self.update()

    def _picture_size(self) -> QSize:
        ratio = self._picture.devicePixelRatio()
        return QSize(round(self._picture.width() / ratio), round(self._picture.height() / ratio))

    def _wanted_size(self) -> QSize:
        metrics = QFontMetrics(self.font())
        bold = QFontMetrics(self._title_font())
        texts = [bold.horizontalAdvance(self._content.title), *map(metrics.horizontalAdvance, self._content.lines)]
        width = min(max(self._picture_size().width(), *texts, _SMALLEST_PX), 260)
        height = bold.height() + len(self._content.lines) * metrics.height()
        picture = self._picture_size().height()
        return QSize(width + 2 * _PAD_PX, height + 2 * _PAD_PX + (picture + 6 if picture else 0))

    def _title_font(self) -> QFont:
        font = self.font()
        font.setBold(True)
        return font

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = self._view.plot_colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.grid), 1))
        painter.setBrush(QColor(colours.background))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        top = _PAD_PX
        if not self._picture.isNull():
            left = (self.width() - self._picture_size().width()) // 2
            painter.drawImage(left, top, self._picture)
            top += self._picture_size().height() + 6
        painter.setFont(self._title_font())
        top = self._line(painter, self._content.title, colours.foreground, top)
        painter.setFont(self.font())
        for line in self._content.lines:
            top = self._line(painter, line, colours.muted, top)

    def _line(self, painter: QPainter, text: str, colour: str, top: int) -> int:
        metrics = painter.fontMetrics()
        painter.setPen(QColor(colour))
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, self.width() - 2 * _PAD_PX)
        painter.drawText(_PAD_PX, top + metrics.ascent(), shown)
        return top + metrics.height()


def _scaled(picture: NDArray[np.uint8] | None, dpr: float) -> QImage:
    """The picture at 96 to 128 logical pixels: small ones by whole factors, so that their pixels stay square."""
    if picture is None:
        return QImage()
    data = np.ascontiguousarray(picture[..., :3])
    height, width = data.shape[:2]
    image = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    longest, smallest, largest = max(width, height), _SMALLEST_PX * dpr, _LARGEST_PX * dpr
    if longest < smallest:
        factor = -(-int(smallest) // longest)
        image = image.scaled(width * factor, height * factor)
        longest *= factor
    if longest > largest:
        whole = QSize(int(largest), int(largest))
        image = image.scaled(whole, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    image.setDevicePixelRatio(dpr)
    return image
