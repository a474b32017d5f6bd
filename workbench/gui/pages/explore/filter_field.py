"""The line in which a filter is typed: what could stand at the cursor, and where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from workbench.app.explorer.filter_completion import Completion
from workbench.gui.theme import current_theme, icon
from workbench.gui.theme.tokens import SPACE_L, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import label, set_tone

REST_MS = 150
_MOST_ROWS = 9
_WIDTH = 340
_CURSOR_INSET_PX = 5
"""How far left of the cursor the rectangle begins that Qt gives for it."""
_KEYS = Qt.Key


class FilterField(QLineEdit):
    """A line with completions in a list below it.

    Tab takes the chosen completion, or the first one; Enter takes the chosen one and else ends the typing; Escape
    closes the list, and once more empties the line. Ctrl+Space opens the list.

    Signals
    -------
    rested(text) : typing rested for 150 ms, or Enter was pressed
    wanted(cursor) : completions are wanted for the text as it stands
    focus_changed() : the field got or lost the keyboard

    Parameters
    ----------
    over : the widget that the list may cover
    """

    rested = Signal(object)
    wanted = Signal(object)
    focus_changed = Signal()

    def __init__(self, over: QWidget) -> None:
        super().__init__()
        self._over = over
        self._wrong: tuple[int, int] | None = None
        self._completions: list[Completion] = []
        self.popup = _Popup(over)
        self.popup.itemClicked.connect(lambda item: self._take(self.popup.indexOfTopLevelItem(item)))
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._tell)
        self.setPlaceholderText("Filter, for example  label = cat and trust < 0.5")
        self.setAccessibleName("Filter")
        self.setToolTip("Filter the points  (Ctrl+Shift+F)\nCtrl+Space lists what could stand at the cursor")
        self.setClearButtonEnabled(True)
        self.addAction(icon("filter", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.textEdited.connect(self._edited)
        self.textChanged.connect(self._changed)

    def set_filter(self, text: str) -> None:
        """Show a filter that was set elsewhere, without a signal."""
        if text != self.text().strip():
            self.setText(text)
        self._rest.stop()
        self.show_wrong(None)
        self.close_list()

    def show_wrong(self, place: tuple[int, int] | None) -> None:
        """Underline these characters, first and behind the last; None underlines nothing."""
        self._wrong = place
        self.update()

    def show_completions(self, found: Sequence[Completion], *, chosen: bool) -> None:
        """List completions of the present text; the first is chosen where Enter should take it."""
        self._completions = list(found) if self.hasFocus() else []
        if not self._completions:
            self.popup.hide()
            return
        corner = self.mapTo(self._over, QPoint(0, self.height() + 2))
        room = self._over.width() - _WIDTH
        shift = min(round(self._x_of(self._completions[0].start)), max(0, room - corner.x()))
        self.popup.list_at(corner + QPoint(shift, 0), self._completions, chosen=chosen)

    def close_list(self) -> None:
        """List nothing."""
        self._completions = []
        self.popup.hide()

    # -- keys ------------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Tab goes to the next widget unless it takes a completion."""
        is_tab = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == _KEYS.Key_Tab
        if is_tab and self.popup.isVisible():
            self._take(max(0, self.popup.chosen))
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, listed = event.key(), self.popup.isVisible()
        if listed and key in (_KEYS.Key_Down, _KEYS.Key_Up):
            self.popup.move_choice(1 if key == _KEYS.Key_Down else -1)
        elif key in (_KEYS.Key_Return, _KEYS.Key_Enter):
            if listed and self.popup.chosen >= 0:
                self._take(self.popup.chosen)
            else:
                self.close_list()
                self._tell()
        elif key == _KEYS.Key_Escape and listed:
            self.close_list()
        elif key == _KEYS.Key_Escape and self.text():
            self.clear()
            self._tell()
        elif key == _KEYS.Key_Space and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.wanted.emit(self.cursorPosition())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.close_list()
        self.focus_changed.emit()

    def _take(self, at: int) -> None:
        chosen, text = self._completions[at], self.text()
        rest = text[chosen.end :]
        space = "" if rest.startswith(" ") else " "
        self.setText(text[: chosen.start] + chosen.text + space + rest)
        self.setCursorPosition(chosen.start + len(chosen.text) + 1)
        self.setFocus()
        self._edited()

    def _edited(self) -> None:
        self._rest.start()
        self.wanted.emit(self.cursorPosition())

    def _changed(self, text: str) -> None:
        self.show_wrong(None)
        if not text:
            # The clear button was pressed, or all was deleted.
            self._rest.start(0)

    def _tell(self) -> None:
        self._rest.stop()
        self.rested.emit(self.text().strip())

    # -- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._wrong is None:
            return
        start, end = self._wrong
        left, right = self._x_of(start), self._x_of(max(end, start + 1))
        right = right if right > left else left + self.fontMetrics().averageCharWidth()
        cursor = self.cursorRect()
        painter = QPainter(self)
        painter.setClipRect(QRectF(cursor.height(), 0, self.width() - 2 * cursor.height(), self.height()))
        painter.setPen(QPen(QColor(current_theme().danger), 2))
        painter.drawLine(round(left), cursor.bottom(), round(right), cursor.bottom())

    def _x_of(self, position: int) -> float:
        """Where a character begins, in the field's pixels, however far the text is scrolled."""
        metrics, text = self.fontMetrics(), self.text()
        here = self.cursorRect().x() + _CURSOR_INSET_PX
        return (
            here + metrics.horizontalAdvance(text[:position]) - metrics.horizontalAdvance(text[: self.cursorPosition()])
        )


