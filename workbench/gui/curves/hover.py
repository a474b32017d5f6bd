"""What follows the cursor over the curves: a vertical line at the nearest sample, and a table of all values there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from workbench.gui.curves.readout import Readout, Row
from workbench.gui.curves.series import logged
from workbench.gui.explorer.colours import PlotColours

_NEAR_PX = 5.0

if TYPE_CHECKING:
    from workbench.gui.curves.view import CurveView


class CurveHover(QObject):
    """Crosshair and read-out of one view."""

    def __init__(self, view: CurveView) -> None:
        super().__init__(view)
        self._view = view
        self._crosshair = QWidget(view.plot)
        self._crosshair.setAutoFillBackground(True)
        self._crosshair.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._crosshair.hide()
        self.readout = Readout(view.plot_colours, view.plot)
        self.set_plot_colours(view.plot_colours)
        view.plot.hovered.connect(self._point_at)

    def set_plot_colours(self, colours: PlotColours) -> None:
        palette = QPalette(self._crosshair.palette())
        palette.setColor(QPalette.ColorRole.Window, QColor(colours.muted))
        self._crosshair.setPalette(palette)
        self.readout.colours = colours
        self.readout.update()

    def hide(self) -> None:
        """Take crosshair and table away until the cursor moves again."""
        self._crosshair.hide()
        self.readout.hide()

    def _point_at(self, where: QPointF | None) -> None:
        view, plot = self._view, self._view.plot
        if where is None:
            self.hide()
            return
        position = plot.from_pixel(where)[0]
        rows, nearest = self._rows_at(10**position if view.options.log_x else position)
        if nearest is None:
            self.hide()
            return
        at, area = plot.to_pixel(logged(nearest, view.options.log_x), 0.0).x(), plot.area
        self._crosshair.setVisible(area.left() <= at <= area.right())
        self._crosshair.setGeometry(round(at), round(area.top()), 1, round(area.height()))
        axis = view.x_axis
        head = f"{axis.title} {nearest:,.6g}{' s' if axis.duration else ''}"
        head = "  ·  ".join([head, *self._marks_near(where)])
        self.readout.show_at(where.toPoint(), plot.size(), head, rows)

    def _marks_near(self, where: QPointF) -> list[str]:
        """What the marks within a few pixels of the cursor say."""
        plot = self._view.plot
        return [
            mark.label for mark in plot.ground.marks if abs(plot.to_pixel(mark.at, 0.0).x() - where.x()) <= _NEAR_PX
        ]

    def _rows_at(self, position: float) -> tuple[tuple[Row, ...], float | None]:
        """A row for each visible curve that reaches that far, and the position of the nearest sample of all."""
        options = self._view.options
        rows: list[Row] = []
        nearest: float | None = None
        for series in self._view.series.values():
            index = series.at(options.axis, position) if series.visible else None
            if index is None:
                continue
            at = float(series.x(options.axis)[index])
            if nearest is None or abs(at - position) < abs(nearest - position):
                nearest = at
            value = _number(series.smoothed(options.smoothing)[index])
            raw = f"raw {_number(series.y[index])}" if options.smoothing > 0 else ""
            rows.append(Row(series.style.colour, series.style.title, value, raw))
        return tuple(rows), nearest


def _number(value: float) -> str:
    return f"{value:.5g}" if math.isfinite(value) else "no number"
