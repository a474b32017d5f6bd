"""From point to point with the arrow keys."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.raster.cloud import Cloud

_FIRST_PX = 24.0


def next_point(cloud: Cloud, row: int, right: float, up: float, scale: float) -> int | None:
    """The shown point nearest in a direction from a point, or None where there is none.

    A point lies in a direction where it is within 45 degrees of it; what counts is how far it is along plus twice how
    far it is across. That is never less than the plain distance, so a circle is searched, and a wider one only
    where the best found costs more than the circle's radius.

    Parameters
    ----------
    right, up : the direction, one of them 1 or -1 and the other 0
    scale : pixels a data unit
    """
    x, y = (float(value) for value in cloud.xy[row])
    bounds = cloud.bounds
    widest = 2 * (bounds.width + bounds.height)
    radius = _FIRST_PX / scale
    while True:
        found = cloud.grid.within(x, y, radius)
        best = _cheapest(cloud, found, (x, y), right, up)
        if best is not None and (best[1] <= radius or radius >= widest):
            return best[0]
        if radius >= widest:
            return None
        radius *= 2


def nearest_to(cloud: Cloud, x: float, y: float) -> int | None:
    """The shown point nearest to a place in data units; None where none is shown."""
    reach = cloud.bounds.width + cloud.bounds.height + abs(x - cloud.bounds.x) + abs(y - cloud.bounds.y)
    radius = max(reach / 64, 1e-9)
    while radius < 4 * reach:
        found = cloud.grid.nearest(x, y, radius, cloud.visible)
        if found is not None:
            return found
        radius *= 2
    return cloud.grid.nearest(x, y, max(radius, 1.0), cloud.visible)


def _cheapest(
    cloud: Cloud, found: NDArray[np.int32], at: tuple[float, float], right: float, up: float
) -> tuple[int, float] | None:
    shown = found if cloud.visible is None else found[cloud.visible[found]]
    offset = cloud.xy[shown].astype(np.float64) - at
    along = offset[:, 0] * right + offset[:, 1] * up
    across = np.abs(offset[:, 0] * up + offset[:, 1] * right)
    there = (along > 0) & (across <= along)
    if not there.any():
        return None
    cost = np.where(there, along + 2 * across, np.inf)
    best = int(cost.argmin())
    return int(shown[best]), float(cost[best])
