"""Curves of several runs over each other: live, zoomable, with a read-out at the cursor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike
from PySide6.QtCore import QElapsedTimer, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from workbench.gui.curves.hover import CurveHover
from workbench.gui.curves.legend import CurveLegend, Entry
from workbench.gui.curves.series import CurveOptions, Series, SeriesStyle, logged
from workbench.gui.explorer.colours import PlotColours

if TYPE_CHECKING:
    from workbench.gui.curves.scene import CurveItems, ReferenceLine

_ZOOM = 1.25
_PAN = 0.1
_X_MARGIN, _Y_MARGIN = 0.02, 0.06
_LINE_LABEL_PX = 20


@dataclass(frozen=True)
class XAxis:
    """An axis that curves can be drawn over; `duration` says that its numbers are seconds."""

    key: str
    title: str
    duration: bool = False


X_AXES = (XAxis("step", "Step"), XAxis("epoch", "Epoch"), XAxis("time", "Time", duration=True))


class CurveView(QWidget):
    """Several curves in one plot.

    Data may come as fast as it likes: the plot is redrawn at most `rate_hz` times a second, and not at all while it is
    not on the screen. It shows everything until someone zooms or pans; "Back to latest", a double click, 0 or Home
    return to that.

    Signals
    -------
    follow_changed(object) : whether the view follows the data
    """

    follow_changed = Signal(object)

    def __init__(
        self,
        colours: PlotColours,
        parent: QWidget | None = None,
        *,
        axes: Sequence[XAxis] = X_AXES,
        rate_hz: float = 4.0,
    ) -> None:
        super().__init__(parent)
        from workbench.gui.curves import scene

        self._scene = scene
        self.axes = tuple(axes)
        self._colours = colours
        self._options = CurveOptions(axis=self.axes[0].key)
        self._series: dict[str, Series] = {}
        self._items: dict[str, CurveItems] = {}
        self._lines: tuple[ReferenceLine, ...] = ()
        self._line_items: list[Any] = []
        self._y_label = ""
        self._following = True
        self._setting_range = False
        self._since_draw = QElapsedTimer()
        self._interval_ms = round(1000 / rate_hz)
        self._redraw_timer = QTimer(self, singleShot=True)
        self._redraw_timer.timeout.connect(self.redraw)
        self._zoom_timer = QTimer(self, singleShot=True, interval=0)
        self._zoom_timer.timeout.connect(self._draw_curves)
        self._build()
        self.set_plot_colours(colours)

    def _build(self) -> None:
        self.title_label = QLabel(self)
        self.title_label.setStyleSheet("font-weight: 600; padding-left: 6px;")
        self.title_label.hide()
        self.legend = CurveLegend(self._colours, self)
        self.plot = self._scene.make_plot()
        self._grid = self._scene.Grid(self.plot)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.title_label, self.legend, self.plot):
            layout.addWidget(widget, 1 if widget is self.plot else 0)
        self.hover = CurveHover(self)
        self.note = QLabel(self.plot)
        self.note.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.back_button = QPushButton("Back to latest", self.plot)
        self.back_button.hide()
        self.back_button.clicked.connect(self.follow)
        self.legend.toggled.connect(self._toggle)
        box = self.plot.getViewBox()
        box.sigRangeChangedManually.connect(self._leave_latest)
        box.sigRangeChanged.connect(self._zoomed)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Curves")

    # data

    def set_series(self, key: str, x: Mapping[str, ArrayLike], y: ArrayLike, style: SeriesStyle) -> None:
        """Show a curve, in place of one with the same key.

        Parameters
        ----------
        x : axis key -> (N,) positions; samples without a finite position on the chosen axis are not drawn
        y : (N,) values; NaN and infinity are gaps, flagged at the axis
        """
        series = Series(style, visible=self._series[key].visible if key in self._series else True)
        series.append(x, y)
        self._series[key] = series
        if key not in self._items:
            self._items[key] = self._scene.CurveItems(self.plot.getPlotItem())
        self._items[key].set_style(style, self._colours)
        self._show_legend()
        self._schedule()

    def append(self, key: str, x: Mapping[str, ArrayLike], y: ArrayLike) -> None:
        """Add samples to a curve; raises KeyError for an unknown one, ValueError where the axes differ."""
        self._series[key].append(x, y)
        self._schedule()

    def remove(self, key: str) -> None:
        """Take a curve away; an unknown key is no error."""
        if self._series.pop(key, None) is not None:
            self._items.pop(key).remove()
            self._show_legend()
            self._schedule()

    def set_visible(self, key: str, visible: bool) -> None:
        """Show or hide a curve; raises KeyError for an unknown one."""
        self._series[key].visible = visible
        self._show_legend()
        self.redraw()

    def set_lines(self, lines: Sequence[ReferenceLine]) -> None:
        """Horizontal lines with labels: chance and floors."""
        self._lines = tuple(lines)
        self._make_lines()
        self._schedule()

    def set_title(self, title: str) -> None:
        """The metric's name, above the plot and in what is saved."""
        self.title_label.setText(title)
        self.title_label.setVisible(bool(title))
        self.setAccessibleName(f"Curves of {title}" if title else "Curves")

    def set_y_label(self, label: str) -> None:
        """The label of the y axis, with its unit in brackets where it has one."""
        self._y_label = label
        self._label_axes()

    def set_options(self, options: CurveOptions) -> None:
        """Change axis, smoothing, logarithms or clipping; a change of axes shows everything again."""
        same_axes = replace(options, smoothing=self._options.smoothing) == self._options
        self._options = options
        if same_axes:
            self.redraw()
            return
        for name, log in (("bottom", options.log_x), ("left", options.log_y)):
            self.plot.getAxis(name).setLogMode(**{"x" if name == "bottom" else "y": log})
        self._make_lines()
        self.follow()

    def set_plot_colours(self, colours: PlotColours) -> None:
        """Change the theme's colours; those of the curves come with their styles."""
        self._colours = colours
        self._scene.paint_plot(self.plot, colours)
        self._grid.set_colour(colours.grid)
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, QColor(colours.foreground))
        self.title_label.setPalette(palette)
        palette.setColor(QPalette.ColorRole.WindowText, QColor(colours.muted))
        self.note.setPalette(palette)
        self.legend.set_plot_colours(colours)
        self.hover.set_plot_colours(colours)
        for key, items in self._items.items():
            items.set_style(self._series[key].style, colours)
        self._label_axes()
        self._make_lines()
        self._schedule()

    def set_rate(self, rate_hz: float) -> None:
        """How often incoming data may redraw the plot."""
        self._interval_ms = round(1000 / rate_hz)

    @property
    def options(self) -> CurveOptions:
        return self._options

    @property
    def series(self) -> Mapping[str, Series]:
        return self._series

    @property
    def plot_colours(self) -> PlotColours:
        return self._colours

    @property
    def x_axis(self) -> XAxis:
        """The axis that is chosen now."""
        return next(axis for axis in self.axes if axis.key == self._options.axis)

    @property
    def title(self) -> str:
        return self.title_label.text()

    @property
    def following(self) -> bool:
        return self._following

    # drawing

    def redraw(self) -> None:
        """Draw now what was set and appended."""
        self._redraw_timer.stop()
        self._since_draw.start()
        if self._following:
            self._fit()
        self._draw_curves()

    def follow(self) -> None:
        """Show everything, and go on doing so while data comes in."""
        self._set_following(True)
        self.redraw()

    def _schedule(self) -> None:
        if not self.isVisible() or self._redraw_timer.isActive():
            return
        waited = self._since_draw.elapsed() if self._since_draw.isValid() else self._interval_ms
        self._redraw_timer.start(max(0, self._interval_ms - waited))

    def _draw_curves(self) -> None:
        box, dpr = self.plot.getViewBox(), self.devicePixelRatioF()
        (left, right), (bottom, top) = box.viewRange()
        columns = max(16, round(box.width() * dpr))
        frame = self._scene.Frame(left, right, bottom, columns, (top - bottom) / max(box.height() * dpr, 1.0))
        lost = 0
        for key, series in self._series.items():
            items = self._items[key]
            items.set_visible(series.visible)
            if not series.visible:
                continue
            shown = series.shown(self._options)
            lost += shown.lost
            items.draw(shown, frame, self._options.smoothing > 0)
            items.mark_best(self._on_axes(series.best(self._options.axis)))
        self._show_note(lost)

    def _fit(self) -> None:
        shown = [series.shown(self._options) for series in self._series.values() if series.visible]
        x = self._scene.extent([one.x for one in shown], clip=False)
        y = self._scene.extent([one.raw for one in shown], clip=self._options.clip)
        levels = [self._level(line) for line in self._lines]
        finite = [level for level in levels if math.isfinite(level)]
        if y is not None and not self._options.clip:
            y = min([y[0], *finite]), max([y[1], *finite])
        self._label_axes(x)
        self._setting_range = True
        left, right = self._scene.padded(*(x or (0.0, 1.0)), _X_MARGIN)
        bottom, top = self._scene.padded(*(y or (0.0, 1.0)), _Y_MARGIN)
        bottom, top = self._with_room_for_labels(bottom, top)
        self.plot.getViewBox().setRange(xRange=(left, right), yRange=(bottom, top), padding=0)
        self._setting_range = False

    def _with_room_for_labels(self, bottom: float, top: float) -> tuple[float, float]:
        """A range of y in which the labels of lines near its ends are not cut off."""
        room = (top - bottom) * min(0.3, _LINE_LABEL_PX / max(1.0, self.plot.getViewBox().height()))
        if not self._options.clip:
            for line in self._lines:
                level = self._level(line)
                if math.isfinite(level):
                    bottom, top = (min(bottom, level - room), top) if line.below else (bottom, max(top, level + room))
        return bottom, top

    def _on_axes(self, at: tuple[float, float] | None) -> tuple[float, float] | None:
        """A place in the coordinates of the axes; None where a logarithmic one cannot show it."""
        if at is None:
            return None
        x, y = logged(at[0], self._options.log_x), logged(at[1], self._options.log_y)
        return (x, y) if math.isfinite(x) and math.isfinite(y) else None

    def _level(self, line: ReferenceLine) -> float:
        return logged(line.value, self._options.log_y)

    def _make_lines(self) -> None:
        for item in self._line_items:
            self.plot.removeItem(item)
        drawable = [line for line in self._lines if math.isfinite(self._level(line))]
        self._line_items = [self._scene.make_line(line, self._level(line), self._colours) for line in drawable]
        for item in self._line_items:
            self.plot.addItem(item, ignoreBounds=True)

    def _label_axes(self, extent: tuple[float, float] | None = None) -> None:
        axis = self.x_axis
        bottom, scale, unit = self.plot.getAxis("bottom"), 1.0, "s"
        if axis.duration and not self._options.log_x and extent is not None:
            seconds, unit = self._scene.duration_unit(extent[1] - extent[0])
            scale = 1 / seconds
        if extent is not None or not axis.duration:
            bottom.setScale(scale)
            bottom.setLabel(f"{axis.title} ({unit})" if axis.duration else axis.title, color=self._colours.foreground)
        self.plot.getAxis("left").setLabel(self._y_label, color=self._colours.foreground)

    def _show_note(self, lost: int) -> None:
        text = f"{lost:,} values not shown: a logarithmic axis has no place for them" if lost else ""
        if text != self.note.text():
            self.note.setText(text)
            self.note.adjustSize()

    def _place_overlays(self) -> None:
        corner = self.plot.getViewBox().mapRectToScene(self.plot.getViewBox().boundingRect())
        self.note.move(int(corner.left()) + 8, int(corner.top()) + 4)
        self.back_button.adjustSize()
        size = self.back_button.size()
        self.back_button.move(int(corner.right()) - size.width() - 8, int(corner.bottom()) - size.height() - 8)

    def _show_legend(self) -> None:
        self.legend.show_entries([
            Entry(key, series.style.title, series.style.colour, series.style.dashed, series.visible)
            for key, series in self._series.items()
        ])  # fmt: skip

    # events

    def _toggle(self, key: str) -> None:
        self.set_visible(key, not self._series[key].visible)

    def _set_following(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.back_button.setVisible(not following)
            self._place_overlays()
            self.follow_changed.emit(following)

    def _leave_latest(self, *_axes: object) -> None:
        self._set_following(False)

    def _zoomed(self, *_ranges: object) -> None:
        if not self._setting_range:
            self._zoom_timer.start()

    def _clicked(self, event: Any) -> None:
        if event.double():
            self.follow()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        box, key = self.plot.getViewBox(), event.key()
        (left, right), (bottom, top) = box.viewRange()
        wide, high = (right - left) * _PAN, (top - bottom) * _PAN
        moves = {
            Qt.Key.Key_Left: (-wide, 0), Qt.Key.Key_Right: (wide, 0),
            Qt.Key.Key_Up: (0, high), Qt.Key.Key_Down: (0, -high),
        }  # fmt: skip
        if key in moves:
            self._set_following(False)
            box.translateBy(x=moves[Qt.Key(key)][0], y=moves[Qt.Key(key)][1])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self._set_following(False)
            factor = _ZOOM if key == Qt.Key.Key_Minus else 1 / _ZOOM
            box.scaleBy((factor, factor))
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.follow()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.redraw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_overlays()
        self._zoom_timer.start()

    def sizeHint(self) -> QSize:
        return QSize(640, 360)
