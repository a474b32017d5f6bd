"""The rows of a legend: the model, the list and how a row is painted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPalette, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.gui.explorer.legend_paint import SWATCH_PX, Category, LegendContent

MOST_ROWS = 256
_ROW_PX = 24
SPACE_PX = 8
_Index = QModelIndex | QPersistentModelIndex
LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


def by_size(categories: Sequence[Category]) -> list[int]:
    """The codes in the order in which they are listed: as they come, or the largest first where not all are listed."""
    if len(categories) <= MOST_ROWS:
        return list(range(len(categories)))
    counts = np.fromiter((category.count for category in categories), np.int64, len(categories))
    order: list[int] = np.argsort(-counts, kind="stable").tolist()
    return order


class Rows(QAbstractListModel):
    """Lists the categories of some codes."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.content = LegendContent()
        self.codes: list[int] = []

    def show(self, content: LegendContent, codes: list[int]) -> None:
        """List these codes of a content."""
        same_rows = codes == self.codes and content.categories == self.content.categories
        if not same_rows:
            self.beginResetModel()
        self.content, self.codes = content, codes
        if not same_rows:
            self.endResetModel()
        elif codes:
            self.dataChanged.emit(self.index(0), self.index(len(codes) - 1))

    def category(self, index: _Index) -> tuple[Category, bool]:
        """What a row stands for, and whether it is shown."""
        code = self.codes[index.row()]
        return self.content.categories[code], code not in self.content.hidden

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.codes)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        category, shown = self.category(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return category.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{category.name}, {category.count} points, {'shown' if shown else 'hidden'}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{category.name}: {category.count:,} points. Click to hide or show, double click to show alone."
        return None


class RowList(QListView):
    """A list in which a click is a toggle and a second, quick one takes it back and isolates.

    Signals
    -------
    toggled(code) : a row was clicked, or Space or Enter was pressed on it
    isolated(code) : it was clicked twice, or Shift was held
    """

    toggled = Signal(int)
    isolated = Signal(int)

    def __init__(self, model: Rows, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(_RowPainter(model, self))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setProperty("bare", True)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Categories")
        self.clicked.connect(lambda index: self.toggled.emit(model.codes[index.row()]))
        self.doubleClicked.connect(lambda index: self._isolate(model.codes[index.row()]))
        self._rows = model

    def _isolate(self, code: int) -> None:
        # The first of the two clicks has toggled the row already.
        self.toggled.emit(code)
        self.isolated.emit(code)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        pressed = event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if pressed and self.currentIndex().isValid():
            alone = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            (self.isolated if alone else self.toggled).emit(self._rows.codes[self.currentIndex().row()])
        else:
            super().keyPressEvent(event)


class _RowPainter(QStyledItemDelegate):
    def __init__(self, model: Rows, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows = model

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(120, _ROW_PX)

    def paint(self, painter: QPainter, option: Any, index: _Index) -> None:
        category, shown = self._rows.category(index)
        palette, row = option.palette, QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text_role = QPalette.ColorRole.Text if shown else QPalette.ColorRole.PlaceholderText
        swatch = QRectF(row.left() + 5, row.center().y() - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX)
        painter.setPen(QPen(QColor(category.colour), 1.6))
        painter.setBrush(QColor(category.colour) if shown else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(swatch)
        count = f"{category.count:,}"
        wide = option.fontMetrics.horizontalAdvance(count)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(row.adjusted(0, 0, -SPACE_PX, 0), _RIGHT, count)
        name_area = row.adjusted(SWATCH_PX + 5 + SPACE_PX, 0, -wide - 2 * SPACE_PX, 0)
        painter.setPen(palette.color(text_role))
        elided = option.fontMetrics.elidedText(category.name, Qt.TextElideMode.ElideRight, int(name_area.width()))
        painter.drawText(name_area, LEFT, elided)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(row.adjusted(1, 1, -1, -1), 3, 3)
        painter.restore()
