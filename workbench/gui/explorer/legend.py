"""The legend beside the map: categories that can be switched off and on, or a colour bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QLabel,
    QListView,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.legend_paint import (
    SWATCH_PX,
    Category,
    LegendContent,
    Ramp,
    format_value,
    gradient,
    missing_text,
)

_ROW_PX = 24
_SPACE_PX = 8
_Index = QModelIndex | QPersistentModelIndex


class Legend(QWidget):
    """What the colours mean.

    A click on a category (or Space) hides or shows its points; a double click shows it alone, and once more all.

    Signals
    -------
    visibility_changed(object) : frozenset of the codes that are hidden now
    """

    visibility_changed = Signal(object)

    def __init__(self, colours: PlotColours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = LegendContent()
        self._title = QLabel(self)
        self._model = _Rows(self)
        self._list = _RowList(self._model, self)
        self._bar = _ColourBar(self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._list)
        self._stack.addWidget(self._bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 8)
        layout.setSpacing(4)
        self._title.setContentsMargins(5, 0, 0, 0)
        layout.addWidget(self._title)
        layout.addWidget(self._stack)
        self._list.toggled.connect(self._toggle)
        self._list.isolated.connect(self._isolate)
        self.setAccessibleName("Legend")
        self.set_plot_colours(colours)

    def set_categories(self, title: str, categories: Sequence[Category]) -> None:
        """Show categories, the i-th for colour code i, all of them switched on."""
        self._show(LegendContent(title, tuple(categories)))
        self._stack.setCurrentWidget(self._list)

    def set_ramp(self, title: str, ramp: Ramp) -> None:
        """Show a colour bar with its lowest and highest value."""
        self._show(LegendContent(title, ramp=ramp))
        self._bar.ramp = ramp
        self._stack.setCurrentWidget(self._bar)

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Switch exactly these codes off, without a signal."""
        self._content = replace(self._content, hidden=hidden)
        self._model.show(self._content)

    def set_plot_colours(self, colours: PlotColours) -> None:
        """Change the theme's colours."""
        palette = QPalette(self.palette())
        for role, name in (
            (QPalette.ColorRole.Base, colours.background), (QPalette.ColorRole.Window, colours.background),
            (QPalette.ColorRole.Text, colours.foreground), (QPalette.ColorRole.WindowText, colours.foreground),
            (QPalette.ColorRole.PlaceholderText, colours.muted), (QPalette.ColorRole.Highlight, colours.accent),
            (QPalette.ColorRole.Mid, colours.grid),
        ):  # fmt: skip
            palette.setColor(role, QColor(name))
        for widget in (self, self._title, self._list, self._bar):
            widget.setPalette(palette)

    @property
    def content(self) -> LegendContent:
        """What the legend says now, with the hidden codes; the export paints it."""
        return self._content

    @property
    def hidden(self) -> frozenset[int]:
        return self._content.hidden

    def _show(self, content: LegendContent) -> None:
        self._content = content
        self._title.setText(content.title)
        self._title.setVisible(bool(content.title))
        self._model.show(content)

    def _toggle(self, code: int) -> None:
        self._change(self.hidden ^ {code})

    def _isolate(self, code: int) -> None:
        others = frozenset(range(len(self._content.categories))) - {code}
        self._change(frozenset() if self.hidden == others else others)

    def _change(self, hidden: frozenset[int]) -> None:
        self.set_hidden(hidden)
        self.visibility_changed.emit(hidden)


def visible_mask(codes: NDArray[np.integer[Any]], hidden: frozenset[int]) -> NDArray[np.bool_] | None:
    """The map's mask (N,) for the hidden codes; None where nothing is hidden."""
    if not hidden:
        return None
    shown = np.ones(max(int(codes.max(initial=0)), *hidden) + 1, np.bool_)
    shown[list(hidden)] = False
    return np.asarray(shown[codes])


class _Rows(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.content = LegendContent()

    def show(self, content: LegendContent) -> None:
        same_rows = content.categories == self.content.categories
        if not same_rows:
            self.beginResetModel()
        self.content = content
        if not same_rows:
            self.endResetModel()
        elif content.categories:
            self.dataChanged.emit(self.index(0), self.index(len(content.categories) - 1))

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.content.categories)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        category = self.content.categories[index.row()]
        shown = index.row() not in self.content.hidden
        if role == Qt.ItemDataRole.DisplayRole:
            return category.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{category.name}, {category.count} points, {'shown' if shown else 'hidden'}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{category.name}: {category.count:,} points. Click to hide or show, double click to show alone."
        return None


class _RowList(QListView):
    """A list in which a click is a toggle and a second, quick one takes it back and isolates."""

    toggled = Signal(int)
    isolated = Signal(int)

    def __init__(self, model: _Rows, parent: QWidget) -> None:
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
        self.clicked.connect(lambda index: self.toggled.emit(index.row()))
        self.doubleClicked.connect(self._isolate)

    def _isolate(self, index: QModelIndex) -> None:
        # The first of the two clicks has toggled the row already.
        self.toggled.emit(index.row())
        self.isolated.emit(index.row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return) and self.currentIndex().isValid():
            self.toggled.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)


class _RowPainter(QStyledItemDelegate):
    def __init__(self, model: _Rows, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows = model

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(120, _ROW_PX)

    def paint(self, painter: QPainter, option: Any, index: _Index) -> None:
        category = self._rows.content.categories[index.row()]
        shown = index.row() not in self._rows.content.hidden
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
        painter.drawText(row.adjusted(0, 0, -_SPACE_PX, 0), _RIGHT, count)
        name_area = row.adjusted(SWATCH_PX + 5 + _SPACE_PX, 0, -wide - 2 * _SPACE_PX, 0)
        painter.setPen(palette.color(text_role))
        elided = option.fontMetrics.elidedText(category.name, Qt.TextElideMode.ElideRight, int(name_area.width()))
        painter.drawText(name_area, _LEFT, elided)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(row.adjusted(1, 1, -1, -1), 3, 3)
        painter.restore()


_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


class _ColourBar(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._ramp: Ramp | None = None
        self.setMinimumSize(90, 140)

    @property
    def ramp(self) -> Ramp | None:
        return self._ramp

    @ramp.setter
    def ramp(self, ramp: Ramp) -> None:
        self._ramp = ramp
        self.setAccessibleName(f"Colours from {format_value(ramp.low)} to {format_value(ramp.high)}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._ramp is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        foot = 34 if self._ramp.missing else 10
        bar = QRectF(5, 10, 16, max(40, min(self.height() - foot - 10, 260)))
        painter.fillRect(bar, gradient(self._ramp, bar))
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            value = self._ramp.low + share * (self._ramp.high - self._ramp.low)
            y = bar.bottom() - share * bar.height()
            painter.drawText(QRectF(bar.right() + _SPACE_PX, y - 10, self.width(), 20), _LEFT, format_value(value))
        if self._ramp.missing:
            self._paint_missing(painter, bar.bottom() + 16, self._ramp)

    def _paint_missing(self, painter: QPainter, top: float, ramp: Ramp) -> None:
        painter.drawText(QRectF(5 + 16 + _SPACE_PX, top, self.width(), 20), _LEFT, missing_text(ramp))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ramp.missing_colour))
        painter.drawEllipse(QRectF(5 + 8 - SWATCH_PX / 2, top + 10 - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)
