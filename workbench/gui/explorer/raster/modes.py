"""How the points of a map are drawn, and which way suits what is in view."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.raster.cells import joined

Mode = Literal["points", "outlined", "density"]

DENSE, STILL_DENSE = 0.8, 0.7
FEW, LARGE_PX, LOOSE = 2_000, 6.0, 0.3


def hidden_share(counts: NDArray[np.int64], cell_px: tuple[float, float], size_px: float) -> float:
    """The share of the points' area that is expected to lie under later points, 0..1.

    In a cell of area A, n points of size s are taken to lie anywhere with equal chance. A place is then left free by
    each with the chance 1 - p, p = s^2 / A, and 1 - (1 - p)^n of the area is covered, of n p that is drawn.

    Parameters
    ----------
    counts : points in each of the cells in view, (rows, columns); those under four points wide are put together
    cell_px : width and height of a cell, pixels
    """
    wider, wide = joined(counts, np.array(cell_px, np.float64), 4 * size_px)
    inside = wider[wider > 0].astype(np.float64)
    if not len(inside):
        return 0.0
    share = size_px**2 / wide.prod()
    return float(1 - (1 - (1 - share) ** inside).sum() / (share * inside.sum()))


def choose_mode(
    counts: NDArray[np.int64], cell_px: tuple[float, float], size_px: float, before: Mode | None = None
) -> Mode:
    """The way of drawing that suits the points in view.

    - density, where more than 80 % of what would be drawn lies under other points; once chosen, down to 70 %, so that
      panning along the limit does not flicker
    - outlined, for at most 2,000 points of 6 px or more, of which less than 30 % is hidden
    - points else
    """
    hidden = hidden_share(counts, cell_px, size_px)
    if hidden > (STILL_DENSE if before == "density" else DENSE):
        return "density"
    if counts.sum() <= FEW and size_px >= LARGE_PX and hidden < LOOSE:
        return "outlined"
    return "points"
