"""The top of the pipeline's editor: where the views come from, their size, and the strength of all distortions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from workbench.app.view_presets import SavedViews
from workbench.gui.forms import SchemaForm
from workbench.gui.forms.editors import QuietComboBox
from workbench.gui.forms.form import LABEL_WIDTH
from workbench.gui.pages.views.pipeline.strength import StrengthDial
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, icon_button, label
from workbench.recipes.models import Views

YOURS = "Yours"
_COMMANDS = (
    ("views.save-preset", "Save as preset…"),
    ("views.load", "Load from file…"),
    ("views.copy-toml", "Copy as TOML"),
    ("views.copy-python", "Copy as Python"),
)


@dataclass(frozen=True)
class PresetState:
    """What the list of presets shows.

    shipped : names, each with its description; saved : the user's own, the broken ones with their error
    name, changed : which one the views came from ("" for none), and whether they were changed since
    """

    shipped: Mapping[str, str]
    saved: Sequence[SavedViews]
    name: str
    changed: bool


class PipelineHead(QFrame):
    """Preset, size and strength.

    Signals
    -------
    chosen((kind, name)) : a preset is wanted; kind "shipped" or "saved"
    removed(name) : a preset of the user's is not wanted any more
    acted(id) : a command of the menu
    resized(size) : another size of a view, px
    strengthened(strength) : another strength
    """

    chosen = Signal(object)
    removed = Signal(object)
    acted = Signal(object)
    resized = Signal(object)
    strengthened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._state: PresetState | None = None
        self.preset = QuietComboBox()
        self.preset.setAccessibleName("Preset")
        self.preset.setToolTip("Replaces all operations by those of the preset")
        self.preset.activated.connect(self._choose)
        self.note = ElidedLabel("", "caption")
        self.menu = self._make_menu()
        self.size_form = SchemaForm()
        self.size_form.set_schema({"properties": {"size": Views.model_json_schema()["properties"]["size"]}})
        self.size_form.edited.connect(lambda change: self.resized.emit(change[1]))
        self.strength = StrengthDial()
        self.strength.edited.connect(self.strengthened)
        self._list_removable(())
        self._lay_out()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        caption = label("Preset")
        caption.setFixedWidth(LABEL_WIDTH)
        caption.setBuddy(self.preset)
        line.addWidget(caption)
        line.addWidget(self.preset, 1)
        line.addWidget(self.menu)
        under = QHBoxLayout()
        under.setContentsMargins(LABEL_WIDTH + SPACE_S, 0, 0, 0)
        under.addWidget(self.note)
        body = QVBoxLayout(self)
        body.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
        body.setSpacing(SPACE_S // 2)
        body.addLayout(line)
        body.addLayout(under)
        body.addWidget(self.size_form)
        body.addWidget(self.strength)

    def show_presets(self, state: PresetState) -> None:
        """Show the presets there are; an open list is left alone where nothing changed."""
        if state == self._state:
            return
        self._state = state
        self.preset.clear()
        if state.changed or not state.name:
            self.preset.addItem(f"{state.name}, changed" if state.changed else "your own")
        for name, note in state.shipped.items():
            self._add(name, ("shipped", name), note)
        if state.saved:
            self.preset.insertSeparator(self.preset.count())
            self._add(YOURS, None, "", enabled=False)
        for one in state.saved:
            self._add(one.name, ("saved", one.name), one.error, enabled=one.views is not None)
        current = 0 if state.changed or not state.name else self.preset.findText(state.name)
        self.preset.setCurrentIndex(current)
        self.note.set_full_text(state.shipped.get(state.name, ""))
        self.note.setVisible(bool(self.note.full_text()))
        self._list_removable(state.saved)

    def show_size(self, size: Any, problem: str) -> None:
        """Show the size of a view, px; 0 stands for the data set's."""
        self.size_form.set_values({"size": size})
        self.size_form.set_problems({"size": problem})

    def _add(self, text: str, data: object, tip: str, enabled: bool = True) -> None:
        broken = isinstance(data, tuple) and not enabled
        self.preset.addItem(f"{text} (cannot be read)" if broken else text, data)
        index = self.preset.count() - 1
        self.preset.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        model = self.preset.model()
        assert isinstance(model, QStandardItemModel)
        model.item(index).setEnabled(enabled)

    def _choose(self, index: int) -> None:
        wanted = self.preset.itemData(index)
        if wanted is not None:
            self.chosen.emit(tuple(wanted))

    def _make_menu(self) -> QToolButton:
        button = icon_button("more", "Save, load and copy the views")
        menu = QMenu(button)
        for id_, words in _COMMANDS:
            menu.addAction(words).triggered.connect(lambda _on=False, id_=id_: self.acted.emit(id_))
        self.removing = menu.addMenu("Remove preset")
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def _list_removable(self, saved: Sequence[SavedViews]) -> None:
        self.removing.clear()
        self.removing.menuAction().setVisible(bool(saved))
        for one in saved:
            action = self.removing.addAction(one.name)
            action.triggered.connect(lambda _on=False, name=one.name: self.removed.emit(name))
