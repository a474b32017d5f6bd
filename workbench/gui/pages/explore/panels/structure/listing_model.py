"""The rows of a listing for a table: each cell is made when it is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from workbench.app.explorer.columns import Columns
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.structure.found import Found, Positions, cell_words
from workbench.gui.pages.explore.panels.structure.row_pictures import RowPictures

PICTURE, NUMBER = "", "#"
BLOCK, MOST_BLOCKS = 64, 128
_Index = QModelIndex | QPersistentModelIndex
_TITLES = {"id": "Id", "label": "Label"}
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class _Column:
    """name : of the listing's or the set's column; PICTURE for pictures, NUMBER for the place in the lab's order"""

    name: str
    title: str
    is_number: bool


class ListingModel(QAbstractTableModel):
    """A listing in the order that was asked for last; sorting is done off the window's thread.

    Signals
    -------
    sorted_anew() : the rows stand in another order

    Attributes
    ----------
    found : what is listed; None for nothing
    order : (M,) the positions in the listing, as the rows of the table show them
    """

    sorted_anew = Signal()

    def __init__(self, desk: Desk, pictures: RowPictures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._pictures = desk, pictures
        self.found: Found | None = None
        self.order: Positions = np.zeros(0, np.int64)
        self._columns: list[_Column] = []
        self._marked = np.zeros(0, bool)
        self._cells: dict[tuple[str, int], list[str]] = {}
        self._generation = 0
        self.sorting = False
        pictures.arrived.connect(self._tell_pictures)

    def show_found(self, found: Found | None) -> None:
        """List this, in the lab's order."""
        self._generation += 1
        self.sorting = False
        self.beginResetModel()
        self.found = found
        self.order = np.arange(0 if found is None else len(found))
        self._marked = np.zeros(len(self.order), bool)
        self._cells.clear()
        self._columns = [] if found is None else self._columns_of(found)
        self.endResetModel()

    def set_marked(self, marked: NDArray[np.bool_]) -> None:
        """Which positions of the listing are selected on the map, bool (M,)."""
        self._marked = marked

    def is_marked(self, row: int) -> bool:
        """Whether the points of a table row are selected on the map."""
        return bool(self._marked[self.order[row]])

    def marked_rows(self) -> NDArray[np.int64]:
        """The table rows that are marked, ascending."""
        return np.flatnonzero(self._marked[self.order])

    def sample(self, row: int) -> int:
        """The row in the set of the sample that a table row shows."""
        assert self.found is not None
        return int(self.found.listing.rows[self.order[row]])

    def in_band(self, row: int) -> bool:
        """Whether a row of a listing of groups belongs to every second group."""
        if self.found is None or "group" not in self.found.names():
            return False
        return bool(self.found.column("group").values[self.order[row]] % 2)

    def has_pictures(self) -> bool:
        return bool(self._columns) and self._columns[0].name == PICTURE

    # -- as Qt asks ------------------------------------------------------------------------------------------------

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole and column.name not in (PICTURE, NUMBER):
            return f"{column.title}: click to sort, a third time for the order as found."
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return _RIGHT
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self.found is None:
            return None
        column = self._columns[index.column()]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._pictures.image(self.sample(index.row())) if column.name == PICTURE else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.text(index.row(), index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return _RIGHT
        return None

    def text(self, row: int, section: int) -> str:
        """What stands in a cell."""
        assert self.found is not None
        name, position = self._columns[section].name, int(self.order[row])
        if name == PICTURE:
            return ""
        if name == NUMBER:
            return f"{position + 1:,}"
        if any(column.name == name for column in self.found.listing.columns):
            return cell_words(self.found.column(name), position)
        return self._own_cell(name, row)

    def sort(self, section: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        found, explorer = self.found, self._desk.explorer
        if found is None or explorer is None:
            return
        name = self._columns[section].name if 0 <= section < len(self._columns) else ""
        wanted = "" if name in (PICTURE, NUMBER) else name
        turned = name == NUMBER and order == Qt.SortOrder.DescendingOrder
        self._generation += 1
        self.sorting = True
        mine, columns, descending = self._generation, explorer.columns, order == Qt.SortOrder.DescendingOrder

        def work() -> Positions:
            ordered = found.order(columns, wanted, descending)
            return ordered[::-1] if turned else ordered

        self._desk.work(work, lambda ordered: self._take(mine, ordered))

    def _own_cell(self, name: str, row: int) -> str:
        """A cell of the set's own table, read with its surroundings."""
        explorer, found, block = self._desk.explorer, self.found, row // BLOCK
        assert explorer is not None
        assert found is not None
        if (name, block) not in self._cells:
            if len(self._cells) >= MOST_BLOCKS:
                self._cells.clear()
            rows = found.listing.rows[self.order[block * BLOCK : (block + 1) * BLOCK]]
            self._cells[name, block] = explorer.columns.cells(name, rows)
        return self._cells[name, block][row % BLOCK]

    def _take(self, mine: int, ordered: Positions) -> None:
        if mine != self._generation:
            return
        self.sorting = False
        self.beginResetModel()
        self.order = ordered
        self._cells.clear()
        self.endResetModel()
        self.sorted_anew.emit()

    def _columns_of(self, found: Found) -> list[_Column]:
        explorer = self._desk.explorer
        assert explorer is not None
        pictured = explorer.stored.thumbnails is not None
        made = [_Column(PICTURE, "", False)] if pictured else []
        made.append(_Column(NUMBER, "#", True))
        listed = {column.name: column for column in found.listing.columns}
        for name in found.names():
            if name in listed:
                unit = f" ({listed[name].unit})" if listed[name].unit else ""
                made.append(_Column(name, listed[name].title + unit, listed[name].names is None))
            elif name in explorer.columns.names:
                made.append(_Column(name, self._title(found, explorer.columns, name), False))
        return made

    @staticmethod
    def _title(found: Found, columns: Columns, name: str) -> str:
        """What a column of the set is called: of a group its most typical sample is shown."""
        return "Typical sample" if found.groups is not None else _TITLES.get(name, columns.title(name))

    def _tell_pictures(self) -> None:
        if self.has_pictures() and len(self.order):
            last = self.index(len(self.order) - 1, 0)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.DecorationRole])
