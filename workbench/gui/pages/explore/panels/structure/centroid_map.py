"""The distances between class centroids as a heat map, similar classes side by side."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from workbench.gui.figures.drawing import number_words
from workbench.gui.figures.view import FigureView
from workbench.gui.pages.explore.panels.structure.found import Found
from workbench.plugins.specs import FigureSpec

MOST_HEADINGS, LONGEST_HEADING = 24, 14
_SPEC = FigureSpec(
    name="centroids",
    title="Distances between class centroids",
    kind="matrix",
    description="How far the centroids of the classes lie apart; similar classes stand side by side",
)


class CentroidMap(FigureView):
    """Shows the classes of a listing of centroids.

    Signals
    -------
    cell_chosen(positions) : a cell was clicked, or Enter was pressed on it: the listing's rows of its two classes
    """

    cell_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: list[str] = []
        self._order = np.zeros(0, np.int64)
        self._distance = np.zeros((0, 0), np.float32)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click a cell to select the points of both classes.")

    def show_found(self, found: Found, metric: str) -> None:
        """Show the distances that came with a listing of centroids."""
        column = found.column("class")
        assert column.names is not None
        self._order = found.arrays["order"].astype(np.int64)
        self._names = [column.names[int(code)] for code in column.values[self._order]]
        self._distance = found.arrays["distance"][np.ix_(self._order, self._order)]
        shown = tuple(map(_shortened, self._names)) if len(self._names) <= MOST_HEADINGS else ()
        self.show_figure(_SPEC.replace(rows=shown, value=f"{metric} distance"), self._distance)

    def words(self) -> str:
        if self.hot is None or not self._names:
            return ""
        row, column = self.hot
        return f"{self._names[row]} to {self._names[column]}: {number_words(float(self._distance[row, column]))}"

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and self.hot is not None:
            return True  # the bubble at the cell says more
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self.mouseMoveEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.hot is not None:
            self._choose()
        else:
            super().keyPressEvent(event)

    def _choose(self) -> None:
        if self.hot is not None and len(self._order):
            self.cell_chosen.emit(np.unique(self._order[list(self.hot)]))


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_HEADING else f"{name[: LONGEST_HEADING - 1]}…"
