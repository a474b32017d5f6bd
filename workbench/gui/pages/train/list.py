"""The list of runs: search, look at one, lay others over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QListView, QVBoxLayout, QWidget

from workbench.gui.pages.train.items import RunItem
from workbench.gui.pages.train.row import ITEM, OVERLAY, Mark, RunPainter, box_of
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import label
from workbench.gui.widgets.search_field import SearchField

_AnyIndex = QModelIndex | QPersistentModelIndex


class RunList(QWidget):
    """Runs under a search line.

    Signals
    -------
    looked_at(Path) : someone moved to a run
    overlaid(Path) : its box was pressed, it was clicked with Ctrl, or Space was pressed on it
    asked((Path, QPoint)) : a context menu is wanted, at a place on the screen
    """

    looked_at = Signal(object)
    overlaid = Signal(object)
    asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: Sequence[RunItem] = ()
        self.model = RunModel()
        self.search = SearchField("Search runs")
        self.search.searched.connect(lambda _text: self.set_items(self._items))
        self.rows = _Rows(self.model)
        self.rows.toggled.connect(self.overlaid)
        self.rows.customContextMenuRequested.connect(self._ask)
        self.rows.selectionModel().currentChanged.connect(self._moved)
        self.nothing = label("No run is called so.", "muted")
        self.nothing.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for part in (self.search, self.nothing):
            column.addWidget(part)
        column.addWidget(self.rows, 1)

    def set_items(self, items: Sequence[RunItem]) -> None:
        """Show these runs, as far as the search leaves them; the place is kept."""
        self._items = items
        text = self.search.text()
        found = [item for item in items if item.matches(text)]
        was = self.current()
        if self.model.set_items(found):
            self.look_at(was)
        self.nothing.setVisible(bool(items) and not found)

    def set_marks(self, marks: Mapping[Path, Mark]) -> None:
        """Which runs are drawn, and in which colours."""
        self.model.set_marks(marks)

    def current(self) -> Path | None:
        """The run that is looked at."""
        item = self.rows.currentIndex().data(ITEM)
        return item.key if isinstance(item, RunItem) else None

    def look_at(self, key: Path | None) -> None:
        """Move to a run, without a signal."""
        row = self.model.row_of(key)
        if row == self.rows.currentIndex().row():
            return
        selection = self.rows.selectionModel()
        blocked = selection.blockSignals(True)
        self.rows.setCurrentIndex(self.model.index(row) if row >= 0 else QModelIndex())
        selection.blockSignals(blocked)
        self.rows.viewport().update()

    def _moved(self, index: QModelIndex) -> None:
        item = index.data(ITEM)
        if isinstance(item, RunItem):
            self.looked_at.emit(item.key)

    def _ask(self, place: QPoint) -> None:
        item = self.rows.indexAt(place).data(ITEM)
        if isinstance(item, RunItem):
            self.asked.emit((item.key, self.rows.viewport().mapToGlobal(place)))


class RunModel(QAbstractListModel):
    """The lines of the list."""

    def __init__(self) -> None:
        super().__init__()
        self._items: list[RunItem] = []
        self._marks: dict[Path, Mark] = {}

    def set_items(self, items: list[RunItem]) -> bool:
        """Show these; whether the order changed, so that the place is lost."""
        if [item.key for item in items] != [item.key for item in self._items]:
            self.beginResetModel()
            self._items = items
            self.endResetModel()
            return True
        changed = [row for row, pair in enumerate(zip(items, self._items, strict=True)) if pair[0] != pair[1]]
        self._items = items
        for row in changed:
            self.dataChanged.emit(self.index(row), self.index(row))
        return False

    def set_marks(self, marks: Mapping[Path, Mark]) -> None:
        if self._marks != marks:
            self._marks = dict(marks)
            if self._items:
                self.dataChanged.emit(self.index(0), self.index(len(self._items) - 1))

    def row_of(self, key: Path | None) -> int:
        return next((row for row, item in enumerate(self._items) if item.key == key), -1)

    def rowCount(self, parent: _AnyIndex | None = None) -> int:
        return len(self._items)

    def data(self, index: _AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        item = self._items[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return item.name
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                drawn = ", drawn" if item.key in self._marks else ""
                alarm = f", alarm: {item.alarm}" if item.alarm else ""
                return f"{item.name}: {item.words} {item.percent}{drawn}{alarm}"
            case _ if role == ITEM:
                return item
            case _ if role == OVERLAY:
                return self._marks.get(item.key)
        return None


class _Rows(QListView):
    toggled = Signal(object)

    def __init__(self, model: RunModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(RunPainter(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setAccessibleName("Runs")
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        item, held = self._item_at(place), event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if item is not None and event.button() == Qt.MouseButton.LeftButton and (held or self._in_box(place)):
            self.toggled.emit(item.key)
        elif event.button() == Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentIndex().data(ITEM)
        if event.key() == Qt.Key.Key_Space and isinstance(item, RunItem):
            self.toggled.emit(item.key)
        else:
            super().keyPressEvent(event)

    def _item_at(self, place: QPoint) -> RunItem | None:
        item = self.indexAt(place).data(ITEM)
        return item if isinstance(item, RunItem) else None

    def _in_box(self, place: QPoint) -> bool:
        row: QRect = self.visualRect(self.indexAt(place))
        return box_of(row).adjusted(-6, -10, 4, 10).contains(place)
