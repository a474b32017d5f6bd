"""What follows the cursor over the curves: a vertical line at the nearest sample, and a table of all values there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF

from workbench.gui.curves.readout import Readout, Row
from workbench.gui.curves.series import logged
from workbench.gui.explorer.colours import PlotColours

if TYPE_CHECKING:
    from workbench.gui.curves.view import CurveView


class CurveHover(QObject):
    """Crosshair and read-out of one view."""

    def __init__(self, view: CurveView) -> None:
        super().__init__(view)
        from workbench.gui.curves.scene import make_crosshair

        self._view = view
        self._crosshair = make_crosshair(view.plot_colours)
        view.plot.addItem(self._crosshair, ignoreBounds=True)
        self.readout = Readout(view.plot_colours, view.plot)
        view.plot.scene().sigMouseMoved.connect(self._point_at)
        view.plot.viewport().installEventFilter(self)

    def set_plot_colours(self, colours: PlotColours) -> None:
        self._crosshair.setPen(colours.muted)
        self.readout.colours = colours
        self.readout.update()

    def hide(self) -> None:
        """Take crosshair and table away until the cursor moves again."""
        self._crosshair.hide()
        self.readout.hide()

    def _point_at(self, where: QPointF) -> None:
        view, box = self._view, self._view.plot.getViewBox()
        if not box.sceneBoundingRect().contains(where):
            self.hide()
            return
        position = box.mapSceneToView(where).x()
        rows, nearest = self._rows_at(10**position if view.options.log_x else position)
        if nearest is None:
            self.hide()
            return
        self._crosshair.setPos(logged(nearest, view.options.log_x))
        self._crosshair.show()
        axis = view.x_axis
        head = f"{axis.title} {nearest:,.6g}{' s' if axis.duration else ''}"
        self.readout.show_at(where.toPoint(), view.plot.size(), head, rows)

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

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.hide()
        return super().eventFilter(watched, event)


def _number(value: float) -> str:
    return f"{value:.5g}" if math.isfinite(value) else "no number"
