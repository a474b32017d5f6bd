"""Undo and Redo of the Explore page."""

from __future__ import annotations

from workbench.gui.pages.explore.desk import Desk


class ExplorerSteps:
    """The steps of the set that is open; none while none is."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def undo_words(self) -> str:
        return self._desk.explorer.history.undo_words if self._desk.explorer else ""

    @property
    def redo_words(self) -> str:
        return self._desk.explorer.history.redo_words if self._desk.explorer else ""

    def undo(self) -> None:
        if self._desk.explorer is not None:
            self._desk.explorer.undo()

    def redo(self) -> None:
        if self._desk.explorer is not None:
            self._desk.explorer.redo()

    def back(self) -> None:
        """Look at the sample before this one."""
        if self._desk.explorer is not None:
            self._desk.explorer.back()

    def forward(self) -> None:
        """Look at the sample that Back came from."""
        if self._desk.explorer is not None:
            self._desk.explorer.forward()
