"""Which encoder is looked through, which figure is shown; in the inspector, what it is shown of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.pages.views.eyes.choices import Encoder
from workbench.gui.pages.views.eyes.figure import KINDS, Figure
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import icon_button, push_button

COUNTS = (16, 32, 64, 128, 256)
_DEFAULT_COUNT = 64


class Head(QWidget):
    """The two lines over the figure.

    Signals
    -------
    encoder_chosen(key), step_chosen(step), figure_chosen(id) : the user chose another one
    save_wanted(suffix), copy_wanted() : the figure is to be saved, its numbers copied
    """

    encoder_chosen = Signal(object)
    step_chosen = Signal(object)
    figure_chosen = Signal(object)
    save_wanted = Signal(object)
    copy_wanted = Signal()

    def __init__(self, figures: Sequence[Figure]) -> None:
        super().__init__()
        self.encoders = combo("Encoder", 96)
        self.steps = combo("Checkpoint", 64)
        self.encoders.currentIndexChanged.connect(lambda _: self.encoder_chosen.emit(self.encoders.currentData()))
        self.steps.currentIndexChanged.connect(lambda _: self.step_chosen.emit(self.steps.currentData()))
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        for figure in figures:
            button = push_button(figure.title, "", tip=figure.tip)
            button.setCheckable(True)
            button.clicked.connect(partial(self.figure_chosen.emit, figure.id))
            self._group.addButton(button)
            self.buttons[figure.id] = button
        self.export = self._export_button()
        self._lay_out()

    def set_encoders(self, encoders: Sequence[Encoder], chosen: str) -> None:
        """List the encoders, without a signal."""
        fill(self.encoders, [(encoder.title, encoder.key) for encoder in encoders], chosen)

    def set_steps(self, steps: Sequence[int], chosen: int | None) -> None:
        """List the checkpoints of a run, without a signal; none for an encoder of no run."""
        fill(self.steps, [(f"step {step:,}", step) for step in steps], chosen)
        self.steps.setVisible(bool(steps))

    def set_figure(self, id_: str) -> None:
        """Show which figure stands below."""
        self.buttons[id_].setChecked(True)

    def _lay_out(self) -> None:
        upper, lower = QHBoxLayout(), QHBoxLayout()
        for line in (upper, lower):
            line.setSpacing(SPACE_S)
        upper.addWidget(self.encoders, 5)
        upper.addWidget(self.steps, 2)
        for button in self.buttons.values():
            lower.addWidget(button)
        lower.addStretch(1)
        lower.addWidget(self.export)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(upper)
        column.addLayout(lower)

    def _export_button(self) -> QToolButton:
        button = icon_button("export", "Save the figure or its values", "")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for suffix, text in KINDS:
            menu.addAction(f"{text}…", partial(self.save_wanted.emit, suffix))
        menu.addSeparator()
        menu.addAction("Copy the values as CSV", self.copy_wanted.emit)
        button.setMenu(menu)
        return button


class Options(QWidget):
    """What the figures are made of.

    Signals
    -------
    changed() : one of them was changed
    compare_chosen(key) : another encoder is to be drawn dashed; "" for none
    """

    changed = Signal()
    compare_chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.draw = 0
        self.count = combo("Pictures", 60)
        fill(self.count, [(str(count), count) for count in COUNTS], _DEFAULT_COUNT)
        self.count.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.others = push_button("Others", "", "refresh", "Compare on other pictures of the test split")
        self.others.clicked.connect(self._shuffle)
        self.centred = QCheckBox("Centre the features")
        self.centred.setChecked(True)
        self.centred.setToolTip(
            "Takes the mean of the originals away first. Features after a ReLU are never negative, "
            "so that without it any two pictures look alike."
        )
        self.centred.toggled.connect(lambda _: self.changed.emit())
        self.compare = combo("Compare with", 96)
        self.compare.currentIndexChanged.connect(lambda _: self.compare_chosen.emit(self.compare.currentData()))
        self._lay_out()

    def set_encoders(self, encoders: Sequence[Encoder], chosen: str) -> None:
        """List what can be compared with, without a signal."""
        fill(self.compare, [("Nothing", ""), *((encoder.title, encoder.key) for encoder in encoders)], chosen)

    def offer_compare(self, offered: bool) -> None:
        """Whether the figure can draw a second encoder."""
        self._form.setRowVisible(self.compare, offered)

    def _lay_out(self) -> None:
        form = self._form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(SPACE_S)
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        line.addWidget(self.count, 1)
        line.addWidget(self.others)
        form.addRow("Pictures", line)
        form.addRow("Compare", self.compare)
        form.addRow(self.centred)

    def _shuffle(self) -> None:
        self.draw += 1
        self.changed.emit()


def combo(name: str, least_px: int) -> QComboBox:
    """A list that may be narrower than its longest line."""
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumWidth(least_px)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    made.currentTextChanged.connect(made.setToolTip)
    return made


def fill(box: QComboBox, rows: Sequence[tuple[str, object]], chosen: object) -> None:
    """List these and choose one, without a signal."""
    blocker = QSignalBlocker(box)
    if rows != [(box.itemText(at), box.itemData(at)) for at in range(box.count())]:
        box.clear()
        for text, data in rows:
            box.addItem(text, data)
    box.setCurrentIndex(next((at for at, (_, data) in enumerate(rows) if data == chosen), 0))
    box.setToolTip(box.currentText())
    blocker.unblock()
