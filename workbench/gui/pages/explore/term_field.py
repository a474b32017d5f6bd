"""A line in which points are named: by a word, with what the set knows below it, or by their row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QHBoxLayout, QLineEdit, QListView, QToolButton, QWidget

from workbench.app.explorer.sums import Term, name_of_row, term_of, word_at
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.dragging import dropped_points, written_names
from workbench.gui.theme.tokens import SPACE_XS
from workbench.gui.widgets.basics import icon_button
from workbench.gui.widgets.thumbnails import Picture, Thumbnail

LISTED = 12
_REST_MS = 60
_CHIP_PX = 26
_KEYS = Qt.Key


class TermField(QLineEdit):
    """A line with completions of the word at the cursor.

    Tab takes the chosen completion, or the first one; Enter takes the chosen one and else ends the typing; Escape
    closes the list. Points that are dropped on it are added to the sum, while Alt is held taken away.

    Parameters
    ----------
    sums : whether the line may name several points; else what is dropped takes the place of what is there

    Signals
    -------
    entered() : Enter was pressed, or points were dropped
    """

    entered = Signal()

    def __init__(self, desk: Desk, name: str, placeholder: str = "", *, sums: bool = True) -> None:
        super().__init__()
        self._desk, self._sums = desk, sums
        self._channel = f"explore-words-{id(self)}"
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        dropped = "Drag a point here to add it, with Alt to take it away." if sums else "Or drag a point here."
        self.setToolTip(
            f"A word of this set, or # and the number of a row.\nTab takes the completion, Enter goes on.\n{dropped}"
        )
        self._words = QStringListModel(self)
        self.completer_list = QCompleter(self._words, self)
        self.popup = QListView()
        self.completer_list.setPopup(self.popup)
        self.completer_list.setWidget(self)
        self.completer_list.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self.completer_list.setMaxVisibleItems(LISTED)
        self.completer_list.activated.connect(self._take)
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._ask)
        self.textEdited.connect(lambda _text: self._rest.start())

    @property
    def listed(self) -> list[str]:
        """The words that are offered; none while the list is closed."""
        return self._words.stringList() if self.popup.isVisible() else []

    def close_list(self) -> None:
        """Offer nothing."""
        self._rest.stop()
        self.popup.hide()

    def event(self, event: QEvent) -> bool:
        """Tab goes to the next widget unless it takes a completion."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == _KEYS.Key_Tab:
            words = self.listed
            if words:
                at = self.popup.currentIndex().row()
                self._take(words[max(0, at)])
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        popup = self.popup
        if event.key() in (_KEYS.Key_Return, _KEYS.Key_Enter):
            if popup.isVisible() and popup.currentIndex().isValid():
                event.ignore()  # the list takes it
                return
            self.close_list()
            self.entered.emit()
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._takes(event):
            self._show_dropping(True)
        else:
            super().dragEnterEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if not self._takes(event):
            super().dragMoveEvent(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_dropping(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._show_dropping(False)
        rows = dropped_points(self._desk.explorer, event.mimeData())
        if self._takes(event):
            self.add_rows(rows, minus=bool(event.modifiers() & Qt.KeyboardModifier.AltModifier))
        else:
            super().dropEvent(event)

    def _takes(self, event: QDropEvent) -> bool:
        """Accept points of the opened set, whatever action the keys propose."""
        if not dropped_points(self._desk.explorer, event.mimeData()):
            return False
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        return True

    def _show_dropping(self, on: bool) -> None:
        self.setProperty("dropping", on)
        self.style().unpolish(self)
        self.style().polish(self)

    def add_rows(self, rows: Sequence[int], *, minus: bool = False) -> None:
        """Add points to the sum, or take them away, and go on as after Enter."""
        explorer = self._desk.explorer
        if explorer is None or not rows:
            return
        text = self.text().strip() if self._sums else ""
        minus = minus and self._sums
        for name in written_names(explorer, rows if self._sums else rows[:1]):
            text = f"{text} {'-' if minus else '+'} {name}".strip() if text or minus else name
        self.setText(text)
        self.close_list()
        self.entered.emit()

    def _ask(self) -> None:
        start, end = word_at(self.text(), self.cursorPosition())
        typed = self.text()[start : min(end, max(start, self.cursorPosition()))].strip('"')
        if not typed.strip() or typed.startswith("#"):
            self.close_list()
            return
        params = {"prefix": typed, "count": LISTED}
        self._desk.ask("words", params, lambda result, _: self._offer(typed, result), _ignore, self._channel)

    def _offer(self, typed: str, result: dict[str, Any]) -> None:
        names = [name for name in result["names"] if name != typed]
        self._words.setStringList(names)
        if names and self.hasFocus():
            self.completer_list.complete()
        else:
            self.close_list()

    def _take(self, word: str) -> None:
        start, end = word_at(self.text(), self.cursorPosition())
        name = name_of_row(0, word)
        self.setText(self.text()[:start] + name + self.text()[end:])
        self.setCursorPosition(start + len(name))
        self.close_list()


def _ignore(_: WorkbenchError) -> None:
    """Without completions a word can still be typed."""


class PointField(QWidget):
    """One point: typed, or taken from the map. Its picture stands before the line in a set that has pictures.

    Signals
    -------
    changed() : the point is another one
    entered() : Enter was pressed, or a point was taken from the map
    """

    changed = Signal()
    entered = Signal()

    def __init__(self, desk: Desk, name: str, placeholder: str = "") -> None:
        super().__init__()
        self._desk, self._taken = desk, ("", 0)
        self.picture = Thumbnail(_CHIP_PX)
        self.picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.line = TermField(desk, name, placeholder, sums=False)
        self.line.setMinimumWidth(56)
        self.take_button: QToolButton = icon_button("target", f"Take the looked-at sample as {name}")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_XS)
        line.addWidget(self.picture)
        line.addWidget(self.line, 1)
        line.addWidget(self.take_button)
        self.line.textChanged.connect(self._show_picture)
        self.line.textChanged.connect(lambda _text: self.changed.emit())
        self.line.entered.connect(self.entered)
        self.take_button.clicked.connect(self.take_looked_at)
        self._show_picture()

    @property
    def text(self) -> str:
        return self.line.text().strip()

    def term(self) -> Term | None:
        """The point as the lab takes it; None while none is named."""
        text, row = self._taken
        return {"row": row} if text and text == self.text else term_of(self.text)

    def set_text(self, text: str) -> None:
        """Name another point."""
        self.line.setText(text)
        self.line.close_list()

    def take_looked_at(self) -> None:
        """Name the sample that is looked at."""
        explorer = self._desk.explorer
        if explorer is None or explorer.focus is None:
            return
        name = written_name(self._desk, explorer.focus)
        self._taken = name, explorer.focus
        self.set_text(name)
        self._show_picture()
        self.entered.emit()

    def follow_focus(self) -> None:
        """Taking is possible while something is looked at."""
        explorer = self._desk.explorer
        self.take_button.setEnabled(explorer is not None and explorer.focus is not None)

    def _show_picture(self) -> None:
        opened, term = self._desk.opened, self.term()
        row = None if term is None else term.get("row")
        known = opened is not None and row is not None and row < len(opened)
        pixels = opened.picture(row) if opened is not None and row is not None and known else None
        self.picture.setVisible(pixels is not None)
        if pixels is not None and opened is not None and row is not None:
            self.picture.set_picture(Picture(pixels, tip=opened.name(row), key=row))


def written_name(desk: Desk, row: int) -> str:
    """How the row is named in a line: by its word, in a set with pictures by its number."""
    return f"#{row}" if desk.explorer is None else written_names(desk.explorer, [row])[0]
