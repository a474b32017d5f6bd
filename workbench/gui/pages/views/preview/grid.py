"""The live preview: a row for each sample, the original beside its views, as large as the room allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QScrollArea, QToolTip, QWidget

from workbench.gui.pages.views.preview.arrangement import GAP, HEAD, Arrangement, arrange
from workbench.gui.theme import current_theme, paint_icon
from workbench.gui.theme.tokens import FONT_SMALL

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PreviewFrame", "PreviewGrid", "arrange"]

_CAPTION = 15
_PIN = 16
_MOVES = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Home: (-1_000_000, 0),
    Qt.Key.Key_End: (1_000_000, 0),
}
Place = tuple[int, int]


class PreviewGrid(QWidget):
    """Originals and their views with headings: one tab stop, the arrow keys move, P pins, Space plays.

    A place is (sample, view); view -1 is the original.

    Signals
    -------
    picked(place) : a picture was clicked, or reached with the arrow keys
    pinned(sample) : the pin of a row was pressed
    played(None) : Space was pressed
    asked_menu((place, QPoint)) : the menu of a picture is wanted there
    changed() : other pictures are shown
    """

    picked = Signal(object)
    pinned = Signal(object)
    played = Signal(object)
    asked_menu = Signal(object)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strips: list[_Strip] = []
        self._titles: list[str] = []
        self._captions: list[list[str]] = []
        self._under: list[list[str]] = []
        self._ratios: tuple[float, ...] = ()
        self._pins: frozenset[int] = frozenset()
        self._pinnable = False
        self._current: Place | None = None
        self._hovered: int | None = None
        self._plan = arrange(240, 240, 1, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Preview")

    # -- what is shown ---------------------------------------------------------------------------------------------

    def set_pictures(
        self,
        originals: NDArray[Any],
        views: Sequence[NDArray[Any]],
        titles: Sequence[str],
        captions: Sequence[Sequence[str]] = (),
        under: Sequence[Sequence[str]] = (),
        ratios: Sequence[float] = (),
    ) -> None:
        """Show originals uint8 (N, h, w, 3) and V views uint8 (N, s, s, 3).

        Parameters
        ----------
        titles : a heading for each view
        captions : words for each sample of the originals and of each view, (V + 1) times N; empty for none
        under : what is drawn under the views, V times N; empty for nothing
        ratios : side of each view as a share of the largest's; empty where all are of one size
        """
        self._strips = [_Strip(pixels) for pixels in (originals, *views)]
        self._titles = ["Original", *titles]
        self._captions = [list(line) for line in captions]
        self._under = [list(line) for line in under] if any(any(line) for line in under) else []
        self._ratios = tuple(ratios)
        self.setAccessibleName(f"{len(originals)} samples, each with {len(views)} views")
        self._describe()
        self.update()
        self.changed.emit()

    def set_pins(self, samples: frozenset[int], pinnable: bool) -> None:
        """Mark the rows whose sample stays; where rows cannot be pinned no pin is shown."""
        self._pins, self._pinnable = samples, pinnable
        self.update()

    def samples(self) -> int:
        """How many samples are shown."""
        return self._strips[0].count if self._strips else 0

    def image(self, sample: int, view: int) -> QImage:
        """One picture; view -1 is the original."""
        return self._strips[view + 1].image(sample)

    def titles(self) -> list[str]:
        """The headings, the original's first."""
        return list(self._titles)

    def caption(self, sample: int, view: int) -> str:
        """The words of a picture; "" where it has none."""
        return self._captions[view + 1][sample] if self._captions else ""

    def current(self) -> Place | None:
        """The picture that was picked last."""
        return self._current

    def set_current(self, place: Place | None) -> None:
        """Ring a picture, without a signal."""
        self._current = place
        self._describe()
        self.update()

    # -- where it stands -------------------------------------------------------------------------------------------

    def arrange_within(self, size: QSize, bar_px: int) -> Arrangement:
        """Lay the pictures out in a room of that size, or of what a scroll bar leaves of it; returns how."""
        caption = _CAPTION if self._under else 0
        samples, views = max(1, self.samples()), max(1, len(self._strips) - 1)
        plan = arrange(size.width(), size.height(), samples, views, self._ratios, caption)
        if plan.size[1] > size.height():
            plan = arrange(size.width() - bar_px, size.height(), samples, views, self._ratios, caption)
        self._plan = plan
        width, height = plan.size
        self.setMinimumSize(width if width > size.width() else 0, height if height > size.height() else 0)
        self.update()
        return plan

    def cell(self, sample: int, view: int) -> QRect:
        """Where a picture is drawn; view -1 is the original."""
        left, top, side = self._plan.place(sample, view + 1)
        return QRect(left, top, side, side)

    def _at(self, position: QPoint) -> Place | None:
        places = ((s, v) for s in range(self.samples()) for v in range(-1, len(self._strips) - 1))
        return next((place for place in places if self.cell(*place).contains(position)), None)

    def _pin_box(self, sample: int) -> QRect:
        cell = self.cell(sample, -1)
        return QRect(cell.x() + 2, cell.y() + 2, _PIN, _PIN)

    # -- mouse and keyboard ----------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        position = event.position().toPoint()
        place = self._at(position)
        if place is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if self._pinnable and place[1] < 0 and self._pin_box(place[0]).contains(position):
            self.pinned.emit(place[0])
            return
        self._pick(place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position().toPoint())
        hovered = place[0] if place is not None else None
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        place = self._at(event.pos()) if by_mouse else self._current
        if place is not None:
            where = event.globalPos() if by_mouse else self.mapToGlobal(self.cell(*place).center())
            self.asked_menu.emit((place, where))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _MOVES and self._strips:
            self._move(*_MOVES[key])
        elif key == Qt.Key.Key_P and self._pinnable and self._current is not None:
            self.pinned.emit(self._current[0])
        elif key == Qt.Key.Key_Space:
            self.played.emit(None)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._strips:
            self._pick(self._current or (0, -1))
        else:
            super().keyPressEvent(event)

    def _move(self, samples: int, views: int) -> None:
        if self._current is None:
            self._pick((0, -1))
            return
        sample, view = self._current
        last = len(self._strips) - 2
        self._pick((max(0, min(self.samples() - 1, sample + samples)), max(-1, min(last, view + views))))

    def _pick(self, place: Place) -> None:
        self.set_current(place)
        self.picked.emit(place)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self._at(event.pos())
            QToolTip.showText(event.globalPos(), self._tip(place) if place else "", self)
            return True
        return super().event(event)

    def _tip(self, place: Place) -> str:
        words = f"Sample {place[0] + 1}  ·  {self._titles[place[1] + 1]}"
        caption = self.caption(*place)
        return f"{words}  ·  {caption}" if caption else words

    def _describe(self) -> None:
        if self._current is not None and self._current[0] < self.samples() and self._current[1] < len(self._strips) - 1:
            self.setAccessibleDescription(self._tip(self._current))

    # -- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._strips:
            return
        painter = QPainter(self)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        self._paint_titles(painter)
        for view in range(-1, len(self._strips) - 1):
            for sample in range(self.samples()):
                cell = self.cell(sample, view)
                if cell.adjusted(0, 0, 0, self._plan.caption).intersects(event.rect()):
                    self._paint_cell(painter, sample, view, cell)
        if self._pinnable:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for sample in {*self._pins, *([self._hovered] if self._hovered is not None else [])}:
                if sample < self.samples():
                    self._paint_pin(painter, sample)

    def _paint_cell(self, painter: QPainter, sample: int, view: int, cell: QRect) -> None:
        theme = current_theme()
        self._strips[view + 1].paint(painter, sample, QRectF(cell))
        chosen = (sample, view) == self._current
        ring = (theme.focus if self.hasFocus() else theme.accent) if chosen else theme.border
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(ring), 2 if chosen else 1))
        painter.drawRect(cell if chosen else cell.adjusted(0, 0, -1, -1))
        words = self._under[view][sample] if self._under and view >= 0 else ""
        if words:
            box = QRect(cell.x(), cell.bottom() + 1, cell.width() + GAP, self._plan.caption)
            painter.setPen(QColor(theme.muted))
            elided = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)

    def _paint_titles(self, painter: QPainter) -> None:
        painter.setPen(QColor(current_theme().muted))
        for first in range(0, self.samples(), self._plan.rows):
            for view, title in enumerate(self._titles, -1):
                cell = self.cell(first, view)
                box = QRect(cell.x(), 0, cell.width() + GAP, HEAD)
                words = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, box.width())
                painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_pin(self, painter: QPainter, sample: int) -> None:
        theme, box = current_theme(), QRectF(self._pin_box(sample))
        held = sample in self._pins
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.accent if held else theme.raised))
        painter.drawRoundedRect(box, 3, 3)
        paint_icon(painter, "pin", box.adjusted(2, 2, -2, -2), theme.on_accent if held else theme.muted)


