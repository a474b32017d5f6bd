"""The tiles of the gallery: operations in groups, each with a picture of what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.theme import current_theme, paint_icon
from workbench.gui.theme.tokens import FONT_SMALL, RADIUS_S, SPACE_S, SPACE_XS
from workbench.gui.widgets.thumbnails import paint_image, to_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE_WIDTH, PICTURE, TEXT_HEIGHT, HEADING_HEIGHT = 112, 72, 32, 28
TILE_HEIGHT = PICTURE + TEXT_HEIGHT + 3 * SPACE_XS
_ICON = 28


@dataclass(frozen=True)
class Tile:
    """One operation: its group's title, its own, a sentence about it, and the icon where there is no picture."""

    id: str
    group: str
    title: str
    summary: str
    icon: str


class TileGrid(QWidget):
    """Tiles in groups that flow with the width; one of them is current.

    Signals
    -------
    picked(id) : a tile was clicked
    moved(id) : another tile became the current one, "" for none
    """

    picked = Signal(object)
    moved = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles: list[Tile] = []
        self._images: dict[str, QImage] = {}
        self._places: list[QRect] = []
        self._headings: list[tuple[QRect, str]] = []
        self._current = -1
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show these tiles, those of a group next to each other; the first becomes the current one."""
        self._tiles = list(tiles)
        self._arrange()
        self.updateGeometry()
        self.set_current(0 if tiles else -1)
        self.update()

    def set_pictures(self, pictures: Mapping[str, NDArray[Any]]) -> None:
        """The pictures by operation, uint8 (H, W, 3); an operation without one keeps its icon."""
        self._images = {id_: to_image(pixels) for id_, pixels in pictures.items()}
        self.update()

    def has_picture(self, id_: str) -> bool:
        return id_ in self._images

    def tiles(self) -> list[Tile]:
        """What is shown, in order."""
        return list(self._tiles)

    def current(self) -> Tile | None:
        """The tile that Enter would choose."""
        return self._tiles[self._current] if self._current >= 0 else None

    def place(self, index: int) -> QRect:
        """Where a tile is."""
        return QRect(self._places[index])

    def set_current(self, index: int) -> None:
        """Make a tile the current one; -1 for none."""
        self._current = index
        tile = self.current()
        self.setAccessibleName(f"{len(self._tiles)} operations")
        self.setAccessibleDescription("" if tile is None else f"{tile.title}: {tile.summary}")
        self.moved.emit("" if tile is None else tile.id)
        self.update()

    def move_by(self, columns: int, rows: int) -> None:
        """Go on by so many tiles, or to the nearest tile so many rows away."""
        if not self._tiles:
            return
        if columns:
            self.set_current(min(max(self._current + columns, 0), len(self._tiles) - 1))
            return
        here = self._places[self._current]
        tops = sorted({place.top() for place in self._places})
        row = tops.index(here.top()) + rows
        if 0 <= row < len(tops):
            candidates = [n for n, place in enumerate(self._places) if place.top() == tops[row]]
            self.set_current(min(candidates, key=lambda n: abs(self._places[n].left() - here.left())))

    # -- size ------------------------------------------------------------------------------------------------------

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places, _headings = _arranged(self._tiles, width)
        return places[-1].bottom() + 1 + SPACE_S if places else 0

    def sizeHint(self) -> QSize:
        width = 6 * (TILE_WIDTH + SPACE_S)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(TILE_WIDTH, self.heightForWidth(max(TILE_WIDTH, self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
        if event.oldSize().width() != event.size().width():
            self.updateGeometry()

    def _arrange(self) -> None:
        self._places, self._headings = _arranged(self._tiles, self.width())

    # -- mouse -----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self._at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index is not None:
            self.set_current(index)
            self.picked.emit(self._tiles[index].id)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        index = self._at(event.position().toPoint())
        if index is not None and index != self._current:
            self.set_current(index)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            assert isinstance(event, QHelpEvent)
            index = self._at(event.pos())
            QToolTip.showText(event.globalPos(), "" if index is None else self._tiles[index].summary, self)
            return True
        return super().event(event)

    def _at(self, position: QPoint) -> int | None:
        return next((n for n, place in enumerate(self._places) if place.contains(position)), None)

    # -- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(current_theme().muted))
        for place, words in self._headings:
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        font.setBold(False)
        painter.setFont(font)
        for index, place in enumerate(self._places):
            if place.intersects(event.rect()):
                self._paint_tile(painter, index, place)

    def _paint_tile(self, painter: QPainter, index: int, place: QRect) -> None:
        theme, tile = current_theme(), self._tiles[index]
        current = index == self._current
        painter.setPen(QPen(QColor(theme.accent if current else theme.border), 2 if current else 1))
        painter.setBrush(QColor(theme.selected if current else theme.surface))
        inset = 1.0 if current else 0.5
        painter.drawRoundedRect(QRectF(place).adjusted(inset, inset, -inset, -inset), RADIUS_S, RADIUS_S)
        square = QRectF(place.x() + (place.width() - PICTURE) / 2, place.y() + SPACE_S, PICTURE, PICTURE)
        image = self._images.get(tile.id)
        if image is not None:
            paint_image(painter, image, square)
        else:
            inner = QRectF(0, 0, _ICON, _ICON)
            inner.moveCenter(square.center())
            paint_icon(painter, tile.icon, inner, theme.outline)
        painter.setPen(QColor(theme.text))
        words = QRect(place.x() + 2, place.bottom() - TEXT_HEIGHT, place.width() - 4, TEXT_HEIGHT)
        centred = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(words, centred, tile.title)


def _arranged(tiles: Sequence[Tile], width: int) -> tuple[list[QRect], list[tuple[QRect, str]]]:
    """The place of each tile, and of each heading with its words."""
    columns = max(1, (width + SPACE_S) // (TILE_WIDTH + SPACE_S))
    places: list[QRect] = []
    headings: list[tuple[QRect, str]] = []
    group, column, top = "", 0, 0
    for tile in tiles:
        if tile.group != group:
            top = places[-1].bottom() + 1 + SPACE_S if places else 0
            headings.append((QRect(0, top, width, HEADING_HEIGHT), tile.group))
            group, column, top = tile.group, 0, top + HEADING_HEIGHT
        elif column == columns:
            column, top = 0, top + TILE_HEIGHT + SPACE_S
        places.append(QRect(column * (TILE_WIDTH + SPACE_S), top, TILE_WIDTH, TILE_HEIGHT))
        column += 1
    return places, headings
