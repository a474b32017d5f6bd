"""What the lab found nearest: a sentence and the list; clicked to look at, selected on the map, saved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.app.listings import ListedColumn, Listing
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.row_list import Entry, RowList, entries_of
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import icon_button, label, set_tone


class Answers(QWidget):
    """Asks for a listing and shows it.

    Attributes
    ----------
    listing : what is shown; None for nothing
    words : the sentence: what to do, what was found, or what is wrong
    """

    def __init__(self, desk: Desk, title: str) -> None:
        super().__init__()
        self._desk, self._title = desk, title
        self._asked = 0
        self.listing: Listing | None = None
        self.words = label("", "muted", wrap=True)
        self.list = RowList(desk, title, "Score")
        self.select_button = icon_button("lasso", "Select these on the map")
        self.csv_button = icon_button("export", "Save the list as CSV…")
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        line.addWidget(self.words, 1)
        line.addWidget(self.select_button)
        line.addWidget(self.csv_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(line)
        column.addWidget(self.list, 1)
        self.list.chosen.connect(lambda row: desk.look_at(row, fly=True))
        self.select_button.clicked.connect(self._select)
        self.csv_button.clicked.connect(self._ask_and_save)
        self.say("")

    def say(self, words: str, tone: str = "muted") -> None:
        """Show a sentence and no list."""
        self._asked += 1
        self.listing = None
        self._show_words(words, tone)
        self.list.show_entries([])
        self._enable()

    def fail(self, error: WorkbenchError) -> None:
        """Say what is wrong."""
        self.say(str(error), "danger")

    def ask(self, request: str, params: Mapping[str, Any]) -> None:
        """Ask the lab for a listing, whose first column is shown."""
        self._asked += 1
        mine = self._asked

        def done(result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
            if mine == self._asked:
                self._gather(mine, result, arrays)

        def failed(error: WorkbenchError) -> None:
            if mine == self._asked:
                self.fail(error)

        self._desk.ask(request, params, done, failed)

    def _gather(self, mine: int, result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        explorer = self._desk.explorer
        assert explorer is not None
        listing = Listing.of(result, arrays)
        column = listing.columns[0]
        values = [number(float(value)) for value in column.values]

        def show(entries: list[Entry]) -> None:
            if mine == self._asked:
                self.listing = listing
                self._show_words(listing.words, "strong")
                self.list.show_entries(entries, _heading(column))
                self._enable()

        self._desk.work(partial(entries_of, explorer, listing.rows, result["names"], values), show)

    def _show_words(self, words: str, tone: str) -> None:
        set_tone(self.words, tone)
        self.words.setText(words)

    def _enable(self) -> None:
        for button in (self.select_button, self.csv_button):
            button.setVisible(self.listing is not None and bool(len(self.listing.rows)))

    def _select(self) -> None:
        if self.listing is not None:
            self._desk.select(self.listing.rows, fly=True)

    def _ask_and_save(self) -> None:
        opened, listing = self._desk.opened, self.listing
        if opened is None or listing is None:
            return
        path = self._desk.ask_save(
            self._title, f"{opened.folder.name}-{'-'.join(self._title.lower().split())}.csv", "CSV (*.csv)"
        )
        if path is not None:
            self._desk.work(partial(listing.write_csv, opened.stored, path), lambda _: None)


def _heading(column: ListedColumn) -> str:
    """`Score (cosine)`; `Cosine distance`, whose unit says it all."""
    if column.title.lower() in column.unit.lower():
        return column.unit.capitalize()
    return f"{column.title} ({column.unit})" if column.unit else column.title


def number(value: float) -> str:
    """A score with four decimals."""
    return f"{value:z.4f}".replace("-", "\N{MINUS SIGN}")
