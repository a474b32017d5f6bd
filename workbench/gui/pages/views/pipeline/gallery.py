"""The gallery from which an operation is added: a searchable grid of what each one does to a sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.pages.views.pipeline.tiles import Tile, TileGrid
from workbench.gui.pages.views.sheet.panel import KINDS
from workbench.gui.theme.tokens import SPACE_L, SPACE_M
from workbench.gui.widgets.basics import label, push_button, rule
from workbench.gui.widgets.containers import EmptyState
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.thumbnails import Picture, Thumbnail
from workbench.plugins.catalogue import Entry
from workbench.plugins.specs import OperationSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ICONS = {
    "geometry": "fit",
    "colour": "sun",
    "filter": "eye",
    "mix": "compare",
    "policy": "list",
    "task": "grid",
    "normalise": "gear",
}
"""What stands in a tile of a kind until its picture is there."""

_MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_SIZE = (780, 600)


def tiles_of(entries: Iterable[Entry[OperationSpec]], search: str = "") -> list[Tile]:
    """The operations in which every searched word occurs, by kind."""
    order = list(KINDS)
    fitting = [entry for entry in entries if _fits(entry, search)]
    fitting.sort(key=lambda entry: order.index(entry.spec.kind))
    return [
        Tile(entry.id, KINDS[entry.spec.kind], entry.title, entry.spec.summary, _ICONS[entry.spec.kind])
        for entry in fitting
    ]


def best_of(tiles: Sequence[Tile], search: str) -> int:
    """The tile that a search most likely means: one whose title begins with it, else one whose title holds it."""
    sought = search.casefold().strip()
    titles = [tile.title.casefold() for tile in tiles]
    ranks = [2 if title.startswith(sought) else 1 if sought in title else 0 for title in titles]
    return ranks.index(max(ranks)) if ranks else -1


def _fits(entry: Entry[OperationSpec], search: str) -> bool:
    words = " ".join((entry.title, entry.id, entry.spec.summary, KINDS[entry.spec.kind])).casefold()
    return all(part in words for part in search.casefold().split())


class OperationGallery(QDialog):
    """Typing filters, the arrow keys move, Enter or a click adds, Escape closes.

    Parameters
    ----------
    entries : the operations there are; those of other modalities than `modality` are not offered

    Signals
    -------
    chosen(id) : an operation is to be added
    """

    chosen = Signal(object)

    def __init__(self, entries: Sequence[Entry[OperationSpec]], modality: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add an operation")
        self.entries = [entry for entry in entries if entry.spec.modality == modality]
        self.search = SearchField("Search operations")
        self.search.textChanged.connect(lambda _text: self._filter())
        self.search.installEventFilter(self)
        self.original = Thumbnail(64)
        self.original.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.grid = TileGrid()
        self.grid.moved.connect(self._tell)
        self.grid.picked.connect(self._choose)
        self.none = EmptyState("search", "No operation fits", "Type parts of its name or of what it does.")
        self.title = label("", "strong")
        self.summary = label("", "muted", wrap=True)
        self.remark = label("", "caption", wrap=True)
        self.add = push_button("Add", "primary", "plus")
        self.add.clicked.connect(lambda: self._choose(""))
        self.cancel = push_button("Close")
        self.cancel.clicked.connect(self.reject)
        self._lay_out()
        self.show_original(None)
        self._filter()
        self.search.setFocus()

    def _lay_out(self) -> None:
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.grid)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.area)
        self.stack.addWidget(self.none)
        words = QVBoxLayout()
        words.setSpacing(2)
        for part in (self.title, self.summary, self.remark):
            words.addWidget(part)
        words.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE_M)
        foot.addWidget(self.original, 0, Qt.AlignmentFlag.AlignTop)
        foot.addLayout(words, 1)
        for button in (self.cancel, self.add):
            button.setAutoDefault(False)
            foot.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_M)
        column.addWidget(self.search)
        column.addWidget(self.stack, 1)
        column.addWidget(rule())
        column.addLayout(foot)
        self.resize(*_SIZE)

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_original(self, pixels: NDArray[Any] | None) -> None:
        """The sample before any operation, uint8 (H, W, 3); None while there is none."""
        self.original.setVisible(pixels is not None)
        self.original.set_picture(Picture(pixels, "Original"))

    def show_pictures(self, pictures: Mapping[str, NDArray[Any]]) -> None:
        """What each operation makes of it, by id."""
        self.grid.set_pictures(pictures)

    def say(self, words: str) -> None:
        """What keeps the pictures from being shown; "" says nothing."""
        self.remark.setText(words)
        self.remark.setVisible(bool(words))

    def _filter(self) -> None:
        search = self.search.text()
        tiles = tiles_of(self.entries, search)
        self.grid.set_tiles(tiles)
        if search.strip():
            self.grid.set_current(best_of(tiles, search))
        self.stack.setCurrentWidget(self.area if tiles else self.none)

    def _tell(self, id_: str) -> None:
        tile = self.grid.current()
        self.title.setText(tile.title if tile else "")
        self.summary.setText(tile.summary if tile else "")
        self.add.setEnabled(tile is not None)

    # -- choosing --------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        """Handle a key of the search line; False leaves it to the line."""
        key = Qt.Key(event.key())
        if key in _MOVES and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.grid.move_by(*_MOVES[key])
            self._scroll_to_current()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose("")
        elif key == Qt.Key.Key_Escape:
            self.reject()
        else:
            return False
        return True

    def _scroll_to_current(self) -> None:
        tile = self.grid.current()
        if tile is not None:
            place = self.grid.place(self.grid.tiles().index(tile))
            self.area.ensureVisible(place.center().x(), place.center().y(), 0, place.height() // 2 + 32)

    def _choose(self, id_: str) -> None:
        tile = self.grid.current()
        wanted = id_ or (tile.id if tile else "")
        if wanted:
            self.accept()
            self.chosen.emit(wanted)
