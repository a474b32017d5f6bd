"""The nearest neighbours in the inspector: of the looked-at sample, of the selection, or of what is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from workbench.app.explorer.explorer import Changed, Explorer
from workbench.app.explorer.sums import parse_sum
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.count_box import CountBox
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.metric_box import METRICS, MetricBox
from workbench.gui.pages.explore.row_list import Entry, RowList, entries_of
from workbench.gui.pages.explore.sets import OpenedSet, shared_label_words
from workbench.gui.pages.explore.term_field import TermField
from workbench.gui.pages.explore.torn import torn_neighbours
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import icon_button, label, set_tone

QUERIES = {"sample": "Looked-at sample", "selection": "Mean of the selection", "text": "Word or sum"}
MUTUAL, TORN, HUB = "⇄", "↗", "✱"
HUB_TIMES = 3
"""A hub is among the neighbours of so many times more points than the average."""
MOST_AVERAGED = 100_000
_LIST_PX, _PICTURE_PX, _COLUMNS = 340, 72, 3
_WATCHED = frozenset({"focus", "selection", "k", "metric", "layout"})


@dataclass(frozen=True)
class _Found:
    """An answer made ready off the window's thread."""

    entries: list[Entry]
    words: str
    elsewhere: str


class NeighboursView(QWidget):
    """Asks again whenever the query changes, while it can be seen.

    Signals
    -------
    chosen(row) : a neighbour was clicked, or Enter was pressed on it
    """

    chosen = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._asked, self._stale = 0, True
        self.query = _box("Neighbours of", QUERIES)
        self.line = TermField(desk, "Word or sum")
        self.back_button = icon_button("chevron-left", "Look at the sample before  (Alt+Left)")
        self.forward_button = icon_button("chevron-right", "Look at the next sample again  (Alt+Right)")
        self.count = CountBox("Number of neighbours", 12)
        self.metrics = MetricBox()
        self.summary = label("", "", wrap=True)
        self.elsewhere = label("", "muted", wrap=True)
        self.list = RowList("Nearest neighbours", "Distance", _PICTURE_PX, _COLUMNS, _LIST_PX)
        self.note = label("", "caption", wrap=True)
        self._lay_out()
        self._connect()
        self._show_controls()

    def _lay_out(self) -> None:
        head, line = QHBoxLayout(), QHBoxLayout()
        for row in (head, line):
            row.setSpacing(SPACE_XS)
        head.addWidget(self.query, 1)
        head.addWidget(self.back_button)
        head.addWidget(self.forward_button)
        line.addWidget(self.metrics, 1)
        line.addWidget(self.count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(head)
        column.addWidget(self.line)
        column.addLayout(line)
        column.addWidget(self.summary)
        column.addWidget(self.elsewhere)
        column.addWidget(self.list)
        column.addWidget(self.note)

    def _connect(self) -> None:
        self._desk.subscribe(self.follow)
        self.list.chosen.connect(self.chosen)
        self.line.entered.connect(self.ask)
        self.query.currentIndexChanged.connect(lambda _: self._choose_query())
        self.count.chosen.connect(self._choose_count)
        self.metrics.currentIndexChanged.connect(lambda _: self._choose_metric())
        self.back_button.clicked.connect(lambda: self._step(back=True))
        self.forward_button.clicked.connect(lambda: self._step(back=False))

    # -- what is asked ---------------------------------------------------------------------------------------------

    @property
    def asks_for(self) -> str:
        """The kind of the query, a key of `QUERIES`."""
        return str(self.query.currentData())

    def show_set(self) -> None:
        """Another set is open, or none."""
        self.line.setText("")
        self.line.close_list()
        opened, explorer = self._desk.opened, self._desk.explorer
        if opened is not None and explorer is not None:
            pictured = opened.stored.thumbnails is not None
            self.line.setPlaceholderText("#42 - #7 + #19" if pictured else "king - man + woman")
        self._show_controls()
        self._refresh()

    def follow(self, changed: Changed) -> None:
        """These fields of the explorer's state have changed."""
        if not changed & _WATCHED:
            return
        self._show_controls()
        concerns = {"sample": "focus", "selection": "selection"}.get(self.asks_for, "")
        if changed & {concerns, "k", "metric", "layout"}:
            self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._refresh()

    def ask(self) -> None:
        """Ask for the neighbours of the query; say what is missing where there is none."""
        self._asked += 1
        mine, explorer = self._asked, self._desk.explorer
        if explorer is None:
            self._say("")
            return
        try:
            query = self._query(explorer)
        except WorkbenchError as error:
            self._say(str(error), "danger")
            return
        if query is None:
            self._say(self._advice())
            return
        params = {"query": query, "k": explorer.state.k, "metric": explorer.state.metric}

        def done(result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
            if mine == self._asked:
                self._gather(mine, result, arrays)

        def failed(error: WorkbenchError) -> None:
            if mine == self._asked:
                self._say(str(error), "danger")

        self._desk.ask("neighbours", params, done, failed, "explore-inspector-neighbours")

    def _query(self, explorer: Explorer) -> dict[str, Any] | None:
        match self.asks_for:
            case "sample":
                return None if explorer.focus is None else {"row": explorer.focus}
            case "selection":
                count = explorer.state.selection.count
                if count > MOST_AVERAGED:
                    words = f"The mean of {count:,} points is not taken here."
                    raise WorkbenchError(words, f"Select {MOST_AVERAGED:,} at most.")
                return {"rows": explorer.selected_rows.tolist()} if count else None
        terms = parse_sum(self.line.text())
        if len(terms) == 1 and terms[0]["sign"] > 0:
            return {name: value for name, value in terms[0].items() if name != "sign"}
        return {"terms": terms} if terms else None

    def _advice(self) -> str:
        return {
            "sample": "Click a point on the map, or ask for the neighbours of something else.",
            "selection": "Select points on the map: hold Shift and drag.",
            "text": "Type a word or a signed sum, and press Enter.",
        }[self.asks_for]

    def _refresh(self) -> None:
        """A view that cannot be seen asks when it is seen again."""
        self._stale = not self.isVisible()
        if not self._stale:
            self.ask()

    # -- what was found --------------------------------------------------------------------------------------------

    def _gather(self, mine: int, result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        opened, explorer = self._desk.opened, self._desk.explorer
        assert opened is not None
        assert explorer is not None
        shared, row = self._desk.app.selection, result.get("row")
        same = len(shared.neighbours) == len(arrays["rows"]) and bool((shared.neighbours == arrays["rows"]).all())
        if row is not None and (shared.embeddings, shared.row) == (opened.folder, row) and not same:
            self._desk.app.show_neighbours(arrays["rows"], arrays["distance"])

        def show(found: _Found) -> None:
            if mine == self._asked:
                self._show(found, result)

        self._desk.work(partial(_made_ready, opened, explorer, result, arrays), show)

    def _show(self, found: _Found, result: dict[str, Any]) -> None:
        opened = self._desk.opened
        assert opened is not None
        set_tone(self.summary, "")
        self.summary.setText(found.words)
        self.elsewhere.setText(found.elsewhere)
        self.elsewhere.setVisible(bool(found.elsewhere))
        self.list.show_entries(found.entries)
        kind = METRICS[result["metric"]]
        told = "Minus the dot product" if result["metric"] == "dot" else f"{kind} distance"
        marks = "".join(entry.marks for entry in found.entries)
        meanings = {
            MUTUAL: f"{MUTUAL} mutual",
            TORN: f"{TORN} elsewhere on the map",
            HUB: f"{HUB} hub, near to many",
        }
        legend = " · ".join(words for mark, words in meanings.items() if mark in marks)
        self.note.setText(f"{told}, exact over all {len(opened):,} points.{f' {legend}' if legend else ''}")

    def _say(self, words: str, tone: str = "muted") -> None:
        set_tone(self.summary, tone)
        self.summary.setText(words)
        self.elsewhere.setVisible(False)
        self.list.show_entries([])
        self.note.setText("")

    # -- what the user sets ----------------------------------------------------------------------------------------

    def _show_controls(self) -> None:
        """Show what the state says, without a signal."""
        explorer = self._desk.explorer
        self.line.setVisible(self.asks_for == "text")
        self.back_button.setEnabled(explorer is not None and explorer.walk.previous is not None)
        self.forward_button.setEnabled(explorer is not None and explorer.walk.following is not None)
        if explorer is None:
            return
        self.count.set_count(explorer.state.k)
        self.metrics.show_metric(explorer.state.metric)

    def _choose_query(self) -> None:
        self._show_controls()
        if self.asks_for == "text":
            self.line.setFocus()
        self._refresh()

    def _choose_count(self, count: int) -> None:
        if self._desk.explorer is not None:
            self._desk.explorer.apply(f"ask for {count:,} neighbours", key="k", k=count)

    def _choose_metric(self) -> None:
        metric = self.metrics.chosen
        if self._desk.explorer is not None:
            self._desk.explorer.apply(f"ask for neighbours by {METRICS[metric].lower()}", metric=metric)

    def _step(self, *, back: bool) -> None:
        explorer = self._desk.explorer
        if explorer is not None:
            (explorer.back if back else explorer.forward)()


def _made_ready(
    opened: OpenedSet, explorer: Explorer, result: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> _Found:
    rows, row = arrays["rows"], result.get("row")
    torn = np.zeros(0, np.int64)
    if row is not None and opened.layout is not None:
        torn = torn_neighbours(opened.layout.xy, int(row), rows)
    elsewhere = np.isin(rows, torn)
    marks, tips = _marks(result, arrays, elsewhere)
    values = [f"{value:.3f}".replace("-", "\N{MINUS SIGN}") for value in arrays["distance"]]
    words = result["words"]
    if row is not None:
        shared = shared_label_words(opened, int(row), rows.tolist())
        words = shared or f"The {len(rows):,} nearest to {result['title'].removeprefix('Nearest to ')}."
    placed = row is not None and opened.layout is not None
    entries = entries_of(explorer, rows, result["names"], values, marks, tips)
    return _Found(entries, words, torn_words(len(torn), len(rows)) if placed else "")


def _marks(
    result: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], elsewhere: NDArray[np.bool_]
) -> tuple[list[str], list[str]]:
    """The signs of each neighbour, and what they say."""
    count = len(elsewhere)
    none = np.zeros(count, np.int64)
    mutual, named, k = arrays.get("mutual", none), arrays.get("hubness", none), int(result.get("hubness_k", 0))
    marks, tips = [], []
    for at in range(count):
        signs, said = [], []
        if mutual[at]:
            signs.append(MUTUAL)
            said.append("mutual: each is among the other's nearest")
        if elsewhere[at]:
            signs.append(TORN)
            said.append("the map shows it elsewhere")
        if k and named[at] >= HUB_TIMES * k:
            signs.append(HUB)
        if k:
            said.append(f"among the {k} nearest of {int(named[at]):,} points ({k} on average)")
        marks.append("".join(signs))
        tips.append("\n".join(said))
    return marks, tips


def torn_words(torn: int, count: int) -> str:
    """`5 of 12 lie elsewhere on the map.`"""
    if not count:
        return ""
    if not torn:
        return "The map keeps them all near." if count > 1 else "The map keeps it near."
    return f"{torn:,} of {count:,} {'lies' if torn == 1 else 'lie'} elsewhere on the map."


def _box(name: str, items: Mapping[str, str]) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(6)
    for id_, title in items.items():
        made.addItem(title, id_)
    return made
