"""Pictures: one, or a grid that flows with the width, from arrays of pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_SMALL, SPACE_S, SPACE_XS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CAPTION_HEIGHT, _LINE_HEIGHT = 18, 14


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture with its words.

    pixels : uint8 (H, W, 3) or (H, W); None for one that is not there yet
    caption : the lines under it; tip : shown under the mouse, the caption when empty
    key : what the signals name it by
    """

    pixels: NDArray[Any] | None
    caption: str = ""
    tip: str = ""
    key: object = None


def to_image(pixels: NDArray[Any]) -> QImage:
    """An image of its own memory from uint8 (H, W, 3) RGB or (H, W) grey; raises ValueError for anything else."""
    if str(pixels.dtype) != "uint8" or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise ValueError(f"A picture is uint8 (H, W, 3) or (H, W), not {pixels.dtype} {tuple(pixels.shape)}.")
    height, width = pixels.shape[:2]
    grey = pixels.ndim == 2
    form = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    return QImage(pixels.tobytes(), width, height, width * (1 if grey else 3), form).copy()


def paint_image(painter: QPainter, image: QImage, rect: QRectF) -> None:
    """Draw an image fitted into a square, its shape kept: sharp pixels when enlarged, smooth when reduced."""
    scale = min(rect.width() / image.width(), rect.height() / image.height())
    size = QSize(max(1, round(image.width() * scale)), max(1, round(image.height() * scale)))
    target = QRectF(
        rect.x() + (rect.width() - size.width()) / 2,
        rect.y() + (rect.height() - size.height()) / 2,
        size.width(),
        size.height(),
    )
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
    painter.drawImage(target, image)


class ThumbnailGrid(QWidget):
    """Pictures in rows: one tab stop, arrow keys move, Enter or a click chooses.

    Signals
    -------
    chosen(key) : a picture was clicked, or Enter was pressed on it
    """

    chosen = Signal(object)

    def __init__(self, size_px: int = 72, columns: int = 0, parent: QWidget | None = None) -> None:
        """`columns` fixes how many stand in a row; 0 takes as many as fit."""
        super().__init__(parent)
        self._size, self._columns = size_px, columns
        self._pictures: list[Picture] = []
        self._images: list[QImage | None] = []
        self._current = 0
        self._selected: object = None
        self._marked: frozenset[object] = frozenset()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_pictures(self, pictures: Sequence[Picture]) -> None:
        """Show these pictures; raises ValueError where pixels are not as `Picture` says."""
        images = [None if picture.pixels is None else to_image(picture.pixels) for picture in pictures]
        resized = len(images) != len(self._images) or self._caption_lines() != _lines(pictures)
        self._pictures, self._images = list(pictures), images
        self._current = min(self._current, max(0, len(images) - 1))
        self._describe()
        if resized:
            self.updateGeometry()
        self.update()

    def set_selected(self, key: object) -> None:
        """Ring the picture with this key; None rings none."""
        self._selected = key
        self.update()

    def set_marked(self, keys: Iterable[object]) -> None:
        """Ring several pictures; their keys must be hashable."""
        self._marked = frozenset(keys)
        self.update()

    def cell(self, index: int) -> QRect:
        """Where a picture and its caption are."""
        columns = self.columns()
        width, height = self._cell_size()
        return QRect(index % columns * (width + SPACE_S), index // columns * (height + SPACE_S), width, height)

    def columns(self) -> int:
        """How many pictures stand in a row."""
        return self._columns or max(1, (self.width() + SPACE_S) // (self._size + SPACE_S))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        columns = self._columns or max(1, (width + SPACE_S) // (self._size + SPACE_S))
        rows = -(-len(self._pictures) // columns)
        return max(0, rows * (self._cell_size()[1] + SPACE_S) - SPACE_S)

    def sizeHint(self) -> QSize:
        columns = self._columns or max(1, min(6, len(self._pictures)))
        width = columns * (self._size + SPACE_S) - SPACE_S
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        width = (self._columns or 1) * (self._size + SPACE_S) - SPACE_S
        return QSize(width, self.heightForWidth(max(width, self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.updateGeometry()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self._at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index is not None:
            self._move_to(index)
            self.chosen.emit(self._pictures[index].key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._pictures) - 1
        moves = {
            Qt.Key.Key_Left: self._current - 1,
            Qt.Key.Key_Right: self._current + 1,
            Qt.Key.Key_Up: self._current - self.columns(),
            Qt.Key.Key_Down: self._current + self.columns(),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if key in moves and self._pictures:
            if 0 <= moves[key] <= last:
                self._move_to(moves[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._pictures:
            self.chosen.emit(self._pictures[self._current].key)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            assert isinstance(event, QHelpEvent)
            index = self._at(event.pos())
            tip = "" if index is None else self._pictures[index].tip or self._pictures[index].caption
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        for index in range(len(self._pictures)):
            cell = self.cell(index)
            if cell.intersects(event.rect()):
                self._paint_cell(painter, index, cell)

    def _paint_cell(self, painter: QPainter, index: int, cell: QRect) -> None:
        theme = current_theme()
        picture, image = self._pictures[index], self._images[index]
        square = QRectF(cell.x(), cell.y(), self._size, self._size)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.raised))
        painter.drawRect(square)
        if image is not None:
            paint_image(painter, image, square)
        ring = (
            theme.focus
            if self.hasFocus() and index == self._current
            else (theme.accent if self._is_ringed(picture) else None)
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(ring), 2) if ring else QPen(QColor(theme.border), 1))
        inset = 1.0 if ring else 0.5
        painter.drawRect(square.adjusted(inset, inset, -inset, -inset))
        painter.setPen(QColor(theme.muted))
        for at, text in enumerate(picture.caption.splitlines()):
            words = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, self._size)
            top = cell.y() + self._size + SPACE_XS // 2 + at * _LINE_HEIGHT
            line = QRect(cell.x(), top, self._size, _CAPTION_HEIGHT)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _is_ringed(self, picture: Picture) -> bool:
        selected = self._selected is not None and picture.key == self._selected
        return selected or (bool(self._marked) and picture.key in self._marked)

    def _cell_size(self) -> tuple[int, int]:
        lines = self._caption_lines()
        return self._size, self._size + (_CAPTION_HEIGHT + (lines - 1) * _LINE_HEIGHT if lines else 0)

    def _caption_lines(self) -> int:
        return _lines(self._pictures)

    def _at(self, position: QPoint) -> int | None:
        hits = (index for index in range(len(self._pictures)) if self.cell(index).contains(position))
        return next(hits, None)

    def _move_to(self, index: int) -> None:
        self._current = index
        self._describe()
        self.update()

    def _describe(self) -> None:
        count = len(self._pictures)
        self.setAccessibleName(f"{count} pictures")
        if count:
            picture = self._pictures[self._current]
            self.setAccessibleDescription(f"{self._current + 1} of {count}: {picture.tip or picture.caption}")


def _lines(pictures: Sequence[Picture]) -> int:
    """How many lines the longest caption has."""
    return max((len(picture.caption.splitlines()) for picture in pictures), default=0)


class Thumbnail(ThumbnailGrid):
    """One picture with its caption."""

    def __init__(self, size_px: int = 96, parent: QWidget | None = None) -> None:
        super().__init__(size_px, 1, parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_picture(self, picture: Picture) -> None:
        """Show this picture; raises ValueError where its pixels are not as `Picture` says."""
        self.set_pictures([picture])
