"""The section of objectives: which there are, what each one asks, and the settings of the recipe's."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from workbench.app.application import App
from workbench.app.chance import chance_of
from workbench.gui.pages.objective.browse import BrowsePanel
from workbench.gui.pages.objective.forms import SectionForm
from workbench.gui.pages.objective.list import ChoiceItem
from workbench.gui.pages.objective.needs import Need, needs_of
from workbench.gui.pages.objective.paper import PaperView
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import Glyph, label, push_button
from workbench.gui.widgets.containers import Inspector, Section
from workbench.gui.widgets.formula import FormulaView
from workbench.plugins.catalogue import Entry, ObjectiveEntry
from workbench.plugins.specs import AlarmSpec, MetricSpec

PLACEMENTS = {0: ((0, 1, 2, 3),), 600: ((0, 3), (1, 2)), 1100: ((0,), (1,), (2, 3))}
_ALSO_WATCHED = (
    "Every run is also watched for features that collapse, a loss that runs away or stays at chance, and gradients "
    "that vanish."
)
_BETTER = {"higher": "higher is better", "lower": "lower is better", "neither": ""}
_MARKS = {True: ("check", "success"), False: ("error", "danger"), None: ("info", "muted")}


class ObjectivePanel(BrowsePanel):
    """All objectives, and everything about the one that is looked at."""

    def __init__(self, app: App) -> None:
        self.about = _About()
        self.settings = SectionForm(app.editor, "objective")
        self.needs = NeedsView()
        self.needs.mended.connect(lambda _none: self._mend_views())
        self.lenses = _Lenses()
        self.metrics = _Metrics()
        self.dangers = DangersView()
        self.paper = PaperView()
        cards = [
            self.about,
            _card("Settings", self.settings),
            _card("What it needs", self.needs),
            _card("What can go wrong", self.dangers),
        ]
        items = [item_of(entry) for entry in app.catalogue.objectives]
        super().__init__(app, "objective", items, cards, PLACEMENTS)
        self.facts = Inspector()
        self.facts.add_section("lenses", "Two lenses", self.lenses)
        self.facts.add_section("paper", "Paper", self.paper)
        self.facts.add_section("metrics", "What it logs", self.metrics)

    def show_entry(self, entry: Entry[Any], in_use: bool) -> None:
        assert isinstance(entry, ObjectiveEntry)
        self.about.show_objective(entry, self._chance_words(entry, in_use))
        self.settings.show_entry(entry, in_use)
        needs = needs_of(entry.spec, self.app.editor.document, self.app.catalogue, labels_known(self.app))
        self.needs.show_needs(needs, in_use)
        self.lenses.show_objective(entry)
        self.metrics.show_metrics(entry.spec.metrics)
        self.dangers.show_alarms(entry.spec.alarms)
        self.paper.show_paper(entry.spec.paper)

    def _chance_words(self, entry: ObjectiveEntry, in_use: bool) -> str:
        chance = entry.spec.chance
        if chance is None:
            return "The paper gives no loss to expect at chance."
        document = self.app.editor.document
        if not in_use:
            document = {**document, "objective": {"id": entry.id, **entry.defaults()}}
        value = chance_of(document, self.app.catalogue)
        shown = f" = {value:.3f}" if value is not None else ", known once the data are read"
        return f"At chance the loss is {chance.formula}{shown}."

    def _mend_views(self) -> None:
        entry = self.app.catalogue.objective(self.in_recipe)
        self.app.editor.use_views_preset(entry.spec.views_preset)


class _About(Section):
    """What it does, as words and as a formula."""

    def __init__(self) -> None:
        super().__init__("")
        self.family = label("", "caption")
        self.explanation = label("", "", wrap=True)
        self.formula = FormulaView()
        self.chance = label("", "strong", wrap=True)
        for part in (self.family, self.explanation, self.formula, self.chance):
            self.add(part)

    def show_objective(self, entry: ObjectiveEntry, chance: str) -> None:
        """Show an objective."""
        self.title.set_full_text(entry.title)
        self.family.setText(f"{entry.spec.family} · plugin {entry.plugin}" if entry.plugin else entry.spec.family)
        self.explanation.setText(f"{entry.spec.summary} {entry.spec.explanation}")
        self.formula.set_formula(entry.outline, entry.outline_box, entry.spec.formula)
        self.formula.setVisible(bool(entry.outline))
        self.chance.setText(chance)


class _Lenses(QWidget):
    """The two questions that every objective answers."""

    def __init__(self) -> None:
        super().__init__()
        self.energy = label("", "muted", wrap=True)
        self.experience = label("", "muted", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for title, words in (("Energy", self.energy), ("Experience", self.experience)):
            column.addWidget(label(title, "strong"))
            column.addWidget(words)

    def show_objective(self, entry: ObjectiveEntry) -> None:
        """Show what it makes compatible, and what it predicts from what."""
        self.energy.setText(entry.spec.energy)
        self.experience.setText(entry.spec.experience)


class NeedsView(QWidget):
    """Needs with a tick, a red mark, or a question where the data are not read yet.

    Signals
    -------
    mended(None) : the views that suit the objective are wanted
    """

    mended = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[Need] = []
        self._rows = QGridLayout()
        self._rows.setHorizontalSpacing(SPACE_S)
        self._rows.setVerticalSpacing(SPACE_S)
        self._rows.setColumnStretch(1, 1)
        self.mend = push_button("Use the views that suit it", "", "views")
        self.mend.clicked.connect(lambda: self.mended.emit(None))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(self._rows)
        column.addWidget(self.mend, 0, Qt.AlignmentFlag.AlignLeft)

    def show_needs(self, needs: list[Need], in_use: bool) -> None:
        """Show these needs; only those of the objective in use can be mended here."""
        self.mend.setVisible(in_use and any(need.of_views and need.met is False for need in needs))
        if needs == self._shown:
            return
        self._shown = needs
        _clear(self._rows)
        for row, need in enumerate(needs):
            glyph = Glyph(*_MARKS[need.met], 16)
            state = {True: "given", False: "missing", None: "not known yet"}[need.met]
            words = label(f"{need.words} ({need.remark})" if need.remark else need.words, "", wrap=True)
            words.setAccessibleName(f"{need.words}: {state}. {need.remark}")
            self._rows.addWidget(glyph, row, 0, Qt.AlignmentFlag.AlignTop)
            self._rows.addWidget(words, row, 1)


class DangersView(QWidget):
    """The alarms that an objective declares: what may be seen, what it means, and what to change."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[AlarmSpec, ...] | None = None
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(SPACE_XS)

    def show_alarms(self, alarms: tuple[AlarmSpec, ...]) -> None:
        """Show these alarms."""
        if alarms == self._shown:
            return
        self._shown = alarms
        _clear(self._rows)
        for alarm in alarms:
            advice = "\n".join(f"{one.setting}: {one.change}" for one in alarm.advice)
            self._rows.addWidget(label(alarm.title, "strong", wrap=True))
            self._rows.addWidget(label(f"{alarm.seen} {alarm.means}", "", wrap=True))
            self._rows.addWidget(label(advice, "muted", wrap=True))
        words = _ALSO_WATCHED if alarms else f"It has no alarm of its own. {_ALSO_WATCHED}"
        self._rows.addWidget(label(words, "caption", wrap=True))


