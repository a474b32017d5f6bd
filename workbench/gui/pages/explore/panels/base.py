"""What the Explore page asks of a panel under its map."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtWidgets import QWidget

from workbench.app.explorer.explorer import Changed
from workbench.gui.pages.explore.desk import Desk


class ExplorePanel(QWidget):
    """A panel shows a side of the opened set and works through the desk.

    A panel that is not up is told nothing; it is brought up to date by `show_set` when it comes up.

    Attributes
    ----------
    id, title : in the settings and on the tab
    tip : what the panel is for, on the tab's tooltip
    glyph : the tab's icon, a name in gui/theme/icons.toml
    """

    id: ClassVar[str]
    title: ClassVar[str]
    tip: ClassVar[str]
    glyph: ClassVar[str]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def show_set(self) -> None:
        """Another set is open, or none (`desk.opened`)."""

    def follow(self, changed: Changed) -> None:
        """These fields of the explorer's state have changed."""

    def retheme(self) -> None:
        """Take over the current theme where the style sheet does not reach."""

    def settled(self) -> bool:
        """Whether nothing that was asked for is still on its way."""
        return True
