"""From one layout to the next: where the points are on the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.raster.orbit import SHADES
from workbench.gui.explorer.raster.painting import compiled


def ease(t: float) -> float:
    """0..1 to 0..1, slow at both ends (the smoothstep polynomial 3 t^2 - 2 t^3)."""
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def glide(
    xy_from: NDArray[np.float32], xy_to: NDArray[np.float32], t: float
) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None]:
    """Places on the way between two layouts of the same points, for `Cloud.moved`.

    Parameters
    ----------
    xy_from, xy_to : float32 (N, 2)
    t : 0..1, share of the time; the way is eased at both ends

    Returns
    -------
    xy : float32 (N, 2). A row with a place in one layout alone stays there while it fades; NaN where it has faded.
    shade : uint8 (N,), 7 for full colour down to 0 for none. None where every row has both places.
    """
    share = np.float32(ease(t))
    loops = compiled()
    if loops is None:
        return _glide_plain(xy_from, xy_to, share)
    begin, end = (np.ascontiguousarray(places, np.float32) for places in (xy_from, xy_to))
    xy, shade = np.empty_like(begin), np.empty(len(begin), np.uint8)
    lost = loops.points.glide(begin, end, share, np.float32(SHADES - 1), xy, shade)
    return xy, shade if lost else None


def _glide_plain(
    xy_from: NDArray[np.float32], xy_to: NDArray[np.float32], share: np.float32
) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None]:
    with np.errstate(invalid="ignore", over="ignore"):
        xy = xy_from * (1 - share) + xy_to * share
    here, there = (np.isfinite(end[:, 0] + end[:, 1]) for end in (xy_from, xy_to))
    lost = ~(here & there)
    if not lost.any():
        return xy, None
    left = np.where(here, 1 - share, np.where(there, share, np.float32(0)))[lost]
    places = np.where(here[lost, None], xy_from[lost], xy_to[lost])
    places[left == 0] = np.nan
    xy[lost] = places
    shade = np.full(len(xy), SHADES - 1, np.uint8)
    shade[lost] = np.rint(left * (SHADES - 1)).astype(np.uint8)
    return xy, shade