class Words(QFrame):
    """What is wrong with a filter, floating under its field while that has the keyboard.

    Parameters
    ----------
    over : the widget that it may cover
    """

    def __init__(self, field: FilterField, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("toast")
        self._field, self._over = field, over
        self._label = label("", "", wrap=True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(SPACE_S, SPACE_XS, SPACE_S, SPACE_XS)
        self._column.addWidget(self._label)
        field.focus_changed.connect(self._place)
        self.hide()

    def text(self) -> str:
        """What is said; "" for nothing."""
        return self._label.text()

    def say(self, text: str, tone: str) -> None:
        """Say this; "" for nothing."""
        self._label.setText(text)
        set_tone(self._label, tone)
        self._place()

    def _place(self) -> None:
        self.setVisible(bool(self.text()) and self._field.hasFocus())
        if self.isVisible():
            corner = self._field.mapTo(self._over, QPoint(0, self._field.height() + 2))
            width = self._field.width()
            self.setGeometry(QRect(corner.x(), corner.y(), width, self._column.heightForWidth(width)))
            self.raise_()
            self._field.popup.raise_()


class _Popup(QTreeWidget):
    """Completions with a few words about each; never takes the keyboard."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.setAccessibleName("What could stand here")
        self.hide()

    @property
    def chosen(self) -> int:
        """The chosen row; -1 for none."""
        return self.currentIndex().row()

    def list_at(self, corner: QPoint, completions: Sequence[Completion], *, chosen: bool) -> None:
        self.clear()
        muted = QColor(current_theme().muted)
        for one in completions:
            item = QTreeWidgetItem([one.text, one.note])
            item.setForeground(1, muted)
            item.setToolTip(0, one.text)
            self.addTopLevelItem(item)
        if chosen:
            self._choose(0)
        row = self.sizeHintForRow(0)
        height = row * min(len(completions), _MOST_ROWS) + 2 * self.frameWidth()
        self.setGeometry(QRect(corner.x(), corner.y(), _WIDTH, height + SPACE_L // 4))
        self.show()
        self.raise_()

    def move_choice(self, by: int) -> None:
        count = self.topLevelItemCount()
        at = (self.chosen + by) % count if self.chosen >= 0 else (0 if by > 0 else count - 1)
        self._choose(at)

    def _choose(self, at: int) -> None:
        self.setCurrentIndex(self.model().index(at, 0))
