"""The editor of the view pipeline: preset, size, and for each branch its operations in order."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QScrollArea, QVBoxLayout, QWidget

from workbench.app.application import App
from workbench.gui.forms import SchemaForm
from workbench.gui.forms.editors import QuietComboBox
from workbench.gui.pages.views.pipeline.card import OperationCard
from workbench.gui.pages.views.words import branches_of, preset_of
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import label, push_button
from workbench.recipes.models import Branch, Views

WIDTH = 496
Place = tuple[int, int]


class PipelineEditor(QScrollArea):
    """Shows the recipe's views and changes them through the application's editor."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._structure: list[Any] | None = None
        self._folded: dict[Place, str] = {}
        self._last_p: dict[Place, float] = {}
        self.cards: dict[Place, OperationCard] = {}
        self.counts: list[SchemaForm] = []
        self.setFixedWidth(WIDTH)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inside = QWidget()
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(SPACE_L, SPACE_M, SPACE_M, SPACE_L)
        self._column.setSpacing(SPACE_S)
        self._build_head()
        self._branches = QVBoxLayout()
        self._branches.setSpacing(SPACE_S)
        self._column.addLayout(self._branches)
        self._column.addStretch(1)
        self.setWidget(self._inside)

    def _build_head(self) -> None:
        self.preset = QuietComboBox()
        self.preset.setAccessibleName("Preset")
        self.preset.setToolTip("Replaces all operations by those of the preset")
        self.preset.activated.connect(self._use_preset)
        self.size_form = SchemaForm()
        self.size_form.set_schema({"properties": {"size": Views.model_json_schema()["properties"]["size"]}})
        self.size_form.edited.connect(self._resize)
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        caption = label("Preset")
        caption.setFixedWidth(124)
        line.addWidget(caption)
        line.addWidget(self.preset, 1)
        frame = QFrame()
        frame.setProperty("card", True)
        body = QVBoxLayout(frame)
        body.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
        body.setSpacing(SPACE_S)
        body.addLayout(line)
        body.addWidget(self.size_form)
        self._column.addWidget(frame)

    # -- showing ---------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the views as they stand; cards are made anew only when operations came, went or moved."""
        editor = self._app.editor
        branches = branches_of(editor)
        self._show_preset()
        self.size_form.set_values({"size": editor.value("views.size") or 0})
        self.size_form.set_problems({"size": editor.problems_under("views").get("size", "")})
        structure = [[str(op.get("id", "")) for op in branch.get("ops", ())] for branch in branches]
        if structure != self._structure:
            self._structure = structure
            self._rebuild(branches)
        for number, branch in enumerate(branches):
            self.counts[number].set_values({"count": branch.get("count", 1)})
            self.counts[number].set_problems(editor.problems_under(f"views.branches.{number}"))
        for (number, position), card in self.cards.items():
            key = f"views.branches.{number}.ops.{position}"
            card.show_op(branches[number]["ops"][position], editor.problems_under(key))

    def fields(self) -> list[str]:
        """The recipe's keys that a field shows, with its problem under it."""
        return [
            "views.size",
            *(f"views.branches.{number}.count" for number in range(len(self.counts))),
            *(
                f"views.branches.{number}.ops.{position}.{name}"
                for (number, position), card in self.cards.items()
                for name in card.form.values()
            ),
        ]

    def _show_preset(self) -> None:
        name, changed = preset_of(self._app.editor)
        self.preset.clear()
        self.preset.addItems(list(self._app.catalogue.view_presets))
        if changed or not name:
            self.preset.insertItem(0, f"{name}, changed" if changed else "your own")
            self.preset.setCurrentIndex(0)
        else:
            self.preset.setCurrentText(name)

    def _rebuild(self, branches: list[dict[str, Any]]) -> None:
        _empty(self._branches)
        self.cards, self.counts = {}, []
        for number, branch in enumerate(branches):
            self._add_branch(number, branch, several=len(branches) > 1)

    def _add_branch(self, number: int, branch: Mapping[str, Any], several: bool) -> None:
        ops = branch.get("ops", ())
        form = SchemaForm()
        form.set_schema({"properties": {"count": _count_schema(branch, several)}})
        form.edited.connect(lambda change: self._set(f"{number}.count", change[1], "change the number of views"))
        self.counts.append(form)
        frame = QFrame()
        frame.setProperty("card", True)
        body = QVBoxLayout(frame)
        body.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
        body.addWidget(form)
        self._branches.addWidget(frame)
        for position, op in enumerate(ops):
            self._add_card(number, position, op, len(ops))
        self._branches.addWidget(self._add_button(number), 0, Qt.AlignmentFlag.AlignLeft)

    def _add_card(self, number: int, position: int, op: Mapping[str, Any], count: int) -> None:
        id_ = str(op.get("id", ""))
        if not self._app.catalogue.has("operation", id_):
            self._branches.addWidget(label(f"There is no operation {id_!r}.", "danger", wrap=True))
            return
        place = (number, position)
        card = OperationCard(self._app.catalogue.get("operation", id_), position == 0, position == count - 1)
        card.edited.connect(lambda change: self._edit(place, change))
        card.switched.connect(lambda on: self._switch(place, on))
        card.moved.connect(lambda step: self._move(place, step))
        card.removed.connect(lambda _none: self._remove(place))
        card.folded.connect(lambda is_open: self._fold(place, id_, is_open))
        card.set_open(self._folded.get(place) != id_)
        self.cards[place] = card
        self._branches.addWidget(card)

    def _add_button(self, number: int) -> QWidget:
        button = push_button("Add an operation", "", "plus")
        menu = QMenu(button)
        menu.setToolTipsVisible(True)
        for entry in self._app.catalogue.operations:
            action = menu.addAction(entry.title)
            action.setToolTip(entry.spec.summary)
            action.triggered.connect(lambda _on=False, entry=entry: self.add(number, entry))
        button.setMenu(menu)
        button.setObjectName(f"add-operation-{number}")
        return button

    # -- changing --------------------------------------------------------------------------------------------------

    def _resize(self, change: tuple[str, Any]) -> None:
        self._app.editor.set("views.size", change[1], "change the view size")

    def _use_preset(self, index: int) -> None:
        name = self.preset.itemText(index)
        if name in self._app.catalogue.view_presets:
            self._app.editor.use_views_preset(name)

    def _set(self, key: str, value: Any, words: str) -> None:
        editor = self._app.editor
        if not isinstance(editor.value("views.branches"), list):
            editor.set("views.branches", branches_of(editor), words)
        editor.set(f"views.branches.{key}", value, words)

    def _edit(self, place: Place, change: tuple[str, Any]) -> None:
        name, value = change
        entry = self.cards[place].entry
        title = entry.schema_["properties"][name].get("title", name)
        self._set(f"{place[0]}.ops.{place[1]}.{name}", value, f"change {title} of {entry.title}")

    def _switch(self, place: Place, on: bool) -> None:
        card = self.cards[place]
        present = float(card.form.values().get("p") or 0.0)
        if not on:
            self._last_p[place] = present
        usual = float(card.entry.defaults().get("p") or 1.0)
        value = (self._last_p.get(place) or usual) if on else 0.0
        self._set(f"{place[0]}.ops.{place[1]}.p", value, f"switch {card.entry.title} {'on' if on else 'off'}")

    def add(self, number: int, entry: Any) -> None:
        """Put an operation at the end of a branch, before its normalisation."""
        ops = self._ops(number)
        last = ops[-1].get("id") if ops else None
        kinds = {other.id: other.spec.kind for other in self._app.catalogue.operations}
        # Normalisation ends a pipeline: what comes after it would see values that are no colours.
        before_end = kinds.get(str(last)) == "normalise" and entry.spec.kind != "normalise"
        ops.insert(len(ops) - 1 if before_end else len(ops), {"id": entry.id, **entry.defaults()})
        self._set(f"{number}.ops", ops, f"add {entry.title}")

    def _remove(self, place: Place) -> None:
        ops = self._ops(place[0])
        title = self.cards[place].entry.title
        del ops[place[1]]
        self._set(f"{place[0]}.ops", ops, f"remove {title}")

    def _move(self, place: Place, step: int) -> None:
        number, position = place
        ops = self._ops(number)
        ops.insert(position + step, ops.pop(position))
        self._swap(self._folded, place, (number, position + step))
        self._swap(self._last_p, place, (number, position + step))
        self._set(f"{number}.ops", ops, f"move {self.cards[place].entry.title}")
        self.refresh()
        moved = self.cards[number, position + step]
        button = moved.up if step < 0 else moved.down
        (button if button.isEnabled() else moved.fold).setFocus()

    def _ops(self, number: int) -> list[dict[str, Any]]:
        return copy.deepcopy(list(branches_of(self._app.editor)[number].get("ops", ())))

    def _fold(self, place: Place, id_: str, is_open: bool) -> None:
        if is_open:
            self._folded.pop(place, None)
        else:
            self._folded[place] = id_

    @staticmethod
    def _swap(kept: dict[Place, Any], one: Place, other: Place) -> None:
        first, second = kept.pop(one, None), kept.pop(other, None)
        kept.update({place: value for place, value in ((other, first), (one, second)) if value is not None})


def _count_schema(branch: Mapping[str, Any], several: bool) -> dict[str, Any]:
    title = f"Views of {branch.get('name', '')}" if several else "Views of a sample"
    return {**Branch.model_json_schema()["properties"]["count"], "title": title}


def _empty(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
