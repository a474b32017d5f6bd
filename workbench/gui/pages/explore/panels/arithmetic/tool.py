"""What the panel asks of each of its tools."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtWidgets import QWidget

from workbench.app.explorer.explorer import Changed
from workbench.gui.pages.explore.desk import Desk


class Tool(QWidget):
    """One thing that can be reckoned.

    Attributes
    ----------
    title, tip : of its button
    """

    title: ClassVar[str]
    tip: ClassVar[str]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def show_set(self) -> None:
        """Another set is open, or none."""

    def follow(self, changed: Changed) -> None:
        """These fields of the explorer's state have changed."""

    def retheme(self) -> None:
        """Take over the theme where the style sheet does not reach."""


def has_words(desk: Desk) -> bool:
    """Whether rows of the opened set are called by words: those with pictures are called by their number."""
    return desk.opened is not None and desk.opened.stored.thumbnails is None
