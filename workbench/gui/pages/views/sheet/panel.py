"""The Operations panel."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout

from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.pages.data.state import data_section
from workbench.gui.pages.views.panel import Data, Panel
from workbench.gui.pages.views.sheet.facts import OperationFacts
from workbench.gui.pages.views.sheet.table import Row, SheetTable
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, push_button
from workbench.gui.widgets.containers import EmptyState
from workbench.gui.widgets.notice import Notice

STRENGTHS = (0.25, 0.5, 1.0, 1.5, 2.0)
KINDS = {
    "geometry": "Geometry",
    "colour": "Colour",
    "filter": "Filters",
    "mix": "Mixing",
    "policy": "Policies",
    "task": "Tasks",
    "normalise": "Normalisation",
}
_INDEX_RANGE = 2**31


class OperationsPanel(Panel):
    """What every operation does to one sample: the vocabulary from which pipelines are composed.

    Signals
    -------
    wanted(id) : an operation is to be added to the pipeline
    """

    wanted = Signal(str)
    id = "operations"
    title = "Operations"

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._sample = 0
        self._asked: dict[str, Any] | None = None
        self._waiting = False
        self.shuffle = push_button("Another sample", "", "refresh", "Show the operations on another sample")
        self.shuffle.clicked.connect(self._shuffle)
        self.words = ElidedLabel("", "caption")
        self.notice = Notice(closable=False)
        self.table = SheetTable()
        self._facts = OperationFacts()
        self._facts.wanted.connect(self.wanted)
        self.table.picked.connect(lambda id_: self._facts.show_entry(self.app.catalogue.get("operation", id_)))
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setWidget(self.table)
        self.empty = EmptyState(
            "data",
            "No data to look at",
            "Open a data set first; one of its samples is then shown through every operation.",
            (("page.data", "Go to Data"),),
        )
        self.empty.acted.connect(bridge.run)
        self.starting = EmptyState("views", "Drawing every operation", "The first time, some are compiled.")
        self._lay_out()

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(SPACE_S)
        bar.addWidget(self.shuffle)
        bar.addWidget(self.words, 1)
        self.stack = QStackedWidget()
        for part in (self.area, self.empty, self.starting):
            self.stack.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_S, SPACE_M, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_M)
        column.addLayout(bar)
        column.addWidget(self.notice)
        column.addWidget(self.stack, 1)

    def refresh(self, data: Data) -> None:
        match data:
            case Data.READY:
                self._ask()
            case Data.ASKING:
                self._show_waiting()
            case Data.ABSENT:
                self._asked, self._waiting = None, False
                self.stack.setCurrentWidget(self.empty)

    def settled(self) -> bool:
        return not self._waiting

    def inspector(self) -> OperationFacts:
        return self._facts

    def _show_waiting(self) -> None:
        if not self.table.rows():
            self.stack.setCurrentWidget(self.starting)

    def _ask(self) -> None:
        params = {
            "data": data_section(self.app),
            "index": self._sample,
            "strengths": list(STRENGTHS),
            "seed": int(self.app.editor.value("seed") or 0),
        }
        if params == self._asked:
            return
        self._asked, self._waiting = params, True
        self._show_waiting()
        self.app.quick_lab.ask(
            "operation_sheet",
            params,
            channel="views-sheet",
            done=self._show,
            failed=self._fail,
            progress=lambda _share, words: self.words.set_full_text(words),
        )
        self.bridge.hurry()

    def _show(self, result: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        self._waiting = False
        entries = [self.app.catalogue.get("operation", id_) for id_ in result["ids"]]
        order = list(KINDS)
        entries.sort(key=lambda entry: order.index(entry.spec.kind))
        rows = [
            Row(
                entry.id,
                entry.title,
                KINDS[entry.spec.kind],
                arrays[entry.id],
                "" if result["scaled"][entry.id] else "five draws",
            )
            for entry in entries
        ]
        self.table.set_rows(rows, [f"× {strength:g}" for strength in STRENGTHS])
        self.stack.setCurrentWidget(self.area)
        self.words.set_full_text("Each at its defaults, applied for sure, at five strengths")
        refused = result["refused"]
        if refused:
            titles = ", ".join(self.app.catalogue.get("operation", id_).title for id_ in refused)
            self.notice.show_message(f"Not for these pictures: {titles}.", next(iter(refused.values())), "warning")
        else:
            self.notice.hide()

    def _fail(self, error: WorkbenchError) -> None:
        self._waiting = False
        self.notice.show_message(error.message, error.hint, "danger")

    def _shuffle(self) -> None:
        self._sample = random.Random(self._sample).randrange(_INDEX_RANGE)
        self._ask()
