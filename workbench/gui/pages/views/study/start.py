"""The page of a new study: its fields, how long it will take, and the button that starts it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.app.studies.estimate import Estimate
from workbench.app.studies.plan import StudyPlan, budget_words
from workbench.core.units import format_duration
from workbench.gui.pages.views.study.setup import StudySetup
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import label, push_button
from workbench.gui.widgets.containers import EmptyState, Section
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Recipe
from workbench.recipes.sweeps import known_distortions


class StudyStart(QWidget):
    """Says what the fields amount to; the start is offered once the time it takes is known.

    Signals
    -------
    timed(None) : the time of a run is to be measured
    started(None) : the study is to be started
    """

    timed = Signal(object)
    started = Signal(object)

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self.setup = StudySetup(known_distortions(catalogue))
        self.words = label("", "", wrap=True)
        self.words.setAccessibleName("What the study amounts to")
        self.time_button = push_button("Time a run", "", "refresh", "Measure on this machine how long a run takes")
        self.start_button = push_button("Start", "primary", "play")
        self.time_button.clicked.connect(lambda: self.timed.emit(None))
        self.start_button.clicked.connect(lambda: self.started.emit(None))
        self.empty = EmptyState(
            "views",
            "Which pairs work best?",
            "Every pair trains a short run, whose encoder is then measured. The heat map of their accuracies fills in "
            "here while the study works, with or without this window.",
        )
        self._lay_out()

    def show_plan(self, plan: StudyPlan | str, base: Recipe | None, estimate: Estimate | None, timing: bool) -> None:
        """Say how many runs, and how long they take where that has been measured; a str is what is wrong."""
        ready = isinstance(plan, StudyPlan) and base is not None
        self.time_button.setEnabled(ready and not timing)
        self.start_button.setEnabled(ready and estimate is not None)
        self.start_button.setToolTip("" if estimate is not None else "Time a run first, to know how long it takes")
        if isinstance(plan, str) or base is None:
            self.words.setText(str(plan))
            return
        runs = len(plan.cells())
        count = f"{runs} runs of {budget_words(plan.budget)}" if runs > 1 else f"1 run of {budget_words(plan.budget)}"
        if timing:
            self.words.setText(f"{count}. Timing a few steps…")
        elif estimate is None:
            self.words.setText(f"{count}. Time a run to see how long they take on this machine.")
        else:
            total, each = format_duration(estimate.study_s(plan, base)), format_duration(estimate.run_s(plan, base))
            self.words.setText(f"{count}: about {total} in all, {each} each.")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_S)
        buttons.addWidget(self.setup.symmetric)
        buttons.addStretch(1)
        buttons.addWidget(self.time_button)
        buttons.addWidget(self.start_button)
        card = Section("Operations to pair")
        card.add(self.setup)
        card.add(self.words)
        card.body.addLayout(buttons)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_M)
        column.addWidget(card)
        column.addWidget(self.empty, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
