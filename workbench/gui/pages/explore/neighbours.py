"""The nearest neighbours in the inspector: of the looked-at sample, the selection, what is typed, or a picture."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QDockWidget, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.app.explorer.explorer import Changed, Explorer
from workbench.app.explorer.sums import parse_sum
from workbench.app.lab_client import Ticket
from workbench.core.errors import WorkbenchError
from workbench.core.units import points_words
from workbench.gui.pages.explore.count_box import CountBox
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.found_neighbours import HUB, MUTUAL, TORN, FoundNeighbours, made_ready
from workbench.gui.pages.explore.metric_box import METRICS, MetricBox
from workbench.gui.pages.explore.outside_picture import PATTERNS, OutsidePicture
from workbench.gui.pages.explore.row_list import RowList
from workbench.gui.pages.explore.sets import OpenedSet
from workbench.gui.pages.explore.term_field import TermField
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import icon_button, label, push_button, set_tone
from workbench.gui.widgets.containers import Collapsible

QUERIES = {
    "sample": "Looked-at sample",
    "selection": "Mean of the selection",
    "text": "Word or sum",
    "picture": "Picture from outside",
}
MOST_AVERAGED = 100_000
_LIST_PX, _PICTURE_PX, _COLUMNS = 340, 72, 3
_SLOW_MS = 300
_WATCHED = frozenset({"focus", "selection", "k", "metric", "layout"})


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
        self._ticket: Ticket | None = None
        self._doing = ""
        self._slow = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self.query = _box("Neighbours of", QUERIES)
        self.line = TermField(desk, "Word or sum")
        self.outside = OutsidePicture()
        self.back_button = icon_button("chevron-left", "Look at the sample before  (Alt+Left)")
        self.forward_button = icon_button("chevron-right", "Look at the next sample again  (Alt+Right)")
        self.count = CountBox("Number of neighbours", 12)
        self.metrics = MetricBox()
        self.summary = label("", "", wrap=True)
        self.cancel_button = push_button("Cancel", tip="Stop asking")
        self.cancel_button.setVisible(False)
        self.elsewhere = label("", "muted", wrap=True)
        self.list = RowList(desk, "Nearest neighbours", "Distance", _PICTURE_PX, _COLUMNS, _LIST_PX)
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
        column.addWidget(self.outside)
        column.addLayout(line)
        column.addWidget(self.summary)
        column.addWidget(self.cancel_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.elsewhere)
        column.addWidget(self.list)
        column.addWidget(self.note)

    def _connect(self) -> None:
        self._desk.subscribe(self.follow)
        self.list.chosen.connect(self.chosen)
        self.line.entered.connect(self._ask_typed)
        self.outside.wanted.connect(self._choose_picture)
        self._slow.timeout.connect(self._show_waiting)
        self.cancel_button.clicked.connect(self._cancel)
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
            sums = "#42 - #7 + #19" if pictured else "king - man + woman"
            self.line.setPlaceholderText("Any text" if reads_texts(opened) else sums)
            self.outside.show_seen(None)
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
        self._stop_waiting()
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

        def told(share: float, words: str) -> None:
            if mine == self._asked:
                self._wait(words)

        channel = "explore-inspector-neighbours"
        self._ticket = self._desk.ask("neighbours", params, done, failed, channel, told)

    def ask_about(self, path: Path) -> None:
        """Ask for the neighbours of a picture in a file, where the user can see the answer."""
        self.outside.set_path(path)
        with QSignalBlocker(self.query):
            self.query.setCurrentIndex(self.query.findData("picture"))
        self._show_controls()
        self._look_away()
        _bring_up(self)
        self._refresh()

    def _choose_picture(self) -> None:
        path = self._desk.ask_file("Find what is nearest to a picture", PATTERNS)
        if path is not None:
            self.ask_about(path)

    def _ask_typed(self) -> None:
        self._look_away()
        self.ask()

    def _look_away(self) -> None:
        """Look at no sample, so that the map marks the neighbours of what is asked for instead of its own."""
        if self._desk.explorer is not None and self._desk.explorer.focus is not None:
            self._desk.look_at(None)

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
            case "picture":
                return None if self.outside.path is None else {"picture": str(self.outside.path)}
        text, opened = self.line.text().strip(), self._desk.opened
        if opened is not None and reads_texts(opened) and not _is_sum(text):
            return {"text": text} if text else None
        terms = parse_sum(text)
        if len(terms) == 1 and terms[0]["sign"] > 0:
            return {name: value for name, value in terms[0].items() if name != "sign"}
        return {"terms": terms} if terms else None

    def _advice(self) -> str:
        return {
            "sample": "Click a point on the map, or ask for the neighbours of something else.",
            "selection": "Select points on the map: hold Shift and drag.",
            "text": "Type a word or a signed sum, and press Enter.",
            "picture": "Choose a picture, or drop one on the page: it goes through the encoder of this set.",
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
        self._mark(result.get("row"), arrays["rows"], arrays["distance"])
        if self.asks_for == "picture":
            self.outside.show_seen(arrays.get("picture"))

        def show(found: FoundNeighbours) -> None:
            if mine == self._asked:
                self._show(found, result)

        self._desk.work(partial(made_ready, opened, explorer, result, arrays), show)

    def _mark(self, row: int | None, rows: NDArray[Any], distances: NDArray[Any]) -> None:
        """Have these marked on the map, unless another sample is looked at, whose neighbours are marked there."""
        shared, opened = self._desk.app.selection, self._desk.opened
        mine = opened is not None and shared.embeddings == opened.folder and shared.row in (None, row)
        if mine and not np.array_equal(shared.neighbours, rows):
            self._desk.app.show_neighbours(rows, distances)

    def _show(self, found: FoundNeighbours, result: dict[str, Any]) -> None:
        opened = self._desk.opened
        assert opened is not None
        self._stop_waiting()
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
        self.note.setText(f"{told}, exact over all {points_words(len(opened))}.{f' {legend}' if legend else ''}")

    def _say(self, words: str, tone: str = "muted") -> None:
        self._stop_waiting()
        self._mark(None, np.zeros(0, np.int64), np.zeros(0, np.float32))
        set_tone(self.summary, tone)
        self.summary.setText(words)
        self.elsewhere.setVisible(False)
        self.list.show_entries([])
        self.note.setText("")

    # -- what takes long -------------------------------------------------------------------------------------------

    def _wait(self, words: str) -> None:
        """The lab says what it does; that is shown, with Cancel, once it takes long."""
        self._doing = words
        if self.cancel_button.isVisibleTo(self):
            self._show_waiting()
        elif not self._slow.isActive():
            self._slow.start()

    def _show_waiting(self) -> None:
        set_tone(self.summary, "muted")
        self.summary.setText(f"{self._doing}…")
        self.cancel_button.setVisible(True)

    def _stop_waiting(self) -> None:
        self._slow.stop()
        self.cancel_button.setVisible(False)

    def _cancel(self) -> None:
        if self._ticket is not None:
            self._desk.app.quick_lab.cancel(self._ticket)
        self._asked += 1
        self._say("Cancelled.")

    # -- what the user sets ----------------------------------------------------------------------------------------

    def _show_controls(self) -> None:
        """Show what the state says, without a signal."""
        explorer = self._desk.explorer
        self.line.setVisible(self.asks_for == "text")
        self.outside.setVisible(self.asks_for == "picture")
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


def reads_texts(opened: OpenedSet) -> bool:
    """Whether the set was made by a text encoder, which can read any text."""
    encoder = opened.stored.meta.encoder
    return encoder is not None and encoder.kind == "text"


def _is_sum(text: str) -> bool:
    """Whether a line means points and signs, where it might be a text as well."""
    try:
        terms = parse_sum(text)
    except WorkbenchError:
        return False
    return len(terms) == 1 or "+" in text or any(term["sign"] < 0 or "row" in term for term in terms)


def _bring_up(widget: QWidget) -> None:
    """Unfold and show what a widget lies in."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, Collapsible):
            parent.set_open(True)
        elif isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget)
        elif isinstance(parent, QDockWidget):
            parent.show()
            parent.raise_()
        parent = parent.parentWidget()


def _box(name: str, items: Mapping[str, str]) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(6)
    for id_, title in items.items():
        made.addItem(title, id_)
    return made
