"""The right half of the Views page: the preview with its draw, and what keeps it from being drawn."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout

from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.pages.data.state import data_section
from workbench.gui.pages.views.panel import Data, Panel
from workbench.gui.pages.views.preview.grid import PreviewGrid
from workbench.gui.pages.views.preview.inspector import ViewInspector
from workbench.gui.pages.views.words import can_render, view_titles, views_of
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import label, push_button
from workbench.gui.widgets.containers import EmptyState
from workbench.gui.widgets.notice import Notice

SAMPLES = 8
_INDEX_RANGE = 2**31


class Preview(Panel):
    """Asks the lab for the views of a few samples, at every change, and shows the newest answer.

    Signals
    -------
    acted(action) : a button of the notice or of the empty state was pressed
    picked((sample, view)) : a picture was clicked; view -1 is the original
    """

    acted = Signal(object)
    picked = Signal(object)
    id = "preview"
    title = "Preview"

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._handful, self._step = 0, 0
        self._asked: dict[str, Any] | None = None
        self.waiting = False
        self.shuffle = push_button("Shuffle", "", "refresh", "Show other samples")
        self.again = push_button("Draw again", "", "views", "Draw the random parameters anew")
        self.words = label("", "caption")
        self.shuffle.clicked.connect(self._shuffle)
        self.again.clicked.connect(self._draw_again)
        self.notice = Notice(closable=False)
        self.notice.acted.connect(lambda _none: self.acted.emit("mend"))
        self.grid = PreviewGrid()
        self.grid.picked.connect(self.picked)
        self._inspector = ViewInspector(self.grid)
        self.picked.connect(self._inspector.show_picture)
        self.empty = EmptyState(
            "data",
            "No data to look at",
            "Open a data set first; its samples are shown here as the objective sees them.",
            (("page.data", "Go to Data"),),
        )
        self.empty.acted.connect(self.acted)
        self.starting = EmptyState("views", "Drawing the first views", "The lab is starting; this takes a few seconds.")
        self._lay_out()

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(SPACE_S)
        bar.addWidget(self.shuffle)
        bar.addWidget(self.again)
        bar.addWidget(self.words, 1)
        self.stack = QStackedWidget()
        for part in (self.grid, self.empty, self.starting):
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
                self.ask()
            case Data.ASKING:
                self.show_waiting()
            case Data.ABSENT:
                self.show_no_data()

    def settled(self) -> bool:
        return not self.waiting

    def inspector(self) -> ViewInspector:
        return self._inspector

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_no_data(self) -> None:
        """The data set is not on this machine, or its settings are wrong."""
        self._asked, self.waiting = None, False
        self.stack.setCurrentWidget(self.empty)

    def show_waiting(self) -> None:
        """Nothing can be asked yet."""
        if not self.grid.samples():
            self.stack.setCurrentWidget(self.starting)

    def show_problem(self, message: str, hint: str = "", action: str = "") -> None:
        """Say what is wrong with the views; an empty message says nothing."""
        if message:
            self.notice.show_message(message, hint, "warning", action)
        else:
            self.notice.hide()

    def ask(self) -> None:
        """Ask for the views as they stand, unless that was asked last or they cannot be drawn."""
        editor = self.app.editor
        if not can_render(editor):
            return
        views = views_of(editor)
        params = {
            "data": data_section(self.app),
            "views": views,
            "index": self._index(),
            "seed": int(editor.value("seed") or 0),
            "step": self._step,
        }
        if params == self._asked:
            return
        self._asked, self.waiting = params, True
        self.show_waiting()
        titles = view_titles(views["branches"])
        self.app.quick_lab.ask(
            "preview_views",
            params,
            channel="views",
            done=lambda _result, arrays: self._show(arrays, titles),
            failed=self._fail,
            progress=self._tell,
        )
        self.bridge.hurry()

    def _show(self, arrays: Mapping[str, Any], titles: list[str]) -> None:
        self.waiting = False
        self.grid.set_pictures(arrays["pictures"], [arrays[f"view_{n}"] for n in range(len(titles))], titles)
        self.stack.setCurrentWidget(self.grid)
        seed = self._asked["seed"] if self._asked else 0
        self.words.setText(f"seed {seed}  ·  step {self._step}")

    def _fail(self, error: WorkbenchError) -> None:
        self.waiting = False
        self.notice.show_message(error.message, error.hint, "danger")

    def _tell(self, _share: float, words: str) -> None:
        self.words.setText(words)

    # -- drawing other ones ----------------------------------------------------------------------------------------

    def _index(self) -> list[int]:
        """Positions of this handful; the lab takes them modulo the length of the training split."""
        return random.Random(self._handful).sample(range(_INDEX_RANGE), SAMPLES)

    def _shuffle(self) -> None:
        self._handful += 1
        self.ask()

    def _draw_again(self) -> None:
        self._step += 1
        self.ask()