class _Metrics(QWidget):
    """The numbers that an objective logs beside its loss."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[MetricSpec, ...] | None = None
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)

    def show_metrics(self, metrics: tuple[MetricSpec, ...]) -> None:
        """Show these metrics."""
        if metrics == self._shown:
            return
        self._shown = metrics
        _clear(self._rows)
        for metric in metrics:
            better = _BETTER[metric.better]
            words = metric.description + (f"; {better}" if better else "")
            description = label(f"{words[:1].upper()}{words[1:]}.", "muted", wrap=True)
            description.setContentsMargins(0, 0, 0, SPACE_S)
            self._rows.addWidget(label(metric.title, "strong"))
            self._rows.addWidget(description)
        if not metrics:
            self._rows.addWidget(label("Nothing but its loss.", "muted"))


def item_of(entry: ObjectiveEntry) -> ChoiceItem:
    """An objective in the list, to be found by its name, its idea, and its paper's title, authors and year."""
    spec = entry.spec
    paper = f"{spec.paper.title} {spec.paper.authors} {spec.paper.venue}"
    ideas = f"{spec.explanation} {spec.energy} {spec.experience}"
    return ChoiceItem(entry.id, entry.title, spec.summary, spec.family, str(spec.paper.year), f"{paper} {ideas}")


def labels_known(app: App) -> bool | None:
    """Whether the recipe's data have labels, where they have been read; else None."""
    facts = app.data_facts
    if facts is None or facts.get("data") != app.editor.document.get("data"):
        return None
    return bool(facts["splits"][facts["train"]].get("classes"))


def _card(title: str, body: QWidget) -> Section:
    card = Section(title)
    card.add(body)
    return card


def _clear(layout: QGridLayout | QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
