"""The lines over the preview: which samples, which draw, and how the views are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.forms.editors import QuietComboBox
from workbench.gui.forms.number_box import NumberBox
from workbench.gui.forms.schema import FieldSpec
from workbench.gui.forms.sliders import Switch
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import icon_button, label, push_button

COUNTS = (8, 16, 32, 64)
_LARGEST = 2**31 - 1


@dataclass(frozen=True)
class RunSource:
    """A run whose steps can be seen again.

    steps : how many it has made
    """

    path: str
    title: str
    steps: int


class PreviewBar(QWidget):
    """Chooses samples, seed and step, plays, and switches to what the encoder sees.

    Signals
    -------
    changed(None) : another choice was made
    shuffled(None), redrawn(None) : other samples, or another draw, are wanted
    played(on) : the animation was started or stopped
    """

    changed = Signal(object)
    shuffled = Signal(object)
    redrawn = Signal(object)
    played = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: list[RunSource] = []
        self.source = _combo("Source", 0)
        self.source.setToolTip("Samples of the data, or the batch that a step of a run saw")
        self.source.addItem("Samples of the data", "")
        self.kind = _combo("Class", 104)
        self.kind.setToolTip("Show samples of one class")
        self.count = _combo("How many samples", 116)
        for count in COUNTS:
            self.count.addItem(f"{count} samples", count)
        self.shuffle = icon_button("refresh", "Shuffle: show other samples; pinned ones stay", "")
        self.play = icon_button("play", "Play: a new draw four times a second  (Space)", "")
        self.play.setCheckable(True)
        self.again = push_button("Draw again", "", "", "Draw the random parameters anew: one step further")
        self.seed = _number("Seed", "seed of the preview; empty takes the recipe's", 108, lower=0, nullable=True)
        self.step = _number("Step", "the step that the parameters are drawn for", 72, lower=0)
        self.run_step = _number("Step of the run", "the step behind a loss of the curves", 84, lower=1)
        self.given = Switch()
        self.given.setAccessibleName("As the encoder sees it")
        self.given_words = label("As the encoder sees it")
        self.given_words.setToolTip("Normalised (grey stands for 0), masked, cut up, with its pseudo-label")
        self.given.setToolTip(self.given_words.toolTip())
        self.words = label("", "caption")
        self._lay_out()
        self._connect()
        self.set_classes(())
        self.set_run_mode(False)

    def _lay_out(self) -> None:
        upper = _line(self.source, self.kind, self.count, self.shuffle)
        upper.setStretchFactor(self.source, 1)
        self.seed_words, self.step_words = label("Seed", "muted"), label("Step", "muted")
        middle = _line(self.play, self.again)
        middle.addStretch(1)
        lower = _line(self.given, self.given_words)
        lower.addStretch(1)
        for words, box in ((self.seed_words, self.seed), (self.step_words, self.step)):
            words.setBuddy(box)
        for part in (self.seed_words, self.seed, self.step_words, self.step, self.run_step):
            middle.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        lower.addWidget(self.words)
        for line in (upper, middle, lower):
            column.addLayout(line)

    def _connect(self) -> None:
        self.source.activated.connect(lambda _index: self.changed.emit(None))
        self.kind.activated.connect(lambda _index: self.changed.emit(None))
        self.count.activated.connect(lambda _index: self.changed.emit(None))
        for box in (self.seed, self.step, self.run_step):
            box.committed.connect(lambda _value: self.changed.emit(None))
        self.given.clicked.connect(lambda _on: self.changed.emit(None))
        self.shuffle.clicked.connect(lambda: self.shuffled.emit(None))
        self.again.clicked.connect(lambda: self.redrawn.emit(None))
        self.play.toggled.connect(self._show_playing)

    def _show_playing(self, on: bool) -> None:
        self.play.setIcon(icon("pause" if on else "play", "muted"))
        self.play.setToolTip("Stop  (Space)" if on else "Play: a new draw four times a second  (Space)")
        self.played.emit(on)

    # -- what is offered -------------------------------------------------------------------------------------------

    def set_classes(self, names: Sequence[str]) -> None:
        """Offer the classes of the data; none hides the choice."""
        if [self.kind.itemText(row) for row in range(1, self.kind.count())] == list(names) and self.kind.count():
            return
        self.kind.clear()
        self.kind.addItem("Any class", None)
        for number, name in enumerate(names):
            self.kind.addItem(name, number)
        self.kind.setVisible(bool(names) and self.run() is None)

    def set_runs(self, runs: Sequence[RunSource]) -> None:
        """Offer the runs whose steps can be seen again; the chosen one stays while it is there."""
        if list(runs) == self._runs:
            return
        chosen = self.source.currentData()
        self._runs = list(runs)
        with QSignalBlocker(self.source):
            while self.source.count() > 1:
                self.source.removeItem(1)
            for run in runs:
                self.source.addItem(f"Run {run.title}", run.path)
                self.source.setItemData(self.source.count() - 1, f"The batches that {run.title} saw", 3)
            self.source.setCurrentIndex(max(0, self.source.findData(chosen)))

    def set_run_mode(self, on: bool) -> None:
        """Show the controls of a run's step, or those of the data's samples."""
        for part in (self.shuffle, self.again, self.seed, self.seed_words, self.step):
            part.setVisible(not on)
        self.kind.setVisible(not on and self.kind.count() > 1)
        self.run_step.setVisible(on)

    def set_recipe_seed(self, seed: int) -> None:
        """Say which seed an empty field takes."""
        self.seed.setPlaceholderText(f"{seed} (recipe)")

    # -- what is chosen --------------------------------------------------------------------------------------------

    def run(self) -> RunSource | None:
        """The run that is looked at; None for samples of the data."""
        path = self.source.currentData()
        return next((run for run in self._runs if run.path == path), None)

    def label_wanted(self) -> int | None:
        """The number of the class; None for any."""
        value: int | None = self.kind.currentData()
        return value

    def samples(self) -> int:
        """How many samples to show."""
        return int(self.count.currentData())

    def seed_wanted(self) -> int | None:
        """The preview's own seed; None for the recipe's."""
        return _within(self.seed.value(), 0)

    def step_wanted(self) -> int:
        """The step that parameters are drawn for, or that of the run."""
        run = self.run()
        if run is None:
            return _within(self.step.value(), 0) or 0
        return min(_within(self.run_step.value(), 1) or 1, max(1, run.steps))

    def keep_step_within(self) -> None:
        """Show the run's last step where a later one was typed."""
        if self.run() is not None:
            self.run_step.set_value(self.step_wanted())

    def go_on(self) -> None:
        """One step further; a run begins again after its last."""
        run = self.run()
        if run is None:
            self.step.set_value((self.step_wanted() + 1) % _LARGEST)
        else:
            self.run_step.set_value(self.step_wanted() % max(1, run.steps) + 1)


def _within(value: float | None, lowest: int) -> int | None:
    return None if value is None else max(lowest, min(_LARGEST, int(value)))


def _combo(name: str, width: int) -> QComboBox:
    combo = QuietComboBox()
    combo.setAccessibleName(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(6)
    combo.setSizePolicy(
        QSizePolicy.Policy.Expanding if not width else QSizePolicy.Policy.Fixed, combo.sizePolicy().verticalPolicy()
    )
    if width:
        combo.setFixedWidth(width)
    return combo


def _number(name: str, tip: str, width: int, **bounds: Any) -> NumberBox:
    spec = FieldSpec(name.lower(), "integer", name, integral=True, **bounds)
    box = NumberBox(spec)
    box.setAccessibleName(name)
    box.setToolTip(tip[0].upper() + tip[1:])
    box.setFixedWidth(width)
    if not spec.nullable:
        box.set_value(spec.lower)
    return box


def _line(*parts: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(SPACE_S)
    for part in parts:
        line.addWidget(part)
    return line
