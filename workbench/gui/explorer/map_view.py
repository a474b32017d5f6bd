"""The map: a widget that shows a cloud of points and answers to mouse, wheel and keyboard."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from workbench.gui.explorer import raster
from workbench.gui.explorer.camera import Camera
from workbench.gui.explorer.cloud import Cloud, device_shape, transform
from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.grid import GridIndex

PICK_RADIUS_PX = 14
HIT_TEST_EVERY_MS = 50
_WHEEL_STEP = 1.25
_KEY_PAN = 0.1
_PANS = {
    Qt.Key.Key_Left: (1, 0), Qt.Key.Key_Right: (-1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1),
}  # fmt: skip
_ZOOMS = {Qt.Key.Key_Plus: _WHEEL_STEP, Qt.Key.Key_Equal: _WHEEL_STEP, Qt.Key.Key_Minus: 1 / _WHEEL_STEP}


class MapView(QWidget):
    """A map of up to millions of points.

    Drag pans, the wheel zooms at the cursor, a double click, Home or 0 shows everything, arrows pan, + and - zoom.

    Signals
    -------
    hovered(object) : index of the point under the cursor, or None; only when it changes
    clicked(object) : index of the clicked point, or None for a click beside all points
    view_changed() : the view panned, zoomed or changed its size
    """

    hovered = Signal(object)
    clicked = Signal(object)
    view_changed = Signal()

    def __init__(self, colours: PlotColours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._cloud = Cloud(np.zeros((0, 2)))
        self._camera = Camera(width=max(self.width(), 1), height=max(self.height(), 1))
        self._home = self._camera
        self._fits = True
        self._point_size: float | None = None
        self._placeholder = ""
        self._hovered: int | None = None
        self._picture: tuple[NDArray[np.uint32], QImage] | None = None
        self._pressed: QPointF | None = None
        self._last: QPointF | None = None
        self._dragging = False
        self._cursor: QPointF | None = None
        self._must_test = False
        self._hit_timer = QTimer(self, singleShot=True, interval=HIT_TEST_EVERY_MS)
        self._hit_timer.timeout.connect(self._test_again)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Embedding map")
        self._describe()

    # data

    def set_points(
        self,
        xy: ArrayLike,
        sizes: ArrayLike | None = None,
        *,
        keep_view: bool = False,
        grid: GridIndex | None = None,
    ) -> None:
        """Show other points; colours, mask and marks start afresh.

        Parameters
        ----------
        xy : (N, 2); rows with NaN or infinity are not drawn and counted in `hidden_count`
        sizes : (N,) pixels 1..15, or None for one size that suits N
        keep_view : leave pan and zoom as they are, as for the next frame of a time-lapse
        grid : the index of these points, where another thread has built it
        """
        self._cloud = Cloud(xy, sizes, grid)
        self._set_hovered(None)
        self._describe()
        if keep_view:
            self._home = self._camera.fitted(self._cloud.bounds)
            self._refresh()
        else:
            self.fit()

    def set_colours(self, codes: ArrayLike, table: ArrayLike) -> None:
        """Colour point i with row `codes[i]` of `table` (K, 4) uint8 RGBA; raises ValueError where they do not fit."""
        self._cloud.set_colours(codes, table)
        self._refresh()

    def set_mask(self, mask: ArrayLike | None) -> None:
        """Draw and pick only the points where `mask` (N,) is true; None for all."""
        self._cloud.set_visible(mask)
        if self._hovered is not None and not self._cloud.is_drawn(self._hovered):
            self._set_hovered(None)
        self._refresh()

    def set_selection(self, indices: ArrayLike, *, dim_others: bool = False) -> None:
        """Ring the selected points and draw them on top; `dim_others` fades all points that are not marked."""
        self._cloud.selected = self._cloud.marked(indices)
        self._cloud.dims_others = dim_others
        self._refresh()

    def set_highlight(self, indices: ArrayLike) -> None:
        """Ring further points in the accent colour, such as the neighbours of the selected one."""
        self._cloud.highlighted = self._cloud.marked(indices)
        self._refresh()

    def set_point_size(self, size_px: float | None) -> None:
        """Points of `size_px` 1..15 at the fitted view; None for a size that suits their number."""
        self._point_size = size_px
        self._refresh()

    def set_plot_colours(self, colours: PlotColours) -> None:
        """Change the theme's colours."""
        self._colours = colours
        self._refresh()

    def repaint_points(self) -> None:
        """Draw the points anew, as after the compiled kernels came up."""
        self._refresh()

    def set_placeholder(self, text: str) -> None:
        """What is written in the middle while there is no point to draw."""
        self._placeholder = text
        self._describe()
        self.update()

    @property
    def cloud(self) -> Cloud:
        return self._cloud

    @property
    def camera(self) -> Camera:
        return self._camera

    @property
    def plot_colours(self) -> PlotColours:
        return self._colours

    @property
    def hidden_count(self) -> int:
        """How many points cannot be drawn, for want of a finite position."""
        return self._cloud.hidden_count

    @property
    def hovered_index(self) -> int | None:
        return self._hovered

    def point_size_px(self) -> float:
        """The size that points without one of their own have now, in logical pixels."""
        return self._cloud.size_px(self._point_size, self._camera.scale / self._home.scale)

    def position_of(self, index: int) -> QPointF:
        """Where a point lies in the widget; NaN for a point without a position."""
        return QPointF(*self._camera.to_screen(*map(float, self._cloud.xy[index])))

    # view

    def fit(self) -> None:
        """Show all points, and keep doing so while the widget changes its size, until someone pans or zooms."""
        self._home = self._camera.fitted(self._cloud.bounds)
        self._fits = True
        self._move_to(self._home)

    def pan_by(self, dx_px: float, dy_px: float) -> None:
        """Move the content by so many pixels, right and down."""
        self._fits = False
        self._move_to(self._camera.panned(dx_px, dy_px))

    def centre_on(self, index: int) -> None:
        """Bring a point to the middle at the present zoom; does nothing for a point without a position."""
        at = self.position_of(index)
        if math.isfinite(at.x()) and math.isfinite(at.y()):
            self.pan_by(self.width() / 2 - at.x(), self.height() / 2 - at.y())

    def shows(self, index: int) -> bool:
        """Whether a point lies in the part of the map that is seen."""
        at = self.position_of(index)
        return 0 <= at.x() <= self.width() and 0 <= at.y() <= self.height()

    def zoom_at(self, factor: float, at: QPointF) -> None:
        """Zoom so that the data under `at` stays under it."""
        self._fits = False
        self._move_to(self._camera.zoomed_at(factor, at.x(), at.y(), self._home))

    def pick(self, at: QPointF) -> int | None:
        """The shown point nearest to `at`, at most 14 px away (or within its own disc); None where there is none."""
        return self._cloud.nearest(self._camera, at.x(), at.y(), max(PICK_RADIUS_PX, self.point_size_px() / 2))

    def _move_to(self, camera: Camera) -> None:
        self._camera = camera
        self._refresh()
        self.view_changed.emit()
        if self._cursor is not None and not self._dragging:
            self._test_later()

    def _refresh(self) -> None:
        self._picture = None
        self.update()

    def _describe(self) -> None:
        count = len(self._cloud.xy)
        self.setAccessibleDescription(f"{count} points" if count else self._placeholder)

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        dpr = self.devicePixelRatioF()
        if self._picture is None or self._picture[1].devicePixelRatio() != dpr:
            self._picture = self._draw(dpr)
        painter.drawImage(0, 0, self._picture[1])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not len(self._cloud.grid.order):
            self._paint_placeholder(painter)
        if self._hovered is not None:
            self._paint_hover_ring(painter, self._hovered)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._colours.accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _draw(self, dpr: float) -> tuple[NDArray[np.uint32], QImage]:
        picture = raster.draw(
            self._cloud.layers(self._colours, self.point_size_px(), dpr),
            transform(self._camera, dpr), device_shape(self._camera, dpr), self._colours.argb("background"),
        )  # fmt: skip
        image = raster.to_image(picture)
        image.setDevicePixelRatio(dpr)
        return picture, image

    def _paint_placeholder(self, painter: QPainter) -> None:
        painter.setPen(QColor(self._colours.muted))
        area = QRectF(self.rect()).adjusted(24, 24, -24, -24)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._placeholder)

    def _paint_hover_ring(self, painter: QPainter, index: int) -> None:
        own = self._cloud.sizes[index] if self._cloud.sizes is not None else self.point_size_px()
        radius = max(float(own), 4.0) / 2 + 3.5
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((self._colours.background, 5.0), (self._colours.foreground, 2.0)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawEllipse(self.position_of(index), radius, radius)

    # events

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._home = self._camera.resized(self.width(), self.height()).fitted(self._cloud.bounds)
        self._move_to(self._home if self._fits else self._camera.resized(self.width(), self.height()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = self._last = event.position()
            self._dragging = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = event.position()
        self._cursor = here
        if self._pressed is None or self._last is None:
            self._test_later()
            return
        if not self._dragging and (here - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._dragging = True
            self._set_hovered(None)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragging:
            self.pan_by(here.x() - self._last.x(), here.y() - self._last.y())
            self._last = here

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        dragged, self._pressed, self._dragging = self._dragging, None, False
        self.unsetCursor()
        if not dragged:
            self.clicked.emit(self.pick(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            self._cursor = event.position()
            self.zoom_at(_WHEEL_STEP**notches, event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _PANS:
            right, down = _PANS[key]
            self.pan_by(right * self.width() * _KEY_PAN, down * self.height() * _KEY_PAN)
        elif key in _ZOOMS:
            self.zoom_at(_ZOOMS[key], QPointF(self.width() / 2, self.height() / 2))
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.fit()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._cursor = event.position()
        self._test_later()

    def leaveEvent(self, event: QEvent) -> None:
        self._cursor = None
        self._hit_timer.stop()
        self._set_hovered(None)

    # hover

    def _test_later(self) -> None:
        """Test now, and at the end of every 50 ms in which the cursor or the view moved."""
        if self._hit_timer.isActive():
            self._must_test = True
        else:
            self._test()
            self._hit_timer.start()

    def _test_again(self) -> None:
        if self._must_test:
            self._must_test = False
            self._test_later()

    def _test(self) -> None:
        if self._cursor is not None and not self._dragging:
            self._set_hovered(self.pick(self._cursor))

    def _set_hovered(self, index: int | None) -> None:
        if index != self._hovered:
            self._hovered = index
            self.hovered.emit(index)
            self.update()
