"""The menu of the selections that were kept with a set."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu, QWidget

from workbench.app.explorer.saved import Saved
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.selecting import (
    delete_selection,
    recall_selection,
    rename_selection,
    save_selection,
    saved_of,
)
from workbench.gui.theme import icon


class SavedMenu(QMenu):
    """Keeps the selection under a name; brings back, renames and deletes those that were kept."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """List what there is now."""
        self.clear()
        explorer, saved = self._desk.explorer, saved_of(self._desk)
        if explorer is None or saved is None:
            return
        count = explorer.state.selection.count
        save = self.addAction(icon("save", "muted"), f"Save the {count:,} selected points as…")
        save.setEnabled(bool(count))
        save.triggered.connect(self._save)
        self.addSeparator()
        entries = saved.entries()
        for entry in entries:
            self._add_entry(entry)
        for words in saved.problems or (() if entries else ("No selection is saved yet",)):
            self.addAction(words).setEnabled(False)

    def _add_entry(self, entry: Saved) -> None:
        menu = self.addMenu(f"{entry.name}  ({entry.count:,})".replace("&", "&&"))
        name = entry.name
        menu.addAction("Select").triggered.connect(lambda: recall_selection(self._desk, name))
        menu.addAction("Rename…").triggered.connect(lambda: self._rename(name))
        menu.addAction(icon("trash", "danger"), "Delete").triggered.connect(lambda: delete_selection(self._desk, name))

    def _save(self) -> None:
        save_selection(self._desk, self._ask("Save the selection", ""))

    def _rename(self, name: str) -> None:
        rename_selection(self._desk, name, self._ask("Rename the selection", name))

    def _ask(self, title: str, text: str) -> str:
        face = self._desk.bridge.face
        assert face is not None
        return face.ask_text(title, "Name of the selection", text)
