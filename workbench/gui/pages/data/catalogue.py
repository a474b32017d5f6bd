"""The list of data sets: grouped by where they come from, searchable, with what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.gui.pages.data.state import Status
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_SMALL, RADIUS_S, SPACE_M, SPACE_S, SPACE_XS
from workbench.plugins.catalogue import Entry
from workbench.plugins.specs import DatasetSpec

GROUPS = (
    ("On this machine", ("bundled", "system")),
    ("To download", ("download",)),
    ("Your own files", ("import",)),
)
Index = QModelIndex | QPersistentModelIndex
_ENTRY = Qt.ItemDataRole.UserRole
_STATUS = Qt.ItemDataRole.UserRole + 1
_CHOSEN = Qt.ItemDataRole.UserRole + 2
_LINE = 18
_HEADER_HEIGHT = 32

_STATUS_WORDS = {"ready": ("Ready", "success"), "download": ("Download", "muted"), "missing": ("Missing", "muted")}


class DatasetList(QListView):
    """The data sets there are; a click, or Enter on the current row, chooses one.

    Signals
    -------
    picked(id) : the user chose a data set
    """

    picked = Signal(object)

    def __init__(self, entries: Iterable[Entry[DatasetSpec]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries = tuple(entries)
        self._statuses: Mapping[str, Status] = {}
        self._chosen, self._text = "", ""
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_Delegate(self))
        self.setProperty("bare", True)
        self.setAccessibleName("Data sets")
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(self._pick)
        self._fill()

    def search(self, text: str) -> None:
        """Show those whose title, summary or id hold every word of the text."""
        self._text = text
        self._fill()

    def set_statuses(self, statuses: Mapping[str, Status]) -> None:
        """Show what the lab found on disk, by id."""
        self._statuses = dict(statuses)
        for item in self._items():
            item.setData(self._statuses.get(item.data(_ENTRY).id), _STATUS)

    def set_chosen(self, id_: str) -> None:
        """Mark the data set of the recipe, and scroll to it when it changed."""
        if id_ == self._chosen:
            return
        self._chosen = id_
        for item in self._items():
            item.setData(item.data(_ENTRY).id == id_, _CHOSEN)
            if item.data(_CHOSEN):
                self.setCurrentIndex(item.index())
                self.scrollTo(item.index())

    def row_of(self, id_: str) -> QModelIndex:
        """Where a data set stands; an invalid index for one that is not shown."""
        return next((item.index() for item in self._items() if item.data(_ENTRY).id == id_), QModelIndex())

    def shown(self) -> list[str]:
        """The ids in the order of the list."""
        return [item.data(_ENTRY).id for item in self._items()]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._pick(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _pick(self, index: QModelIndex) -> None:
        entry = index.data(_ENTRY)
        if entry is not None:
            self.picked.emit(entry.id)

    def _items(self) -> list[QStandardItem]:
        rows = (self._model.item(row) for row in range(self._model.rowCount()))
        return [item for item in rows if item.data(_ENTRY) is not None]

    def _fill(self) -> None:
        self._model.clear()
        for title, origins in GROUPS:
            entries = [entry for entry in self._entries if entry.spec.origin in origins and matches(entry, self._text)]
            if entries:
                self._model.appendRow(_header(title))
            for entry in entries:
                self._model.appendRow(self._row(entry))
        if not self._model.rowCount():
            self._model.appendRow(_header("Nothing matches"))

    def _row(self, entry: Entry[DatasetSpec]) -> QStandardItem:
        item = QStandardItem(entry.title)
        item.setData(entry, _ENTRY)
        item.setData(self._statuses.get(entry.id), _STATUS)
        item.setData(entry.id == self._chosen, _CHOSEN)
        item.setToolTip(f"<p>{entry.spec.summary}</p>")
        item.setData(f"{entry.title}. {entry.spec.summary}", Qt.ItemDataRole.AccessibleTextRole)
        return item


def matches(entry: Entry[DatasetSpec], text: str) -> bool:
    """Whether every word of the text occurs in the entry's id, title, summary or licence."""
    spec = entry.spec
    hay = f"{spec.id} {spec.title} {spec.summary} {spec.licence}".lower()
    return all(word in hay for word in text.lower().split())


