"""One branch of the pipeline: its name, views and size over the cards of its operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from workbench.gui.forms.editors import QuietComboBox
from workbench.gui.forms.number_box import NumberBox
from workbench.gui.forms.schema import read_field
from workbench.gui.pages.views.pipeline.card import OperationCard
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import icon_button, label, push_button
from workbench.recipes.models import Branch

OWN = "its own"
_PROPERTIES = Branch.model_json_schema()["properties"]
_NAME_WIDTH, _COUNT_WIDTH, _SIZE_WIDTH = 72, 64, 112


class BranchHeader(QFrame):
    """The settings of a branch in one line, and in a second one, where there are others, whose operations it uses.

    Signals
    -------
    edited((name, value)) : name, count or size was changed
    likened(name) : the operations of this branch are wanted; "" for own ones
    duplicated(None), removed(None) : the branch is wanted twice, or not any more
    """

    edited = Signal(object)
    likened = Signal(object)
    duplicated = Signal(object)
    removed = Signal(object)

    def __init__(self, several: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._shown_name = ""
        self.name = QLineEdit()
        self.name.setFixedWidth(_NAME_WIDTH)
        self.name.editingFinished.connect(self._named)
        self.count = _number_box("count", _COUNT_WIDTH)
        self.size_box = _number_box("size", _SIZE_WIDTH, "pipeline's")
        self.count.committed.connect(lambda value: self.edited.emit(("count", value)))
        self.size_box.committed.connect(lambda value: self.edited.emit(("size", value or 0)))
        self.like = QuietComboBox()
        self.like.activated.connect(lambda index: self.likened.emit(self.like.itemData(index)))
        self.problem = label("", "danger", wrap=True)
        self.menu = self._make_menu(several)
        self._describe()
        self._lay_out(several)

    def _make_menu(self, several: bool) -> QToolButton:
        button = icon_button("more", "More about this branch")
        menu = QMenu(button)
        self.duplicate_action = menu.addAction("Duplicate branch", lambda: self.duplicated.emit(None))
        self.remove_action = menu.addAction("Remove branch", lambda: self.removed.emit(None))
        self.remove_action.setEnabled(several)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def _describe(self) -> None:
        parts = ((self.name, "name"), (self.count, "count"), (self.size_box, "size"), (self.like, "like"))
        for part, field in parts:
            part.setToolTip(_PROPERTIES[field]["description"])
            part.setAccessibleName(f"{_PROPERTIES[field]['title']} of the branch")

    def _lay_out(self, several: bool) -> None:
        first = QHBoxLayout()
        first.setSpacing(SPACE_S)
        for words, field in (("Branch", self.name), ("Views", self.count), ("Size", self.size_box)):
            caption = label(words)
            caption.setBuddy(field)
            first.addWidget(caption)
            first.addWidget(field)
        first.addStretch(1)
        first.addWidget(self.menu)
        second = QHBoxLayout()
        second.setSpacing(SPACE_S)
        self.like_label = label("Operations")
        self.like_label.setBuddy(self.like)
        second.addWidget(self.like_label)
        second.addWidget(self.like)
        second.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_S, SPACE_S, SPACE_S)
        column.setSpacing(SPACE_S)
        column.addLayout(first)
        column.addLayout(second)
        column.addWidget(self.problem)
        self.like_label.setVisible(several)
        self.like.setVisible(several)

    def show_branch(self, branch: Mapping[str, Any], models: Sequence[str], problems: Mapping[str, str]) -> None:
        """Show a branch; `models` are the branches that it could be like, `problems` the messages by field."""
        self._shown_name = str(branch.get("name", "A"))
        if self.name.text() != self._shown_name:
            self.name.setText(self._shown_name)
        self.menu.setAccessibleName(f"More about branch {self._shown_name}")
        self.count.set_value(branch.get("count", 1))
        self.size_box.set_value(branch.get("size") or None)
        self._show_like(str(branch.get("like", "")), models)
        fields = {"name": self.name, "count": self.count, "size": self.size_box, "like": self.like}
        for field, part in fields.items():
            _mark(part, field in problems)
        message = next((words for field, words in problems.items() if field in fields), "")
        self.problem.setText(message)
        self.problem.setVisible(bool(message))

    def _show_like(self, like: str, models: Sequence[str]) -> None:
        self.like.clear()
        self.like.addItem(OWN, "")
        for name in dict.fromkeys([*models, *([like] if like else [])]):
            self.like.addItem(f"the same as {name}", name)
        self.like.setCurrentIndex(self.like.findData(like))
        self.like.setEnabled(self.like.count() > 1)

    def _named(self) -> None:
        name = self.name.text().strip()
        if name and name != self._shown_name:
            self.edited.emit(("name", name))
        else:
            self.name.setText(self._shown_name)


class BranchSection(QWidget):
    """The header of a branch, its cards in order, and the way to add another."""

    def __init__(self, number: int, several: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.header = BranchHeader(several)
        self.cards: list[OperationCard] = []
        self.remark = label("", "caption", wrap=True)
        self.remark.setContentsMargins(SPACE_M, 0, SPACE_M, 0)
        self.add = push_button("Add operation", "", "plus", "Choose from a gallery of what each operation does")
        self.add.setObjectName(f"add-operation-{number}")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.header)
        self._column.addWidget(self.remark)
        self._column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        self.say("")

    def append(self, card: OperationCard) -> None:
        """Put a card behind the others."""
        self.cards.append(card)
        self._column.insertWidget(self._column.indexOf(self.remark), card)

    def say(self, words: str) -> None:
        """Say why there are no cards; "" says nothing."""
        self.remark.setText(words)
        self.remark.setVisible(bool(words))

    def gap(self, position: int) -> int:
        """The height, in the section's own px, of the gap before the card at a position; after the last one too."""
        places = [card.geometry() for card in self.cards]
        if not places:
            return int(self.header.geometry().bottom()) + 3
        return places[position].top() - 3 if position < len(places) else places[-1].bottom() + 4

    def position_at(self, y: int) -> int:
        """Before which card something let go at this height lands."""
        middles = [_middle(card.geometry()) for card in self.cards]
        return sum(y > middle for middle in middles)


def _middle(place: QRect) -> int:
    return int(place.top() + place.height() // 2)


def _number_box(field: str, width: int, empty: str = "") -> NumberBox:
    """A box for a field of the branch; `empty` names the value 0, for which the box then stands empty."""
    box = NumberBox(replace(read_field(field, _PROPERTIES[field], {}), nullable=bool(empty)))
    box.setPlaceholderText(empty)
    box.setFixedWidth(width)
    return box


def _mark(part: QWidget, wrong: bool) -> None:
    if bool(part.property("problem")) != wrong:
        part.setProperty("problem", wrong)
        part.style().unpolish(part)
        part.style().polish(part)
