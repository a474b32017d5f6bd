"""Words beside points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from workbench.gui.explorer.overlays.base import Overlay
from workbench.gui.explorer.overlays.placing import BESIDE, Memory, place, rectangles
from workbench.gui.explorer.overlays.words import box_of, font_of, measured, on_screen, paint_text

if TYPE_CHECKING:
    from workbench.gui.explorer.map_canvas import MapCanvas

TextsOf = Callable[[NDArray[np.int64]], Sequence[str]]

MOST_IN_VIEW = 600
MOST_LABELS = 150
MOST_MARKED = 60
_SIZE_PX = 12.0
_MARGIN_PX = 4.0
_RING_PX = 3.0
"""What the ring of a marked point takes."""


class PointLabels(Overlay):
    """Texts beside points where few enough are in view; marked points keep theirs at any zoom.

    Where not all find room, marked points come first, then the lower row: word lists begin with the frequent words. Of
    more selected points than are named in view none keeps its text: a few of thousands would be no better than any.
    They leave free what the words of overlays below cover.

    Parameters
    ----------
    texts : the texts of rows, "" for a point without one; called in the window's thread, so it must be quick
    """

    level = 42

    def __init__(self, texts: TextsOf) -> None:
        self._source = texts
        self._memory = Memory()
        self._laid_out: tuple[object, ...] = ()
        self._words: list[tuple[str, QRectF]] = []
        self.boxes: dict[int, QRectF] = {}

    def attach(self, view: MapCanvas) -> None:
        super().attach(view)
        self._laid_out = ()

    def set_texts(self, texts: TextsOf) -> None:
        """Other texts, as for another set."""
        self._source = texts
        self._memory.clear()
        self._laid_out = ()
        self.changed()

    def paint(self, painter: QPainter, view: MapCanvas) -> None:
        covered = [box.getCoords() for box in view.covered(self.level)]
        state = (view.version, covered)
        if self._laid_out != state:
            self._laid_out = state
            self._lay_out(view, np.array(covered, np.float64).reshape(-1, 4))
        font = font_of(view.font(), _SIZE_PX)
        text, rim = QColor(view.plot_colours.foreground), QColor(view.plot_colours.background)
        for words, box in self._words:
            paint_text(painter, box, words, font, text, rim)

    def _lay_out(self, view: MapCanvas, covered: NDArray[np.float64]) -> None:
        seen = view.rows_in_view(MOST_IN_VIEW)
        rows = self._rows(view, seen)
        font = font_of(view.font(), _SIZE_PX)
        told = [measured(text, font) for text in self._source(rows)] if len(rows) else []
        keep = [at for at, (text, _, _) in enumerate(told) if text]
        rows, told = rows[keep], [told[at] for at in keep]
        anchors = on_screen(view.camera, view.cloud.xy[rows])
        sizes = np.array([(wide, high) for _, wide, high in told]).reshape(-1, 2)
        area = (_MARGIN_PX, _MARGIN_PX, view.width() - _MARGIN_PX, view.height() - _MARGIN_PX)
        ringed = np.isin(rows, view.cloud.selected) | np.isin(rows, view.cloud.highlighted)
        gap = view.point_size_px() / 2 + np.where(ringed, 2 + _RING_PX, 2)
        keys, scale = rows.tolist(), view.camera.scale
        discs = _discs(view, rows if seen is None else seen)
        chosen = place(anchors, sizes, area, BESIDE, gap, self._memory.preferred(keys, scale), discs, covered)
        self._memory.keep(keys, chosen, scale)
        boxes = rectangles(anchors, sizes, chosen, BESIDE, gap)
        placed = np.flatnonzero(chosen >= 0)
        self._words = [(told[at][0], box_of(boxes[at])) for at in placed]
        self.boxes = {int(rows[at]): box_of(boxes[at]) for at in placed}

    def _rows(self, view: MapCanvas, seen: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """The points to name, by falling priority, of those seen; None for too many."""
        cloud = view.cloud
        selected = cloud.selected[: MOST_MARKED if len(cloud.selected) <= MOST_IN_VIEW else 0]
        marked = np.concatenate([selected, cloud.highlighted[:MOST_MARKED]]).astype(np.int64)
        marked = np.array([row for row in dict.fromkeys(marked.tolist()) if cloud.is_drawn(row)], np.int64)
        others = seen[~np.isin(seen, marked)][:MOST_LABELS] if seen is not None else marked[:0]
        return np.concatenate([marked, np.sort(others)])


def _discs(view: MapCanvas, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The squares (M, 4) around points."""
    centres, half = on_screen(view.camera, view.cloud.xy[rows]), view.point_size_px() / 2
    return np.concatenate([centres - half, centres + half], axis=1)
