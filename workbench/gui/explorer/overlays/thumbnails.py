"""Pictures instead of points where the view is close enough."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from workbench.gui.explorer.overlays.base import Overlay
from workbench.gui.explorer.overlays.pictures import PictureLoader, PictureSource
from workbench.gui.explorer.overlays.words import on_screen

if TYPE_CHECKING:
    from workbench.gui.explorer.map_canvas import MapCanvas

MOST_PICTURES = 400
MOST_IN_VIEW = 4_000
SMALLEST_PX, LARGEST_PX = 28, 96
_FIRST_SPACING_PX = 16.0
"""Pictures come where the points are this far apart on average."""
_STEP_PX = 4
_SPACE_PX = 3
_MOST_MARKED = 40
_SCATTER = 2_654_435_761


class Thumbnails(Overlay):
    """Shows pictures at their points, never one over another; a picture that was shown stays while it fits.

    Parameters
    ----------
    source : reads the pictures, on another thread; None for none yet
    """

    level = 20

    def __init__(self, source: PictureSource | None = None) -> None:
        self._source = source
        self._loader: PictureLoader | None = None
        self._laid_out = -1
        self._rows = np.zeros(0, np.int64)
        self._centres: dict[int, tuple[float, float]] = {}
        self._size_px = 0

    @property
    def shown(self) -> dict[int, QRectF]:
        """The pictures that are shown now: row and area."""
        return {row: box for row in self._rows.tolist() if (box := self.box_of(row)) is not None}

    @property
    def loader(self) -> PictureLoader | None:
        """What reads the pictures while the overlay is on a map."""
        return self._loader

    def set_source(self, source: PictureSource | None) -> None:
        """Show the pictures of another set; call it before the map gets that set's points."""
        self._source = source
        if self._loader is not None:
            self._loader.set_source(source)
        self._rows, self._centres = self._rows[:0], {}
        self._laid_out = -1
        self.changed()

    def attach(self, view: MapCanvas) -> None:
        super().attach(view)
        self._loader = PictureLoader(view)
        self._loader.set_source(self._source)
        self._loader.arrived.connect(self.changed)
        self._laid_out = -1

    def detach(self) -> None:
        super().detach()
        if self._loader is not None:
            self._loader.close()
            self._loader = None

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        if self._loader is None or self._source is None:
            return
        if self._laid_out != view.version:
            self._laid_out = view.version
            self._lay_out(view)
            self._loader.want(self._rows.tolist(), round(self._size_px * view.devicePixelRatioF()))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        cloud, selected = view.cloud, set(view.cloud.selected[:_MOST_MARKED].tolist())
        for row in self._rows.tolist():
            box, image = self.box_of(row), self._loader.get(row)
            if box is not None and image is not None:
                painter.drawImage(box, image)
                ring = row in selected
                colour = view.plot_colours.foreground if ring else view.plot_colours.grid
                ink = QColor(*cloud.table[cloud.codes[row]].tolist()) if cloud.table is not None else QColor(colour)
                _paint_frame(painter, box, QColor(colour) if ring else ink, 3.0 if ring else 1.5)

    def box_of(self, row: int) -> QRectF | None:
        image = self._loader.get(row) if self._loader is not None and row in self._centres else None
        if image is None:
            return None
        x, y = self._centres[row]
        wide, high = _fitted(image, self._size_px)
        return QRectF(x - wide / 2, y - high / 2, wide, high)

    def hit(self, at: QPointF) -> int | None:
        half = self._size_px / 2
        near = [row for row, (x, y) in self._centres.items() if abs(at.x() - x) <= half and abs(at.y() - y) <= half]
        return next((row for row in near if (box := self.box_of(row)) is not None and box.contains(at)), None)

    def _lay_out(self, view: MapCanvas) -> None:
        self._size_px = picture_size(view)
        found = view.rows_in_view(MOST_IN_VIEW, self._size_px / 2) if self._size_px else None
        if found is None or self._loader is None:
            self._rows, self._centres = self._rows[:0], {}
            return
        rows = found[[not self._loader.has_none(row) for row in found.tolist()]]
        marked = view.cloud.selected[:_MOST_MARKED].tolist()
        ordered = by_priority(rows, [*marked, *self._rows.tolist()])
        centres = on_screen(view.camera, view.cloud.xy[ordered])
        kept = place_pictures(centres, self._size_px + _SPACE_PX, MOST_PICTURES)
        self._rows = ordered[kept]
        self._centres = {int(row): (x, y) for row, (x, y) in zip(self._rows, centres[kept].tolist(), strict=True)}


def picture_size(view: MapCanvas) -> int:
    """The longest side of a picture in logical pixels, by how far the shown points are apart; 0 where too close.

    It depends on the zoom and the filter, not on what is in view, so that panning leaves pictures as they are.
    """
    bounds, count, visible = view.cloud.bounds, view.cloud.drawn_count, view.cloud.visible
    if visible is not None:
        count = min(count, int(np.count_nonzero(visible)))
    if not count:
        return 0
    longest = max(bounds.width, bounds.height)
    if longest == 0:
        return LARGEST_PX
    # Points on a line take some room across it.
    area = max(bounds.width, longest / 10) * max(bounds.height, longest / 10)
    spacing = math.sqrt(area / count) * view.camera.scale
    if spacing < _FIRST_SPACING_PX:
        return 0
    return int(min(max(spacing, SMALLEST_PX), LARGEST_PX)) // _STEP_PX * _STEP_PX


def by_priority(rows: NDArray[np.int64], first: Iterable[int]) -> NDArray[np.int64]:
    """The rows in the order in which they get places: `first` in its order, the others in a fixed scattered one."""
    known = set(rows.tolist())
    ahead = [row for row in dict.fromkeys(first) if row in known]
    others = rows[~np.isin(rows, ahead)]
    scattered = others[np.argsort(others.astype(np.uint64) * np.uint64(_SCATTER) % np.uint64(2**32), kind="stable")]
    return np.concatenate([np.array(ahead, np.int64), scattered])


def place_pictures(centres: NDArray[np.float64], side_px: float, most: int) -> NDArray[np.int64]:
    """Which of the squares around centres (M, 2) are shown: each in turn that overlaps none before it, at most `most`.

    Squares are kept in cells of their own size, so that only the nine around one can overlap it.
    """
    cells: dict[tuple[int, int], tuple[float, float]] = {}
    kept: list[int] = []
    around = [(column, row) for column in (-1, 0, 1) for row in (-1, 0, 1)]
    for at, (x, y) in enumerate(centres.tolist()):
        column, row = math.floor(x / side_px), math.floor(y / side_px)
        near = (cells.get((column + right, row + down)) for right, down in around)
        if all(one is None or abs(one[0] - x) >= side_px or abs(one[1] - y) >= side_px for one in near):
            cells[column, row] = x, y
            kept.append(at)
            if len(kept) == most:
                break
    return np.array(kept, np.int64)


def _fitted(image: QImage, side_px: float) -> tuple[float, float]:
    scale = side_px / max(image.width(), image.height())
    return image.width() * scale, image.height() * scale


def _paint_frame(painter: QPainter, box: QRectF, colour: QColor, width_px: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, width_px))
    painter.drawRect(box)
