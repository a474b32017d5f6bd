"""How many points keep how much of their neighbourhood, as bars to choose from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.theme import current_theme

MOST_BARS = 20
_AXIS_PX = 16


class KeptBars(QWidget):
    """Bars over shares in [0, 1]; a click or Enter chooses the points of one.

    Signals
    -------
    chosen(object) : int64 rows of the points of a bar
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._shares = np.zeros(0, np.float32)
        self.counts = np.zeros(0, np.int64)
        self._at = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self._describe()

    def set_shares(self, shares: NDArray[np.float32], k: int) -> None:
        """Count the shares (N,) of k neighbours, one bar a number of them while these are few; NaN is not counted."""
        self._shares = shares
        bars = min(k + 1, MOST_BARS)
        self.counts = np.bincount(self._bar_of(shares[np.isfinite(shares)], bars), minlength=bars)
        self._at = min(self._at, bars - 1)
        self._describe()
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._shares, self.counts = np.zeros(0, np.float32), np.zeros(0, np.int64)
        self._describe()
        self.update()

    def rows_of(self, bar: int) -> NDArray[np.int64]:
        """The rows of the points that a bar counts."""
        known = np.flatnonzero(np.isfinite(self._shares))
        rows: NDArray[np.int64] = known[self._bar_of(self._shares[known], len(self.counts)) == bar]
        return rows

    def words_of(self, bar: int) -> str:
        """What a bar says."""
        low, high = bar / len(self.counts), (bar + 1) / len(self.counts)
        count = int(self.counts[bar])
        return f"{count:,} point{'s' * (count != 1)} keep {low:.0%} to {high:.0%}"

    @staticmethod
    def _bar_of(shares: NDArray[np.float32], bars: int) -> NDArray[np.int64]:
        """Bars of equal width; a share of one belongs to the last."""
        return np.minimum((shares.astype(np.float64) * bars + 1e-6).astype(np.int64), bars - 1)

    def _describe(self) -> None:
        self.setAccessibleName("Share of neighbours kept")
        words = self.words_of(self._at) if len(self.counts) else "nothing compared yet"
        self.setAccessibleDescription(f"{words}. Left and right move, Enter selects.")

    # -- events ----------------------------------------------------------------------------------------------------

    def bar_at(self, x: float) -> int | None:
        """The bar at a pixel; None where there is none."""
        bars = len(self.counts)
        return min(int(x / max(self.width(), 1) * bars), bars - 1) if bars and 0 <= x < self.width() else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        bar = self.bar_at(event.position().x())
        if bar is not None and event.button() == Qt.MouseButton.LeftButton:
            self._move_to(bar)
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if not len(self.counts):
            super().keyPressEvent(event)
        elif event.key() in steps:
            self._move_to(min(max(self._at + steps[Qt.Key(event.key())], 0), len(self.counts) - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            bar = self.bar_at(event.pos().x())
            QToolTip.showText(event.globalPos(), "" if bar is None else f"{self.words_of(bar)}. Click to select.", self)
            return True
        return super().event(event)

    def _move_to(self, bar: int) -> None:
        self._at = bar
        self._describe()
        self.update()

    def _choose(self) -> None:
        rows = self.rows_of(self._at)
        if len(rows):
            self.chosen.emit(rows)

    # -- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if not len(self.counts):
            return
        theme, painter = current_theme(), QPainter(self)
        floor = self.height() - _AXIS_PX
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(0, floor, self.width(), floor)
        wide, highest = self.width() / len(self.counts), max(int(self.counts.max()), 1)
        for bar, count in enumerate(self.counts):
            here = self.hasFocus() and bar == self._at
            high = max(count / highest * (floor - 2), 1.0 if count else 0.0)
            painter.fillRect(
                QRectF(bar * wide + 1, floor - high, max(wide - 2, 1), high),
                QColor(theme.accent if here else theme.outline),
            )
            if here:
                painter.fillRect(QRectF(bar * wide + 1, floor + 1, max(wide - 2, 1), 2), QColor(theme.focus))
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        axis = QRectF(0, floor, self.width(), _AXIS_PX)
        for words, side in (("0%", "Left"), ("neighbours kept", "HCenter"), ("100%", "Right")):
            painter.drawText(axis, Qt.AlignmentFlag[f"Align{side}"] | Qt.AlignmentFlag.AlignBottom, words)

    def sizeHint(self) -> QSize:
        return QSize(220, 90)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 40)
