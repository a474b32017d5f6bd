"""What a file or a folder that is dropped on the Explore page does: it is opened, or compared with the open set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from workbench.gui.pages.data.drop import DropVeil, dropped_paths
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.outside_picture import is_picture_file

Act = Callable[[Path], None]


class FileDrop:
    """Takes what is dropped on a page: pictures are compared with a set of pictures, everything else is opened."""

    def __init__(self, page: QWidget, desk: Desk, open_path: Act, compare: Act) -> None:
        self._desk, self._open_path, self._compare = desk, open_path, compare
        self.veil = DropVeil(page)

    def enter(self, event: QDragEnterEvent) -> None:
        """Say what a drop would do."""
        paths = dropped_paths(event.mimeData())
        if len(paths) == 1 and paths[0].exists():
            event.acceptProposedAction()
            does = "find what is nearest to" if self._compares(paths[0]) else "open"
            self.veil.show_words(f"Drop to {does} {paths[0].name}")

    def drop(self, event: QDropEvent) -> None:
        """Do it."""
        self.veil.hide()
        paths = dropped_paths(event.mimeData())
        for path in paths:
            (self._compare if len(paths) == 1 and self._compares(path) else self._open_path)(path)

    def _compares(self, path: Path) -> bool:
        opened = self._desk.opened
        return opened is not None and opened.stored.thumbnails is not None and is_picture_file(path)
