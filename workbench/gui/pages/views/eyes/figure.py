"""What the three figures of the panel have in common."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from workbench.core.errors import WorkbenchError
from workbench.core.files import write_atomic
from workbench.gui.bridge import Bridge
from workbench.gui.pages.views.eyes.choices import Encoder
from workbench.gui.pages.views.eyes.question import Question
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import label

KINDS = (("png", "Picture (PNG)"), ("svg", "Vector picture (SVG)"), ("csv", "Values (CSV)"))


def framed(plot: QWidget) -> QFrame:
    """A card around a plot."""
    card = QFrame()
    card.setProperty("card", True)
    inside = QVBoxLayout(card)
    inside.setContentsMargins(SPACE_XS, SPACE_XS, SPACE_XS, SPACE_XS)
    inside.addWidget(plot)
    return card


class Figure(QWidget):
    """One figure with the question that it answers, its own controls and a caption.

    Signals
    -------
    acted(id) : a button asks for something that the panel does
    wanted() : one of its own controls was moved: it must be asked anew
    worked() : it began or ended to wait for something

    Attributes
    ----------
    id, title : of its button
    questions : what it asks the lab
    """

    acted = Signal(object)
    wanted = Signal()
    worked = Signal()
    id = ""
    title = ""
    tip = ""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.bridge = bridge
        self.app = bridge.app
        self.questions: list[Question] = []
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(SPACE_S)
        self.caption = label("", "caption", wrap=True)

    def ask(self, encoder: Encoder, step: int | None, common: Mapping[str, Any]) -> None:
        """Ask for what is missing; `common` are the parameters that all figures share."""
        raise NotImplementedError

    def standing(self, *questions: Question) -> None:
        """These are what it asks the lab."""
        self.questions = list(questions)
        for question in questions:
            question.changed.connect(self.worked)

    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return any(question.busy for question in self.questions)

    def drop(self) -> None:
        """Want no answers any more."""
        for question in self.questions:
            question.drop()

    def clear(self) -> None:
        """Show nothing: the last question was not answered. The same question may be asked again."""
        for question in self.questions:
            question.forget()

    def retheme(self) -> None:
        """Take over the theme's colours."""

    def side(self) -> QWidget | None:
        """What the inspector shows of it."""
        return None

    def csv(self) -> str:
        """The numbers as a table; "" while there are none."""
        return ""

    def draw_to(self, path: Path) -> None:
        """Write the picture as PNG or SVG by the suffix."""
        raise NotImplementedError

    def save(self, path: Path) -> None:
        """Write picture or numbers by the suffix; raises WorkbenchError while there is nothing, OSError."""
        if not self.csv():
            raise WorkbenchError("There is nothing to save yet.", "Wait until the figure is drawn.")
        if path.suffix.lower() == ".csv":
            write_atomic(path, self.csv())
        else:
            self.draw_to(path)

    def stem(self) -> str:
        """What a saved file is called before its suffix."""
        return f"encoder-{self.id}"
