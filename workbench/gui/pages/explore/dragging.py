"""Points that are dragged from where they are listed onto a line in which points are named."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, Qt
from PySide6.QtGui import QDrag, QImage, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from workbench.app.explorer.explorer import Explorer
from workbench.app.explorer.sums import name_of_row
from workbench.runs.embedding_meta import word_column

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

POINTS = "application/x-workbench-points"
"""JSON: {"set": the folder, "rows": [7, 19]}. As plain text, the points are named as in a sum."""
_DRAGGED_PX = 48


def points_data(explorer: Explorer | None, rows: Sequence[int]) -> QMimeData:
    """These points of a set, to be dragged; nothing while no set is open."""
    data = QMimeData()
    if explorer is not None and rows:
        told = {"set": str(explorer.stored.folder), "rows": [int(row) for row in rows]}
        data.setData(POINTS, json.dumps(told).encode())
        data.setText(" + ".join(written_names(explorer, rows)))
    return data


def looked_at_data(explorer: Explorer | None) -> QMimeData:
    """The looked-at sample, to be dragged; nothing where there is none."""
    focus = None if explorer is None else explorer.focus
    return points_data(explorer, [] if focus is None else [focus])


def dropped_points(explorer: Explorer | None, data: QMimeData) -> list[int]:
    """The rows that are being dragged, where they are of this set; else none."""
    if explorer is None or not data.hasFormat(POINTS):
        return []
    try:
        told = json.loads(bytes(data.data(POINTS).data()))
        same = told["set"] == str(explorer.stored.folder)
        return [int(row) for row in told["rows"] if 0 <= int(row) < len(explorer)] if same else []
    except (ValueError, TypeError, KeyError):  # another program may use the name
        return []


def drag_points(source: QWidget, data: QMimeData, picture: QImage | None = None) -> None:
    """Drag until the mouse is let go; the picture goes with it."""
    drag = QDrag(source)
    drag.setMimeData(data)
    if picture is not None:
        drag.setPixmap(QPixmap.fromImage(picture.scaledToHeight(_DRAGGED_PX)))
    drag.exec(Qt.DropAction.CopyAction)


class DragSource(QObject):
    """Lets a point be dragged from a widget that shows it.

    Parameters
    ----------
    data : the point that the widget shows now, as `points_data` has it
    """

    def __init__(self, widget: QWidget, data: Callable[[], QMimeData]) -> None:
        super().__init__(widget)
        self._widget, self._data = widget, data
        self._pressed: QPoint | None = None
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QMouseEvent):
            return False
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()
        elif event.type() == QEvent.Type.MouseButtonRelease:
            self._pressed = None
        elif event.type() == QEvent.Type.MouseMove and is_drag(self._pressed, event):
            self._pressed = None
            data = self._data()
            if data.hasFormat(POINTS):
                drag_points(self._widget, data)
        return False


def is_drag(pressed: QPoint | None, event: QMouseEvent) -> bool:
    """Whether the mouse has moved so far from where it was pressed that a drag is meant."""
    if pressed is None:
        return False
    return (event.position().toPoint() - pressed).manhattanLength() >= QApplication.startDragDistance()


def written_names(explorer: Explorer, rows: ArrayLike) -> list[str]:
    """How rows are named in a line: by their words, in a set with pictures by their numbers."""
    named = list(map(int, rows))  # type: ignore[arg-type]
    if explorer.stored.thumbnails is not None:
        return [f"#{row}" for row in named]
    words = explorer.columns.cells(word_column(explorer.stored.samples.column_names), named)
    return [name_of_row(row, word) for row, word in zip(named, words, strict=True)]
