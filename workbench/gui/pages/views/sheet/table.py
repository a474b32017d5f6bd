"""The sheet itself: a row for each operation, a column for each strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_SMALL, SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.thumbnails import paint_image, to_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST, _SMALLEST, _TITLE, _HEAD, _KIND = 64, 40, 132, 24, 28


@dataclass(frozen=True, eq=False)
class Row:
    """One operation.

    id : of the operation
    kind : the group it stands in; a heading is drawn where it changes
    pictures : uint8 (strengths, s, s, 3)
    note : said under the title; "" says nothing
    """

    id: str
    title: str
    kind: str
    pictures: NDArray[Any]
    note: str = ""


class SheetTable(QWidget):
    """Draws rows in as many blocks side by side as the width allows, each with the headings of the columns.

    Signals
    -------
    picked(id) : an operation was clicked, or reached with the arrow keys
    """

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[Row, list[Any]]] = []
        self._heads: list[str] = []
        self._chosen, self._cell = -1, _LARGEST
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def set_rows(self, rows: Sequence[Row], heads: Sequence[str]) -> None:
        """Show these operations under these headings."""
        self._rows = [(row, [to_image(pixels) for pixels in row.pictures]) for row in rows]
        self._heads = list(heads)
        self._chosen = min(self._chosen, len(rows) - 1)
        self.setAccessibleName(f"{len(rows)} operations at {len(heads)} strengths")
        self.updateGeometry()
        self.update()

    def rows(self) -> list[Row]:
        """What is shown, in order."""
        return [row for row, _ in self._rows]

    def place(self, number: int) -> QRect:
        """Where a row is drawn."""
        return dict(self._places(self.width()))[number]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        position = event.position().toPoint()
        for number, rect in self._places(self.width()):
            if rect.contains(position):
                self._choose(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and self._rows:
            self._choose(max(0, min(len(self._rows) - 1, self._chosen + step)))
        else:
            super().keyPressEvent(event)

    def _choose(self, number: int) -> None:
        self._chosen = number
        self.update()
        self.picked.emit(self._rows[number][0].id)

    def heightForWidth(self, width: int) -> int:
        return max((rect.bottom() for _, rect in self._places(width)), default=0) + SPACE_L

    def hasHeightForWidth(self) -> bool:
        return True

    def sizeHint(self) -> QSize:
        return QSize(self._block(), self.heightForWidth(max(self.width(), self._block())))

    def minimumSizeHint(self) -> QSize:
        return QSize(_TITLE + len(self._heads) * (_SMALLEST + SPACE_XS), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        kind, left = "", -1
        for number, rect in self._places(self.width()):
            row, images = self._rows[number]
            new_block = rect.left() != left
            if row.kind != kind or new_block:
                self._paint_head(painter, rect, row.kind)
            kind, left = row.kind, rect.left()
            self._paint_row(painter, rect, row, images)

    def _paint_head(self, painter: QPainter, rect: QRect, kind: str) -> None:
        theme = current_theme()
        line = QRect(rect.left(), rect.top() - _HEAD, _TITLE, _HEAD)
        painter.setFont(self._font(bold=True))
        painter.setPen(QColor(theme.text))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, kind)
        painter.setFont(self._font())
        painter.setPen(QColor(theme.muted))
        for column, head in enumerate(self._heads):
            place = QRect(self._column(rect, column), line.top(), self._cell, _HEAD)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, head)

    def _paint_row(self, painter: QPainter, rect: QRect, row: Row, images: Sequence[Any]) -> None:
        theme = current_theme()
        words = QRect(rect.left(), rect.top(), _TITLE - SPACE_M, self._cell)
        painter.setFont(self._font())
        painter.setPen(QColor(theme.accent_text if row is self._marked() else theme.text))
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(words, middle, f"{row.title}\n{row.note}" if row.note else row.title)
        for column, image in enumerate(images):
            place = QRectF(self._column(rect, column), rect.top(), self._cell, self._cell)
            paint_image(painter, image, place)

    def _marked(self) -> Row | None:
        return self._rows[self._chosen][0] if self._chosen >= 0 else None

    def _places(self, width: int) -> list[tuple[int, QRect]]:
        """Where each row stands: blocks filled from top to bottom, as equal in height as whole groups allow."""
        self._fit(width)
        blocks = max(1, (width + SPACE_L) // (self._block() + SPACE_L))
        tall = sum(self._step(number, number == 0) for number in range(len(self._rows)))
        limit, places, block, top = -(-tall // blocks) + _KIND, [], 0, 0
        for number in range(len(self._rows)):
            if top > 0 and top + self._step(number, False) > limit and block + 1 < blocks:
                block, top = block + 1, 0
            top += self._lead(number, top == 0)
            places.append((number, QRect(block * (self._block() + SPACE_L), top, self._block(), self._cell)))
            top += self._cell + SPACE_XS
        return places

    def _step(self, number: int, first: bool) -> int:
        return self._lead(number, first) + self._cell + SPACE_XS

    def _lead(self, number: int, first: bool) -> int:
        """Room above a row for its headings."""
        changed = number == 0 or self._rows[number][0].kind != self._rows[number - 1][0].kind
        return _HEAD + (SPACE_S if not first else 0) if changed or first else 0

    def _block(self) -> int:
        return _TITLE + len(self._heads) * (self._cell + SPACE_XS)

    def _fit(self, width: int) -> None:
        """Make the pictures as large as one block may be; several blocks keep the largest."""
        room = (width - _TITLE) // max(1, len(self._heads)) - SPACE_XS
        self._cell = max(_SMALLEST, min(_LARGEST, room))

    def _column(self, rect: QRect, column: int) -> int:
        return rect.left() + _TITLE + column * (self._cell + SPACE_XS)

    def _font(self, bold: bool = False) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        font.setBold(bold)
        return font
