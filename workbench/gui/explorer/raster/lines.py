"""Line segments as a layer of the map: trails, contours, ties between points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.raster.cells import Cells
from workbench.gui.explorer.raster.painting import Target, compiled, in_bands

_COST = 20
"""A segment takes as long as so many points."""


@dataclass(frozen=True, eq=False)
class LineLayer:
    """Segments that are drawn in their order, anti-aliased; 10,000 fit into a frame.

    segments : float32 (M, 4), x0, y0, x1, y1 in data units; those with NaN or infinity are left out
    codes : uint16 (M,) or (1,), rows of the table
    table : uint32 (K,), premultiplied ARGB
    width : device pixels
    """

    segments: NDArray[np.float32]
    codes: NDArray[np.uint16]
    table: NDArray[np.uint32]
    width: float = 1.0
    cells: Cells | None = None
    is_local: ClassVar[bool] = True

    @property
    def xy(self) -> NDArray[np.float32]:
        """The beginnings; what the work of drawing is measured by."""
        return self.segments[:, :2]

    def draw(self, target: Target) -> None:
        """Draw the segments; later ones lie over earlier ones."""
        if not len(self.segments):
            return
        loops = compiled()
        if loops is None:
            self._draw_plain(target)
            return
        given = (self.segments, self.codes, self.table, float(self.width), target.transform)

        def band(clip: tuple[int, int, int, int]) -> None:
            loops.lines.draw_lines(*given, np.array(clip, np.int64), target.picture)

        in_bands(band, self, target.transform, target.clip, _COST)

    def _draw_plain(self, target: Target) -> None:
        """One pixel wide and hard, a dot for each pixel of the longer side."""
        height, width = target.picture.shape
        a, b, c, d = target.transform
        ends = self.segments.astype(np.float64) * [a, c, a, c] + [b, d, b, d]
        codes = np.broadcast_to(self.codes, len(ends)) if len(self.codes) == 1 else self.codes
        for (x0, y0, x1, y1), colour in zip(ends, self.table[codes], strict=True):
            if not np.isfinite([x0, y0, x1, y1]).all():
                continue
            count = int(min(max(abs(x1 - x0), abs(y1 - y0)), 4 * (width + height))) + 2
            columns, rows = np.linspace([x0, y0], [x1, y1], count).T
            near = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
            target.picture[rows[near].astype(int), columns[near].astype(int)] = colour


def trail_segments(steps: list[NDArray[np.float32]], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The ways of some points through the layouts of a time-lapse.

    Parameters
    ----------
    steps : T layouts (N, 2), the oldest first
    rows : (M,) points

    Returns
    -------
    float32 ((T - 1) M, 4): the oldest step of every point, then the next one of every point
    """
    chosen = [np.asarray(step, np.float32)[rows] for step in steps]
    pairs = [np.concatenate([old, new], axis=1) for old, new in pairwise(chosen)]
    return np.concatenate([np.zeros((0, 4), np.float32), *pairs])
