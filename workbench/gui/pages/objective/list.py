"""A searchable list of contributions, in groups: what there is, and which one the recipe uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.theme import current_theme, paint_icon
from workbench.gui.theme.tokens import FONT_SMALL, RADIUS_S, SPACE_S
from workbench.gui.widgets.basics import label
from workbench.gui.widgets.search_field import SearchField

ROW_PX, GROUP_PX = 46, 28
_ID, _ITEM, _USED = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
_ENTERING = (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class ChoiceItem:
    """One contribution in the list.

    group : the heading it stands under, "" for none
    note : a word at the right of its title, such as the year
    keywords : prose that a search finds it by, from the beginnings of its words
    """

    id: str
    title: str
    summary: str
    group: str = ""
    note: str = ""
    keywords: str = ""

    def matches(self, text: str) -> bool:
        """Whether every word of a search occurs in what is said of it."""
        names = f"{self.title} {self.group} {self.id} {self.summary} {self.note}".lower()
        prose = f" {self.keywords}".lower()
        return all(word in names or f" {word}" in prose for word in text.lower().split())


class ChoiceList(QWidget):
    """Contributions under their groups, counted; looking at one changes nothing.

    Down and Enter lead from the search into the list, Up at its top leads back.

    Signals
    -------
    looked_at(id) : someone moved to another one
    used(id) : it was double-clicked, or Enter was pressed on it
    """

    looked_at = Signal(object)
    used = Signal(object)

    def __init__(self, placeholder: str, items: Sequence[ChoiceItem], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items = tuple(items)
        self._used = ""
        self.search = SearchField(placeholder)
        self.search.searched.connect(lambda _text: self._fill())
        self.search.installEventFilter(self)
        self.rows = _Rows()
        self.rows.setAccessibleName(placeholder)
        self.rows.setItemDelegate(_RowPainter(self.rows))
        self.rows.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setMouseTracking(True)
        self.rows.currentItemChanged.connect(self._moved)
        self.rows.entered_row.connect(self.used)
        self.rows.left_above.connect(lambda _none: self.search.setFocus())
        self.count = label("", "caption")
        self.nothing = label("Nothing fits. Try fewer words.", "muted", wrap=True)
        self.nothing.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(self.search)
        column.addWidget(self.count)
        column.addWidget(self.nothing)
        column.addWidget(self.rows, 1)
        self._fill()

    def current(self) -> str:
        """The id that is looked at; "" for none."""
        item = self.rows.currentItem()
        return str(item.data(_ID)) if item is not None else ""

    def look_at(self, id_: str) -> None:
        """Move to one, without a signal; an id that is not in the list leaves none."""
        blocked = self.rows.blockSignals(True)
        self.rows.setCurrentRow(self._row_of(id_))
        self.rows.blockSignals(blocked)

    def set_used(self, id_: str) -> None:
        """Mark the one that the recipe uses."""
        self._used = id_
        for row in range(self.rows.count()):
            item = self.rows.item(row)
            if item.data(_ID):
                item.setData(_USED, item.data(_ID) == id_)

    def item(self, id_: str) -> QListWidgetItem | None:
        """The row of an id; None where a search hides it."""
        row = self._row_of(id_)
        return self.rows.item(row) if row >= 0 else None

    def _row_of(self, id_: str) -> int:
        rows = range(self.rows.count())
        return next((row for row in rows if id_ and self.rows.item(row).data(_ID) == id_), -1)

    def _fill(self) -> None:
        """Show what the search leaves, keeping the place."""
        was = self.current()
        found = [item for item in self._items if item.matches(self.search.text())]
        blocked = self.rows.blockSignals(True)
        self.rows.clear()
        for group in dict.fromkeys(item.group for item in found):
            if group:
                self.rows.addItem(_heading(group))
            for item in found:
                if item.group == group:
                    self.rows.addItem(_row(item))
        self.set_used(self._used)
        self.rows.setCurrentRow(self._row_of(was))
        self.rows.blockSignals(blocked)
        self.nothing.setVisible(not found)
        self.count.setVisible(bool(found))
        self.count.setText(f"{len(found)} of {len(self._items)}" if self.search.text() else f"{len(found)} in all")

    # -- keyboard --------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        pressed = event.key() if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress else None
        if watched is self.search and pressed in _ENTERING:
            self.search.search_now()
            return self._enter_list()
        return super().eventFilter(watched, event)

    def _enter_list(self) -> bool:
        """Put the keyboard on the row that is looked at, else on the first; False where there is none."""
        rows = range(self.rows.count())
        first = next((row for row in rows if self.rows.item(row).data(_ID)), -1)
        if first < 0:
            return False
        if self.rows.currentRow() < 0:
            self.rows.setCurrentRow(first)
        self.rows.setFocus()
        return True

    def _moved(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(_ID):
            self.looked_at.emit(item.data(_ID))


class _Rows(QListWidget):
    entered_row = Signal(object)
    left_above = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.itemDoubleClicked.connect(self._enter)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter(self.currentItem())
            return
        was = self.currentRow()
        super().keyPressEvent(event)
        if event.key() == Qt.Key.Key_Up and self.currentRow() == was:
            self.left_above.emit(None)

    def _enter(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(_ID):
            self.entered_row.emit(item.data(_ID))


def _heading(text: str) -> QListWidgetItem:
    item = QListWidgetItem(text)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    item.setSizeHint(QSize(0, GROUP_PX))
    return item


def _row(choice: ChoiceItem) -> QListWidgetItem:
    item = QListWidgetItem(choice.title)
    item.setData(_ID, choice.id)
    item.setData(_ITEM, choice)
    item.setToolTip(f"{choice.title}{f', {choice.note}' if choice.note else ''}\n{choice.summary}")
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{choice.title}. {choice.summary}")
    item.setSizeHint(QSize(0, ROW_PX))
    return item


class _RowPainter(QStyledItemDelegate):
    """Title over summary, and a tick at the one that is used."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        painter.save()
        choice = index.data(_ITEM)
        area = option.rect.adjusted(SPACE_S, 0, -SPACE_S, 0)
        if choice is None:
            _paint_heading(painter, area, str(index.data()))
        else:
            _paint_background(painter, option)
            _paint_choice(painter, area, choice, bool(index.data(_USED)))
        painter.restore()


