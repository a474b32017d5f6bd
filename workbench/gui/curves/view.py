"""Curves of several runs over each other: live, zoomable, with a read-out at the cursor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from numpy.typing import ArrayLike
from PySide6.QtCore import QElapsedTimer, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from workbench.gui.curves.hover import CurveHover
from workbench.gui.curves.legend import CurveLegend, Entry
from workbench.gui.curves.plot import Plot, Ranges
from workbench.gui.curves.scene import (
    Curve,
    Ground,
    Level,
    Mark,
    ReferenceLine,
    Upright,
    duration_unit,
    extent,
    grown,
    padded,
)
from workbench.gui.curves.series import CurveOptions, Series, SeriesStyle, Shown, logged
from workbench.gui.curves.ticks import Axis
from workbench.gui.explorer.colours import PlotColours

_ZOOM = 1.25
_PAN = 0.1
_X_MARGIN, _Y_MARGIN = 0.02, 0.06
_LINE_LABEL_PX = 20
_SLACK, _HEAD = 0.15, 0.06
"""How much wider than its data a range may stay, and how much room it gets where the data has outgrown it."""


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
        self.axes = tuple(axes)
        self._colours = colours
        self._options = CurveOptions(axis=self.axes[0].key)
        self._series: dict[str, Series] = {}
        self._curves: dict[str, tuple[object, Curve]] = {}
        self._lines: tuple[ReferenceLine, ...] = ()
        self._moments: tuple[Mark, ...] = ()
        self._y_label = ""
        self._following = True
        self._fitted = False
        self._since_draw = QElapsedTimer()
        self._interval_ms = round(1000 / rate_hz)
        self._redraw_timer = QTimer(self, singleShot=True)
        self._redraw_timer.timeout.connect(self.redraw)
        self._build()
        self.set_plot_colours(colours)

    def _build(self) -> None:
        self.title_label = QLabel(self)
        self.title_label.setStyleSheet("font-weight: 600; padding-left: 6px;")
        self.title_label.hide()
        self.legend = CurveLegend(self._colours, self)
        self.plot = Plot(self._colours)
        self.plot.setFocusProxy(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.title_label, self.legend, self.plot):
            layout.addWidget(widget, 1 if widget is self.plot else 0)
        self.hover = CurveHover(self)
        self.note = QLabel(self.plot)
        self.note.hide()
        self.note.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.back_button = QPushButton("Back to latest", self.plot)
        self.back_button.hide()
        self.back_button.clicked.connect(self.follow)
        self.legend.toggled.connect(self._toggle)
        self.plot.moved.connect(lambda: self._set_following(False))
        self.plot.all_wanted.connect(self.follow)
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
        self._show_legend()
        self._schedule()

    def append(self, key: str, x: Mapping[str, ArrayLike], y: ArrayLike) -> None:
        """Add samples to a curve; raises KeyError for an unknown one, ValueError where the axes differ."""
        self._series[key].append(x, y)
        self._schedule()

    def remove(self, key: str) -> None:
        """Take a curve away; an unknown key is no error."""
        if self._series.pop(key, None) is not None:
            self._curves.pop(key, None)
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
        self._fitted = False
        self._schedule()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Vertical lines at moments of a run; pointed at, each says what it is."""
        self._moments = tuple(marks)
        self._schedule()

    def set_title(self, title: str) -> None:
        """The metric's name, above the plot and in what is saved."""
        self.title_label.setText(title)
        self.title_label.setVisible(bool(title))
        self.setAccessibleName(f"Curves of {title}" if title else "Curves")

    def set_y_label(self, label: str) -> None:
        """The label of the y axis, with its unit in brackets where it has one."""
        self._y_label = label
        self._schedule()

    def set_options(self, options: CurveOptions) -> None:
        """Change axis, smoothing, logarithms or clipping; a change of axes shows everything again."""
        same_axes = replace(options, smoothing=self._options.smoothing) == self._options
        self._options = options
        if same_axes:
            self.redraw()
            return
        self.follow()

    def set_plot_colours(self, colours: PlotColours) -> None:
        """Change the theme's colours; those of the curves come with their styles."""
        self._colours = colours
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, QColor(colours.foreground))
        self.title_label.setPalette(palette)
        palette.setColor(QPalette.ColorRole.WindowText, QColor(colours.muted))
        self.note.setPalette(palette)
        self.legend.set_plot_colours(colours)
        self.hover.set_plot_colours(colours)
        self._show_ground()
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
        shown = {key: series.shown(self._options) for key, series in self._series.items() if series.visible}
        if self._following:
            self._fit(list(shown.values()))
        self._show_ground()
        self.plot.set_curves([self._curve(key, one) for key, one in shown.items()])
        self._show_note(sum(one.lost for one in shown.values()))

    def follow(self) -> None:
        """Show everything, and go on doing so while data comes in."""
        self._set_following(True)
        self._fitted = False
        self.redraw()

    def _schedule(self) -> None:
        if not self.isVisible() or self._redraw_timer.isActive():
            return
        waited = self._since_draw.elapsed() if self._since_draw.isValid() else self._interval_ms
        self._redraw_timer.start(max(0, self._interval_ms - waited))

    def _curve(self, key: str, shown: Shown) -> Curve:
        """The curve as the plot wants it; the same object as before while nothing about it has changed."""
        series, smooths = self._series[key], self._options.smoothing > 0
        state = id(shown), series.style, smooths
        if key not in self._curves or self._curves[key][0] != state:
            best = self._on_axes(series.best(self._options.axis))
            curve = Curve(series.style.colour, series.style.dashed, shown, smooths, best)
            self._curves[key] = state, curve
        return self._curves[key][1]

    def _fit(self, shown: list[Shown]) -> None:
        """Ranges that hold everything; while data comes in they grow in steps, so that few redraws need new axes."""
        x = extent([one.x for one in shown], clip=False)
        y = extent([one.raw for one in shown], clip=self._options.clip)
        finite = [level.at for level in self._levels()]
        if y is not None and not self._options.clip:
            y = min([y[0], *finite]), max([y[1], *finite])
        self._fit_to(x or (0.0, 1.0), y or (0.0, 1.0))
        self._fitted = bool(x and y)

    def _fit_to(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        across, up = padded(*x, _X_MARGIN), self._with_room_for_labels(*padded(*y, _Y_MARGIN))
        if self._fitted:
            seen = self.plot.ranges
            across = grown((seen.left, seen.right), x, across, _SLACK, _HEAD)
            up = grown((seen.bottom, seen.top), y, up, _SLACK, _HEAD)
        self.plot.set_ranges(Ranges(*across, *up))

    def _with_room_for_labels(self, bottom: float, top: float) -> tuple[float, float]:
        """A range of y in which the labels of lines near its ends are not cut off."""
        height = self.plot.area.height()
        room = (top - bottom) * min(0.6, _LINE_LABEL_PX / max(1.0, height - _LINE_LABEL_PX))
        if not self._options.clip:
            below = [level.at - room for level in self._levels() if level.below]
            above = [level.at + room for level in self._levels() if not level.below]
            bottom, top = min([bottom, *below]), max([top, *above])
        return bottom, top

    def _on_axes(self, at: tuple[float, float] | None) -> tuple[float, float] | None:
        """A place in the coordinates of the axes; None where a logarithmic one cannot show it."""
        if at is None:
            return None
        x, y = logged(at[0], self._options.log_x), logged(at[1], self._options.log_y)
        return (x, y) if math.isfinite(x) and math.isfinite(y) else None

    def _levels(self) -> tuple[Level, ...]:
        """The reference lines that the y axis has a place for."""
        placed = [(logged(line.value, self._options.log_y), line) for line in self._lines]
        return tuple(Level(at, line.label, line.below) for at, line in placed if math.isfinite(at))

    def _uprights(self) -> tuple[Upright, ...]:
        """The marks that the x axis has a place for."""
        placed = [
            (logged(mark.at.get(self._options.axis, math.nan), self._options.log_x), mark) for mark in self._moments
        ]
        return tuple(Upright(at, mark.label, mark.colour, mark.ends) for at, mark in placed if math.isfinite(at))

    def _show_ground(self) -> None:
        axis, seen = self.x_axis, self.plot.ranges
        title, scale = axis.title, 1.0
        if axis.duration:
            seconds, unit = (1.0, "s") if self._options.log_x else duration_unit(seen.right - seen.left)
            title, scale = f"{title} ({unit})", 1 / seconds
        across = Axis(seen.left, seen.right, title, self._options.log_x, scale)
        up = Axis(seen.bottom, seen.top, self._y_label, self._options.log_y)
        self.plot.set_ground(Ground(across, up, self._levels(), self._colours, self._uprights()))

    def _show_note(self, lost: int) -> None:
        text = f"{lost:,} values not shown: a logarithmic axis has no place for them" if lost else ""
        if text != self.note.text():
            self.note.setText(text)
            self.note.adjustSize()
            self.note.setVisible(bool(text))

    def _place_overlays(self) -> None:
        area = self.plot.area
        self.note.move(int(area.left()) + 8, int(area.top()) + 4)
        self.back_button.adjustSize()
        size = self.back_button.size()
        self.back_button.move(int(area.right()) - size.width() - 8, int(area.bottom()) - size.height() - 8)

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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plot, key = self.plot, event.key()
        moves = {
            Qt.Key.Key_Left: (-_PAN, 0.0), Qt.Key.Key_Right: (_PAN, 0.0),
            Qt.Key.Key_Up: (0.0, _PAN), Qt.Key.Key_Down: (0.0, -_PAN),
        }  # fmt: skip
        if key in moves:
            plot.change_by_hand(plot.ranges.moved(*moves[Qt.Key(key)]))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            factor = _ZOOM if key == Qt.Key.Key_Minus else 1 / _ZOOM
            plot.change_by_hand(plot.ranges.scaled(factor, factor))
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
        self._fitted = False  # the labels of lines need another share of another height
        self._schedule()

    def sizeHint(self) -> QSize:
        return QSize(640, 360)
