"""In a low window the docks below make room for a page that can use their height, and come back after it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

from workbench.app.application import App

LOW_PX = 960
"""A window lower than this has no room for a map, a panel below it and the docks."""


class DockRoom:
    """Puts docks aside that stand below the pages, and brings back those that it put aside and no others.

    A dock that the user brings back meanwhile stays from then on, until the user switches it off again.

    Parameters
    ----------
    docks : those that may be put aside
    app : keeps in its settings which of them stay
    """

    def __init__(self, window: QMainWindow, docks: Sequence[QDockWidget], app: App) -> None:
        self._window, self._docks, self._app = window, docks, app
        self._wanted = False
        self._aside: list[QDockWidget] = []
        for dock in docks:
            dock.toggleViewAction().triggered.connect(lambda on, dock=dock: self._choose(dock, on=on))

    def share(self, *, wanted: bool) -> None:
        """Put the docks aside where a page wants their height and the window is low; else bring them back."""
        self._wanted = wanted
        if self._makes_room:
            going = [dock for dock in self._docks if self._takes_height(dock)]
            self._aside += going
            for dock in going:
                dock.hide()
        else:
            back, self._aside = self._aside, []
            for dock in back:
                dock.show()

    @property
    def _makes_room(self) -> bool:
        return self._wanted and self._window.height() < LOW_PX

    def _takes_height(self, dock: QDockWidget) -> bool:
        below = self._window.dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea
        kept = dock.objectName() in self._app.settings.docks_kept
        return below and not (kept or dock.isHidden() or dock.isFloating())

    def _choose(self, dock: QDockWidget, *, on: bool) -> None:
        """The user has switched a dock on or off in the menu."""
        if not self._makes_room:
            return
        if dock in self._aside:
            self._aside.remove(dock)
        others = set(self._app.settings.docks_kept) - {dock.objectName()}
        kept = others | {dock.objectName()} if on else others
        self._app.settings = self._app.settings.replace(docks_kept=tuple(sorted(kept)))
