"""What the parts of the Explore page share: the opened set, what is selected in it, the map, and the lab."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtWidgets import QWidget

from workbench.app.application import App
from workbench.app.explorer.explorer import Changed, Explorer
from workbench.app.explorer.points import How, PointSet
from workbench.app.jobs import Job
from workbench.app.lab_client import Done, Progress, Ticket
from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.explorer.map_view import MapView
from workbench.gui.pages.explore.sets import OpenedSet

Failed = Callable[[WorkbenchError], None]
Beside = Callable[[QWidget | None], None]
Where = Literal["moving", "resting", "home"]
"""Whether the map's points are on their way, stay at other places than the opened layout's, or are at those."""
Found = TypeVar("Found")


class Desk:
    """Where the parts of the page meet. Only the page opens sets; everything else is asked for here.

    Attributes
    ----------
    opened, explorer : the set that is shown and what is selected and filtered in it; None while none is open
    map : the main map; parts add and remove overlays of their own
    named_column : the column whose groups a part names on the map itself; "" for none
    """

    def __init__(self, bridge: Bridge, map_view: MapView) -> None:
        self.bridge = bridge
        self.map = map_view
        self.opened: OpenedSet | None = None
        self.explorer: Explorer | None = None
        self.named_column = ""
        self._listeners: list[Callable[[Changed], None]] = []
        self._unsubscribe: Callable[[], None] = lambda: None
        self._place_beside: Beside = lambda widget: None
        self._follow_places: Callable[[Where], None] = lambda where: None

    @property
    def app(self) -> App:
        return self.bridge.app

    # -- the set ---------------------------------------------------------------------------------------------------

    def open(self, opened: OpenedSet | None, explorer: Explorer | None = None) -> None:
        """Work on another set, or on another layout of the same, which keeps what is selected and filtered.

        explorer : the one of another set, where it was made away from the window's thread
        """
        same = opened is not None and self._still(opened) and explorer in (None, self.explorer)
        self.opened = opened
        if same:
            return
        self._unsubscribe()
        self.named_column = ""
        self.explorer = None if opened is None else explorer or Explorer(opened.stored)
        self._unsubscribe = (lambda: None) if self.explorer is None else self.explorer.subscribe(self._tell)

    def subscribe(self, listener: Callable[[Changed], None]) -> None:
        """Call back with the fields of the explorer's state that have changed."""
        self._listeners.append(listener)

    def follow_selection(self) -> None:
        """Look at the sample of the opened set that another part of the program has selected."""
        if self.opened is None or self.explorer is None:
            return
        found = self.app.selection
        if found.embeddings == self.opened.folder and found.row != self.explorer.focus:
            self.explorer.visit(found.row)

    def _tell(self, changed: Changed) -> None:
        if "focus" in changed:
            self._mirror_focus()
        for listener in tuple(self._listeners):
            listener(changed)

    def _mirror_focus(self) -> None:
        """The rest of the program looks at the same sample; its neighbours are asked for."""
        assert self.opened is not None
        assert self.explorer is not None
        found = self.app.selection
        if (found.embeddings, found.row) != (self.opened.folder, self.explorer.focus):
            self.app.select(self.opened.folder, self.explorer.focus)
            self.bridge.hurry()

    # -- the window ------------------------------------------------------------------------------------------------

    def show_beside(self, widget: QWidget | None) -> None:
        """Put a widget to the right of the map, in place of the one that is there; None for none."""
        self._place_beside(widget)

    def on_beside(self, place: Beside) -> None:
        """Whoever holds the map says here how a widget is put beside it."""
        self._place_beside = place

    def tell_places(self, where: Where) -> None:
        """The map's points are elsewhere than the opened layout has them, or are back."""
        self._follow_places(where)

    def on_places(self, follow: Callable[[Where], None]) -> None:
        """Whoever keeps what lies over the points says here how it follows them."""
        self._follow_places = follow

    # -- acting ----------------------------------------------------------------------------------------------------

    def select(self, rows: ArrayLike, how: How = "replace", *, fly: bool = False) -> None:
        """Select points, and bring them into view."""
        if self.explorer is not None:
            self.explorer.select(rows, how)
            if fly:
                self.map.fly_to(np.asarray(rows, np.int64))

    def pick(self, row: int | None) -> None:
        """Select one sample and look at it, as one step; None for none."""
        if self.explorer is None:
            return
        rows = [] if row is None else [row]
        words = "select nothing" if row is None else "select 1 point"
        self.explorer.apply(words, selection=PointSet.of_rows(rows, len(self.explorer)), focus=row)

    def look_at(self, row: int | None, *, fly: bool = False) -> None:
        """Look at one sample: it is ringed, its neighbours are asked for, the inspector shows both."""
        if self.explorer is None:
            return
        self.explorer.visit(row)
        if fly and row is not None:
            self.map.fly_to(np.array([row], np.int64))

    def add_column(self, name: str, values: ArrayLike | Any, title: str, *, colour: bool = False) -> None:
        """Add a computed column that points can be coloured and filtered by, and colour by it."""
        if self.explorer is not None:
            named = self.explorer.add_column(name, values, title)
            if colour:
                self.explorer.apply(f"colour by {title}", colour=named)

    # -- asking ----------------------------------------------------------------------------------------------------

    def ask(
        self,
        request: str,
        params: Mapping[str, Any],
        done: Done,
        failed: Failed | None = None,
        channel: str = "",
        progress: Progress | None = None,
    ) -> Ticket | None:
        """Ask the quick lab about the opened set; an answer that comes after another set was opened is dropped.

        progress : told of questions that take long, which the returned ticket can cancel
        """
        opened = self.opened
        if opened is None:
            return None

        def answered(result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
            if self._still(opened):
                done(result, arrays)

        def refused(error: WorkbenchError) -> None:
            if self._still(opened):
                (failed or self.app.fail)(error)

        asked = {"embeddings": str(opened.folder), **params}
        ticket = self.app.quick_lab.ask(
            request,
            asked,
            done=answered,
            failed=refused,
            channel=channel or f"explore-{request}",
            progress=progress or (lambda share, words: None),
        )
        self.bridge.hurry()
        return ticket

    def long_job(self, title: str, request: str, params: Mapping[str, Any], done: Done) -> Job | None:
        """Ask for long work on the opened set, with progress and Cancel; None while no set is open."""
        opened = self.opened
        if opened is None:
            return None

        def answered(result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
            if self._still(opened):
                done(result, arrays)

        return self.app.long_job(title, request, {"embeddings": str(opened.folder), **params}, answered)

    def work(self, work: Callable[[], Found], done: Callable[[Found], None], failed: Failed | None = None) -> None:
        """Do small work on the opened set away from the window's thread; dropped when another set was opened."""
        opened = self.opened
        if opened is None:
            return

        def finished(found: Found) -> None:
            if self._still(opened):
                done(found)

        def refused(error: WorkbenchError) -> None:
            if self._still(opened):
                (failed or self.app.fail)(error)

        self.app.background.run(work, finished, refused)
        self.bridge.hurry()

    def ask_save(self, title: str, name: str, patterns: str) -> Path | None:
        """Ask the user for a file to write."""
        assert self.bridge.face is not None
        return self.bridge.face.ask_save(title, name, patterns)

    def ask_file(self, title: str, patterns: str) -> Path | None:
        """Ask the user for a file to read."""
        assert self.bridge.face is not None
        return self.bridge.face.ask_file(title, patterns)

    def _still(self, opened: OpenedSet) -> bool:
        return self.opened is not None and self.opened.folder == opened.folder
