"""Lines between points or places: torn neighbours, arrows of word pairs, trails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from workbench.gui.explorer.overlays.base import Overlay
from workbench.gui.explorer.overlays.words import on_screen

if TYPE_CHECKING:
    from workbench.gui.explorer.map_canvas import MapCanvas

_HEAD_PX = 9.0
_HALF_HEAD_PX = 3.5
_RIM_PX = 2.0


@dataclass(frozen=True, eq=False)
class Segments:
    """Line segments of one look.

    rows : int64 (M, 2), from point to point; a segment goes where an end is hidden or has no place
    places : float64 (M, 2, 2), from place to place in data units; used where `rows` is None
    colour : "#rrggbb", "" for the accent colour
    opacity : 0..1
    heads : whether the second end has an arrow head
    dashed : a broken line, for what is only supposed
    """

    rows: NDArray[np.int64] | None = None
    places: NDArray[np.float64] | None = None
    colour: str = ""
    width_px: float = 1.5
    opacity: float = 1.0
    heads: bool = False
    dashed: bool = False


class Lines(Overlay):
    """Draws groups of segments, the first lowest."""

    level = 10

    def __init__(self) -> None:
        self._groups: tuple[Segments, ...] = ()

    def set_segments(self, groups: Sequence[Segments]) -> None:
        """Show these and no others."""
        self._groups = tuple(groups)
        self.changed()

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        for group in self._groups:
            ends = screen_ends(group, view)
            if group.heads:
                _paint(painter, ends, QColor(view.plot_colours.background), group, group.width_px + 2 * _RIM_PX)
            _paint(painter, ends, QColor(group.colour or view.plot_colours.accent), group, group.width_px)


def screen_ends(group: Segments, view: MapCanvas) -> NDArray[np.float64]:
    """The segments that can be seen as pixels (K, 4): x, y, x, y."""
    if group.rows is not None:
        cloud, rows = view.cloud, group.rows[((group.rows >= 0) & (group.rows < len(view.cloud.xy))).all(axis=1)]
        if cloud.visible is not None:
            rows = rows[cloud.visible[rows].all(axis=1)]
        places = cloud.xy[rows].astype(np.float64)
    else:
        places = np.zeros((0, 2, 2)) if group.places is None else np.asarray(group.places, np.float64)
    ends = on_screen(view.camera, places.reshape(-1, 2)).reshape(-1, 4)
    ends = ends[np.isfinite(ends).all(axis=1)]
    beyond = [
        (ends[:, first] < 0) & (ends[:, second] < 0) | (ends[:, first] > size) & (ends[:, second] > size)
        for first, second, size in ((0, 2, view.width()), (1, 3, view.height()))
    ]
    return ends[~(beyond[0] | beyond[1])]


def _paint(painter: QPainter, ends: NDArray[np.float64], colour: QColor, group: Segments, width_px: float) -> None:
    colour.setAlphaF(group.opacity)
    style = Qt.PenStyle.DashLine if group.dashed else Qt.PenStyle.SolidLine
    painter.setPen(QPen(colour, width_px, style, Qt.PenCapStyle.RoundCap))
    painter.drawLines([QLineF(*line) for line in (_shortened(ends) if group.heads else ends).tolist()])
    if not group.heads:
        return
    rim = width_px - group.width_px
    painter.setPen(QPen(colour, rim, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
                   if rim else Qt.PenStyle.NoPen)  # fmt: skip
    painter.setBrush(colour)
    for corners in _heads(ends):
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))


def _directions(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    way = ends[:, 2:] - ends[:, :2]
    return np.asarray(way / np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)[:, None])


def _shortened(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lines end inside their heads, so that no blunt end shows at the tip."""
    length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    back = np.minimum(length, _HEAD_PX * 0.7)[:, None]
    return np.concatenate([ends[:, :2], ends[:, 2:] - _directions(ends) * back], axis=1)


def _heads(ends: NDArray[np.float64]) -> list[list[list[float]]]:
    along = _directions(ends)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * _HALF_HEAD_PX
    tip, foot = ends[:, 2:], ends[:, 2:] - along * _HEAD_PX
    corners: list[list[list[float]]] = np.stack([tip, foot + across, foot - across], axis=1).tolist()
    return corners
