"""Messages: a bar within a page, a toast over it, and a list of problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from workbench.core.errors import Problem
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XL, SPACE_XS
from workbench.gui.widgets.basics import Glyph, icon_button, label, push_button

Level = Literal["info", "success", "warning", "danger"]

_ICONS: dict[str, str] = {"info": "info", "success": "success", "warning": "warning", "danger": "error"}
TOAST_MS = 6000
_LINE_HEIGHT = 22


class Notice(QFrame):
    """A message with its way out, and an action and a close button where they are wanted.

    Signals
    -------
    acted(None) : the action was pressed
    closed(None) : the cross was pressed; the notice has hidden itself
    """

    acted = Signal(object)
    closed = Signal(object)

    def __init__(self, closable: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.glyph = Glyph("info", "info", 18)
        self.message = label("", "strong", wrap=True)
        self.hint = label("", "", wrap=True)
        self.action = push_button("")
        self.close_button = icon_button("close", "Dismiss")
        self.close_button.setVisible(closable)
        self.action.clicked.connect(lambda: self.acted.emit(None))
        self.close_button.clicked.connect(self._dismiss)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.message)
        words.addWidget(self.hint)
        line = QHBoxLayout(self)
        line.setContentsMargins(SPACE_M, SPACE_S, SPACE_S, SPACE_S)
        line.setSpacing(SPACE_M)
        line.addWidget(self.glyph)
        line.addLayout(words, 1)
        line.addWidget(self.action)
        line.addWidget(self.close_button)
        self.hide()

    def show_message(self, message: str, hint: str = "", level: Level = "info", action: str = "") -> None:
        """Show a message; `action` is the text of its button, empty for none."""
        self.setProperty("notice", level)
        self.style().unpolish(self)
        self.style().polish(self)
        self.glyph.set_icon(_ICONS[level], level)
        self.message.setText(message)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.setAccessibleName(f"{message} {hint}".strip())
        self.show()

    def _dismiss(self) -> None:
        self.hide()
        self.closed.emit(None)


class Toast(QFrame):
    """A message that floats over the foot of its parent and leaves by itself, unless the mouse is on it.

    Signals
    -------
    acted(None) : its action was pressed
    """

    acted = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._host = parent
        self.setObjectName("toast")
        self.notice = Notice(closable=True, parent=self)
        self.notice.closed.connect(lambda _none: self.hide())
        self.notice.acted.connect(self._act)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._leave)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1, 1, 1, 1)
        self._column.addWidget(self.notice)
        parent.installEventFilter(self)
        self.hide()

    def show_message(
        self,
        message: str,
        hint: str = "",
        level: Level = "info",
        action: str = "",
        stay_ms: int = TOAST_MS,
    ) -> None:
        """Show a message for `stay_ms` milliseconds."""
        self.notice.show_message(message, hint, level, action)
        self._place()
        self.show()
        self.raise_()
        self._timer.start(stay_ms)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        area = self._host.rect()
        self.setFixedWidth(min(460, area.width() - 2 * SPACE_M))
        self.setFixedHeight(self._column.heightForWidth(self.width()))
        self.move((area.width() - self.width()) // 2, area.height() - self.height() - SPACE_XL)

    def _leave(self) -> None:
        if self.underMouse():
            self._timer.start(1000)
        else:
            self.hide()

    def _act(self) -> None:
        self.hide()
        self.acted.emit(None)


class ProblemList(QWidget):
    """What stands between the recipe and a run, one line each; a line leads to its setting.

    Signals
    -------
    opened(key) : the dotted key of the problem that was pressed
    """

    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE_XS)
        self._problems: tuple[Problem, ...] = ()
        self.hide()

    def set_problems(self, problems: Sequence[Problem]) -> None:
        """Show these problems; with none the list hides."""
        if tuple(problems) == self._problems:
            return
        self._problems = tuple(problems)
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for problem in problems:
            self._column.addWidget(self._line(problem))
        self.setVisible(bool(problems))

    def _line(self, problem: Problem) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_S)
        glyph = Glyph("error", "danger", 16)
        glyph.setFixedHeight(_LINE_HEIGHT)
        line.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
        if problem.key:
            line.addWidget(self._door(problem), 0, Qt.AlignmentFlag.AlignTop)
        words = label(problem.message, "", wrap=True)
        words.setMinimumHeight(_LINE_HEIGHT)
        line.addWidget(words, 1)
        return row

    def _door(self, problem: Problem) -> QPushButton:
        button = push_button(problem.key, "link", tip=f"Go to {problem.key}")
        button.setAccessibleDescription(problem.message)
        button.clicked.connect(lambda: self.opened.emit(problem.key))
        return button
