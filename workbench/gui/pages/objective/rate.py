"""The learning rate over a run, drawn small."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.core.units import format_duration
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_SMALL, SPACE_S, SPACE_XS
from workbench.recipes.models import Budget, Schedule
from workbench.recipes.schedule import rate_factor

POINTS = 200
_HEIGHT_PX = 96


class RateCurve(QWidget):
    """A line from the run's start to its end, with the peak and the budget at the axes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._factors: Sequence[float] = ()
        self._peak, self._end = "", ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_schedule(self, schedule: Schedule, peak: float | None, budget: Budget | None) -> None:
        """Draw a schedule; `peak` and `budget` name the axes where they are known."""
        self._factors = [rate_factor(schedule, place / (POINTS - 1)) for place in range(POINTS)]
        self._peak = f"{peak:.3g}" if peak is not None else ""
        self._end = _budget_words(budget) if budget else "end"
        fall = f", then {schedule.shape}" + (f" to {schedule.final:.0%} of it" if schedule.shape == "cosine" else "")
        self.setAccessibleName(f"Learning rate: warm-up over {schedule.warmup:.0%} of the run to {self._peak}{fall}")
        self.update()

    def clear(self) -> None:
        """Draw no line: the schedule is not valid."""
        self._factors = ()
        self.setAccessibleName("Learning rate: the schedule is not valid")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, _HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), current_theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        left = max(metrics.horizontalAdvance(text) for text in (self._peak, "0")) + SPACE_S
        plot = QRectF(left, SPACE_XS, self.width() - left - 1, self.height() - metrics.height() - 2 * SPACE_XS)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.drawLine(plot.topLeft(), plot.bottomLeft())
        self._paint_words(painter, plot)
        if self._factors:
            painter.setPen(QPen(QColor(theme.accent), 1.75))
            painter.drawPolyline(_line(self._factors, plot))

    def _paint_words(self, painter: QPainter, plot: QRectF) -> None:
        painter.setPen(QColor(current_theme().muted))
        right, high = Qt.AlignmentFlag.AlignRight, painter.fontMetrics().height()
        for text, y in ((self._peak, plot.top()), ("0", plot.bottom() - high)):
            painter.drawText(QRectF(0, y, plot.left() - SPACE_XS, high), right | Qt.AlignmentFlag.AlignTop, text)
        foot = QRectF(plot.left(), plot.bottom() + SPACE_XS, plot.width(), high)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "start")
        painter.drawText(foot, right, self._end)


def _line(factors: Sequence[float], plot: QRectF) -> QPolygonF:
    step = plot.width() / (len(factors) - 1)
    return QPolygonF(
        [
            QPointF(plot.left() + place * step, plot.bottom() - factor * (plot.height() - 2))
            for place, factor in enumerate(factors)
        ]
    )


def _budget_words(budget: Budget) -> str:
    if budget.unit == "seconds":
        return format_duration(budget.amount)
    return f"{budget.amount:g} {budget.unit if budget.amount != 1 else budget.unit[:-1]}"
