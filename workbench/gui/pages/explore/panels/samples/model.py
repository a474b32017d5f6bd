"""Rows of an opened set for a table view, read a block at a time when they are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QMimeData, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QPixmap

from workbench.app.explorer.explorer import Explorer
from workbench.gui.pages.explore.dragging import POINTS, points_data
from workbench.gui.widgets.thumbnails import to_image

BLOCK = 128
PICTURE_PX = 28
_KEPT_BLOCKS = 64
_Index = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole


class SampleRows(QAbstractTableModel):
    """The columns of an explorer at some of its rows; pictures stand before the first column.

    Attributes
    ----------
    rows : int64 (M,), the set's rows in the order of the table
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._explorer: Explorer | None = None
        self._names: list[str] = []
        self._cells: dict[tuple[str, int], list[str]] = {}

    @property
    def names(self) -> list[str]:
        """The columns, from left to right."""
        return self._names

    def show_rows(self, explorer: Explorer | None, rows: NDArray[np.int64]) -> None:
        """Show these rows in this order."""
        self.beginResetModel()
        self._explorer = explorer
        self._names = [] if explorer is None else explorer.columns.names
        self.rows = rows
        self._cells.clear()
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._names)

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> Any:
        explorer = self._explorer
        if explorer is None or not index.isValid():
            return None
        name = self._names[index.column()]
        if role in (_Role.DisplayRole, _Role.ToolTipRole):
            return self._cell(explorer, name, index.row())
        if role == _Role.TextAlignmentRole:
            return self._alignment(explorer, name)
        thumbnails = explorer.stored.thumbnails
        if role == _Role.DecorationRole and index.column() == 0 and thumbnails is not None:
            picture = to_image(np.asarray(thumbnails[int(self.rows[index.row()])]))
            size = QSize(PICTURE_PX, PICTURE_PX)
            return QPixmap.fromImage(picture.scaled(size, Qt.AspectRatioMode.KeepAspectRatio))
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return [POINTS]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The rows of these cells, each once."""
        rows = dict.fromkeys(int(self.rows[index.row()]) for index in indexes)
        return points_data(self._explorer, list(rows))

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        if self._explorer is None:
            return None
        if orientation == Qt.Orientation.Vertical:
            return f"{section + 1:,}" if role == _Role.DisplayRole else None
        if role == _Role.TextAlignmentRole:
            return self._alignment(self._explorer, self._names[section])
        return self._explorer.columns.title(self._names[section]) if role == _Role.DisplayRole else None

    def _alignment(self, explorer: Explorer, name: str) -> Qt.AlignmentFlag:
        """Numbers stand to the right, words to the left, and the heads with them."""
        side = (
            Qt.AlignmentFlag.AlignRight
            if explorer.columns.compared_as(name) == "number"
            else Qt.AlignmentFlag.AlignLeft
        )
        return side | Qt.AlignmentFlag.AlignVCenter

    def _cell(self, explorer: Explorer, name: str, at: int) -> str:
        block = at // BLOCK
        if (name, block) not in self._cells:
            if len(self._cells) >= _KEPT_BLOCKS * max(1, len(self._names)):
                self._cells.clear()
            rows = self.rows[block * BLOCK : (block + 1) * BLOCK]
            self._cells[name, block] = explorer.columns.cells(name, rows)
        return self._cells[name, block][at % BLOCK]