class PreviewFrame(QScrollArea):
    """The room that the grid fills; it scrolls where pictures would be too small to see."""

    def __init__(self, grid: PreviewGrid, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = grid
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(grid)
        grid.changed.connect(self._fit)
        grid.picked.connect(self._reveal)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 240)

    def _fit(self) -> None:
        self._grid.arrange_within(self.maximumViewportSize(), self.verticalScrollBar().sizeHint().width())

    def _reveal(self, place: Place) -> None:
        centre = self._grid.cell(*place).center()
        self.ensureVisible(centre.x(), centre.y(), 40, 60)


class _Strip:
    """The pictures of one column as one image, so that a new answer copies no picture singly."""

    def __init__(self, pixels: NDArray[Any]) -> None:
        """`pixels` is uint8 (N, h, w, 3), contiguous."""
        self.count, self._height, self._width = pixels.shape[:3]
        form = QImage.Format.Format_RGB888
        whole = QImage(pixels.data, self._width, self.count * self._height, 3 * self._width, form)
        self._image = whole.convertToFormat(QImage.Format.Format_RGB32)

    def image(self, sample: int) -> QImage:
        return self._image.copy(0, sample * self._height, self._width, self._height)

    def paint(self, painter: QPainter, sample: int, rect: QRectF) -> None:
        scale = min(rect.width() / self._width, rect.height() / self._height)
        width, height = max(1, round(self._width * scale)), max(1, round(self._height * scale))
        left, top = rect.x() + (rect.width() - width) // 2, rect.y() + (rect.height() - height) // 2
        source = QRectF(0, sample * self._height, self._width, self._height)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
        painter.drawImage(QRectF(left, top, width, height), self._image, source)
