"""The palette itself: a search line over a list, at the top of the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QGraphicsDropShadowEffect,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.palette.fuzzy import Match, match
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_SMALL, RADIUS_S, SPACE_M, SPACE_S, SPACE_XL
from workbench.gui.widgets.basics import label

_ROW_HEIGHT = 32
_ROWS_SHOWN = 10
_WIDTH = 560
_MAX_RECENT = 8
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class CommandRow:
    """A command as it is listed; `reason` says why it is not enabled."""

    id: str
    title: str
    shortcut: str = ""
    enabled: bool = True
    reason: str = ""


def ranked(query: str, commands: Sequence[CommandRow], recent: Sequence[str]) -> list[tuple[CommandRow, Match]]:
    """The commands that fit, best first; with nothing typed the recent ones lead, newest first."""
    found = [(row, fit) for row in commands if (fit := match(query, row.title)) is not None]
    age = {id_: position for position, id_ in enumerate(recent)}

    def order(pair: tuple[CommandRow, Match]) -> tuple[float, float]:
        row, fit = pair
        recency = age.get(row.id, len(recent))
        bonus = 1.0 if row.id in age else 0.0
        return (0.0 if query.strip() == "" else -(fit.score + bonus - (0 if row.enabled else 3)), recency)

    return sorted(found, key=order)


class _Model(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[tuple[CommandRow, Match]] = []

    def set_rows(self, rows: list[tuple[CommandRow, Match]]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()][0]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return row.reason or row.shortcut
        return None


class _Painter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(_WIDTH, _ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        theme = current_theme()
        model = index.model()
        assert isinstance(model, _Model)
        row, fit = model.rows[index.row()]
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.selected))
            painter.drawRoundedRect(rect.adjusted(SPACE_S, 1, -SPACE_S, -1), RADIUS_S, RADIUS_S)
        inner = rect.adjusted(SPACE_S + SPACE_M, 0, -SPACE_S - SPACE_M, 0)
        font = QFont(painter.font())
        inner.setRight(inner.right() - self._paint_side(painter, row, inner))
        self._paint_title(painter, row, fit, inner, font)
        painter.restore()

    def _paint_side(self, painter: QPainter, row: CommandRow, rect: QRect) -> int:
        """The shortcut, or why the command is off, at the right; returns the width it took."""
        words = row.shortcut if row.enabled else row.reason
        if not words:
            return 0
        font = QFont(painter.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        painter.setPen(QColor(current_theme().muted))
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, rect.width() * 3 // 5)
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, shown)
        return painter.fontMetrics().horizontalAdvance(shown) + SPACE_M

    def _paint_title(self, painter: QPainter, row: CommandRow, fit: Match, rect: QRect, font: QFont) -> None:
        theme = current_theme()
        title = QTextLayout(row.title, font)
        title.setFormats([_bold(place) for place in fit.positions])
        title.beginLayout()
        line = title.createLine()
        line.setLineWidth(rect.width())
        title.endLayout()
        painter.setPen(QColor(theme.text if row.enabled else theme.outline))
        painter.setClipRect(rect)
        title.draw(painter, QPointF(rect.left(), rect.top() + (rect.height() - line.height()) / 2))


def _bold(place: int) -> QTextLayout.FormatRange:
    form = QTextLayout.FormatRange()
    form.start, form.length = place, 1
    style = QTextCharFormat()
    style.setFontWeight(QFont.Weight.Bold)
    form.format = style
    return form


class CommandPalette(QFrame):
    """Floats over its parent, the window; Escape, a click elsewhere or a choice closes it.

    Signals
    -------
    chosen(id) : the user wants this command, which is enabled
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self.setObjectName("commandPalette")
        self._commands: list[CommandRow] = []
        self._recent: list[str] = []
        self._before: QWidget | None = None
        self._model = _Model(self)
        self.search = QLineEdit()
        self.list = QListView()
        self.none = label("No command fits. Type parts of its name.", "muted")
        self._prepare()
        self._lay_out()
        self.hide()

    def set_commands(self, commands: Sequence[CommandRow], recent: Sequence[str] = ()) -> None:
        """The commands there are, and the ids of those used last, newest first."""
        self._commands = list(commands)
        self._recent = list(recent)[:_MAX_RECENT]
        if self.isVisible():
            self._show_fitting()

    def recent(self) -> list[str]:
        """The ids of the commands used last, newest first."""
        return list(self._recent)

    def open(self) -> None:
        """Show the palette with nothing typed."""
        if not self.isVisible():
            self._before = QApplication.focusWidget()
        self.search.clear()
        self._show_fitting()
        self._place()
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)
        # A press anywhere else closes it, also on widgets that do not take the focus.
        if app := QApplication.instance():
            app.installEventFilter(self)

    def dismiss(self) -> None:
        """Close it and give the keyboard back to where it was."""
        had_focus = self.isAncestorOf(QApplication.focusWidget() or self)
        if app := QApplication.instance():
            app.removeEventFilter(self)
        self.hide()
        if had_focus and self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)
        self._before = None

    def titles(self) -> list[str]:
        """What is listed, from top to bottom."""
        return [row.title for row, _fit in self._model.rows]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            return self._key(Qt.Key(event.key()))
        pressed = event.type() == QEvent.Type.MouseButtonPress and isinstance(watched, QWidget)
        if pressed and watched is not self and not self.isAncestorOf(cast(QWidget, watched)):
            self.dismiss()
        if watched is self._window and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _prepare(self) -> None:
        self.search.setPlaceholderText("Type a command")
        self.search.setAccessibleName("Command")
        self.search.textChanged.connect(lambda _text: self._show_fitting())
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Painter(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Commands")
        self.list.clicked.connect(lambda index: self._choose(index.row()))
        self.none.setMargin(SPACE_M)
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(32)
        shadow.setOffset(0, 8)
        shadow.setColor(QColor(0, 0, 0, 90))
        self.setGraphicsEffect(shadow)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(1, SPACE_S // 2, 1, SPACE_S)
        column.setSpacing(SPACE_S // 2)
        column.addWidget(self.search)
        column.addWidget(self.list)
        column.addWidget(self.none)

    def _place(self) -> None:
        area = self._window.rect()
        self.setFixedWidth(min(_WIDTH, area.width() - 2 * SPACE_XL))
        rows = max(1, min(_ROWS_SHOWN, self._model.rowCount()))
        self.list.setFixedHeight(rows * _ROW_HEIGHT + 2)
        self.adjustSize()
        self.move((area.width() - self.width()) // 2, min(72, max(0, area.height() - self.height())))

    def _show_fitting(self) -> None:
        self._model.set_rows(ranked(self.search.text(), self._commands, self._recent))
        found = self._model.rowCount() > 0
        self.list.setVisible(found)
        self.none.setVisible(not found)
        if found:
            self.list.setCurrentIndex(self._model.index(0))
        self._place()

    def _key(self, key: Qt.Key) -> bool:
        """Handle a key of the search line; False leaves it to the line."""
        moves = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: _ROWS_SHOWN,
            Qt.Key.Key_PageUp: -_ROWS_SHOWN,
        }
        count = self._model.rowCount()
        if key in moves and count:
            row = self.list.currentIndex().row() + moves[key]
            row = row % count if abs(moves[key]) == 1 else min(max(row, 0), count - 1)
            self.list.setCurrentIndex(self._model.index(row))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and count:
            self._choose(self.list.currentIndex().row())
        elif key == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            return False
        return True

    def _choose(self, row: int) -> None:
        command = self._model.rows[row][0]
        if not command.enabled:
            return
        self._recent = [command.id, *(id_ for id_ in self._recent if id_ != command.id)][:_MAX_RECENT]
        self.dismiss()
        self.chosen.emit(command.id)
