"""What the window asks of a page."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from workbench.app.application import App
from workbench.app.topics import Topic
from workbench.gui.bridge import Bridge


class Steps(Protocol):
    """What Undo and Redo go through; the words say what each would take back or do again, "" for nothing."""

    @property
    def undo_words(self) -> str: ...
    @property
    def redo_words(self) -> str: ...
    def undo(self) -> object: ...
    def redo(self) -> object: ...


class Page(QWidget):
    """One page of the window: shows parts of the application's state, and changes them through it.

    A page that is not visible does no work: what changes meanwhile is remembered and shown when it comes up.
    Subclasses set the class attributes and implement `refresh`.

    Attributes
    ----------
    id, title : as in the navigation
    topics : what makes the page refresh

    Signals
    -------
    stepped() : there is something else to undo or to redo in the page's own steps
    room_changed() : the page wants more height than before, or no longer
    """

    stepped = Signal()
    room_changed = Signal()

    id = ""
    title = ""
    topics: frozenset[Topic] = frozenset()

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.setObjectName(f"page-{self.id}")
        self.bridge = bridge
        self._stale = set(self.topics)
        bridge.changed.connect(self._on_change)

    @property
    def app(self) -> App:
        return self.bridge.app

    def refresh(self, topics: set[Topic]) -> None:
        """Show the present state; `topics` are those that changed since the last time."""

    def sections(self) -> list[str]:
        """The parts that `open_section` knows."""
        return []

    def open_section(self, section: str) -> None:
        """Bring up the part that a chip of the recipe bar stands for; pages of one part have nothing to do."""

    def open_setting(self, key: str) -> None:
        """Put the keyboard on a setting such as "optimiser.lr" in the part that is up; what has no field is left."""

    def retheme(self) -> None:
        """Take over the current theme where the style sheet does not reach (plots, rasters)."""

    def inspector(self) -> QWidget | None:
        """What the inspector shows beside this page; None leaves it empty."""
        return None

    def wants_room(self) -> bool:
        """Whether the page can use the height of the docks below it, where the window is low."""
        return False

    def steps(self) -> Steps | None:
        """What Undo and Redo take while this page is up; None for the recipe's."""
        return None

    def settled(self) -> bool:
        """Whether nothing that was asked for is still on its way; pictures of the page wait for it."""
        return True

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh_if_stale()

    def _on_change(self, topic: Topic) -> None:
        if topic in self.topics:
            self._stale.add(topic)
            if self.isVisible():
                self._refresh_if_stale()

    def _refresh_if_stale(self) -> None:
        topics, self._stale = self._stale, set()
        if topics:
            self.refresh(topics)
