"""Four numbers that say whether a run learns, each beside what it is to be held against."""

from __future__ import annotations

import math

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, label
from workbench.runs.history import RunHistory

_SHARES = {"loss": 3, "knn": 6, "embedding_std": 5, "effective_rank": 3}
"""Width of each read-out, as its comparison needs it."""


class HealthStrip(QWidget):
    """Loss against chance, kNN against its floors, spread and rank of the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.readouts = {
            "loss": Readout("Loss"),
            "knn": Readout("kNN accuracy"),
            "embedding_std": Readout("Embedding std"),
            "effective_rank": Readout("Effective rank"),
        }
        line = QHBoxLayout(self)
        line.setContentsMargins(0, SPACE_XS, 0, 0)
        line.setSpacing(SPACE_M)
        for name, readout in self.readouts.items():
            line.addWidget(readout, _SHARES[name])

    def show_run(self, history: RunHistory, chance: float | None) -> None:
        """Show a run's newest numbers."""
        at_chance = f"chance {chance:.3f}" if chance is not None else "no chance level known"
        self.readouts["loss"].show_value(_number(history.last("loss"), 3), at_chance)
        measured = history.evaluations[-1] if history.evaluations else None
        knn = measured.values.get("knn") if measured else None
        floors = measured.floors if measured else {}
        beside = " · ".join(f"{name} {100 * value:.0f} %" for name, value in floors.items())
        self.readouts["knn"].show_value("–" if knn is None else _percent(knn), beside or "not measured yet")
        std, rank = history.last("embedding_std"), history.last("effective_rank")
        self.readouts["embedding_std"].show_value(_number(std, 2), "0 is collapse, 1 is isotropic")
        self.readouts["effective_rank"].show_value(_number(rank, 1), "1 is collapse")


class Readout(QWidget):
    """A number under its name, over what it is held against."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self.value = label("", "strong")
        self.beside = ElidedLabel("", "caption")
        top = QHBoxLayout()
        top.setSpacing(SPACE_S)
        top.addWidget(label(title, "caption"))
        top.addWidget(self.value)
        top.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.beside)

    def show_value(self, value: str, beside: str) -> None:
        """Show a number and its comparison."""
        self.value.setText(value)
        self.beside.set_full_text(beside)
        self.setAccessibleName(f"{self._title} {value}, {beside}")


def _number(value: float | None, digits: int) -> str:
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if math.isfinite(value) else "not a number"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
