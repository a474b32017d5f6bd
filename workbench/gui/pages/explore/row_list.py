"""Samples in an order that somebody found, each with a value: pictures, or lines of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QScrollArea,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.app.explorer.explorer import Explorer
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.dragging import POINTS, drag_points, is_drag, points_data
from workbench.gui.widgets.thumbnails import Picture, ThumbnailGrid

_ROW = Qt.ItemDataRole.UserRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, eq=False)
class Entry:
    """A sample of the list.

    value : what was found of it, in words: a distance, a score
    marks : signs beside the value; tip : what they mean, and all else that is worth knowing
    """

    row: int
    name: str
    value: str
    marks: str = ""
    tip: str = ""
    picture: NDArray[Any] | None = None


class RowList(QWidget):
    """Lists entries, pictures as a grid and others as lines. Arrow keys move, Enter or a click chooses.

    Entries can be dragged onto a line in which points are named.

    Parameters
    ----------
    title : accessible name, and what the values are called
    columns : pictures in a row; 0 takes as many as fit
    most_px : the greatest height; None takes the room there is

    Signals
    -------
    chosen(row) : a sample was clicked, or Enter was pressed on it
    """

    chosen = Signal(object)

    def __init__(
        self, desk: Desk, title: str, value: str, picture_px: int = 64, columns: int = 0, most_px: int | None = None
    ) -> None:
        super().__init__()
        self._most = most_px
        self.entries: list[Entry] = []
        self.grid = _Pictures(desk, picture_px, columns)
        self.names = _Lines(desk, title, value)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self.grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.area, 1)
        column.addWidget(self.names, 1)
        self.grid.chosen.connect(self.chosen)
        self.names.itemClicked.connect(lambda item: self.chosen.emit(item.data(0, _ROW)))
        self.names.itemActivated.connect(lambda item: self.chosen.emit(item.data(0, _ROW)))
        self.show_entries([])

    def show_entries(self, entries: Sequence[Entry], value: str = "") -> None:
        """List these; `value` is what their values are called."""
        self.entries = list(entries)
        pictured = any(entry.picture is not None for entry in self.entries)
        self.area.setVisible(pictured)
        self.names.setVisible(bool(self.entries) and not pictured)
        self.grid.set_pictures([_picture(entry) for entry in self.entries] if pictured else [])
        self.names.clear()
        if not pictured:
            self.names.addTopLevelItems([_line(entry) for entry in self.entries])
        if value:
            self.names.headerItem().setText(1, value)
        self.area.verticalScrollBar().setValue(0)
        self._fit_height()

    def _fit_height(self) -> None:
        """As high as the entries, no higher than it may be."""
        if self._most is None:
            return
        grid = self.grid.heightForWidth(max(self.grid.minimumSizeHint().width(), self.area.viewport().width())) + 2
        lines = self.names.header().sizeHint().height() + len(self.entries) * self.names.sizeHintForRow(0) + 4
        self.area.setFixedHeight(min(self._most, max(grid, 1)))
        self.names.setFixedHeight(min(self._most, lines))


class _Pictures(ThumbnailGrid):
    """Pictures of points: a press chooses when it is let go where it began, and drags when it moves away."""

    def __init__(self, desk: Desk, size_px: int, columns: int) -> None:
        super().__init__(size_px, columns)
        self._desk = desk
        self._pressed: QPoint | None = None

    def points_data(self, index: int) -> QMimeData:
        """The point of a picture, to be dragged."""
        key = self._pictures[index].key
        return points_data(self._desk.explorer, [key] if isinstance(key, int) else [])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        with QSignalBlocker(self):  # the ring moves at once; chosen is what is not dragged
            super().mousePressEvent(event)
        left = event.button() == Qt.MouseButton.LeftButton
        self._pressed = event.position().toPoint() if left else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        start = self._pressed
        if start is None or not is_drag(start, event):
            return
        self._pressed = None
        index = self._at(start)
        if index is not None:
            drag_points(self, self.points_data(index), self._images[index])

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        start, self._pressed = self._pressed, None
        index = None if start is None else self._at(start)
        if index is not None and self._at(event.position().toPoint()) == index:
            self.chosen.emit(self._pictures[index].key)


class _Lines(QTreeWidget):
    """Points without pictures, a line each."""

    def __init__(self, desk: Desk, title: str, value: str) -> None:
        super().__init__()
        self._desk = desk
        self.setAccessibleName(title)
        self.setProperty("bare", True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHeaderLabels(["Name", value, ""])
        head = self.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for section in (1, 2):
            head.setSectionResizeMode(section, QHeaderView.ResizeMode.ResizeToContents)
        self.headerItem().setTextAlignment(1, _RIGHT)

    def mimeTypes(self) -> list[str]:
        return [POINTS]

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:
        return points_data(self._desk.explorer, [item.data(0, _ROW) for item in items])


def _line(entry: Entry) -> QTreeWidgetItem:
    item = QTreeWidgetItem([entry.name, entry.value, entry.marks])
    item.setData(0, _ROW, entry.row)
    item.setTextAlignment(1, _RIGHT)
    for section in range(3):
        item.setToolTip(section, entry.tip or entry.name)
    return item


def _picture(entry: Entry) -> Picture:
    caption = f"{entry.name}\n{entry.value} {entry.marks}".strip()
    return Picture(entry.picture, caption, entry.tip or entry.name, entry.row)


def entries_of(
    explorer: Explorer,
    rows: NDArray[np.int64],
    names: Sequence[str],
    values: Sequence[str],
    marks: Sequence[str] = (),
    tips: Sequence[str] = (),
) -> list[Entry]:
    """Entries with what the set says of their samples. Reads pictures: not for the window's thread.

    Parameters
    ----------
    names : what the lab calls the rows; pictures are called by their label, where they have one
    tips : what is added to the name, label and value of each
    """
    made = []
    for at, sample in enumerate(explorer.samples(rows)):
        called = [names[at], sample.label] if sample.picture is None else [sample.label or sample.id]
        name = " · ".join(dict.fromkeys(filter(None, called)))
        facts = [names[at], sample.label, values[at], tips[at] if tips else ""]
        tip = "\n".join(dict.fromkeys(fact for fact in facts if fact))
        made.append(Entry(sample.row, name, values[at], marks[at] if marks else "", tip, sample.picture))
    return made
