"""The panel "Side by side": what stands beside the map, and how the two differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
)

from workbench.app.explorer.explorer import Changed
from workbench.app.topics import Topic
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.base import ExplorePanel
from workbench.gui.pages.explore.panels.compare.beside import Beside
from workbench.gui.pages.explore.panels.compare.changes import Changes
from workbench.gui.pages.explore.panels.compare.layouts_table import LayoutsTable
from workbench.gui.pages.explore.panels.compare.sides import Offer, Wish, offers, sets_title
from workbench.gui.pages.explore.places import news, places
from workbench.gui.pages.explore.sets import OpenedSet, is_embedding_set, layout_title
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import icon_button, label, push_button, set_kind

_NEXT_BEST = "best layout"


class ComparePanel(ExplorePanel):
    """Chooses what is beside the map, compares, and lists the layouts of the opened set."""

    id = "compare"
    title = "Side by side"
    tip = "A second map beside this one, and the points whose neighbours changed most"
    glyph = "compare"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._offers: list[Offer] = []
        self._loose: tuple[Path, ...] = ()
        self._listed: OpenedSet | None = None
        self._runs: tuple[object, ...] = ()
        self.beside = Beside(desk, lambda row: self.changes.kept_words(row), self)
        self.changes = Changes(desk, self._show_there)
        self.layouts = LayoutsTable(desk)
        self.where = QComboBox()
        self.layout_choice = QComboBox()
        self.open_button = icon_button("folder", "Open an embedding from disk to compare with")
        self.show_button = push_button("Show beside", "primary")
        self.views: list[QPushButton] = [push_button("Most changed", "quiet"), push_button("Layouts", "quiet")]
        self.stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self.show_set()

    def _lay_out(self) -> None:
        for combo, name in ((self.where, "Embedding on the right"), (self.layout_choice, "Layout on the right")):
            combo.setAccessibleName(name)
            combo.setToolTip(name)
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(8)
            combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        caption = label("On the right", "muted")
        caption.setBuddy(self.where)
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        group = QButtonGroup(self)
        for at, button in enumerate(self.views):
            button.setCheckable(True)
            group.addButton(button, at)
            line.addWidget(button)
        self.views[0].setChecked(True)
        group.idClicked.connect(self.stack.setCurrentIndex)
        line.addSpacing(SPACE_M)
        line.addWidget(caption)
        line.addWidget(self.where, 3)
        line.addWidget(self.open_button)
        line.addWidget(self.layout_choice, 1)
        line.addWidget(self.show_button)
        self.stack.addWidget(self.changes)
        self.stack.addWidget(self.layouts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE_S, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(line)
        column.addWidget(self.stack, 1)

    def _connect(self) -> None:
        self.where.activated.connect(self._choose_where)
        self.layout_choice.activated.connect(self._choose_layout)
        self.open_button.clicked.connect(self._ask_and_open)
        self.show_button.clicked.connect(self._show_or_close)
        self.layouts.left_wanted.connect(self._show_left)
        self.layouts.right_wanted.connect(lambda name: self.show_beside(None, name))
        self.beside.changed.connect(self._follow_side)
        self.desk.bridge.changed.connect(self._follow_topic)

    # -- the panel's contract --------------------------------------------------------------------------------------

    def show_set(self) -> None:
        self.changes.forget()
        self._list_offers()
        self._follow_side()

    def follow(self, changed: Changed) -> None:
        if "selection" in changed:
            self.changes.show_marks()

    def retheme(self) -> None:
        self.beside.second.retheme()

    def settled(self) -> bool:
        return self.beside.settled() and self.changes.settled() and self.layouts.settled()

    def show_beside(self, folder: Path | None, layout: str = "") -> None:
        """Put an embedding set (None: the opened one) beside the map in one of its layouts ("": what compares best)."""
        if folder is not None and all(offer.folder != folder for offer in self._offers):
            self._loose = (folder, *self._loose)
            self._list_offers()
        self.beside.show_side(Wish(folder, layout))
        self._show_choice()

    # -- what changed ----------------------------------------------------------------------------------------------

    def _follow_topic(self, topic: Topic) -> None:
        if topic is Topic.JOBS:
            self.changes.follow_job()
            self.layouts.follow_jobs()
        elif topic is Topic.RUNS and self.isVisible() and self._runs_key() != self._runs:
            self._list_offers()

    def _follow_side(self) -> None:
        opened, side = self.desk.opened, self.beside.side
        self.changes.set_side(side)
        right = side.opened.layout_name if side is not None and side.same_set else ""
        self.layouts.show_sides("" if opened is None else opened.layout_name, right)
        if opened is not self._listed:
            self._listed = opened
            self.layouts.reload()
        self._show_choice()

    def _runs_key(self) -> tuple[object, ...]:
        """Differs whenever a run may have something else to offer, and costs nothing to ask."""
        app = self.desk.app
        return (id(app.run_rows), *map(news, app.supervisor.handles.values()))

    def _list_offers(self) -> None:
        opened, loose = self.desk.opened, self._loose
        self._runs = self._runs_key()
        known = places(self.desk.app)
        if opened is None:
            self._take_offers([])
        else:
            self.desk.work(lambda: offers(opened.folder, known, loose), self._take_offers)

    def _take_offers(self, found: list[Offer]) -> None:
        self._offers = found
        self._show_choice()

    def _show_choice(self) -> None:
        """Let the combo boxes and the button say what is beside the map, or would be."""
        wish, side = self.beside.wish, self.beside.side
        titles = [offer.title for offer in self._offers]
        self._fill(self.where, titles)
        if wish is not None:
            at = next((at for at, offer in enumerate(self._offers) if offer.folder == wish.folder), -1)
            if at < 0 and wish.folder is not None:
                self.where.setToolTip(sets_title(wish.folder))
            self.where.setCurrentIndex(at)
        names = list(side.layouts) if wish is not None and side is not None else []
        self._fill(self.layout_choice, [layout_title(name) for name in names] or [_NEXT_BEST])
        if side is not None and side.opened.layout_name in names:
            self.layout_choice.setCurrentIndex(names.index(side.opened.layout_name))
        self.layout_choice.setEnabled(len(names) > 1)
        self.where.setEnabled(bool(titles))
        self.show_button.setText("Show beside" if wish is None else "Close right map")
        set_kind(self.show_button, "primary" if wish is None else "")
        self.show_button.setEnabled(wish is not None or bool(titles))

    @staticmethod
    def _fill(combo: QComboBox, texts: list[str]) -> None:
        """List these, keeping the list as it is where they are there already."""
        if [combo.itemText(at) for at in range(combo.count())] != texts:
            before = combo.currentIndex()
            combo.clear()
            combo.addItems(texts)
            combo.setCurrentIndex(before if 0 <= before < len(texts) else 0)

    # -- what the user does ----------------------------------------------------------------------------------------

    def _show_or_close(self) -> None:
        if self.beside.wish is not None:
            self.beside.close_side()
        else:
            self._choose_where(max(self.where.currentIndex(), 0))

    def _choose_where(self, at: int) -> None:
        if at < len(self._offers):
            self.show_beside(self._offers[at].folder)

    def _choose_layout(self, at: int) -> None:
        side, wish = self.beside.side, self.beside.wish
        if side is not None and wish is not None and at < len(side.layouts):
            self.show_beside(wish.folder, side.layouts[at])

    def _show_left(self, name: str) -> None:
        explorer = self.desk.explorer
        if explorer is not None:
            explorer.apply(f"show the layout {name}", layout=name)

    def _show_there(self, rows: NDArray[np.int64], fly: bool) -> None:
        """Bring samples of the opened set into view on the second map."""
        side, view = self.beside.side, self.beside.second.map
        partners = np.zeros(0, np.int64) if side is None else side.there(rows)
        if fly and len(partners):
            view.fly_to(partners)
        elif len(partners) == 1 and not view.shows(int(partners[0])):
            view.centre_on(int(partners[0]))

    def _ask_and_open(self) -> None:
        face = self.desk.bridge.face
        assert face is not None
        path = face.ask_folder("Open an embedding set to compare with")
        if path is None:
            return
        if not is_embedding_set(path):
            self.desk.app.fail(
                WorkbenchError(f"{path} is not an embedding set: it has no vectors.npy.", "Choose a set's own folder.")
            )
            return
        self.show_beside(path.resolve())
