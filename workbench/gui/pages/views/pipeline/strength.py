"""The dial for all distortions: a slider that rests at 1."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QWidget

from workbench.gui.forms.form import LABEL_WIDTH
from workbench.gui.forms.number_box import NumberBox
from workbench.gui.forms.row import RESET_WIDTH
from workbench.gui.forms.scale import Scale, scale_of
from workbench.gui.forms.schema import read_field
from workbench.gui.forms.sliders import ValueSlider
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, icon_button, label
from workbench.recipes.models import Views

AS_STATED = 1.0
_DETENT = 0.04
_FIELD = read_field("strength", Views.model_json_schema()["properties"]["strength"], {})


class DetentSlider(ValueSlider):
    """A slider that catches at the value 1, and shows where that is."""

    def __init__(self, scale: Scale, parent: QWidget | None = None) -> None:
        super().__init__(scale, parent)
        self._rest = round(scale.share(AS_STATED) * self.maximum())
        self._reach = round(_DETENT / (scale.upper - scale.lower) * self.maximum())
        self.setSingleStep(self.maximum() // 20)
        self.setPageStep(self.maximum() // 10)
        self.valueChanged.connect(self._catch)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        x = 7 + self._rest / self.maximum() * (self.width() - 14)
        painter = QPainter(self)
        painter.setPen(QPen(QColor(current_theme().outline), 1))
        for sign in (-1, 1):
            middle = self.height() / 2
            painter.drawLine(QPointF(x, middle + sign * 8), QPointF(x, middle + sign * 11))

    def _catch(self, position: int) -> None:
        if 0 < abs(position - self._rest) < self._reach and self.isSliderDown():
            self.setValue(self._rest)


class StrengthDial(QWidget):
    """`views.strength` as a slider and a number, with what it scales under it.

    Signals
    -------
    edited(strength) : the user chose another one
    """

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        scale = scale_of(_FIELD)
        assert scale is not None
        self.slider = DetentSlider(scale)
        self.box = NumberBox(_FIELD)
        self.box.setFixedWidth(114)
        self.reset = icon_button("reset", "Back to the strength as stated")
        self.reset.setFixedWidth(RESET_WIDTH)
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.caption = ElidedLabel("", "caption")
        self.problem = label("", "danger", wrap=True)
        self.slider.moved.connect(self._choose)
        self.box.committed.connect(self._choose)
        self.reset.clicked.connect(lambda: self._choose(AS_STATED))
        for part in (self.slider, self.box):
            part.setAccessibleName(_FIELD.title)
            part.setToolTip(f"<b>{_FIELD.title}</b><br>{_FIELD.description}")
        self._lay_out()

    def _lay_out(self) -> None:
        words = label(_FIELD.title)
        words.setFixedWidth(LABEL_WIDTH)
        words.setBuddy(self.box)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE_S)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        for column, part in enumerate((words, self.slider, self.box, self.reset)):
            grid.addWidget(part, 0, column)
        grid.addWidget(self.caption, 1, 1, 1, 3)
        grid.addWidget(self.problem, 2, 1, 1, 3)

    def show_strength(self, strength: float, words: str, problem: str) -> None:
        """Show a strength, what it scales, and what is wrong with it."""
        self.slider.set_value(strength)
        self.box.set_value(strength)
        self.reset.setVisible(strength != AS_STATED)
        self.caption.set_full_text(words)
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def _choose(self, strength: float) -> None:
        self.slider.set_value(strength)
        self.box.set_value(strength)
        self.edited.emit(strength)
