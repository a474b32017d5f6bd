"""The numbers that say whether a run learns, each beside what it is to be held against and with its state."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.pages.train.states import (
    LOOKS,
    Health,
    health_of,
    knn_health,
    limit_words,
    own_metrics,
)
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, Glyph, label
from workbench.plugins.specs import MetricSpec
from workbench.runs.history import RunHistory

_SHARES = {"loss": 4, "knn": 6, "embedding_std": 5, "effective_rank": 4}
"""Width of each read-out, as its comparison needs it."""
_MOST_OWN = 4


class HealthStrip(QWidget):
    """Loss against chance, kNN against its floors, spread and rank of the features; below what the objective watches.

    Attributes
    ----------
    readouts : of every run, by the metric's name
    own : of the objective's own numbers that have a limit, as many as are needed
    """

    def __init__(self) -> None:
        super().__init__()
        self.readouts = {
            "loss": Readout("Loss"),
            "knn": Readout("kNN accuracy"),
            "embedding_std": Readout("Embedding std"),
            "effective_rank": Readout("Effective rank"),
        }
        self.own = [Readout("") for _ in range(_MOST_OWN)]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, SPACE_XS, 0, 0)
        grid.setHorizontalSpacing(SPACE_M)
        grid.setVerticalSpacing(SPACE_S)
        for column, (name, readout) in enumerate(self.readouts.items()):
            grid.addWidget(readout, 0, column)
            grid.addWidget(self.own[column], 1, column)
            grid.setColumnStretch(column, _SHARES[name])
            self.own[column].hide()
            self.own[column].beside.hide()  # a second line each would take the curves' room; the tooltip has it

    def show_run(self, history: RunHistory, chance: float | None, specs: Sequence[MetricSpec]) -> None:
        """Show a run's newest numbers; `specs` name those of its objective."""
        self._show_loss(history, chance)
        self._show_knn(history)
        for name, beside in (("embedding_std", "0 is collapse, 1 is isotropic"), ("effective_rank", "1 is collapse")):
            value = history.last(name)
            digits = 2 if name == "embedding_std" else 1
            self.readouts[name].show_value(_number(value, digits), beside, health_of(history, name, value))
        self._show_own(history, specs)

    def _show_loss(self, history: RunHistory, chance: float | None) -> None:
        at_chance = f"chance {chance:.3f}" if chance is not None else "no chance level known"
        loss = history.last("loss")
        self.readouts["loss"].show_value(_number(loss, 3), at_chance, health_of(history, "loss", loss))

    def _show_knn(self, history: RunHistory) -> None:
        measured = history.evaluations[-1] if history.evaluations else None
        knn = measured.values.get("knn") if measured else None
        floors = measured.floors if measured else {}
        beside = " · ".join(f"{name} {100 * value:.0f}%" for name, value in floors.items())
        state = knn_health(history)
        self.readouts["knn"].show_value("–" if knn is None else _percent(knn), beside or "not measured yet", state)

    def _show_own(self, history: RunHistory, specs: Sequence[MetricSpec]) -> None:
        titles = {spec.name: spec.title for spec in specs}
        names = own_metrics(history)[:_MOST_OWN]
        for number, readout in enumerate(self.own):
            readout.setVisible(number < len(names))
            if number < len(names):
                name = names[number]
                value = history.last(name)
                readout.set_title(titles.get(name, name.replace("_", " ").capitalize()))
                readout.show_value(_number(value, 2), limit_words(history, name), health_of(history, name, value))
                readout.setToolTip(limit_words(history, name))


class Readout(QWidget):
    """A number under its name, with its state as an icon and a word, over what it is held against."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = label(title, "caption")
        self.value = label("", "strong")
        self.glyph = Glyph("check", "success", 12)
        self.state = label("", "caption")
        self.beside = ElidedLabel("", "caption")
        self._health = Health.UNKNOWN
        top = QHBoxLayout()
        top.setSpacing(SPACE_S)
        top.addWidget(self.title)
        top.addWidget(self.value)
        told = QHBoxLayout()
        told.setSpacing(SPACE_XS)
        told.addWidget(self.glyph)
        told.addWidget(self.state)
        top.addLayout(told)
        top.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.beside)
        self._show_health(Health.UNKNOWN)

    @property
    def health(self) -> Health:
        """What is said of the number."""
        return self._health

    def set_title(self, title: str) -> None:
        """Show the number of another metric."""
        self.title.setText(title)

    def show_value(self, value: str, beside: str, health: Health) -> None:
        """Show a number, its comparison and its state."""
        self.value.setText(value)
        self.beside.set_full_text(beside)
        if health != self._health:
            self._show_health(health)
        told = f", {health}" if health else ""
        self.setAccessibleName(f"{self.title.text()} {value}{told}, {beside}")

    def _show_health(self, health: Health) -> None:
        self._health = health
        self.glyph.setVisible(bool(health))
        self.state.setVisible(bool(health))
        self.state.setText(str(health))
        if health:
            self.glyph.set_icon(*LOOKS[health])


def _number(value: float | None, digits: int) -> str:
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if math.isfinite(value) else "not a number"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
