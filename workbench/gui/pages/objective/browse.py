"""A list of contributions beside everything about the one that is looked at; looking changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.app.application import App
from workbench.gui.pages.objective.columns import CardColumns, Placement
from workbench.gui.pages.objective.forms import SectionForm
from workbench.gui.pages.objective.list import ChoiceItem, ChoiceList
from workbench.gui.theme.tokens import SPACE_L, SPACE_M
from workbench.gui.widgets.notice import Notice
from workbench.plugins.catalogue import Entry

LIST_PX = 244


class BrowsePanel(QWidget):
    """The section of one kind of contribution; subclasses make the cards and fill them in `show_entry`.

    Parameters
    ----------
    kind : "objective" or "backbone", also the recipe's section
    items : what the list shows
    cards, placements : see `CardColumns`

    Attributes
    ----------
    settings : the form of the recipe's choice; subclasses make it
    """

    settings: SectionForm

    def __init__(
        self,
        app: App,
        kind: str,
        items: Sequence[ChoiceItem],
        cards: Sequence[QWidget],
        placements: Mapping[int, Placement],
    ) -> None:
        super().__init__()
        self.app, self.kind = app, kind
        self.in_recipe = ""
        self.list = ChoiceList(f"Search {kind}s", items)
        self.list.setFixedWidth(LIST_PX)
        self.list.setContentsMargins(0, 0, 0, SPACE_L)
        self.list.looked_at.connect(lambda _id: self._show())
        self.list.used.connect(self._use)
        self.notice = Notice(closable=False)
        self.notice.acted.connect(lambda _none: self._use(self.list.current()))
        self.cards = CardColumns(cards, placements)
        column = QVBoxLayout()
        column.setSpacing(SPACE_M)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, SPACE_M, 0)
        head.addWidget(self.notice)
        column.addLayout(head)
        column.addWidget(self.cards, 1)
        line = QHBoxLayout(self)
        line.setContentsMargins(SPACE_L, SPACE_M, 0, 0)
        line.setSpacing(SPACE_M)
        line.addWidget(self.list)
        line.addLayout(column, 1)

    def show_entry(self, entry: Entry[Any], in_use: bool) -> None:
        """Fill the cards."""
        raise NotImplementedError

    def show_field(self, key: str) -> None:
        """Look at the recipe's choice and put the keyboard on a setting of it; on the list where it has no field."""
        self.list.look_at(self.in_recipe)
        self._show()
        name = key.removeprefix(f"{self.kind}.")
        if name in self.settings.form.values():
            self.settings.form.focus_field(name)
        else:
            self.list.setFocus()

    def refresh(self) -> None:
        """Show the recipe's choice as it now is."""
        id_ = str(self.app.editor.value(f"{self.kind}.id") or "")
        if id_ != self.in_recipe:
            self.in_recipe = id_
            self.list.set_used(id_)
            self.list.look_at(id_)
        self._show()

    def _show(self) -> None:
        looked_at = self.list.current()
        known = self.app.catalogue.has(self.kind, looked_at)
        self.cards.setVisible(known)
        self._show_notice(looked_at)
        if known:
            self.show_entry(self.app.catalogue.get(self.kind, looked_at), looked_at == self.in_recipe)

    def _show_notice(self, looked_at: str) -> None:
        problem = self.app.editor.problems_under(self.kind).get("id", "")
        if looked_at and looked_at != self.in_recipe:
            title = self._title(looked_at)
            hint = f"It is shown with its default settings. The recipe uses {self._title(self.in_recipe)}."
            self.notice.show_message(f"{title} is not in the recipe.", hint, "info", f"Use {title}")
        elif problem:
            self.notice.show_message(problem, "Choose one in the list.", "danger")
        else:
            self.notice.hide()

    def _title(self, id_: str) -> str:
        known = self.app.catalogue.has(self.kind, id_)
        return self.app.catalogue.get(self.kind, id_).title if known else id_ or "none"

    def _use(self, id_: object) -> None:
        if id_ and id_ != self.in_recipe:
            self.app.editor.choose(self.kind, str(id_))
