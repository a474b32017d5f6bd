"""The live preview: samples beside their views, as large as the room allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_SMALL, SPACE_L, SPACE_XL, SPACE_XS
from workbench.gui.widgets.thumbnails import paint_image, to_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEAD = 20
_GAP = SPACE_XS
_AFTER_ORIGINAL = SPACE_L
_BETWEEN = SPACE_XL
_SMALLEST, _LARGEST = 24, 160


@dataclass(frozen=True)
class Arrangement:
    """Where the pictures stand: samples from left to right, or from top to bottom in one or more columns.

    across : whether samples run from left to right
    columns : how many columns of samples stand beside each other, when they do not
    cell : side of a picture, px
    margin : room for headings at the left when samples run across, px
    """

    across: bool
    columns: int
    cell: int
    margin: int = 0


def arrange(width: int, height: int, samples: int, views: int, margin: int) -> Arrangement:
    """The arrangement with the largest pictures for `samples` samples and `views` views of each."""
    lines = views + 1
    options = [Arrangement(True, 1, min((width - margin) // samples, (height - _AFTER_ORIGINAL) // lines), margin)]
    for columns in range(1, samples + 1):
        rows = -(-samples // columns)
        room = (width - (columns - 1) * _BETWEEN) // columns - _AFTER_ORIGINAL
        options.append(Arrangement(False, columns, min(room // lines, (height - _HEAD) // rows)))
    best = max(options, key=lambda option: option.cell)
    return replace(best, cell=max(_SMALLEST, min(_LARGEST, best.cell - _GAP)))


class PreviewGrid(QWidget):
    """Originals and their views with headings.

    Signals
    -------
    picked((sample, view)) : a picture was clicked; view -1 is the original
    changed() : other pictures are shown
    """

    picked = Signal(object)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[list[QImage]] = []
        self._titles: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_pictures(self, originals: NDArray[Any], views: Sequence[NDArray[Any]], titles: Sequence[str]) -> None:
        """Show originals uint8 (N, h, w, 3) and V views uint8 (N, s, s, 3), with a title for each view."""
        self._lines = [[to_image(pixels) for pixels in line] for line in (originals, *views)]
        self._titles = ["Original", *titles]
        self.setAccessibleName(f"{len(originals)} samples, each with {len(views)} views")
        self.update()
        self.changed.emit()

    def samples(self) -> int:
        """How many samples are shown."""
        return len(self._lines[0]) if self._lines else 0

    def image(self, sample: int, view: int) -> QImage:
        """One picture; view -1 is the original."""
        return self._lines[view + 1][sample]

    def titles(self) -> list[str]:
        """The headings, the original's first."""
        return list(self._titles)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 240)

    def sizeHint(self) -> QSize:
        return QSize(460, 460)

    def cell(self, sample: int, view: int) -> QRect:
        """Where a picture is drawn; view -1 is the original."""
        plan = self._plan()
        step = plan.cell + _GAP
        along = (view + 1) * step + (_AFTER_ORIGINAL if view >= 0 else 0)
        if plan.across:
            return QRect(plan.margin + sample * step, along, plan.cell, plan.cell)
        rows = -(-self.samples() // plan.columns)
        left = sample // rows * (len(self._lines) * step + _AFTER_ORIGINAL + _BETWEEN)
        return QRect(left + along, _HEAD + sample % rows * step, plan.cell, plan.cell)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        position = event.position().toPoint()
        for sample in range(self.samples()):
            for view in range(-1, len(self._lines) - 1):
                if self.cell(sample, view).contains(position):
                    self.picked.emit((sample, view))
                    return

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._lines:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font())
        for view in range(-1, len(self._lines) - 1):
            self._paint_title(painter, view)
            for sample in range(self.samples()):
                cell = QRectF(self.cell(sample, view))
                paint_image(painter, self.image(sample, view), cell)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(current_theme().border), 1))
                painter.drawRect(cell.adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_title(self, painter: QPainter, view: int) -> None:
        plan = self._plan()
        painter.setPen(QColor(current_theme().muted))
        rows = self.samples() if plan.across else -(-self.samples() // plan.columns)
        for first in range(0, self.samples(), rows):
            cell = self.cell(first, view)
            box = (
                QRect(0, cell.y(), plan.margin - _GAP, plan.cell)
                if plan.across
                else QRect(cell.x(), 0, plan.cell + _GAP, _HEAD)
            )
            words = painter.fontMetrics().elidedText(self._titles[view + 1], Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        return font

    def _plan(self) -> Arrangement:
        metrics = QFontMetrics(self._font())
        margin = max(metrics.horizontalAdvance(title) for title in self._titles) + SPACE_L
        return arrange(self.width(), self.height(), max(1, self.samples()), len(self._lines) - 1, margin)
