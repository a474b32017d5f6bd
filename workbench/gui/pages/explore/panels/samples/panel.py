"""The panel with the samples as a table: the selected ones, or all that are shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout

from workbench.app.explorer.explorer import COLUMNS, Changed
from workbench.app.explorer.saved import write_csv
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.base import ExplorePanel
from workbench.gui.pages.explore.panels.samples.model import PICTURE_PX, SampleRows
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import label, push_button

_COLUMN_PX, _LINE_PX = 140, 26
_LISTED = frozenset({"selection", "filter", "hidden", "isolated", "sort", "descending", COLUMNS})


class SamplesPanel(ExplorePanel):
    """Lists the selected samples, or all shown ones where none is selected; a click on a heading sorts.

    Sorting goes on in the background; the table keeps its order until the new one is there.
    """

    id, title, glyph = "samples", "Table", "list"
    tip = "The selected samples as a table; all that are shown where none is selected"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._asked = 0
        self._listed: tuple[object, ...] = ()
        self._from: NDArray[np.int64] | None = None
        self.rows = SampleRows()
        self.words = label("", "muted")
        self.csv_button = push_button("Save CSV…", "", "export", "Save the listed samples with all their columns")
        self.csv_button.clicked.connect(self._ask_and_save)
        self.view = QTableView()
        self.view.setModel(self.rows)
        self.view.setAccessibleName("Samples")
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.view.setTabKeyNavigation(False)
        self.view.setWordWrap(False)
        self.view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.view.horizontalHeader()
        head.setDefaultSectionSize(_COLUMN_PX)
        head.setStretchLastSection(True)
        head.setSectionsClickable(True)
        head.sectionClicked.connect(self._sort_by)
        self.view.clicked.connect(self._look_at)
        self.view.activated.connect(self._look_at)
        line = QHBoxLayout()
        line.addWidget(self.words, 1)
        line.addWidget(self.csv_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE_XS, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(line)
        column.addWidget(self.view, 1)

    def show_set(self) -> None:
        self._listed, self._from = (), None
        self.rows.show_rows(self.desk.explorer, np.zeros(0, np.int64))
        pictured = self.desk.opened is not None and self.desk.opened.stored.thumbnails is not None
        self.view.verticalHeader().setDefaultSectionSize(PICTURE_PX + 4 if pictured else _LINE_PX)
        self._list()

    def follow(self, changed: Changed) -> None:
        if changed & _LISTED:
            self._list()

    def _list(self) -> None:
        explorer = self.desk.explorer
        if explorer is None:
            self.words.setText("")
            return
        state, columns = explorer.state, explorer.columns
        rows = explorer.selected_rows if state.selection.count else explorer.shown_rows
        wanted = (state.sort, state.descending, columns.version)
        if rows is self._from and wanted == self._listed:
            return
        self._from, self._listed = rows, wanted
        self._asked += 1
        mine, what = self._asked, "selected" if state.selection.count else "shown"

        def done(ordered: NDArray[np.int64]) -> None:
            if mine == self._asked:
                self.rows.show_rows(explorer, ordered)
                self.words.setText(
                    f"{len(ordered):,} {what}{_order_words(columns.title(state.sort), state.descending)}"
                )
                self._show_order()

        if state.sort:
            self.desk.work(lambda: columns.order(state.sort, rows, state.descending), done)
        else:
            done(rows)

    def _show_order(self) -> None:
        explorer, head = self.desk.explorer, self.view.horizontalHeader()
        assert explorer is not None
        sort, names = explorer.state.sort, self.rows.names
        head.setSortIndicatorShown(sort in names)
        if sort in names:
            down = Qt.SortOrder.DescendingOrder if explorer.state.descending else Qt.SortOrder.AscendingOrder
            head.setSortIndicator(names.index(sort), down)

    def _sort_by(self, section: int) -> None:
        """Ascending, then descending, then as the set has them."""
        explorer = self.desk.explorer
        if explorer is None:
            return
        name, state = self.rows.names[section], explorer.state
        if state.sort != name:
            explorer.apply(f"sort by {name}", sort=name, descending=False)
        elif not state.descending:
            explorer.apply(f"sort by {name}, highest first", descending=True)
        else:
            explorer.apply("sort no more", sort="", descending=False)

    def _look_at(self, index: QModelIndex) -> None:
        row = int(self.rows.rows[index.row()])
        self.desk.look_at(row, fly=True)

    def _ask_and_save(self) -> None:
        opened, explorer = self.desk.opened, self.desk.explorer
        if opened is None or explorer is None:
            return
        path = self.desk.ask_save("Save the table", f"{opened.folder.name}.csv", "CSV (*.csv)")
        if path is not None:
            columns, rows = explorer.columns, self.rows.rows
            self.desk.work(lambda: write_csv(path, columns, columns.names, rows), lambda _: None)


def _order_words(title: str, descending: bool) -> str:
    return f", sorted by {title}{', highest first' if descending else ''}" if title else ""
