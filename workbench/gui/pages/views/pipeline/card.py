"""A card for one operation of a view pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QShortcut
from PySide6.QtWidgets import QAbstractButton, QApplication, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.forms import SchemaForm
from workbench.gui.forms.sliders import Switch
from workbench.gui.pages.views.pipeline.marks import CostBar, Grip
from workbench.gui.pages.views.words import op_summary, strength_words
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, icon_button, label, set_tone
from workbench.plugins.catalogue import Entry
from workbench.plugins.specs import OperationSpec

_BODY_INDENT, _PROBLEM_INDENT = 22, 46
"""Where the form and a message begin: under the fold button, and under the title, px."""


class OperationCard(QFrame):
    """Switch, title, place in the order, and the settings, which can be folded away.

    Signals
    -------
    edited((name, value)) : a setting was changed
    switched(on) : the switch was clicked
    moved(step) : -1 towards the front, +1 towards the end
    duplicated(None), removed(None) : it is wanted twice, or not any more
    folded(open) : the settings were shown or folded away by the user
    dragged(point) : it is being dragged, the mouse at this global point
    dropped(point) : it was let go there; None where the drag was given up
    """

    edited = Signal(object)
    switched = Signal(object)
    moved = Signal(object)
    duplicated = Signal(object)
    removed = Signal(object)
    folded = Signal(object)
    dragged = Signal(object)
    dropped = Signal(object)

    def __init__(self, entry: Entry[OperationSpec], first: bool, last: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.entry = entry
        self._pressed_at: QPoint | None = None
        self.dragging = False
        self.grip = Grip()
        self.grip.setToolTip("Drag to another place; Alt+Up and Alt+Down do the same")
        self.switch = Switch()
        self.switch.setAccessibleName(f"Use {entry.title}")
        self.switch.setToolTip("Off sets its probability to 0")
        self.switch.clicked.connect(lambda on: self.switched.emit(bool(on)))
        self.title = ElidedLabel(entry.title, "strong")
        self.title.setToolTip(entry.spec.summary)
        self.summary = ElidedLabel("", "caption")
        self.effective = ElidedLabel("", "caption")
        self.effective.setToolTip("The settings at the strength of the pipeline")
        self.cost = CostBar()
        self.problem = label("", "danger", wrap=True)
        self._form: SchemaForm | None = None
        self._shown: tuple[Mapping[str, Any], Mapping[str, str]] = ({}, {})
        self._build_buttons(first, last)
        self._lay_out()
        self.switch.setVisible("p" in entry.schema_.get("properties", {}))
        self.set_open(False)
        self.cost.set_cost(None, 0.0)

    def _build_buttons(self, first: bool, last: bool) -> None:
        title = self.entry.title
        self.fold = icon_button("chevron-right", f"Show the settings of {title}")
        self.up = icon_button("chevron-up", f"Move {title} up")
        self.down = icon_button("chevron-down", f"Move {title} down")
        self.copy = icon_button("copy", f"Duplicate {title}")
        self.remove = icon_button("trash", f"Remove {title}")
        self.up.setEnabled(not first)
        self.down.setEnabled(not last)
        self.fold.clicked.connect(self._toggle)
        self.up.clicked.connect(lambda: self.moved.emit(-1))
        self.down.clicked.connect(lambda: self.moved.emit(1))
        self.copy.clicked.connect(lambda: self.duplicated.emit(None))
        self.remove.clicked.connect(lambda: self.removed.emit(None))
        for keys, button in (("Alt+Up", self.up), ("Alt+Down", self.down), ("Ctrl+D", self.copy)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(button.click)
            button.setToolTip(f"{button.toolTip()}  ({keys})")

    def _lay_out(self) -> None:
        under = QHBoxLayout()
        under.setSpacing(SPACE_S)
        under.addWidget(self.summary, 1)
        under.addWidget(self.cost)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addLayout(under)
        words.addWidget(self.effective)
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(self.grip)
        head.addWidget(self.fold)
        head.addSpacing(SPACE_XS)
        head.addLayout(words, 1)
        head.addSpacing(SPACE_XS)
        for part in (self.switch, self.up, self.down, self.copy, self.remove):
            head.addWidget(part)
        self.body = QWidget()
        self._inner = QVBoxLayout(self.body)
        self._inner.setContentsMargins(_BODY_INDENT, SPACE_XS, SPACE_XS, SPACE_XS)
        told = QHBoxLayout()
        told.setContentsMargins(_PROBLEM_INDENT, 0, SPACE_S, 0)
        told.addWidget(self.problem)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_XS, SPACE_XS, SPACE_XS, SPACE_XS)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(told)
        column.addWidget(self.body)

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_op(self, op: Mapping[str, Any], problems: Mapping[str, str], strength: float = 1.0) -> None:
        """Show the operation's settings as the recipe has them, what is wrong with them, and what the strength does."""
        values = {**self.entry.defaults(), **op}
        on = values.get("p", 1) != 0
        self.switch.setChecked(on)
        set_tone(self.title, "strong" if on else "muted")
        self._shown = (values, problems)
        self._fill_form()
        self.summary.set_full_text(op_summary(op, self.entry.schema_) if on else "off")
        self.effective.set_full_text(strength_words(op, self.entry.schema_, strength) if on and strength != 1 else "")
        self.effective.setVisible(bool(self.effective.full_text()))
        fields = self.entry.schema_.get("properties", {})
        message = next((words for name, words in problems.items() if name.split(".")[0] not in fields), "")
        self.problem.setText(message)
        self.problem.setVisible(bool(message))
        if any(name.split(".")[0] in fields for name in problems):
            self.set_open(True)

    @property
    def form(self) -> SchemaForm:
        """The settings; made when they are first wanted, because most cards stay folded."""
        return self._make_form()

    def _make_form(self) -> SchemaForm:
        if self._form is None:
            self._form = SchemaForm()
            self._form.set_schema(self.entry.schema_, ("p",))
            self._form.edited.connect(self.edited)
            self._inner.addWidget(self._form)
            self._fill_form()
        return self._form

    def _fill_form(self) -> None:
        if self._form is not None:
            self._form.set_values(self._shown[0])
            self._form.set_problems(self._shown[1])

    def set_open(self, shown: bool) -> None:
        """Show the settings or fold them away, without a signal."""
        if shown:
            self._make_form()
        self.body.setVisible(shown)
        words = "Fold" if shown else "Show"
        self.fold.setIcon(icon("chevron-down" if shown else "chevron-right", "muted"))
        self.fold.setToolTip(f"{words} the settings of {self.entry.title}")
        self.fold.setAccessibleName(f"{words} the settings of {self.entry.title}")

    def is_open(self) -> bool:
        return not self.body.isHidden()

    def _toggle(self) -> None:
        self.set_open(not self.is_open())
        self.folded.emit(self.is_open())

    # -- mouse -----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._in_head(event.position().toPoint()):
            self._pressed_at = event.globalPosition().toPoint()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is None:
            return
        at = event.globalPosition().toPoint()
        far = (at - self._pressed_at).manhattanLength() >= QApplication.startDragDistance()
        if far and not self.dragging:
            self.dragging = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.setFocus(Qt.FocusReason.MouseFocusReason)  # so that Escape arrives here
        if self.dragging:
            self.dragged.emit(at)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if self.dragging:
            self._let_go(event.globalPosition().toPoint())
        else:
            self._pressed_at = None
            self._toggle()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.dragging:
            self._let_go(None)
        else:
            super().keyPressEvent(event)

    def _let_go(self, at: QPoint | None) -> None:
        self._pressed_at, self.dragging = None, False
        self.unsetCursor()
        self.dropped.emit(at)

    def _in_head(self, at: QPoint) -> bool:
        beside_buttons = not isinstance(self.childAt(at), QAbstractButton)
        return beside_buttons and (not self.is_open() or at.y() < self.body.y())
