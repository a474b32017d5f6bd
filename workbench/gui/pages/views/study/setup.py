"""What a new study is made of: the operations, the budget of a run, samples, seeds and how it is measured."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from workbench.app.studies.composition.plan import CompositionPlan
from workbench.app.studies.plan import MEASURE_WORDS
from workbench.gui.forms.number_box import NumberBox
from workbench.gui.forms.schema import FieldSpec
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import label
from workbench.recipes.models import Budget
from workbench.recipes.sweeps import Distortion

_IN_A_ROW = 4
_BUDGET = FieldSpec("amount", "number", "Budget of a run", lower=0, lower_open=True)
_SAMPLES = FieldSpec("samples", "integer", "Training samples", lower=0, integral=True)
_SEEDS = FieldSpec("seeds", "integer", "Seeds", lower=1, upper=20, integral=True)


class StudySetup(QWidget):
    """Fields of a plan; whoever holds them gives `symmetric` its place.

    Signals
    -------
    changed(None) : the user changed something
    """

    changed = Signal(object)

    def __init__(self, offered: Sequence[Distortion]) -> None:
        super().__init__()
        self.checks: dict[str, QCheckBox] = {}
        for item in offered:
            check = self.checks[item.name] = QCheckBox(item.title)
            check.setChecked(True)
            check.setToolTip(", then ".join(op.id for op in item.ops))
            check.toggled.connect(lambda _on: self.changed.emit(None))
        self.amount = self._box(_BUDGET, 2)
        self.samples = self._box(_SAMPLES, 0)
        self.seeds = self._box(_SEEDS, 1)
        self.samples.setToolTip("0 takes all the training samples")
        self.unit = self._combo("Unit of the budget", [(unit, unit) for unit in ("epochs", "steps", "seconds")])
        self.measure = self._combo("Measured by", [(words, key) for key, words in MEASURE_WORDS.items()])
        self.symmetric = QCheckBox("One order only")
        self.symmetric.setToolTip("Run each pair in one of its two orders, and show it in both cells")
        self.symmetric.toggled.connect(lambda _on: self.changed.emit(None))
        self._lay_out()

    def plan(self) -> CompositionPlan | str:
        """The plan that the fields describe, or what keeps them from being one."""
        ops = tuple(name for name, check in self.checks.items() if check.isChecked())
        if not ops:
            return "Choose at least one operation."
        amount, samples, seeds = self.amount.value(), self.samples.value(), self.seeds.value()
        if amount is None or amount <= 0:
            return "The budget of a run must be greater than 0."
        if samples is None or samples < 0:
            return "The samples must be 0 (all) or more."
        if seeds is None or not 1 <= seeds <= 20:
            return "The seeds must be 1 to 20."
        return CompositionPlan(
            ops=ops,
            budget=Budget(unit=self.unit.currentData(), amount=amount),
            samples=int(samples),
            seeds=int(seeds),
            measure=self.measure.currentData(),
            symmetric=self.symmetric.isChecked(),
        )

    def _box(self, spec: FieldSpec, value: float) -> NumberBox:
        box = NumberBox(spec)
        box.set_value(value)
        box.setAccessibleName(spec.title)
        box.committed.connect(lambda _value: self.changed.emit(None))
        return box

    def _combo(self, name: str, items: Sequence[tuple[str, str]]) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        for text, data in items:
            combo.addItem(text, data)
        combo.currentIndexChanged.connect(lambda _row: self.changed.emit(None))
        return combo

    def _lay_out(self) -> None:
        operations = QGridLayout()
        operations.setHorizontalSpacing(SPACE_L)
        operations.setVerticalSpacing(SPACE_S)
        for number, check in enumerate(self.checks.values()):
            operations.addWidget(check, number // _IN_A_ROW, number % _IN_A_ROW)
        operations.setColumnStretch(_IN_A_ROW, 1)
        fields = QGridLayout()
        fields.setHorizontalSpacing(SPACE_L)
        fields.setVerticalSpacing(SPACE_XS)
        parts: tuple[tuple[str, tuple[QWidget, ...]], ...] = (
            (_BUDGET.title, (self.amount, self.unit)),
            (_SAMPLES.title, (self.samples,)),
            ("Measured by", (self.measure,)),
            (_SEEDS.title, (self.seeds,)),
        )
        for number, (title, widgets) in enumerate(parts):
            line = QHBoxLayout()
            line.setSpacing(SPACE_S)
            for widget in widgets:
                line.addWidget(widget)
            row, side = 2 * (number // 2), number % 2
            fields.addWidget(label(title, "caption"), row, side)
            fields.addLayout(line, row + 1, side)
        fields.setColumnStretch(2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_M)
        column.addLayout(operations)
        column.addLayout(fields)
