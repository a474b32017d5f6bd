"""The log: bounded, filtered by level and words, copied with Ctrl+C."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.theme import current_theme
from workbench.gui.theme.apply import mono_font
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import icon_button, label
from workbench.gui.widgets.search_field import SearchField

MAX_LINES = 10_000
LEVELS = ("debug", "info", "warning", "error")
_TONES = {"debug": "muted", "info": "text", "warning": "warning", "error": "danger"}
_ROW_HEIGHT = 20
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class LogLine:
    """A line of the log: when ("12:04:31"), one of LEVELS, and one line of text."""

    time: str
    level: str
    text: str


class LogModel(QAbstractListModel):
    """The newest MAX_LINES lines, of which those that pass the filter are rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[LogLine] = []
        self._shown: list[LogLine] = []
        self._level, self._words = 0, ""

    def append(self, lines: Iterable[LogLine]) -> None:
        """Add lines at the end; the oldest give way once there are too many."""
        new = [part for line in lines for part in _split(line)]
        self._lines += new
        if len(self._lines) > MAX_LINES + MAX_LINES // 10 or len(new) > MAX_LINES:
            self._lines = self._lines[-MAX_LINES:]
            self._refilter()
            return
        passing = [line for line in new if self._passes(line)]
        if passing:
            first = len(self._shown)
            self.beginInsertRows(QModelIndex(), first, first + len(passing) - 1)
            self._shown += passing
            self.endInsertRows()

    def set_filter(self, level: str, words: str) -> None:
        """Show only lines of at least this level that contain the words, in any case."""
        self._level, self._words = LEVELS.index(level), words.casefold()
        self._refilter()

    def clear(self) -> None:
        """Forget every line."""
        self._lines = []
        self._refilter()

    def line(self, row: int) -> LogLine:
        """The line in a row."""
        return self._shown[row]

    def count(self) -> int:
        """How many lines are kept, shown or not."""
        return len(self._lines)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text_of(line)
        return line.text if role == Qt.ItemDataRole.ToolTipRole and len(line.text) > 80 else None

    def _passes(self, line: LogLine) -> bool:
        level = LEVELS.index(line.level) if line.level in LEVELS else 1
        return level >= self._level and (not self._words or self._words in line.text.casefold())

    def _refilter(self) -> None:
        self.beginResetModel()
        self._shown = [line for line in self._lines if self._passes(line)]
        self.endResetModel()


def text_of(line: LogLine) -> str:
    """A line as it is copied."""
    return f"{line.time} {line.level.upper():<7} {line.text}"


def _split(line: LogLine) -> list[LogLine]:
    if "\n" not in line.text:
        return [line]
    return [LogLine(line.time, line.level, part) for part in line.text.splitlines()]


class _Painter(QStyledItemDelegate):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        # Matching a list of font families costs more than painting a row: once is enough.
        self._font = mono_font()
        self._metrics = QFontMetrics(self._font)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(100, _ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        theme = current_theme()
        model = index.model()
        assert isinstance(model, LogModel)
        line = model.line(index.row())
        rect: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(theme.selected))
        painter.setFont(self._font)
        inner = rect.adjusted(SPACE_S, 0, -SPACE_S, 0)
        painter.setPen(QColor(theme.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, line.time)
        inner.setLeft(inner.left() + self._metrics.horizontalAdvance(line.time) + SPACE_M)
        painter.setPen(QColor(getattr(theme, _TONES.get(line.level, "text"))))
        words = self._metrics.elidedText(line.text, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, words)


class _LinesView(QTableView):
    """A table of one column: a list view lays out every row again for each that comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().hide()
        self.horizontalHeader().setStretchLastSection(True)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(_ROW_HEIGHT)
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            copy_rows(self)
        else:
            super().keyPressEvent(event)


def copy_rows(view: QTableView) -> None:
    """Put the selected lines, or all that are shown when none is, on the clipboard."""
    model = view.model()
    assert isinstance(model, LogModel)
    rows = sorted(index.row() for index in view.selectedIndexes()) or range(model.rowCount())
    QGuiApplication.clipboard().setText("\n".join(text_of(model.line(row)) for row in rows))


class LogView(QWidget):
    """The log with its filter row; it follows new lines while it is scrolled to the end."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = LogModel(self)
        self.view = _LinesView()
        self.view.setProperty("bare", True)
        self.view.setModel(self.model)
        self.view.setItemDelegate(_Painter(self.view))
        self.view.setAccessibleName("Log")
        self.level = QComboBox()
        self.level.addItems([name.capitalize() for name in LEVELS])
        self.level.setCurrentIndex(1)
        self.level.setAccessibleName("Least level shown")
        self.search = SearchField("Search the log")
        self.copy = icon_button("copy", "Copy the selected lines, or all that are shown")
        self.clear = icon_button("trash", "Clear the log")
        self._lay_out()
        self.level.currentIndexChanged.connect(lambda _index: self._filter())
        self.search.searched.connect(lambda _words: self._filter())
        self.copy.clicked.connect(lambda: copy_rows(self.view))
        self.clear.clicked.connect(self.model.clear)
        self._filter()

    def append(self, lines: Sequence[LogLine]) -> None:
        """Add lines; many at once cost little more than one."""
        bar = self.view.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - _ROW_HEIGHT
        self.model.append(lines)
        if at_end:
            self.view.scrollToBottom()

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setContentsMargins(SPACE_S, SPACE_XS, SPACE_S, 0)
        tools.setSpacing(SPACE_XS)
        tools.addWidget(label("Level", "muted"))
        tools.addWidget(self.level)
        tools.addWidget(self.search, 1)
        tools.addWidget(self.copy)
        tools.addWidget(self.clear)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_XS)
        column.addLayout(tools)
        column.addWidget(self.view, 1)

    def _filter(self) -> None:
        self.model.set_filter(LEVELS[self.level.currentIndex()], self.search.text().strip())
        self.view.scrollToBottom()
