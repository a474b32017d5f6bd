"""What speaks for a row, beside the table: the neighbours of a label suspect, the others of a group of duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QListWidget, QListWidgetItem, QScrollArea, QVBoxLayout, QWidget

from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, label, push_button
from workbench.gui.widgets.thumbnails import Picture, Thumbnail, ThumbnailGrid

SAMPLE_PX, OTHER_PX, LINE_PX = 64, 44, 24
WIDTH_PX = 252
_ROW = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, eq=False)
class Other:
    """A sample beside the looked-at one: its row, what it is called, a line of words, its picture if it has one."""

    row: int
    name: str
    words: str
    picture: NDArray[np.uint8] | None


class Evidence(QScrollArea):
    """Two facts beside the sample's picture, and the other samples; a hint until a row is looked at.

    Signals
    -------
    chosen(row) : one of the others was clicked, or Enter was pressed on it
    acted() : the button was pressed
    """

    chosen = Signal(object)
    acted = Signal()

    def __init__(self, hint: str, action: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hint = label(hint, "muted", wrap=True)
        self.picture = Thumbnail(SAMPLE_PX)
        self.facts = [(label("", "caption"), ElidedLabel("", "strong")) for _ in range(2)]
        self.others_words = label("", "caption", wrap=True)
        self.grid = ThumbnailGrid(OTHER_PX)
        self.names = QListWidget()
        self.names.setProperty("bare", True)
        self.names.setAccessibleName("The other samples")
        self.button = push_button(action, "link")
        self.button.clicked.connect(self.acted)
        self.grid.chosen.connect(self.chosen)
        self.names.itemClicked.connect(lambda item: self.chosen.emit(item.data(_ROW)))
        self.names.itemActivated.connect(lambda item: self.chosen.emit(item.data(_ROW)))
        self.setFixedWidth(WIDTH_PX)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(self._inside())
        self.clear()

    def _inside(self) -> QWidget:
        self._head = QWidget()
        head = QGridLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.setHorizontalSpacing(SPACE_M)
        head.setVerticalSpacing(0)
        head.setColumnStretch(1, 1)
        head.addWidget(self.picture, 0, 0, 4, 1, Qt.AlignmentFlag.AlignTop)
        for at, (title, value) in enumerate(self.facts):
            head.addWidget(title, 2 * at, 1)
            head.addWidget(value, 2 * at + 1, 1)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(SPACE_M, SPACE_XS, SPACE_S, 0)
        column.setSpacing(SPACE_XS)
        for part in (self.hint, self._head, self.others_words, self.grid, self.names):
            column.addWidget(part)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        return inside

    def clear(self) -> None:
        """Say what to do to see something here."""
        for part in (self._head, self.others_words, self.grid, self.names, self.button):
            part.hide()
        self.hint.show()

    def show_sample(self, facts: Sequence[tuple[str, str]], picture: NDArray[np.uint8] | None) -> None:
        """Show a sample with the two facts that are told of it; the others come later."""
        self.clear()
        self.hint.hide()
        for (title, value), (name, words) in zip(self.facts, facts, strict=True):
            title.setText(name)
            value.set_full_text(words)
        self.picture.setVisible(picture is not None)
        if picture is not None:
            self.picture.set_picture(Picture(picture, tip=facts[0][1]))
        self._head.show()
        self.verticalScrollBar().setValue(0)

    def show_others(self, words: str, others: Sequence[Other]) -> None:
        """Show samples beside it, and what they are."""
        self.others_words.setText(words)
        self.others_words.setVisible(bool(others))
        pictured = bool(others) and all(other.picture is not None for other in others)
        self.grid.setVisible(pictured)
        self.names.setVisible(bool(others) and not pictured)
        self.button.setVisible(bool(self.button.text()))
        if pictured:
            self.grid.set_pictures([_as_picture(other) for other in others])
            return
        self.names.clear()
        self.names.setFixedHeight(LINE_PX * len(others) + 4)
        for other in others:
            item = QListWidgetItem(f"{other.words}   {other.name}".strip())
            item.setData(_ROW, other.row)
            item.setToolTip(item.text())
            self.names.addItem(item)


def _as_picture(other: Other) -> Picture:
    return Picture(other.picture, other.name, f"{other.name}  {other.words}".strip(), other.row)
