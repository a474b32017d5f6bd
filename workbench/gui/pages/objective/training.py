"""The section of training: optimiser, schedule, budget, and everything else that decides a run."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from workbench.app.application import App
from workbench.gui.pages.objective.columns import CardColumns
from workbench.gui.pages.objective.forms import SectionForm, fields_schema, section_schema
from workbench.gui.pages.objective.rate import RateCurve
from workbench.gui.theme.tokens import SPACE_L, SPACE_M
from workbench.gui.widgets.basics import label
from workbench.gui.widgets.containers import Section
from workbench.recipes.models import Budget, Schedule

FIXED = {
    "schedule": "Learning rate",
    "budget": "Length",
    "training": "Batch",
    "evaluation": "Online kNN",
    "checkpoints": "Checkpoints",
    "hardware": "Hardware",
}
"""Section of the recipe -> title of its card."""

PLACEMENTS = {
    0: ((0, 1, 2, 3, 4, 5, 6, 7),),
    640: ((1, 2, 4, 6), (0, 3, 5, 7)),
    1100: ((1, 2), (0, 3, 5), (4, 6, 7)),
}


class TrainingPanel(QWidget):
    """Cards with a form each, and the learning rate over the run as a curve."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self.forms: dict[str, SectionForm] = {}
        self.curve = RateCurve()
        self.cards = CardColumns(
            [
                self._optimiser_card(),
                self._run_card(),
                *(self._card(section, title) for section, title in FIXED.items()),
            ],
            PLACEMENTS,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_M, 0, 0)
        column.addWidget(self.cards)

    def refresh(self) -> None:
        """Show the recipe as it now is."""
        self._refresh_optimiser()
        for section, form in self.forms.items():
            if section != "optimiser":
                form.refresh()
        schedule = self._valid(Schedule, "schedule")
        if schedule is None:
            self.curve.clear()
        else:
            rate = self._app.editor.value("optimiser.lr")
            peak = float(rate) if isinstance(rate, int | float) else None
            self.curve.show_schedule(schedule, peak, self._valid(Budget, "budget"))

    def show_field(self, key: str) -> None:
        """Put the keyboard on a setting such as "budget.amount"; a key without a field does nothing."""
        section, _, name = key.rpartition(".")
        if section in self.forms:
            self.forms[section].form.focus_field(name)

    def _run_card(self) -> Section:
        return self._filled(Section("Run"), "", fields_schema(("name", "seed")))

    def _card(self, section: str, title: str) -> Section:
        card = Section(title)
        if section == "schedule":
            card.add(self.curve)
        return self._filled(card, section, section_schema(section))

    def _filled(self, card: Section, section: str, schema: dict[str, Any]) -> Section:
        form = self.forms[section] = SectionForm(self._app.editor, section)
        form.show_schema(schema)
        card.add(form)
        return card

    def _optimiser_card(self) -> Section:
        card = Section("Optimiser")
        self.optimiser = QComboBox()
        self.optimiser.setAccessibleName("Optimiser")
        for entry in self._app.catalogue.optimisers:
            self.optimiser.addItem(entry.title, entry.id)
        self.optimiser.activated.connect(self._choose_optimiser)
        self.optimiser_summary = label("", "muted", wrap=True)
        self.optimiser_problem = label("", "danger", wrap=True)
        form = self.forms["optimiser"] = SectionForm(self._app.editor, "optimiser")
        for part in (self.optimiser, self.optimiser_problem, self.optimiser_summary, form):
            card.add(part)
        return card

    def _refresh_optimiser(self) -> None:
        id_ = str(self._app.editor.value("optimiser.id") or "")
        blocker = QSignalBlocker(self.optimiser)
        self.optimiser.setCurrentIndex(self.optimiser.findData(id_))
        blocker.unblock()
        problem = self._app.editor.problems_under("optimiser").get("id", "")
        self.optimiser_problem.setText(problem)
        self.optimiser_problem.setVisible(bool(problem))
        known = self._app.catalogue.has("optimiser", id_)
        self.forms["optimiser"].setVisible(known)
        self.optimiser_summary.setVisible(known)
        if known:
            entry = self._app.catalogue.get("optimiser", id_)
            self.optimiser_summary.setText(entry.spec.summary)
            self.forms["optimiser"].show_entry(entry, in_use=True)

    def _choose_optimiser(self) -> None:
        id_ = str(self.optimiser.currentData())
        if id_ != self._app.editor.value("optimiser.id"):
            self._app.editor.choose("optimiser", id_)

    def _valid(self, model: type[Any], section: str) -> Any:
        try:
            return model.model_validate(self._app.editor.document.get(section, {}))
        except ValidationError:
            return None
