"""The page of a study that is there: how far it is, its buttons, and the heat map."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from workbench.app.studies.composition.report import cell_words, title_words
from workbench.app.studies.composition.table import Table
from workbench.app.studies.desk import Snapshot
from workbench.gui.pages.views.study.heatmap import HeatMap
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, label, push_button, set_kind

_PERMILLE = 1000


class StudyWatch(QWidget):
    """Shows snapshots of one study.

    Signals
    -------
    asked(wish) : "pause", "resume", "stop" or "start" was pressed
    """

    asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.state = label("Reading", "strong")
        self.facts = ElidedLabel("", "muted")
        self.bar = QProgressBar()
        self.bar.setRange(0, _PERMILLE)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the study")
        self.pause_button = push_button("Pause", "", "pause")
        self.stop_button = push_button("Stop", "", "stop")
        self._pause_wish, self._stop_wish = "pause", "stop"
        self.pause_button.clicked.connect(lambda: self.asked.emit(self._pause_wish))
        self.stop_button.clicked.connect(lambda: self.asked.emit(self._stop_wish))
        self.caption = label("", "heading", wrap=True)
        self.best = ElidedLabel("", "muted")
        self.map = HeatMap()
        self._lay_out()

    def show_snapshot(self, seen: Snapshot, headings: list[str], stopping: bool) -> None:
        """Show how the study stands; `stopping` while a wish to stop has not been followed yet."""
        table = Table.of(seen.study, seen.results)
        self.state.setText(_state_words(seen, stopping))
        self.facts.set_full_text(seen.words)
        share = sum(run.share for run in seen.results.runs) / max(len(seen.results.runs), 1)
        self.bar.setValue(round(_PERMILLE * share))
        self._show_buttons(seen, stopping)
        self.caption.setText(title_words(table.plan))
        self.best.set_full_text(_best_words(table, headings))
        self.map.show_table(table, headings)

    def _show_buttons(self, seen: Snapshot, stopping: bool) -> None:
        self._pause_wish = "resume" if seen.paused else "pause"
        self.pause_button.setText("Resume" if seen.paused else "Pause")
        self.pause_button.setIcon(icon("play" if seen.paused else "pause", "muted"))
        self.pause_button.setVisible(seen.working)
        self.pause_button.setEnabled(not stopping)
        self._stop_wish = "stop" if seen.working else "start"
        self.stop_button.setText("Stop" if seen.working else "Go on")
        self.stop_button.setToolTip(
            "Stop; all that is done is kept" if seen.working else "Make the runs that are missing"
        )
        self.stop_button.setIcon(icon("stop", "muted") if seen.working else icon("play", "on_accent"))
        self.stop_button.setVisible(seen.working or not seen.results.complete)
        self.stop_button.setEnabled(not stopping)
        set_kind(self.stop_button, "" if seen.working else "primary")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(SPACE_S)
        top.addWidget(self.state)
        top.addWidget(self.facts, 1)
        top.addWidget(self.pause_button)
        top.addWidget(self.stop_button)
        card = QFrame()
        card.setProperty("card", True)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(SPACE_M, SPACE_S, SPACE_S, SPACE_S)
        inside.setSpacing(SPACE_XS)
        inside.addLayout(top)
        inside.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(card)
        column.addWidget(self.caption)
        column.addWidget(self.best)
        column.addWidget(self.map, 1)


def _state_words(seen: Snapshot, stopping: bool) -> str:
    if stopping:
        return "Stopping"
    if seen.working:
        return "Paused" if seen.paused else "Working"
    return "Done" if seen.results.complete else "Stopped"


def _best_words(table: Table, headings: list[str]) -> str:
    best = table.best()
    if best is None:
        return "No run is done yet."
    title = dict(zip(table.plan.ops, headings, strict=True))
    pair = title[best[0]] if best[0] == best[1] else f"{title[best[0]]}, then {title[best[1]]}"
    words = cell_words(table.score(*best), table.runs(*best))
    return f"{'Best' if table.results.complete else 'Best so far'}: {pair}, {words}%"
