"""A card for one operation of a view pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.forms import SchemaForm
from workbench.gui.forms.sliders import Switch
from workbench.gui.pages.views.words import op_summary
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, icon_button
from workbench.plugins.catalogue import Entry
from workbench.plugins.specs import OperationSpec


class OperationCard(QFrame):
    """Switch, title, place in the order, and the settings, which can be folded away.

    Signals
    -------
    edited((name, value)) : a setting was changed
    switched(on) : the switch was clicked
    moved(step) : -1 towards the front, +1 towards the end
    removed(None) : it is not wanted any more
    folded(open) : the settings were shown or folded away
    """

    edited = Signal(object)
    switched = Signal(object)
    moved = Signal(object)
    removed = Signal(object)
    folded = Signal(object)

    def __init__(self, entry: Entry[OperationSpec], first: bool, last: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.entry = entry
        self.switch = Switch()
        self.switch.setAccessibleName(f"Use {entry.title}")
        self.switch.setToolTip("Off sets its probability to 0")
        self.switch.clicked.connect(lambda on: self.switched.emit(bool(on)))
        self.title = ElidedLabel(entry.title, "strong")
        self.title.setToolTip(entry.spec.summary)
        self.summary = ElidedLabel("", "caption")
        self.form = SchemaForm()
        self.form.set_schema(entry.schema_, ("p",))
        self.form.edited.connect(self.edited)
        self._build_buttons(first, last)
        self._lay_out()

    def _build_buttons(self, first: bool, last: bool) -> None:
        title = self.entry.title
        self.fold = icon_button("chevron-down", f"Fold the settings of {title}")
        self.up = icon_button("chevron-up", f"Move {title} up")
        self.down = icon_button("chevron-down", f"Move {title} down")
        self.remove = icon_button("trash", f"Remove {title}")
        self.up.setEnabled(not first)
        self.down.setEnabled(not last)
        self.fold.clicked.connect(self._toggle)
        self.up.clicked.connect(lambda: self.moved.emit(-1))
        self.down.clicked.connect(lambda: self.moved.emit(1))
        self.remove.clicked.connect(lambda: self.removed.emit(None))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE_XS)
        head.addWidget(self.fold)
        head.addWidget(self.title, 1)
        for part in (self.switch, self.up, self.down, self.remove):
            head.addWidget(part)
        self.body = QWidget()
        inner = QVBoxLayout(self.body)
        inner.setContentsMargins(SPACE_S, SPACE_XS, 0, SPACE_XS)
        inner.setSpacing(SPACE_S)
        inner.addWidget(self.form)
        folded = QHBoxLayout()
        folded.setContentsMargins(32, 0, 0, SPACE_XS)
        folded.addWidget(self.summary)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_XS, SPACE_XS, SPACE_M, SPACE_XS)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(folded)
        column.addWidget(self.body)

    def show_op(self, op: Mapping[str, Any], problems: Mapping[str, str]) -> None:
        """Show the operation's settings as the recipe has them, and what is wrong with them."""
        values = {**self.entry.defaults(), **op}
        self.switch.setChecked(values.get("p", 1) != 0)
        self.form.set_values(values)
        self.form.set_problems(problems)
        self.summary.set_full_text(op_summary(op, self.entry.schema_))
        if problems:
            self.set_open(True)

    def set_open(self, shown: bool) -> None:
        """Show the settings or fold them away, without a signal."""
        self.body.setVisible(shown)
        self.summary.setVisible(not shown)
        words = "Fold" if shown else "Show"
        self.fold.setIcon(icon("chevron-down" if shown else "chevron-right", "muted"))
        self.fold.setToolTip(f"{words} the settings of {self.entry.title}")
        self.fold.setAccessibleName(f"{words} the settings of {self.entry.title}")

    def is_open(self) -> bool:
        return not self.body.isHidden()

    def _toggle(self) -> None:
        self.set_open(not self.is_open())
        self.folded.emit(self.is_open())
