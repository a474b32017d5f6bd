"""Files dropped on a page: which of them can be taken, and the veil that shows where they go."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from workbench.gui.theme import current_theme, paint_icon
from workbench.gui.theme.tokens import FONT_HEADING, RADIUS_L, SPACE_L


def dropped_paths(data: QMimeData) -> list[Path]:
    """The local files and folders among what is being dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def drop_words(paths: list[Path]) -> str:
    """What a drop of these would do."""
    if len(paths) == 1:
        return f"Drop to import {paths[0].name}"
    return "Drop one folder or one file at a time"


class DropVeil(QWidget):
    """Covers its parent while something is dragged over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._host = parent
        self._words = ""
        self.hide()

    def show_words(self, words: str) -> None:
        """Cover the parent and say what a drop does."""
        self._words = words
        self.setAccessibleName(words)
        self.setGeometry(self._host.rect())
        self.raise_()
        self.show()

    def words(self) -> str:
        return self._words

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(theme.background)
        veil.setAlphaF(0.88)
        painter.fillRect(self.rect(), veil)
        pen = QPen(QColor(theme.accent), 2, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(theme.info_surface))
        box = QRectF(self.rect()).adjusted(SPACE_L, SPACE_L, -SPACE_L, -SPACE_L)
        painter.drawRoundedRect(box, RADIUS_L, RADIUS_L)
        centre = box.center()
        paint_icon(painter, "import", QRectF(centre.x() - 20, centre.y() - 44, 40, 40), theme.accent_text)
        font = QFont(self.font())
        font.setPixelSize(FONT_HEADING)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        words = QRectF(box.x(), centre.y() + SPACE_L / 2, box.width(), 28)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self._words)
