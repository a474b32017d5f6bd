"""The editor of the view pipeline: preset, size and strength, and for each branch its operations in order."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QPushButton, QScrollArea, QVBoxLayout, QWidget

from workbench.gui.bridge import Bridge
from workbench.gui.pages.views.pipeline.branch import BranchSection
from workbench.gui.pages.views.pipeline.card import OperationCard
from workbench.gui.pages.views.pipeline.costs import Costs
from workbench.gui.pages.views.pipeline.edits import PipelineEdits, Place, like_choices
from workbench.gui.pages.views.pipeline.head import PipelineHead, PresetState
from workbench.gui.pages.views.pipeline.marks import InsertionMark
from workbench.gui.pages.views.pipeline.picker import OperationPicker
from workbench.gui.pages.views.words import branches_of, ops_of, preset_of, scaled_words, views_of
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import push_button
from workbench.plugins.catalogue import Entry
from workbench.plugins.specs import OperationSpec

WIDTH = 496
_EDGE_PX, _SCROLL_PX, _SCROLL_MS = 28, 12, 30


class PipelineEditor(QScrollArea):
    """Shows the recipe's views and changes them through the application's editor.

    Attributes
    ----------
    cards : by (branch number, position)
    edits : the changes that can be made to the pipeline
    picker : opens the gallery of operations; the page tells it whether there are data to draw
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge, self.app = bridge, bridge.app
        self.edits = PipelineEdits(self.app.editor)
        self._structure: list[Any] | None = None
        self._open: tuple[Place, str] | None = None
        self._last_p: dict[Place, float] = {}
        self._costs = Costs()
        self.cards: dict[Place, OperationCard] = {}
        self.sections: list[BranchSection] = []
        self.picker = OperationPicker(bridge, self)
        self.picker.chosen.connect(self._add_chosen)
        self.setFixedWidth(WIDTH)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inside = QWidget()
        self.mark = InsertionMark(self._inside)
        self._dragged_to = QPoint()
        self._scrolling = QTimer(self, interval=_SCROLL_MS)
        self._scrolling.timeout.connect(lambda: self._drag(self._dragged_to))
        self._build_head()
        self._lay_out()

    def _build_head(self) -> None:
        self.head = PipelineHead()
        self.preset = self.head.preset
        self.head.chosen.connect(self._use_preset)
        self.head.removed.connect(self._remove_preset)
        self.head.acted.connect(self._bridge.run)
        self.head.resized.connect(lambda size: self.app.editor.set("views.size", size, "change the view size"))
        self.head.strengthened.connect(lambda to: self.app.editor.set("views.strength", to, "change the strength"))
        self.add_branch = push_button("Add branch", "quiet", "plus", "A further way of making views, at first like A")
        self.add_branch.clicked.connect(self.edits.add_branch)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self._inside)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_M, SPACE_L)
        column.setSpacing(SPACE_S)
        self._branches = QVBoxLayout()
        self._branches.setSpacing(SPACE_M)
        column.addWidget(self.head)
        column.addLayout(self._branches)
        column.addWidget(self.add_branch, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self.setWidget(self._inside)

    # -- showing ---------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the views as they stand; cards are made anew only when operations came, went or moved."""
        branches = branches_of(self.app.editor)
        structure = [[str(op.get("id", "")) for op in branch.get("ops", ())] for branch in branches]
        if structure != self._structure:
            self._structure = structure
            self._rebuild(structure)
        self._show_head(branches)
        self._show_branches(branches)
        self._show_cards(branches)
        self._show_costs(branches)

    def fields(self) -> list[str]:
        """The recipe's keys that a field shows, with its problem under it."""
        names = ("name", "count", "size", "like")
        return [
            "views.size",
            "views.strength",
            *(f"views.branches.{number}.{name}" for number in range(len(self.sections)) for name in names),
            *(f"views.branches.{number}.ops.{position}" for number, position in self.cards),
        ]

    def set_costs(self, costs: Costs) -> None:
        """Show what each operation costs; an operation that was not measured shows nothing."""
        self._costs = costs
        self._show_costs(branches_of(self.app.editor))

    def _show_costs(self, branches: list[dict[str, Any]]) -> None:
        """Costs stay with their operations when others come or go; they are then of an earlier pipeline."""
        placed, whole = self._costs.placed(branches), self._costs.whole
        stale = bool(placed) and views_of(self.app.editor) != self._costs.views
        for place, card in self.cards.items():
            cost = placed.get(place)
            card.cost.set_cost(cost, cost / whole if cost is not None and whole > 0 else 0.0, stale)

    def _show_head(self, branches: list[dict[str, Any]]) -> None:
        editor = self.app.editor
        problems = editor.problems_under("views")
        saved = self.app.view_presets.listed()
        name, changed = preset_of(editor, saved)
        notes = self.app.catalogue.view_preset_notes
        shipped = {preset: notes.get(preset, "") for preset in self.app.catalogue.view_presets}
        self.head.show_presets(PresetState(shipped, saved, name, changed))
        self.head.show_size(editor.value("views.size") or 0, problems.get("size", ""))
        ops = [op for branch in branches for op in ops_of(branches, branch)]
        self.head.strength.show_strength(self._strength(), scaled_words(ops, editor), problems.get("strength", ""))

    def _show_branches(self, branches: list[dict[str, Any]]) -> None:
        for number, (section, branch) in enumerate(zip(self.sections, branches, strict=True)):
            problems = self.app.editor.problems_under(f"views.branches.{number}")
            section.header.show_branch(branch, like_choices(branches, number), problems)
            like = branch.get("like", "")
            section.say(f"The operations of {like}, with random numbers of its own." if like else "")
            section.add.setVisible(not like)

    def _show_cards(self, branches: list[dict[str, Any]]) -> None:
        for place, card in self.cards.items():
            problems = self.app.editor.problems_under(f"views.branches.{place[0]}.ops.{place[1]}")
            card.show_op(branches[place[0]]["ops"][place[1]], problems, self._strength())

    def _strength(self) -> float:
        stated = self.app.editor.value("views.strength")
        return float(stated) if isinstance(stated, int | float) else 1.0

    def _rebuild(self, structure: list[list[str]]) -> None:
        _empty(self._branches)
        self._end_drag()
        self.cards, self.sections = {}, []
        for number, ids in enumerate(structure):
            section = self._make_section(number, several=len(structure) > 1)
            for position, id_ in enumerate(ids):
                section.append(self._make_card((number, position), id_, position == len(ids) - 1))
            self.sections.append(section)
            self._branches.addWidget(section)

    def _make_section(self, number: int, several: bool) -> BranchSection:
        section = BranchSection(number, several)
        header = section.header
        header.edited.connect(lambda change: self._edit_branch(number, change))
        header.likened.connect(lambda like: self.edits.make_like(number, like))
        header.duplicated.connect(lambda _none: self.edits.duplicate_branch(number))
        header.removed.connect(lambda _none: self.edits.remove_branch(number))
        section.add.clicked.connect(lambda: self.picker.open(number))
        return section

    def _make_card(self, place: Place, id_: str, last: bool) -> OperationCard:
        card = OperationCard(self._entry(id_), place[1] == 0, last)
        card.edited.connect(lambda change: self._edit(place, change))
        card.switched.connect(lambda on: self._switch(place, on))
        card.moved.connect(lambda step: self._step(place, step))
        card.duplicated.connect(lambda _none: self._unfold(self.edits.duplicate(place)))
        card.removed.connect(lambda _none: self._remove(place))
        card.folded.connect(lambda is_open: self._fold(place, is_open))
        card.dragged.connect(self._drag)
        card.dropped.connect(lambda at: self._drop(place, at))
        card.set_open(self._open == (place, id_))
        self.cards[place] = card
        return card

    def _entry(self, id_: str) -> Entry[OperationSpec]:
        """The operation; one that the catalogue lacks gets a card all the same, so that it can be removed."""
        if self.app.catalogue.has("operation", id_):
            return self.app.catalogue.get("operation", id_)
        spec = OperationSpec(id=id_, title=id_ or "no operation", kind="filter", summary="Not in the catalogue.")
        return Entry[OperationSpec](spec=spec, schema_={})

    # -- folding ---------------------------------------------------------------------------------------------------

    def _fold(self, place: Place, is_open: bool) -> None:
        self._open = (place, self.cards[place].entry.id) if is_open else None
        for other, card in self.cards.items():
            if other != place and is_open:
                card.set_open(False)

    def _unfold(self, place: Place) -> OperationCard:
        """Show a card that was just made or moved, open, in sight and with the focus."""
        self._open = (place, str(branches_of(self.app.editor)[place[0]]["ops"][place[1]].get("id", "")))
        self._structure = None
        self.refresh()
        card = self.cards[place]
        card.fold.setFocus()
        self._inside.adjustSize()
        self.ensureWidgetVisible(card, 0, SPACE_M)
        return card

    # -- changing --------------------------------------------------------------------------------------------------

    def add(self, number: int, entry: Entry[OperationSpec]) -> None:
        """Put an operation at the end of a branch, before its normalisation."""
        self._unfold(self.edits.add(number, entry))

    def _add_chosen(self, wanted: tuple[int, str]) -> None:
        self.add(wanted[0], self.app.catalogue.get("operation", wanted[1]))

    def _use_preset(self, wanted: tuple[str, str]) -> None:
        kind, name = wanted
        self._open = None
        if kind == "shipped":
            self.app.editor.use_views_preset(name)
            return
        views = next((one.views for one in self.app.view_presets.listed() if one.name == name), None)
        if views is not None:
            self.app.editor.use_views(views, f"use the {name} views")

    def _remove_preset(self, name: str) -> None:
        self.app.view_presets.remove(name)
        self.refresh()

    def _edit_branch(self, number: int, change: tuple[str, Any]) -> None:
        field, value = change
        if field == "name":
            self.edits.rename(number, str(value))
        else:
            words = "change the number of views" if field == "count" else "change the size of a branch"
            self.edits.set_branch(number, field, value, words)

    def _edit(self, place: Place, change: tuple[str, Any]) -> None:
        name, value = change
        entry = self.cards[place].entry
        title = entry.schema_["properties"][name].get("title", name)
        self.edits.set_field(place, name, value, f"change {title} of {entry.title}")

    def _switch(self, place: Place, on: bool) -> None:
        card = self.cards[place]
        if not on:
            stated = branches_of(self.app.editor)[place[0]]["ops"][place[1]].get("p")
            self._last_p[place] = float(stated) if isinstance(stated, int | float) else 0.0
        usual = float(card.entry.defaults().get("p") or 1.0)
        value = (self._last_p.get(place) or usual) if on else 0.0
        self.edits.set_field(place, "p", value, f"switch {card.entry.title} {'on' if on else 'off'}")

    def _remove(self, place: Place) -> None:
        self._open = None
        self._last_p.clear()
        self.edits.remove(place)
        self.refresh()
        left = [self.cards[other] for other in self.cards if other[0] == place[0]]
        target: QPushButton | Any = left[min(place[1], len(left) - 1)].fold if left else self.sections[place[0]].add
        target.setFocus()

    # -- moving ----------------------------------------------------------------------------------------------------

    def _step(self, place: Place, step: int) -> None:
        number, position = place
        moved = self._relocate(place, (number, position + (step if step < 0 else 2)))
        button = moved.up if step < 0 else moved.down
        (button if button.isEnabled() else moved.fold).setFocus()

    def _relocate(self, place: Place, target: Place) -> OperationCard:
        was_open = self.cards[place].is_open()
        self._last_p.clear()
        landed = self.edits.move(place, target)
        card = self._unfold(landed)
        if not was_open:
            card.set_open(False)
            self._open = None
        return card

    def _drag(self, at: QPoint) -> None:
        target = self._place_at(at)
        section = self.sections[target[0]]
        top = section.mapTo(self._inside, QPoint(0, section.gap(target[1])))
        self.mark.show_at(top.x(), top.y(), section.width())
        self._dragged_to = at
        self._scroll_along(self.viewport().mapFromGlobal(at).y())

    def _drop(self, place: Place, at: QPoint | None) -> None:
        self._end_drag()
        if at is None:
            return
        target = self._place_at(at)
        if target not in (place, (place[0], place[1] + 1)):
            self._relocate(place, target)

    def _place_at(self, at: QPoint) -> Place:
        """Where a card let go at this global point lands, among the branches that have their own operations."""
        branches = branches_of(self.app.editor)
        own = [number for number, branch in enumerate(branches) if branch.get("ops") or not branch.get("like")]
        y = self._inside.mapFromGlobal(at).y()
        tops = {number: self.sections[number].mapTo(self._inside, QPoint(0, 0)).y() for number in own}
        number = max((n for n in own if tops[n] <= y), default=own[0])
        return number, self.sections[number].position_at(y - tops[number])

    def _scroll_along(self, y: int) -> None:
        """Scroll while a card is dragged near the upper or the lower edge."""
        above, below = y < _EDGE_PX, y > self.viewport().height() - _EDGE_PX
        if not above and not below:
            self._scrolling.stop()
            return
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + (_SCROLL_PX if below else -_SCROLL_PX))
        self._scrolling.start()

    def _end_drag(self) -> None:
        self.mark.hide()
        self._scrolling.stop()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._end_drag()


def _empty(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