def _paint_background(painter: QPainter, option: QStyleOptionViewItem) -> None:
    theme, state = current_theme(), option.state
    chosen, under = state & QStyle.StateFlag.State_Selected, state & QStyle.StateFlag.State_MouseOver
    if chosen or under:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.selected if chosen else theme.hover))
        painter.drawRoundedRect(option.rect.adjusted(2, 1, -2, -1), RADIUS_S, RADIUS_S)


def _paint_heading(painter: QPainter, area: QRect, text: str) -> None:
    painter.setFont(_font(painter.font(), FONT_SMALL, bold=True))
    painter.setPen(QColor(current_theme().muted))
    painter.drawText(area.adjusted(0, 6, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)


def _paint_choice(painter: QPainter, area: QRect, choice: ChoiceItem, used: bool) -> None:
    theme, mark = current_theme(), 16
    words = area.adjusted(0, 5, -(mark + SPACE_S) if used else 0, -5)
    if used:
        top = area.top() + (area.height() - mark) / 2
        paint_icon(painter, "check", QRectF(area.right() - mark, top, mark, mark), theme.accent_text)
    small = _font(painter.font(), FONT_SMALL, bold=False)
    note = QFontMetrics(small).horizontalAdvance(choice.note) + SPACE_S if choice.note else 0
    painter.setFont(_font(painter.font(), 0, bold=True))
    painter.setPen(QColor(theme.text))
    _line(painter, words.adjusted(0, 0, -note, 0), Qt.AlignmentFlag.AlignTop, choice.title)
    painter.setFont(small)
    painter.setPen(QColor(theme.muted))
    painter.drawText(words, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, choice.note)
    _line(painter, words, Qt.AlignmentFlag.AlignBottom, choice.summary)


def _line(painter: QPainter, area: QRect, where: Qt.AlignmentFlag, text: str) -> None:
    shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, where | Qt.AlignmentFlag.AlignLeft, shown)


def _font(base: QFont, size_px: int, bold: bool) -> QFont:
    font = QFont(base)
    if size_px:
        font.setPixelSize(size_px)
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return font
