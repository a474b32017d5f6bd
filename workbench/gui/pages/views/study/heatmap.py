"""The study's table as a heat map that is pointed at, clicked and walked by keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.app.studies.composition.report import cell_words
from workbench.app.studies.composition.table import Table
from workbench.app.studies.results import CellState
from workbench.gui.pages.views.study.paint import Frame, frame, paint
from workbench.gui.theme import current_theme

_KEYS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class HeatMap(QWidget):
    """Shows a table; cells are reached by mouse and by arrow keys.

    Signals
    -------
    chosen((first, second)) : another cell is the current one
    opened((first, second)) : a cell was clicked, or Enter was pressed on it
    """

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table: Table | None = None
        self.headings: list[str] = []
        self.current: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Heat map of the composition study")

    def show_table(self, table: Table, headings: Sequence[str]) -> None:
        """Show these results."""
        if self.table is None or self.table.plan.ops != table.plan.ops:
            self.current = None
        self.table, self.headings = table, list(headings)
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 220)

    def sizeHint(self) -> QSize:
        return QSize(520, 420)

    def pair(self, row: int, column: int) -> tuple[str, str]:
        """The operations of a cell."""
        assert self.table is not None
        return self.table.plan.ops[row], self.table.plan.ops[column]

    def rect_of(self, row: int, column: int) -> QRectF:
        """Where a cell is drawn."""
        return self._frame().cell(row, column, len(self.headings))

    def words_of(self, row: int, column: int) -> str:
        """A cell in words: 'Crop, then Colour: 71.2%'."""
        assert self.table is not None
        first, second = self.headings[row], self.headings[column]
        return f"{first if row == column else f'{first}, then {second}'}: {self._found(row, column)}"

    # -- events ----------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = self._at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.words_of(*at) if at else "", self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self._at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if at else Qt.CursorShape.ArrowCursor)
        if at is not None and at != self.current:
            self._choose(at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._at(event.position())
        if at is not None and event.button() == Qt.MouseButton.LeftButton:
            self._choose(at)
            self.opened.emit(self.pair(*at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, last = Qt.Key(event.key()), len(self.headings) - 1
        if self.table is None or (key not in _KEYS and key not in (Qt.Key.Key_Return, Qt.Key.Key_Enter)):
            super().keyPressEvent(event)
        elif key in _KEYS:
            row, column = self.current or (0, 0)
            down, right = _KEYS[key] if self.current else (0, 0)
            self._choose((max(0, min(last, row + down)), max(0, min(last, column + right))))
        elif self.current is not None:
            self.opened.emit(self.pair(*self.current))

    def _choose(self, at: tuple[int, int]) -> None:
        self.current = at
        self.setAccessibleDescription(self.words_of(*at))
        self.chosen.emit(self.pair(*at))
        self.update()

    def _at(self, point: QPointF) -> tuple[int, int] | None:
        if self.table is None:
            return None
        plan, count = self._frame(), len(self.headings)
        if not plan.cells.contains(point):
            return None
        column = int((point.x() - plan.cells.left()) / plan.cells.width() * count)
        row = int((point.y() - plan.cells.top()) / plan.cells.height() * count)
        return min(row, count - 1), min(column, count - 1)

    def _found(self, row: int, column: int) -> str:
        assert self.table is not None
        score, runs = self.table.score(*self.pair(row, column)), self.table.runs(*self.pair(row, column))
        failed = [run for run in runs if run.state is CellState.FAILED]
        if score is not None:
            of = f" over {score.count} seeds" if score.count > 1 else ""
            return f"{cell_words(score, runs)}%{of}"
        if failed:
            return f"failed. {failed[0].reason}"
        share = max((run.share for run in runs), default=0.0)
        state = str(runs[0].state) if runs else "waiting"
        return f"{state}, {share:.0%} trained" if share else state

    def _frame(self) -> Frame:
        return frame(QRectF(self.rect()), self.headings)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.table is None:
            return
        painter = QPainter(self)
        paint(painter, QRectF(self.rect()), self.table, self.headings, current_theme())
        if self.current is not None:
            width = 2.0 if self.hasFocus() else 1.0
            painter.setPen(QPen(QColor(current_theme().focus), width))
            painter.drawRect(self.rect_of(*self.current).adjusted(1, 1, -1, -1))
