"""One figure: painted, its values under the mouse and the arrow keys, saved and copied from its menu."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from workbench.app.figure_scale import Range
from workbench.core.files import write_atomic
from workbench.gui.explorer.export import png_bytes
from workbench.gui.figures.charts import BarsDrawing, LinesDrawing
from workbench.gui.figures.drawing import CENTRED, LEFT, Cell, Drawing, small_font
from workbench.gui.figures.matrix import MatrixDrawing
from workbench.gui.figures.pictures import PicturesDrawing
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import FONT_HEADING, RADIUS_S, SPACE_L, SPACE_S, SPACE_XS
from workbench.plugins.specs import FigureSpec

_MOVES = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
_SAVED = QSize(900, 640)


def drawing_of(spec: FigureSpec, array: NDArray[Any], between: Range | None = None) -> Drawing:
    """The drawing of an array; `between` fixes the ends of its colours or of its value axis."""
    if spec.kind == "matrix":
        return MatrixDrawing(spec, array, between)
    if spec.kind == "pictures":
        return PicturesDrawing(spec, array)
    if spec.kind == "bars":
        return BarsDrawing(spec, array, between)
    return LinesDrawing(spec, array)


class FigureView(QWidget):
    """Shows one figure as large as there is room.

    Signals
    -------
    save_wanted() : the figure is to be saved
    """

    save_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.drawing: Drawing | None = None
        self.hot: Cell | None = None
        self._picture: QPixmap | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # -- what is shown ---------------------------------------------------------------------------------------------

    def show_figure(self, spec: FigureSpec, array: NDArray[Any], between: Range | None = None) -> None:
        """Show this figure; a cell of the same figure stays pointed at."""
        before = self.drawing
        self.drawing = drawing_of(spec, array, between)
        if before is None or before.spec.name != spec.name or before.shape != self.drawing.shape:
            self.hot = None
        self.setAccessibleName(spec.title)
        self._touch()

    def clear(self) -> None:
        """Show nothing."""
        self.drawing, self.hot = None, None
        self._touch()

    def retheme(self) -> None:
        """Take over the theme's colours."""
        self._touch()

    def words(self) -> str:
        """The cell that is pointed at, in words; "" where there is none."""
        return self.drawing.words(*self.hot) if self.drawing is not None and self.hot is not None else ""

    def place_of(self, row: int, column: int) -> QRectF:
        """Where a cell lies, in the view's own pixels; empty without a figure."""
        return QRectF() if self.drawing is None else self.drawing.rect(self._area(), row, column)

    def image(self, size: QSize = _SAVED, scale: float = 2.0) -> QImage:
        """The figure with its title, of `size` logical pixels, `scale` device pixels each."""
        theme = current_theme()
        image = QImage(size * scale, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(scale)
        image.fill(QColor(theme.surface))
        painter = QPainter(image)
        inner = QRectF(0, 0, size.width(), size.height()).adjusted(SPACE_L, SPACE_L, -SPACE_L, -SPACE_L)
        if self.drawing is not None:
            painter.setFont(small_font(FONT_HEADING))
            painter.setPen(QColor(theme.text))
            line = QFontMetricsF(painter.font()).height()
            title = QRectF(inner.left(), inner.top(), inner.width(), line)
            painter.drawText(title, LEFT, self.drawing.spec.title)
            self.drawing.paint(painter, inner.adjusted(0, line + SPACE_S, 0, 0), theme)
        painter.end()
        return image

    def save(self, path: Path) -> None:
        """Write the figure as a PNG file; raises OSError from the disk."""
        write_atomic(path, png_bytes(self.image()))

    # -- events ----------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(None if self.drawing is None else self.drawing.cell_at(self._area(), event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self.hot is not None:
            self._point_at(None)
        elif key in _MOVES and self.drawing is not None:
            (rows, columns), (down, right) = self.drawing.shape, _MOVES[key]
            row, column = (0, 0) if self.hot is None else (self.hot[0] + down, self.hot[1] + right)
            self._point_at((min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)))
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.drawing is not None:
            menu = self.menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(event.globalPos())

    def menu(self) -> QMenu:
        """What can be done with the figure."""
        menu = QMenu(self)
        menu.addAction("Save as PNG…", self.save_wanted.emit)
        menu.addAction("Copy picture", lambda: QGuiApplication.clipboard().setImage(self.image()))
        return menu

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._touch()

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 160)

    def sizeHint(self) -> QSize:
        return QSize(560, 400)

    # -- painting --------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.drawing is None or self._area().width() < 2 or self._area().height() < 2:
            return
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._painted(self.drawing))
        theme = current_theme()
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.focus), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_S, RADIUS_S)
        if self.hot is not None:
            self.drawing.paint_hot(painter, self._area(), self.hot, theme)
            self._paint_bubble(painter, self.drawing.hot_rect(self._area(), *self.hot))

    def _painted(self, drawing: Drawing) -> QPixmap:
        """The figure as it was painted last; the mouse moves oftener than the figure changes."""
        if self._picture is None:
            picture = QPixmap(self.size() * self.devicePixelRatioF())
            picture.setDevicePixelRatio(self.devicePixelRatioF())
            picture.fill(QColor(current_theme().surface))
            painter = QPainter(picture)
            drawing.paint(painter, self._area(), current_theme())
            painter.end()
            self._picture = picture
        return self._picture

    def _paint_bubble(self, painter: QPainter, cell: QRectF) -> None:
        """The value of a cell beside it, within the widget."""
        theme, words = current_theme(), self.words()
        painter.setFont(small_font())
        metrics = QFontMetricsF(painter.font())
        most = max(1.0, self.width() - 4.0 * SPACE_S)
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, most)
        wide, high = metrics.horizontalAdvance(words) + 2 * SPACE_S, metrics.height() + SPACE_S
        left = min(max(0.0, cell.center().x() - wide / 2), self.width() - wide)
        top = cell.bottom() + SPACE_XS
        if top + high > self.height():
            top = max(0.0, min(cell.top() - SPACE_XS, float(self.height())) - high)
        bubble = QRectF(left, top, wide, high)
        painter.setPen(QPen(QColor(theme.outline), 1))
        painter.setBrush(QColor(theme.raised))
        painter.drawRoundedRect(bubble, RADIUS_S, RADIUS_S)
        painter.setPen(QColor(theme.text))
        painter.drawText(bubble, CENTRED, words)

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(SPACE_S, SPACE_S, -SPACE_S, -SPACE_S)

    def _point_at(self, cell: Cell | None) -> None:
        if cell != self.hot:
            self.hot = cell
            self._describe()
            self.update()

    def _describe(self) -> None:
        whole = "" if self.drawing is None else f"{self.drawing.spec.description}. {self.drawing.summary()}."
        self.setAccessibleDescription(self.words() or whole)

    def _touch(self) -> None:
        self._picture = None
        self._describe()
        self.update()
