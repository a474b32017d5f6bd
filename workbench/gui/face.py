"""What commands may ask of the window: dialogs, the clipboard, pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QInputDialog

if TYPE_CHECKING:
    from workbench.gui.window import Window


class WindowFace:
    """Implements `app.commands.Face` on the main window."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def show_page(self, page: str) -> None:
        self._window.show_page(page)

    def show_setting(self, key: str) -> None:
        self._window.show_setting(key)

    def ask_folder(self, title: str) -> Path | None:
        return _path(QFileDialog.getExistingDirectory(self._window, title))

    def ask_file(self, title: str, patterns: str) -> Path | None:
        return _path(QFileDialog.getOpenFileName(self._window, title, "", patterns)[0])

    def ask_save(self, title: str, name: str, patterns: str) -> Path | None:
        return _path(QFileDialog.getSaveFileName(self._window, title, name, patterns)[0])

    def ask_text(self, title: str, words: str, text: str) -> str:
        typed, wanted = QInputDialog.getText(self._window, title, words, text=text)
        return typed if wanted else ""

    def copy_text(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)

    def open_palette(self) -> None:
        self._window.open_palette()

    def close_window(self) -> None:
        self._window.close()


def _path(chosen: str) -> Path | None:
    return Path(chosen) if chosen else None
