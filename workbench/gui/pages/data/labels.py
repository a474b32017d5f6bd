"""How many samples each class has, as bars."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_SMALL, SPACE_S

ROW_HEIGHT = 16
_NAME_SHARE = 0.38
_NAME_MAX = 160


class LabelBars(QWidget):
    """One bar a class, with its name and count.

    Signals
    -------
    chosen(label) : a bar was clicked; None when it was the chosen one
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[str, ...] = ()
        self._counts: tuple[int, ...] = ()
        self._selected: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_counts(self, classes: Sequence[str], counts: Sequence[int]) -> None:
        """Show these classes; both sequences are of the same length."""
        self._classes, self._counts = tuple(classes), tuple(counts)
        shown = ", ".join(f"{name} {count}" for name, count in list(zip(classes, counts, strict=True))[:20])
        self.setAccessibleName("Samples by class")
        self.setAccessibleDescription(shown)
        self.setMinimumHeight(self.sizeHint().height())  # a scroll area hears of a new minimum, not of a new hint
        self.update()

    def set_selected(self, label: int | None) -> None:
        """Mark one bar; None marks none."""
        self._selected = label
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, ROW_HEIGHT * len(self._classes))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and row is not None:
            self.chosen.emit(None if row == self._selected else row)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            assert isinstance(event, QHelpEvent)
            row = self._row_at(event.pos().y())
            QToolTip.showText(event.globalPos(), "" if row is None else self._tip(row), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        first, last = event.rect().top() // ROW_HEIGHT, event.rect().bottom() // ROW_HEIGHT
        for row in range(max(0, first), min(len(self._classes), last + 1)):
            self._paint_row(painter, row)

    def _paint_row(self, painter: QPainter, row: int) -> None:
        theme, metrics = current_theme(), QFontMetrics(painter.font())
        widest = metrics.horizontalAdvance(f"{max(self._counts, default=0):,}") + SPACE_S
        names = min(_NAME_MAX, self.width() * _NAME_SHARE)
        top = row * ROW_HEIGHT
        marked = self._selected is None or row == self._selected
        name = metrics.elidedText(self._classes[row], Qt.TextElideMode.ElideRight, int(names - SPACE_S))
        painter.setPen(QColor(theme.text if marked else theme.muted))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, top, names - SPACE_S, ROW_HEIGHT), Qt.AlignmentFlag.AlignLeft | middle, name)
        room = self.width() - names - widest
        length = room * self._counts[row] / max(1, *self._counts)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.accent if marked else theme.border))
        painter.drawRoundedRect(QRectF(names, top + 3, max(1.0, length), ROW_HEIGHT - 6), 2, 2)
        painter.setPen(QColor(theme.muted))
        count = QRectF(self.width() - widest, top, widest, ROW_HEIGHT)
        painter.drawText(count, Qt.AlignmentFlag.AlignRight | middle, f"{self._counts[row]:,}")

    def _row_at(self, y: float) -> int | None:
        row = int(y // ROW_HEIGHT)
        return row if 0 <= row < len(self._classes) else None

    def _tip(self, row: int) -> str:
        share = self._counts[row] / max(1, sum(self._counts))
        return f"{self._classes[row]}: {self._counts[row]:,} samples, {share:.1%}"


def scrolling(bars: LabelBars) -> QScrollArea:
    """The bars in an area that scrolls where there are many classes."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(bars)
    return area
