"""The points that travelled farthest, as a list that selects on the map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.app.jobs import Job
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.time.steps import TimeSteps
from workbench.gui.pages.explore.row_list import Entry, RowList, entries_of
from workbench.gui.theme.tokens import SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, icon_button, label

LISTED = 40
QUICK = 100_000
"""Points times checkpoints that the quick lab follows; more are long work, with progress and Cancel."""
COLUMN = "travel"


class Travelled(QWidget):
    """Asks the lab who travelled over the drawn checkpoints; offers it as a column too."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._asked = 0
        self._waits = False
        self._job: Job | None = None
        self.title = ElidedLabel("Most travelled", "strong")
        self.select_button = icon_button("marquee", "Select the listed points on the map")
        self.colour_button = icon_button("eye", "Colour all points by how far they travelled")
        self.list = RowList(desk, "Most travelled", "Travel", picture_px=40)
        self.empty = label(
            "The points that move farthest are listed here, once two checkpoints are drawn.", "muted", True
        )
        self.select_button.clicked.connect(self._select)
        self.colour_button.clicked.connect(self._colour)
        self.list.chosen.connect(lambda row: self._desk.select([row], fly=True))
        line = QHBoxLayout()
        line.addWidget(self.title, 1)
        line.addWidget(self.select_button)
        line.addWidget(self.colour_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_XS)
        column.addLayout(line)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)
        self._show([], "")

    @property
    def waits(self) -> bool:
        """Whether an answer is on its way."""
        return self._waits and (self._job is None or self._job.active)

    def forget(self) -> None:
        """List nothing; an answer on its way is dropped."""
        self._asked += 1
        self._waits = False
        self._show([], "")

    def ask(self, steps: TimeSteps) -> None:
        """Ask who travelled over these checkpoints."""
        self.forget()
        mine = self._asked
        drawn = [step.step for step in steps.drawn]
        if len(drawn) < 2:
            return

        def done(result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
            if mine == self._asked:
                self._take(str(result["words"]), arrays["rows"], arrays[COLUMN])

        def failed(_error: object) -> None:
            self._waits = False

        self._waits = True
        params = {"run": str(steps.run), "method": steps.method, "steps": drawn}
        explorer = self._desk.explorer
        if explorer is not None and len(explorer) * len(drawn) > QUICK:
            self._job = self._desk.long_job("Follow the points", "travel", params, done)
        else:
            self._job = None
            self._desk.ask("travel", params, done, failed)

    def _take(self, words: str, rows: NDArray[np.int64], far: NDArray[np.float32]) -> None:
        explorer, mine = self._desk.explorer, self._asked
        assert explorer is not None
        values = np.full(len(explorer), np.nan, np.float32)
        values[rows] = far
        self._desk.add_column(COLUMN, values, "Travel")
        few = rows[:LISTED]
        told = [f"{moved:.2f}" for moved in far[:LISTED]]

        def listed(entries: list[Entry]) -> None:
            if mine == self._asked:
                self._waits = False
                self._show(entries, words)

        def names() -> list[Entry]:
            called = [sample.label or sample.id for sample in explorer.samples(few)]
            return entries_of(explorer, few, called, told)

        self._desk.work(names, listed)

    def _show(self, entries: list[Entry], words: str) -> None:
        self.list.show_entries(entries)
        self.empty.setVisible(not entries)
        self.setToolTip(words)
        for button in (self.select_button, self.colour_button):
            button.setEnabled(bool(entries))

    def _select(self) -> None:
        self._desk.select([entry.row for entry in self.list.entries], fly=True)

    def _colour(self) -> None:
        explorer = self._desk.explorer
        if explorer is not None:
            explorer.apply("colour by Travel", colour=COLUMN)
