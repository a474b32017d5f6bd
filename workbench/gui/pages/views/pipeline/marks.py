"""Small painted things of the pipeline's cards: the grip, the bar of a cost, the mark where a card would land."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.pages.views.words import cost_text
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_SMALL

_BAR_WIDTH, _BAR_HEIGHT, _TEXT_WIDTH = 36, 4, 46


class Grip(QWidget):
    """Six dots: here a card can be taken and dragged."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(14)
        self.setMinimumHeight(24)
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(current_theme().outline))
        middle = self.height() / 2
        for row in (-5, 0, 5):
            for column in (5, 10):
                painter.drawEllipse(QPointF(column, middle + row), 1.3, 1.3)


class CostBar(QWidget):
    """What an operation costs: a bar for its share of the pipeline, and the time in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._us: float | None = None
        self._share = 0.0
        self._stale = False

    def set_cost(self, us_per_image: float | None, share: float, stale: bool = False) -> None:
        """Show a cost, µs an image, with its share in [0, 1] of the whole, in grey where it is stale; None hides it."""
        self._us, self._share, self._stale = us_per_image, min(max(share, 0.0), 1.0), stale
        self.setVisible(us_per_image is not None)
        words = "" if us_per_image is None else f"{cost_text(us_per_image)} an image, {share:.0%} of the pipeline"
        if words and stale:
            words += ", measured before the change"
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.update()

    def text(self) -> str:
        """The time as it is shown; empty while it is not known."""
        return "" if self._us is None else cost_text(self._us)

    def sizeHint(self) -> QSize:
        return QSize(_BAR_WIDTH + _TEXT_WIDTH, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = QRectF(0, (self.height() - _BAR_HEIGHT) / 2, _BAR_WIDTH, _BAR_HEIGHT)
        painter.setBrush(QColor(theme.border))
        painter.drawRoundedRect(track, 2, 2)
        if self._share > 0:
            track.setWidth(max(2.0, _BAR_WIDTH * self._share))
            painter.setBrush(QColor(theme.outline if self._stale else theme.accent))
            painter.drawRoundedRect(track, 2, 2)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        rest = QRectF(_BAR_WIDTH, 0, _TEXT_WIDTH, self.height())
        painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.text())


class InsertionMark(QWidget):
    """A line between two cards: here the dragged one would land."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_at(self, left: int, y: int, width: int) -> None:
        """Show the line centred at this height of the parent."""
        self.setGeometry(left, y - 4, width, 8)
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(current_theme().accent))
        painter.drawEllipse(QPointF(4, 4), 4, 4)
        painter.drawRoundedRect(QRectF(4, 2.5, self.width() - 4, 3), 1.5, 1.5)
