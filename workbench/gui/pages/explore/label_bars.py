"""Labels of a selection as bars: how many, which share, and how much more than in the whole set."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.app.explorer.statistics import LabelCount
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_SMALL, SPACE_XS

_ROW_PX, _BAR_PX = 22, 3
_COUNT_PX, _SHARE_PX, _LIFT_PX = 48, 44, 48


class LabelBars(QWidget):
    """A line for each label, with a bar of its share under it."""

    def __init__(self) -> None:
        super().__init__()
        self._labels: tuple[LabelCount, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Labels of the selection")

    @property
    def labels(self) -> tuple[LabelCount, ...]:
        return self._labels

    def show_labels(self, labels: Sequence[LabelCount]) -> None:
        """Show these, in this order."""
        self._labels = tuple(labels)
        self.setAccessibleDescription("; ".join(map(_told, self._labels)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, _ROW_PX * len(self._labels))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at = event.pos().y() // _ROW_PX
            told = _told(self._labels[at]) if 0 <= at < len(self._labels) else ""
            QToolTip.showText(event.globalPos(), told, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), current_theme()
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        for row, one in enumerate(self._labels):
            line = QRectF(0, row * _ROW_PX, self.width(), _ROW_PX - _BAR_PX - 2)
            painter.fillRect(QRectF(0, line.bottom(), self.width(), _BAR_PX), QColor(theme.raised))
            painter.fillRect(QRectF(0, line.bottom(), self.width() * one.share, _BAR_PX), QColor(theme.accent))
            left = self.width() - _COUNT_PX - _SHARE_PX - _LIFT_PX
            name = painter.fontMetrics().elidedText(_name(one), Qt.TextElideMode.ElideRight, left - SPACE_XS)
            painter.setPen(QColor(theme.text))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
            cells = ((f"{one.count:,}", _COUNT_PX), (f"{one.share:.0%}", _SHARE_PX), (f"×{one.lift:.2g}", _LIFT_PX))
            for text, width in cells:
                cell = QRectF(left, line.y(), width, line.height())
                painter.drawText(cell, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
                painter.setPen(QColor(theme.muted))
                left += width


def _name(one: LabelCount) -> str:
    return one.name or "no label"


def _told(one: LabelCount) -> str:
    whole = f"{one.whole:.1%} of the whole set"
    return f"{_name(one)}: {one.count:,} points, {one.share:.1%} of the selection, {one.lift:.2f} times the {whole}"