def size_words(spec: DatasetSpec) -> str:
    """`60,000 samples · 10 classes · 32 px`; empty for the user's own files."""
    parts = [f"{spec.samples:,} samples"] if spec.samples else []
    parts += [f"{spec.classes} classes"] if spec.classes else []
    parts += [f"{spec.size_px} px"] if spec.size_px else []
    return "  ·  ".join(parts)


def _header(title: str) -> QStandardItem:
    item = QStandardItem(title)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        entry = index.data(_ENTRY)
        if entry is None:
            return QSize(80, _HEADER_HEIGHT)
        lines = 3 if size_words(entry.spec) else 2
        return QSize(80, lines * _LINE + 2 * SPACE_S)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.data(_ENTRY) is None:
            self._paint_header(painter, option, str(index.data()))
        else:
            self._paint_row(painter, option, index)
        painter.restore()

    def _paint_header(self, painter: QPainter, option: QStyleOptionViewItem, title: str) -> None:
        painter.setFont(_font(option, FONT_SMALL, bold=True))
        painter.setPen(QColor(current_theme().muted))
        rect = option.rect.adjusted(SPACE_M, 0, -SPACE_M, -SPACE_XS)
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, title)

    def _paint_row(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, spec = current_theme(), index.data(_ENTRY).spec
        self._paint_back(painter, option, bool(index.data(_CHOSEN)))
        rect = option.rect.adjusted(SPACE_M, SPACE_S, -SPACE_M, -SPACE_S)
        line = QRect(rect.x(), rect.y(), rect.width(), _LINE)
        used = self._paint_status(painter, option, line, index.data(_STATUS) if spec.origin != "import" else None)
        painter.setFont(_font(option, option.font.pixelSize(), bold=True))
        _text(painter, line.adjusted(0, 0, -used, 0), spec.title, theme.text)
        painter.setFont(_font(option, FONT_SMALL))
        _text(painter, line.translated(0, _LINE), spec.summary, theme.muted)
        _text(painter, line.translated(0, 2 * _LINE), size_words(spec), theme.muted)

    def _paint_back(self, painter: QPainter, option: QStyleOptionViewItem, chosen: bool) -> None:
        theme = current_theme()
        back = QRectF(option.rect).adjusted(SPACE_XS, 1, -SPACE_XS, -1)
        focused = option.state & QStyle.StateFlag.State_HasFocus
        hovered = option.state & QStyle.StateFlag.State_MouseOver
        fill = theme.selected if chosen else theme.hover if hovered else None
        painter.setPen(QColor(theme.focus) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(fill) if fill else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(back, RADIUS_S, RADIUS_S)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(QRectF(back.x(), back.y() + SPACE_S, 3, back.height() - 2 * SPACE_S), 1.5, 1.5)

    def _paint_status(self, painter: QPainter, option: QStyleOptionViewItem, line: QRect, status: Status | None) -> int:
        """Draw the status at the right end; the width it took."""
        if status is None:
            return 0
        words, token = _STATUS_WORDS.get(status.state, (status.state, "muted"))
        painter.setFont(_font(option, FONT_SMALL))
        painter.setPen(QColor(getattr(current_theme(), token)))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        return int(QFontMetrics(painter.font()).horizontalAdvance(words)) + SPACE_S


def _font(option: QStyleOptionViewItem, size_px: int, bold: bool = False) -> QFont:
    font = QFont(option.font)
    font.setPixelSize(size_px)
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return font


def _text(painter: QPainter, rect: QRect, words: str, colour: str) -> None:
    painter.setPen(QColor(colour))
    shown = QFontMetrics(painter.font()).elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
