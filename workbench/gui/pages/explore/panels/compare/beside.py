"""Keeps the second map beside the first: opens what is wished for, matches it, and keeps up with the opened set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from workbench.app.explorer.explorer import Changed
from workbench.app.jobs import Job
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.model import FIRST_PROJECTION
from workbench.gui.pages.explore.panels.compare.linking import Links
from workbench.gui.pages.explore.panels.compare.mirror import Mirror
from workbench.gui.pages.explore.panels.compare.second_map import SecondMap
from workbench.gui.pages.explore.panels.compare.sides import Side, Wish, load_side
from workbench.gui.pages.explore.sets import OpenedSet


class Beside(QWidget):
    """Owns the second map, also while it stands nowhere; never shown itself.

    Once it is shown it lives on when its panel is closed, so it goes by what the first map shows and not by what panels
    are told.

    Signals
    -------
    changed() : there is another side, or none, or another set or layout on the first map

    Parameters
    ----------
    more : a further line for a point's card, by its row in the opened set; "" for none

    Attributes
    ----------
    wish : what is to be seen; None while nothing is
    side : what is seen; None while it is on its way, or cannot be had
    """

    changed = Signal()

    def __init__(self, desk: Desk, more: Callable[[int], str], parent: QWidget) -> None:
        super().__init__(parent)
        self.hide()
        self._desk = desk
        self._more = more
        self.wish: Wish | None = None
        self.side: Side | None = None
        self._asked = 0
        self._asked_for: Path | None = None
        self._seen: OpenedSet | None = None
        self._job: Job | None = None
        self.second = SecondMap(self._more_there)
        self.second.setParent(self)
        self.mirror = Mirror(desk.map, self.second.map)
        self.links = Links(desk, self.second.map, self)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._keep_up)
        desk.map.redrawn.connect(self._keep_up_soon)
        desk.subscribe(self._follow)
        self.second.link_toggled.connect(self.links.set_linked)
        self.second.layout_wanted.connect(self._compute)
        self.second.closed.connect(self.close_side)

    def show_side(self, wish: Wish) -> None:
        """Put this beside the map."""
        self.wish = wish
        self._desk.show_beside(self.second)
        self._load()

    def close_side(self) -> None:
        """Leave the map alone."""
        self.wish = None
        self._asked += 1
        self._desk.show_beside(None)
        self.second.setParent(self)
        self._drop("")

    def settled(self) -> bool:
        """Whether nothing is being computed for the second map."""
        return self._job is None or not self._job.active

    # -- keeping up ------------------------------------------------------------------------------------------------

    def _keep_up_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _keep_up(self) -> None:
        """The first map shows something else: match again for another set, else copy what it looks like."""
        opened, explorer = self._desk.opened, self._desk.explorer
        if opened is not self._seen:
            self._seen = opened
            self.changed.emit()
        if self.wish is None:
            return
        if opened is None or explorer is None:
            if self._asked_for is not None:
                self._drop("Open an embedding on the left to compare it.")
        elif self._asked_for != opened.folder:
            self._load()
        elif self.side is not None:
            self.mirror.copy(self.side, explorer.state)
            self.second.hide_kinds(self._desk.app.settings.map_hides)
            self.links.look_at(explorer.focus)

    def _follow(self, changed: Changed) -> None:
        if changed & {"focus", "point_size", "layer"}:
            self._keep_up_soon()

    # -- loading ---------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        here, wish = self._desk.opened, self.wish
        if here is None or wish is None:
            return
        self._asked += 1
        mine, projection = self._asked, self._desk.app.settings.projection
        if self._asked_for != here.folder:
            self._drop("Opening the embedding…")
        self._asked_for = here.folder

        def done(side: Side) -> None:
            if mine == self._asked:
                self._show(side)

        def refused(error: WorkbenchError) -> None:
            if mine == self._asked:
                self._drop(str(error))
                self._asked_for = here.folder

        self._desk.work(lambda: load_side(here, wish, projection), done, refused)

    def _show(self, side: Side) -> None:
        self.side = side
        self.second.show_side(side)
        self.mirror.begin(side)
        self.links.set_side(side)
        self._keep_up()
        self.changed.emit()

    def _drop(self, words: str) -> None:
        self.side, self._asked_for = None, None
        self.links.set_side(None)
        self.second.show_nothing(words)
        self.changed.emit()

    def _compute(self) -> None:
        """Place the points of a set that has no layout."""
        side = self.side
        if side is None or not self.settled():
            return
        entry = self._desk.app.catalogue.get("projection", FIRST_PROJECTION)

        def computed(name: str) -> None:
            if self.side is side and self.wish is not None:
                self.show_side(Wish(self.wish.folder, name))

        self._job = self._desk.app.project(side.opened.folder, {"id": entry.id, **entry.defaults()}, computed)
        self._desk.bridge.hurry()

    def _more_there(self, row: int) -> str:
        """The further line for a point of the second map."""
        return "" if self.side is None else self._more(int(self.side.to_here[row]))
