"""The names of clusters at their places."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from workbench.gui.explorer.overlays.base import Overlay
from workbench.gui.explorer.overlays.placing import OVER, Memory, place, rectangles
from workbench.gui.explorer.overlays.words import box_of, font_of, measured, on_screen, paint_text

if TYPE_CHECKING:
    from workbench.gui.explorer.map_canvas import MapCanvas

_SMALLEST_PX, _LARGEST_PX = 11.0, 17.0
_GAP_PX = 12.0
_MARGIN_PX = 6.0
_LEAST_SPREAD_PX = 5.0
MOST_LABELS = 80
_CELLS = 32
"""Columns and rows of the grid in which a class is looked for where it is densest."""


@dataclass(frozen=True)
class MapLabel:
    """A name with its place in data units.

    weight : how important it is, such as the number of points
    spread : radius of what it names, in data units; it is left out where that is too small to see. 0 for always
    """

    text: str
    x: float
    y: float
    weight: float = 1.0
    spread: float = 0.0


class ClusterLabels(Overlay):
    """Names, large for heavy clusters, moved aside with a line to their place where they would cover each other."""

    level = 40

    def __init__(self) -> None:
        self._labels: list[MapLabel] = []
        self._xy = np.zeros((0, 2))
        self._spreads = np.zeros(0)
        self._texts: dict[int, tuple[str, QFont, float, float]] = {}
        self._memory = Memory()
        self.boxes: dict[str, QRectF] = {}

    def set_labels(self, labels: Sequence[MapLabel]) -> None:
        """Show these, the heaviest first where not all find room."""
        self._labels = sorted((one for one in labels if one.text), key=lambda one: -one.weight)
        self._xy = np.array([(one.x, one.y) for one in self._labels], np.float64).reshape(-1, 2)
        self._spreads = np.array([one.spread for one in self._labels], np.float64)
        self._texts.clear()
        self._memory.clear()
        self.boxes = {}
        self.changed()

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        anchors = on_screen(view.camera, self._xy)
        seen = self._candidates(view, anchors)
        words = [self._measured(int(at), view.font()) for at in seen]
        sizes = np.array([(wide, high) for _, _, wide, high in words]).reshape(-1, 2)
        area = (_MARGIN_PX, _MARGIN_PX, view.width() - _MARGIN_PX, view.height() - _MARGIN_PX)
        keys, scale = seen.tolist(), view.camera.scale
        chosen = place(anchors[seen], sizes, area, OVER, _GAP_PX, self._memory.preferred(keys, scale))
        self._memory.keep(keys, chosen, scale)
        boxes = rectangles(anchors[seen], sizes, chosen, OVER, _GAP_PX)
        placed = [at for at in range(len(seen)) if chosen[at] >= 0]
        self.boxes = {words[at][0]: box_of(boxes[at]) for at in placed}
        text, rim = QColor(view.plot_colours.foreground), QColor(view.plot_colours.background)
        for at in placed:
            if chosen[at] > 0:
                _paint_leader(painter, QPointF(*anchors[seen[at]]), box_of(boxes[at]), text, rim)
        for at in placed:
            paint_text(painter, box_of(boxes[at]), words[at][0], words[at][1], text, rim)

    def covers(self) -> Collection[QRectF]:
        return self.boxes.values()

    def _candidates(self, view: MapCanvas, anchors: NDArray[np.float64]) -> NDArray[np.int64]:
        """The labels whose places are in the view and large enough to be named."""
        inside = ((anchors >= 0) & (anchors <= (view.width(), view.height()))).all(axis=1)
        large = (self._spreads == 0) | (self._spreads * view.camera.scale >= _LEAST_SPREAD_PX)
        return np.flatnonzero(inside & large)[:MOST_LABELS]

    def _measured(self, at: int, base: QFont) -> tuple[str, QFont, float, float]:
        if at not in self._texts:
            heaviest = max(self._labels[0].weight, 1e-12)
            share = max(self._labels[at].weight, 0.0) / heaviest
            size = _SMALLEST_PX + (_LARGEST_PX - _SMALLEST_PX) * share**0.5
            font = font_of(base, size, bold=True)
            text, wide, high = measured(self._labels[at].text, font)
            self._texts[at] = text, font, wide, high
        return self._texts[at]


def class_labels(
    xy: NDArray[np.float32], codes: NDArray[np.integer[Any]], names: Sequence[str], most: int = 256
) -> list[MapLabel]:
    """A label for each class where it is densest: the mean of its points around its fullest grid cell.

    The median of a class that lies in two places would name the empty ground between them.

    Parameters
    ----------
    xy : (N, 2), rows that are not finite are left out
    codes : (N,) class of each point; what is no index of `names` has no class
    most : only so many of the largest classes are named; where there are more, none of a single point
    """
    usable = np.isfinite(xy).all(axis=1) & (codes >= 0) & (codes < len(names))
    points, owners = xy[usable].astype(np.float64), codes[usable].astype(np.int64)
    counts = np.bincount(owners, minlength=len(names))
    fewest = 1 if len(names) <= most else 2
    largest = [int(code) for code in np.argsort(-counts, kind="stable")[:most] if counts[code] >= fewest]
    if not largest:
        return []
    low, span = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-12)
    cells = np.minimum(((points - low) / span * _CELLS).astype(np.int64), _CELLS - 1)
    slot = np.full(len(names), -1, np.int64)
    slot[largest] = np.arange(len(largest))
    mine = slot[owners]
    kept = mine >= 0
    points, cells, mine = points[kept], cells[kept], mine[kept]
    filled = np.bincount((mine * _CELLS + cells[:, 1]) * _CELLS + cells[:, 0], minlength=len(largest) * _CELLS**2)
    fullest = filled.reshape(len(largest), -1).argmax(axis=1)
    centre = np.stack([fullest % _CELLS, fullest // _CELLS], axis=1)
    near = (np.abs(cells - centre[mine]) <= 1).all(axis=1)
    held = np.bincount(mine[near], minlength=len(largest))
    x, y = (np.bincount(mine[near], points[near, axis], minlength=len(largest)) / held for axis in (0, 1))
    # How large the class is seen: all of it, since its densest place alone is as small as the grid is fine.
    off = np.hypot(points[:, 0] - x[mine], points[:, 1] - y[mine])
    spread = np.bincount(mine, off, minlength=len(largest)) / np.bincount(mine, minlength=len(largest))
    return [
        MapLabel(str(names[code]), float(x[at]), float(y[at]), float(counts[code]), float(spread[at]))
        for at, code in enumerate(largest)
    ]


def _paint_leader(painter: QPainter, anchor: QPointF, box: QRectF, colour: QColor, rim: QColor) -> None:
    """A line from a place to the nearest edge of its label."""
    end = QPointF(
        min(max(anchor.x(), box.left()), box.right()),
        min(max(anchor.y(), box.top()), box.bottom()),
    )
    for ink, width in ((rim, 3.0), (colour, 1.0)):
        painter.setPen(QPen(ink, width))
        painter.drawLine(anchor, end)
    painter.setBrush(colour)
    painter.drawEllipse(anchor, 1.5, 1.5)
