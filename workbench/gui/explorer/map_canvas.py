"""The map as a picture: points, what lies over them, and where the view looks. What the mouse does is in `map_view`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QWidget

from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.flight import Flight, closing_in
from workbench.gui.explorer.overlays.base import Overlay
from workbench.gui.explorer.raster.camera import Bounds, Camera
from workbench.gui.explorer.raster.cloud import Cloud
from workbench.gui.explorer.raster.grid import GridIndex
from workbench.gui.explorer.raster.modes import Mode
from workbench.gui.explorer.raster.painting import Drawable
from workbench.gui.explorer.raster.picture import MapPicture
from workbench.gui.explorer.raster.space import Space

_SAMPLE = 20_000


class MapCanvas(QWidget):
    """Draws a cloud of points with its overlays, and moves the view.

    Signals
    -------
    view_changed() : the view panned, zoomed or changed its size, or the points went elsewhere in it
    redrawn() : points, colours, mask, marks or view changed, so that the points are drawn anew

    Attributes
    ----------
    animates : whether the view flies; where the desktop has animations switched off it jumps in any case
    """

    view_changed = Signal()
    redrawn = Signal()
    animates = True

    def __init__(self, colours: PlotColours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._cloud = Cloud(np.zeros((0, 2)))
        self._camera = Camera(width=max(self.width(), 1), height=max(self.height(), 1))
        self._home = self._camera
        self._fits = True
        self._point_size: float | None = None
        self._drawing = MapPicture()
        self._space: Space | None = None
        self._placeholder = ""
        self._version = 0
        self._overlays: list[Overlay] = []
        self.destroyed.connect(partial(_detach, self._overlays))
        self._flight = Flight(self._move_to, self)
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
        xy : (N, 2), or (N, 3) for a layout that can be turned; rows with NaN or infinity are not drawn and counted in
            `hidden_count`
        sizes : (N,) pixels 1..15, or None for one size that suits N
        keep_view : leave pan and zoom as they are, as for the next frame of a time-lapse
        grid : the index of these points, where another thread has built it
        """
        places = np.asarray(xy, np.float32)
        self._space = Space.of(places) if places.ndim == 2 and places.shape[1] == 3 else None
        if self._space is None:
            self._cloud = Cloud(places, sizes, grid)
        else:
            frame = self._space.frame()
            self._cloud = Cloud(frame[0], sizes).moved(*frame)
        self._describe()
        if keep_view:
            self._home = self._camera.fitted(self.bounds)
            self._refresh()
        else:
            self.fit()

    def place_points(
        self,
        xy: ArrayLike,
        order: NDArray[np.int32] | None = None,
        shade: NDArray[np.uint8] | None = None,
        grid: GridIndex | None = None,
    ) -> None:
        """Move the same points, as for a frame of a time-lapse or an orbit; view, colours, mask and marks stay.

        See `Cloud.moved` for the parameters; (N, 3) for a layout that can be turned. ValueError for another number.
        """
        if self._space is not None and np.shape(xy)[1:] == (3,):
            self._space = self._space.moved(np.asarray(xy, np.float32))
            xy, order, shade = self._space.frame()
        self._cloud = self._cloud.moved(xy, order, shade, grid)
        self._refresh()
        self.view_changed.emit()

    def turn_by(self, yaw: float, pitch: float) -> None:
        """Look at a three-dimensional layout from farther round, in radians; a flat one stays as it is."""
        if self._space is not None:
            self._space = self._space.turned(yaw, pitch)
            self.place_points(*self._space.frame())

    def set_colours(self, codes: ArrayLike, table: ArrayLike) -> None:
        """Colour point i with row `codes[i]` of `table` (K, 4) uint8 RGBA; raises ValueError where they do not fit."""
        self._cloud.set_colours(codes, table)
        self._refresh()

    def set_mask(self, mask: ArrayLike | None) -> None:
        """Draw and pick only the points where `mask` (N,) is true; None for all."""
        self._cloud.set_visible(mask)
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

    def set_mode(self, mode: Mode | Literal["auto"]) -> None:
        """Draw points, outlined points or their density; "auto" takes what suits the points in view."""
        self._drawing.wanted = mode
        self._refresh()

    def set_underlay(self, layers: Sequence[Drawable]) -> None:
        """Draw further layers below the points, such as the trails of a time-lapse."""
        self._drawing.underlay = tuple(layers)
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
    def space(self) -> Space | None:
        """The three-dimensional layout and where it is seen from; None for a flat one."""
        return self._space

    @property
    def bounds(self) -> Bounds:
        """What the fitted view shows: the box around all points, or the ball that holds a layout from all sides."""
        return self._cloud.bounds if self._space is None else self._space.bounds

    @property
    def camera(self) -> Camera:
        return self._camera

    @property
    def home(self) -> Camera:
        """The view that shows all points."""
        return self._home

    @property
    def version(self) -> int:
        """A number that grows whenever the points or the view change: what was laid out before it is out of date."""
        return self._version

    @property
    def plot_colours(self) -> PlotColours:
        return self._colours

    @property
    def mode(self) -> Mode:
        """How the points were drawn last."""
        return self._drawing.mode

    @property
    def underlay(self) -> tuple[Drawable, ...]:
        """The layers below the points."""
        return self._drawing.underlay

    @property
    def hidden_count(self) -> int:
        """How many points cannot be drawn, for want of a finite position."""
        return self._cloud.hidden_count

    def point_size_px(self) -> float:
        """The size that points without one of their own have now, in logical pixels."""
        return self._cloud.size_px(self._point_size, self._camera.scale / self._home.scale)

    def size_of(self, index: int) -> float:
        """The size of a point's disc, in logical pixels."""
        return float(self._cloud.sizes[index]) if self._cloud.sizes is not None else self.point_size_px()

    def position_of(self, index: int) -> QPointF:
        """Where a point lies in the widget; NaN for a point without a position."""
        return QPointF(*self._camera.to_screen(*map(float, self._cloud.xy[index])))

    def box_of(self, index: int) -> QRectF | None:
        """The area of the picture that stands for a point; None where its disc is shown."""
        boxes = (overlay.box_of(index) for overlay in reversed(self._overlays))
        return next((box for box in boxes if box is not None), None)

    # view

    def fit(self) -> None:
        """Show all points, and keep doing so while the widget changes its size, until someone pans or zooms."""
        self._flight.stop()
        self._home = self._camera.fitted(self.bounds)
        self._fits = True
        self._move_to(self._home)

    def pan_by(self, dx_px: float, dy_px: float) -> None:
        """Move the content by so many pixels, right and down."""
        self._flight.stop()
        self._fits = False
        self._move_to(self._camera.panned(dx_px, dy_px))

    def centre_on(self, index: int) -> None:
        """Bring a point to the middle at the present zoom; does nothing for a point without a position."""
        at = self.position_of(index)
        if math.isfinite(at.x()) and math.isfinite(at.y()):
            self.pan_by(self.width() / 2 - at.x(), self.height() / 2 - at.y())

    def fly_to(self, target: ArrayLike | QRectF) -> None:
        """Move in 250 ms to where some points (rows), or an area in data units, fill most of the view.

        One point is brought to the middle and never zoomed out for; points without a position are left out of it,
        and where nothing is left the view stays.
        """
        if isinstance(target, QRectF):
            box, centre = target.normalized(), target.normalized().center()
            bounds = Bounds(centre.x(), centre.y(), box.width(), box.height())
        else:
            xy = self._cloud.xy[self._cloud.marked(target)]
            if not np.isfinite(xy).all(axis=1).any():
                return
            bounds = Bounds.around(xy)
        self._fits = False
        moves = self.animates and self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0
        self._flight.go(self._camera, closing_in(self._camera, self._home, bounds), animated=moves)

    def shows(self, index: int) -> bool:
        """Whether a point lies in the part of the map that is seen."""
        at = self.position_of(index)
        return 0 <= at.x() <= self.width() and 0 <= at.y() <= self.height()

    def zoom_at(self, factor: float, at: QPointF) -> None:
        """Zoom so that the data under `at` stays under it."""
        self._flight.stop()
        self._fits = False
        self._move_to(self._camera.zoomed_at(factor, at.x(), at.y(), self._home))

    def _move_to(self, camera: Camera) -> None:
        self._camera = camera
        self._refresh()
        self.view_changed.emit()

    def _refresh(self) -> None:
        self._drawing.forget()
        self._version += 1
        self.update()
        self.redrawn.emit()

    def _describe(self) -> None:
        count = len(self._cloud.xy)
        self.setAccessibleDescription(f"{count} points" if count else self._placeholder)

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)

    # which points

    def rows_inside(self, polygon: Sequence[QPointF]) -> NDArray[np.int64]:
        """The shown points inside a polygon of pixels, by the even-odd rule."""
        corners = np.array([self._camera.to_data(at.x(), at.y()) for at in polygon], np.float64)
        return self._cloud.inside_polygon(corners)

    def rows_in_view(self, limit: int, margin_px: float = 0.0) -> NDArray[np.int64] | None:
        """The shown points in the view and so many pixels around it; None where they are more than `limit`.

        Where a sample says that they are far more, they are not looked for.
        """
        reach = np.array([self.width() / 2 + margin_px, self.height() / 2 + margin_px]) / self._camera.scale
        middle = np.array([self._camera.x, self._camera.y])
        step = max(1, len(self._cloud.xy) // _SAMPLE)
        if step > 1:
            near = (np.abs(self._cloud.xy[::step] - middle.astype(np.float32)) <= reach).all(axis=1)
            shown = near if self._cloud.visible is None else near & self._cloud.visible[::step]
            if np.count_nonzero(shown) * step > 4 * limit + 20 * step:
                return None
        (x_low, y_low), (x_high, y_high) = middle - reach, middle + reach
        rows = self._cloud.inside_box(float(x_low), float(x_high), float(y_low), float(y_high))
        return rows if len(rows) <= limit else None

    def shown_rows(self) -> NDArray[np.int64]:
        """All points that have a position and are not masked out, in ascending order."""
        xy = self._cloud.xy
        shown = np.isfinite(xy[:, 0]) & np.isfinite(xy[:, 1])
        if self._cloud.visible is not None:
            shown &= self._cloud.visible
        return np.flatnonzero(shown)

    # overlays and painting

    def add_overlay(self, overlay: Overlay) -> None:
        """Paint something over the points from now on."""
        self._overlays.append(overlay)
        self._overlays.sort(key=lambda known: known.level)
        overlay.attach(self)
        self.update()

    def remove_overlay(self, overlay: Overlay) -> None:
        """Paint it no longer; raises ValueError for one that is not there."""
        self._overlays.remove(overlay)
        overlay.detach()
        self.update()

    def covered(self, level: int) -> list[QRectF]:
        """What the words of overlays below a level cover."""
        return [box for overlay in self._overlays if overlay.level < level for box in overlay.covers()]

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._flight.finish()
        self._home = self._camera.resized(self.width(), self.height()).fitted(self.bounds)
        self._move_to(self._home if self._fits else self._camera.resized(self.width(), self.height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        given = (self._cloud, self._camera, self._colours, self.point_size_px(), self.devicePixelRatioF())
        painter.drawImage(0, 0, self._drawing.image(*given))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._cloud.drawn_count:
            self._paint_placeholder(painter)
        self.paint_overlays(painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._colours.accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def paint_overlays(self, painter: QPainter, *, lasting: bool = False) -> None:
        """Paint what lies over the points, in the widget's logical pixels; only what `lasting` pictures show."""
        for overlay in [known for known in self._overlays if known.lasting or not lasting]:
            painter.save()
            overlay.paint(painter, self)
            painter.restore()

    def paint_lasting(self, painter: QPainter, area: QRectF) -> None:
        """Paint the overlays that belong into a saved picture, the view fitted into the middle of `area`."""
        ratio = min(area.width() / self._camera.width, area.height() / self._camera.height)
        painter.save()
        painter.setClipRect(area)
        painter.translate(area.center())
        painter.scale(ratio, ratio)
        painter.translate(-self._camera.width / 2, -self._camera.height / 2)
        self.paint_overlays(painter, lasting=True)
        painter.restore()

    def _paint_placeholder(self, painter: QPainter) -> None:
        painter.setPen(QColor(self._colours.muted))
        area = QRectF(self.rect()).adjusted(24, 24, -24, -24)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._placeholder)


def _detach(overlays: list[Overlay]) -> None:
    """The view is going: what its overlays have running ends. The view itself can no longer be asked."""
    for overlay in overlays:
        overlay.detach()
