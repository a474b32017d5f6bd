"""What pages put their parts in: cards, collapsible sections, the inspector, empty pages."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, Glyph, label, push_button


class Section(QFrame):
    """A card with a title, small actions at its right, and a body."""

    def __init__(self, title: str, description: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.title = ElidedLabel(title, "heading")
        self.description = label(description, "muted", wrap=True)
        self.description.setVisible(bool(description))
        self.body = QVBoxLayout()
        self.body.setSpacing(SPACE_S)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(SPACE_XS)
        head = QHBoxLayout()
        head.setSpacing(SPACE_S)
        head.addWidget(self.title, 1)
        head.addLayout(self._actions)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_S)
        column.addLayout(head)
        column.addWidget(self.description)
        column.addLayout(self.body, 1)

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        """Put a widget at the end of the body."""
        self.body.addWidget(widget, stretch)

    def add_action(self, widget: QWidget) -> None:
        """Put a small widget at the right of the title."""
        self._actions.addWidget(widget)


class Collapsible(QWidget):
    """A titled part that can be folded away.

    Signals
    -------
    toggled(open) : it was folded or unfolded by the user
    """

    toggled = Signal(object)

    def __init__(self, title: str, body: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.body = body
        self.head = QPushButton(title)
        self.head.setCheckable(True)
        self.head.setChecked(True)
        self.head.setProperty("kind", "section")
        self.head.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.head.toggled.connect(self._fold)
        self.head.clicked.connect(lambda on: self.toggled.emit(bool(on)))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_XS)
        column.addWidget(self.head)
        column.addWidget(body)
        self._fold(True)

    def set_open(self, shown: bool) -> None:
        """Fold or unfold, without a signal."""
        self.head.setChecked(shown)

    def is_open(self) -> bool:
        return bool(self.head.isChecked())

    def _fold(self, shown: bool) -> None:
        self.head.setIcon(icon("chevron-down" if shown else "chevron-right", "muted"))
        self.body.setVisible(shown)


class Inspector(QWidget):
    """What is known of the selection, as a column of collapsible parts that scrolls."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: dict[str, Collapsible] = {}
        self._column = QVBoxLayout()
        self._column.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_M)
        self._column.setSpacing(SPACE_S)
        self._column.addStretch(1)
        inside = QWidget()
        inside.setLayout(self._column)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def add_section(self, id_: str, title: str, body: QWidget) -> Collapsible:
        """Add a part at the end; raises ValueError for an id that is taken."""
        if id_ in self._parts:
            raise ValueError(f"The inspector has a section {id_!r} already.")
        part = Collapsible(title, body)
        self._parts[id_] = part
        self._column.insertWidget(self._column.count() - 1, part)
        return part

    def section(self, id_: str) -> Collapsible:
        """A part by its id; raises KeyError for one that was not added."""
        return self._parts[id_]

    def show_only(self, ids: Sequence[str]) -> None:
        """Show these parts and hide all others."""
        for id_, part in self._parts.items():
            part.setVisible(id_ in ids)


class EmptyState(QWidget):
    """A page without content: what it is for, and what to do first.

    Signals
    -------
    acted(id) : one of the actions was pressed
    """

    acted = Signal(object)

    def __init__(
        self,
        icon_name: str,
        title: str,
        sentence: str,
        actions: Sequence[tuple[str, str]] = (),
        parent: QWidget | None = None,
    ) -> None:
        """`actions` are (id, text); the first is the primary one."""
        super().__init__(parent)
        self.heading = label(title, "title", wrap=True)
        self.sentence = label(sentence, "muted", wrap=True)
        for words in (self.heading, self.sentence):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_S)
        buttons.addStretch(1)
        for index, (id_, text) in enumerate(actions):
            button = push_button(text, "primary" if index == 0 else "")
            button.clicked.connect(lambda _checked=False, id_=id_: self.acted.emit(id_))
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(SPACE_S)
        column.addStretch(2)
        column.addWidget(Glyph(icon_name, "outline", 40), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(SPACE_S)
        column.addWidget(self.heading, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.sentence, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(SPACE_S)
        column.addLayout(buttons)
        column.addStretch(3)

    def set_words(self, title: str, sentence: str) -> None:
        """Say something else."""
        self.heading.setText(title)
        self.sentence.setText(sentence)
        self._fit_words()

    def minimumSizeHint(self) -> QSize:
        return QSize(180, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit_words()
        super().resizeEvent(event)

    def _fit_words(self) -> None:
        # A wrapping label has no width of its own: a line of about 60 letters is read best.
        for words in (self.heading, self.sentence):
            words.setFixedWidth(max(120, min(420, self.width() - 2 * SPACE_L)))
            words.setFixedHeight(max(0, words.heightForWidth(words.width())))
