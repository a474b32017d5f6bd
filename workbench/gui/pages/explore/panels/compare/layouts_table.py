"""The layouts of the opened set side by side: compute several, and choose which two to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from workbench.app.jobs import Job
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.compare.layout_rows import LayoutRow, layout_rows
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, push_button

LEFT, RIGHT, TITLE, SETTINGS, TIME, KEPT = range(6)
_HEADS = ("Left", "Right", "Projection", "Settings", "Time", "Neighbours kept")
_WIDTHS = {LEFT: 52, RIGHT: 56, TITLE: 170, TIME: 76, KEPT: 120}
_NUMBERS = (TIME, KEPT)
_BUTTON_PX = 120
_Index = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole


class LayoutsTable(QWidget):
    """Lists what the set has and could have.

    Signals
    -------
    left_wanted(object), right_wanted(object) : a layout, by its name, is to be seen on that side
    """

    left_wanted = Signal(object)
    right_wanted = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._jobs: list[Job] = []
        self.rows = LayoutRows(self)
        self.view = QTableView()
        self.compute_button = push_button("Compute", "primary")
        self.compute_button.setMinimumWidth(_BUTTON_PX)
        self.compute_button.clicked.connect(self.compute)
        self.rows.checked_changed.connect(self._show_button)
        self._prepare()
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        hint = "Choose what is seen on the left and on the right: click, or Enter on a cell. Tick to compute more."
        line.addWidget(ElidedLabel(hint, "muted"), 1)
        line.addWidget(self.compute_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(line)
        column.addWidget(self.view, 1)
        self._show_button()

    def _prepare(self) -> None:
        view = self.view
        view.setModel(self.rows)
        view.setAccessibleName("Layouts of this embedding")
        view.setProperty("bare", True)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setTabKeyNavigation(False)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(26)
        head = view.horizontalHeader()
        head.setHighlightSections(False)
        for section, width in _WIDTHS.items():
            view.setColumnWidth(section, width)
        head.setSectionResizeMode(SETTINGS, QHeaderView.ResizeMode.Stretch)
        view.clicked.connect(self._act)
        view.activated.connect(self._act)

    def reload(self) -> None:
        """Read again which layouts the opened set has."""
        opened, catalogue = self._desk.opened, self._desk.app.catalogue
        if opened is None:
            self.rows.show_rows([])
            self._show_button()
            return

        def done(rows: list[LayoutRow]) -> None:
            self.rows.show_rows(rows)
            self._show_button()

        self._desk.work(lambda: layout_rows(opened.folder, catalogue), done)

    def show_sides(self, left: str, right: str) -> None:
        """Which layouts are seen, by name; "" for none."""
        self.rows.show_sides(left, right)

    def settled(self) -> bool:
        """Whether nothing is being computed."""
        return not any(job.active for job in self._jobs)

    def follow_jobs(self) -> None:
        """Jobs have changed."""
        self._jobs = [job for job in self._jobs if job.active]
        self._show_button()

    def compute(self) -> None:
        """Compute what is ticked, one after the other; the activity panel shows and cancels each."""
        opened = self._desk.opened
        if opened is None:
            return

        def computed(_: str) -> None:
            if self._desk.opened is not None and self._desk.opened.folder == opened.folder:
                self.reload()

        for row in self.rows.take_checked():
            self._jobs.append(self._desk.app.project(opened.folder, {"id": row.method, **row.params}, computed))
        self._desk.bridge.hurry()
        self._show_button()

    def _act(self, index: QModelIndex) -> None:
        row = self.rows.row(index)
        if row.name and index.column() in (LEFT, RIGHT):
            (self.left_wanted if index.column() == LEFT else self.right_wanted).emit(row.name)

    def _show_button(self) -> None:
        count = self.rows.checked_count
        self.compute_button.setText(f"Compute {count}" if count else "Compute")
        self.compute_button.setEnabled(count > 0)
        self.compute_button.setToolTip("" if count else "Tick the projections to compute")


class LayoutRows(QAbstractTableModel):
    """Rows with a mark for either side, and a tick where there is something to compute.

    Signals
    -------
    checked_changed() : other rows are ticked
    """

    checked_changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[LayoutRow] = []
        self._checked: set[str] = set()
        self._sides = ("", "")

    @property
    def checked_count(self) -> int:
        return len(self._checked)

    def row(self, index: _Index) -> LayoutRow:
        """What a row stands for."""
        return self._rows[index.row()]

    def show_rows(self, rows: Sequence[LayoutRow]) -> None:
        """List these; what was ticked and is still to be computed stays so."""
        self.beginResetModel()
        self._rows = list(rows)
        self._checked &= {row.method for row in rows if not row.name}
        self.endResetModel()

    def show_sides(self, left: str, right: str) -> None:
        """Mark what is seen."""
        if (left, right) != self._sides:
            self._sides = (left, right)
            if self._rows:
                self.dataChanged.emit(self.index(0, LEFT), self.index(len(self._rows) - 1, RIGHT))

    def take_checked(self) -> list[LayoutRow]:
        """The ticked rows, which are no longer ticked."""
        found = [row for row in self._rows if not row.name and row.method in self._checked]
        self._checked.clear()
        self.layoutChanged.emit()
        self.checked_changed.emit()
        return found

    # -- as Qt asks ------------------------------------------------------------------------------------------------

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == _Role.TextAlignmentRole:
            return _alignment(section)
        if role == _Role.ToolTipRole and section == KEPT:
            return "Share of each point's 15 true nearest neighbours that are among its 15 nearest on the map"
        return _HEADS[section] if role == _Role.DisplayRole else None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        tickable = index.column() == TITLE and not self.row(index).name
        return super().flags(index) | (Qt.ItemFlag.ItemIsUserCheckable if tickable else Qt.ItemFlag.NoItemFlags)

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> Any:
        row, column = self.row(index), index.column()
        if role == _Role.TextAlignmentRole:
            return _alignment(column)
        if role == _Role.CheckStateRole and column == TITLE and not row.name:
            return Qt.CheckState.Checked if row.method in self._checked else Qt.CheckState.Unchecked
        if role == _Role.AccessibleTextRole and column in (LEFT, RIGHT) and row.name:
            shown = self._sides[column] == row.name
            return f"{row.title} {'is' if shown else 'is not'} on the {_HEADS[column].lower()}"
        if role not in (_Role.DisplayRole, _Role.ToolTipRole):
            return None
        if column not in (LEFT, RIGHT):
            return row.cells()[column - TITLE]
        if not row.name:
            return ""
        return "●" if self._sides[column] == row.name else "○"

    def setData(self, index: _Index, value: Any, role: int = _Role.EditRole) -> bool:
        if role != _Role.CheckStateRole:
            return False
        (self._checked.add if Qt.CheckState(value) == Qt.CheckState.Checked else self._checked.discard)(
            self.row(index).method
        )
        self.dataChanged.emit(index, index, [role])
        self.checked_changed.emit()
        return True


def _alignment(column: int) -> Qt.AlignmentFlag:
    if column in (LEFT, RIGHT):
        return Qt.AlignmentFlag.AlignCenter
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
