"""The table of what was found: sorted by its headings; its rows and the map select each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from workbench.gui.pages.explore.panels.structure.found import Found, Positions
from workbench.gui.pages.explore.panels.structure.listing_model import ListingModel
from workbench.gui.theme import current_theme
from workbench.gui.widgets.thumbnails import paint_image

PICTURE_ROW_PX, TEXT_ROW_PX = 36, 26
NARROWEST_PX, WIDEST_PX = 48, 260
CELL_PADDING_PX = 28
MOST_RUNS = 500
"""Beyond so many separate stretches of rows the marks alone show what is selected: Qt's selections get slow."""
_GATHER_MS = 60
_Index = QModelIndex | QPersistentModelIndex


class ListingTable(QTableView):
    """Shows a `ListingModel`. What looks selected is what is selected on the map, however that came about.

    Signals
    -------
    chosen(positions) : the user has selected rows, told by their positions in the listing
    all_wanted() : all rows are to be selected
    visited(position) : a row was double-clicked, or Enter was pressed on it
    current_changed(position) : the keyboard or the mouse has come to another row; None for none
    """

    chosen = Signal(object)
    all_wanted = Signal()
    visited = Signal(object)
    current_changed = Signal(object)

    def __init__(self, model: ListingModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._listing = model
        self._mirrors = False
        self._current = -1
        self._gather = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._gather.timeout.connect(self._tell_chosen)
        self.setModel(model)
        self.setItemDelegate(_Painter(self))
        self._prepare()
        model.modelAboutToBeReset.connect(self._tell_at_once)
        model.sorted_anew.connect(self._keep_current)
        self.doubleClicked.connect(lambda index: self._visit(index.row()))
        self.selectionModel().selectionChanged.connect(self._selected)

    def _prepare(self) -> None:
        self.setAccessibleName("What was found")
        self.setProperty("bare", True)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setWordWrap(False)
        self.setCornerWidget(QWidget())  # else the style draws a bracket between the scroll bars
        self.setSortingEnabled(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(TEXT_ROW_PX)
        heading = self.horizontalHeader()
        # To paint a heading Qt asks of every row whether it is selected, 2 s for 100,000: here it never is.
        heading.setSelectionModel(QItemSelectionModel(self._listing, heading))
        heading.setHighlightSections(False)
        heading.setSectionsClickable(True)
        heading.setSortIndicatorShown(True)
        heading.setSortIndicatorClearable(True)
        heading.setStretchLastSection(True)
        heading.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        heading.sortIndicatorChanged.connect(self._listing.sort)

    @property
    def busy(self) -> bool:
        """Whether a change of the selection is still to be told."""
        return self._gather.isActive() or self._listing.sorting

    def show_found(self, found: Found | None) -> None:
        """List this."""
        heading = self.horizontalHeader()
        heading.blockSignals(True)  # another listing begins in the lab's order
        heading.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        heading.blockSignals(False)
        self._gather.stop()
        self._current = -1
        self._listing.show_found(found)
        pictured = self._listing.has_pictures()
        self.verticalHeader().setDefaultSectionSize(PICTURE_ROW_PX if pictured else TEXT_ROW_PX)
        self._fit_columns()
        self.scrollToTop()

    def show_marks(self, marked: NDArray[np.bool_]) -> None:
        """Show which positions are selected on the map."""
        self._listing.set_marked(marked)
        self._mirror()
        self.viewport().update()

    def selectAll(self) -> None:
        self.all_wanted.emit()

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self._current = int(self._listing.order[current.row()])
            self.current_changed.emit(self._current)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._visit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    # -- selecting -------------------------------------------------------------------------------------------------

    def _selected(self) -> None:
        if not self._mirrors:
            self._gather.start()

    def _tell_at_once(self) -> None:
        """Rows are about to go: what was selected among them is told while they are there."""
        if self._gather.isActive():
            self._gather.stop()
            self._tell_chosen()

    def _tell_chosen(self) -> None:
        self.chosen.emit(self._listing.order[self._chosen_rows()])

    def _chosen_rows(self) -> Positions:
        """The table rows that Qt holds for selected, ascending."""
        ranges = self.selectionModel().selection()
        parts = (ranges.at(at) for at in range(ranges.count()))
        stretches = [np.arange(part.top(), part.bottom() + 1) for part in parts]
        return np.unique(np.concatenate(stretches)) if stretches else np.zeros(0, np.int64)

    def _mirror(self) -> None:
        """Let Qt's selection be what is marked, so that Ctrl and Shift go on from there."""
        if self._gather.isActive():
            return
        rows = self._listing.marked_rows()
        if np.array_equal(rows, self._chosen_rows()):
            return
        self._mirrors = True
        self.selectionModel().select(self._as_selection(rows), QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._mirrors = False

    def _as_selection(self, rows: NDArray[np.int64]) -> QItemSelection:
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        runs = np.split(rows, breaks) if len(rows) and len(breaks) < MOST_RUNS else []
        made, last = QItemSelection(), self._listing.columnCount() - 1
        for run in runs:
            made.select(self._listing.index(int(run[0]), 0), self._listing.index(int(run[-1]), last))
        return made

    def _keep_current(self) -> None:
        """After sorting the same sample is the current one, and the same ones are selected."""
        self._mirror()
        if self._current >= 0:
            row = int(np.flatnonzero(self._listing.order == self._current)[0])
            index = self._listing.index(row, 0)
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)

    def _visit(self, row: int) -> None:
        self.visited.emit(int(self._listing.order[row]))

    def _fit_columns(self) -> None:
        """As wide as their headings and first rows, within reason."""
        heading = self.horizontalHeader()
        for section in range(self._listing.columnCount()):
            if section == 0 and self._listing.has_pictures():
                self.setColumnWidth(0, PICTURE_ROW_PX + 8)
                continue
            shown = range(min(30, self._listing.rowCount()))
            widths = [
                self.fontMetrics().horizontalAdvance(self._listing.text(row, section)) + CELL_PADDING_PX
                for row in shown
            ]
            widest = max([heading.sectionSizeHint(section), NARROWEST_PX, *widths])
            self.setColumnWidth(section, min(widest, WIDEST_PX))


class _Painter(QStyledItemDelegate):
    """Marks instead of Qt's selection; pictures fitted into their rows."""

    def __init__(self, table: ListingTable) -> None:
        super().__init__(table)
        self._table = table

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        option.state &= ~(QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_HasFocus)
        if option.features & QStyleOptionViewItem.ViewItemFeature.HasDecoration:
            option.features &= ~QStyleOptionViewItem.ViewItemFeature.HasDecoration

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        assert isinstance(model, ListingModel)
        rect: QRect = option.rect
        self._paint_ground(painter, rect, model, index.row())
        image = index.data(Qt.ItemDataRole.DecorationRole)
        super().paint(painter, option, index)
        if isinstance(image, QImage):
            paint_image(painter, image, QRectF(rect).adjusted(6, 3, -2, -3))
        if index.row() == self._table.currentIndex().row() and self._table.hasFocus():
            painter.setPen(QColor(current_theme().focus))
            painter.drawLine(rect.topLeft(), rect.topRight())
            painter.drawLine(rect.bottomLeft(), rect.bottomRight())

    @staticmethod
    def _paint_ground(painter: QPainter, rect: QRect, model: ListingModel, row: int) -> None:
        theme = current_theme()
        if model.is_marked(row):
            painter.fillRect(rect, QColor(theme.selected))
        elif model.in_band(row):
            painter.fillRect(rect, QColor(theme.raised))
