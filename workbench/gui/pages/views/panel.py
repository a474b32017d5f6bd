"""What the Views page asks of the panels beside the pipeline."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtWidgets import QWidget

from workbench.gui.bridge import Bridge


class Data(StrEnum):
    """Whether the chosen data set can be drawn from: drawing loads it, but never downloads it."""

    READY = "ready"
    ASKING = "asking"
    ABSENT = "absent"


class Panel(QWidget):
    """One way of looking at the pipeline; refreshed only while it is the one in sight.

    Attributes
    ----------
    id, title : of its tab
    """

    id = ""
    title = ""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.bridge = bridge
        self.app = bridge.app

    def refresh(self, data: Data) -> None:
        """Show the present state of the application."""

    def retheme(self) -> None:
        """Take over the current theme where the style sheet does not reach."""

    def settled(self) -> bool:
        """Whether nothing that was asked for is still on its way."""
        return True

    def inspector(self) -> QWidget | None:
        """What the inspector shows while this panel is in sight; None leaves it empty."""
        return None
