"""Three-dimensional layouts on a flat map: a camera that goes round them, and the order by depth.

What is projected are places on a plane in data units, so that pan, zoom, picking and everything else of the flat map
work on them as on any layout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.raster.grid import scatter_step
from workbench.gui.explorer.raster.painting import compiled

SHADES = 8
"""Shades 0..7 of a point: how much of its own colour and size is left, 7 all of it."""
FARTHEST_SHADE = 3
_STEEPEST = math.pi / 2


@dataclass(frozen=True)
class Orbit:
    """A view of a layout from all around.

    yaw, pitch : radians; yaw turns about the layout's third axis, pitch tilts what is nearest downwards, +-pi/2 at most
    distance : of the eye from the centre in units of the radius, over 1; only perspective sees it
    centre, radius : of the ball that holds the points, data units
    """

    yaw: float = 0.0
    pitch: float = 0.0
    distance: float = 3.0
    perspective: bool = True
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    radius: float = 1.0

    def turned(self, yaw: float, pitch: float) -> Orbit:
        """Turned further; the pitch stops where the view is straight from above or below."""
        tilted = min(max(self.pitch + pitch, -_STEEPEST), _STEEPEST)
        return replace(self, yaw=(self.yaw + yaw) % math.tau, pitch=tilted)

    def moved_away(self, factor: float) -> Orbit:
        """The eye nearer (< 1) or farther (> 1), from 1.2 to 100 radii."""
        return replace(self, distance=min(max(self.distance * factor, 1.2), 100.0))

    @property
    def axes(self) -> NDArray[np.float64]:
        """The rows are the directions in the layout that are seen as right, up and towards the eye."""
        sin_y, cos_y, sin_p, cos_p = math.sin(self.yaw), math.cos(self.yaw), math.sin(self.pitch), math.cos(self.pitch)
        turn = np.array([[cos_y, -sin_y, 0], [sin_y, cos_y, 0], [0, 0, 1]])
        # At rest the first axis points right, the third up, and the second away from the eye.
        tilt = np.array([[1, 0, 0], [0, sin_p, cos_p], [0, -cos_p, sin_p]])
        return np.asarray(tilt @ turn)


def around(xyz: NDArray[np.float32]) -> Orbit:
    """The orbit about the finite ones of (N, 3) places, at rest."""
    finite = xyz[np.isfinite(xyz).all(axis=1)]
    if not len(finite):
        return Orbit()
    low, high = finite.min(axis=0).astype(float), finite.max(axis=0).astype(float)
    centre = (low + high) / 2
    radius = float(np.sqrt(((finite - centre.astype(np.float32)) ** 2).sum(axis=1).max()))
    return Orbit(centre=(float(centre[0]), float(centre[1]), float(centre[2])), radius=radius or 1.0)


def project(xyz: NDArray[np.float32], orbit: Orbit) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places on the plane and depth of a layout.

    Parameters
    ----------
    xyz : float32 (N, 3)

    Returns
    -------
    xy : float32 (N, 2), data units, y up, the orbit's centre at (0, 0); in perspective grown by D / (D - towards),
        where D is the eye's distance and `towards` how far the point lies before the centre. NaN for what lies behind
        the eye and for rows without a place.
    depth : float32 (N,), data units, less for what is nearer to the eye, 0 at the centre
    """
    places = np.ascontiguousarray(xyz, np.float32)
    distance = orbit.distance * orbit.radius if orbit.perspective else math.inf
    loops = compiled()
    if loops is None:
        return _project_plain(places, orbit, distance)
    xy, depth = np.empty((len(places), 2), np.float32), np.empty(len(places), np.float32)
    loops.orbit.project(places, np.ascontiguousarray(orbit.axes), np.array(orbit.centre), distance, xy, depth)
    return xy, depth


def depth_order(depth: NDArray[np.float32], radius: float) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """The rows from far to near, to 1 / 1,024 of the ball's diameter, and the shade (N,) of each row."""
    loops = compiled()
    if loops is None:
        return _depth_order_plain(depth, radius)
    order, shade = np.empty(len(depth), np.int32), np.empty(len(depth), np.uint8)
    step = scatter_step(len(depth))
    loops.orbit.depth_order(depth, -radius, radius, step, FARTHEST_SHADE, SHADES - 1, order, shade)
    return order, shade


def _project_plain(
    xyz: NDArray[np.float32], orbit: Orbit, distance: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    seen = (xyz.astype(np.float64) - orbit.centre) @ orbit.axes.T
    towards = seen[:, 2]
    grown = np.ones(len(xyz))
    if math.isfinite(distance):
        grown = np.where(towards < 0.99 * distance, distance / np.maximum(distance - towards, 1e-30), np.nan)
    return (seen[:, :2] * grown[:, None]).astype(np.float32), (-towards).astype(np.float32)


def _depth_order_plain(depth: NDArray[np.float32], radius: float) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    place = np.nan_to_num((radius - depth.astype(np.float64)) * (1023 / max(2 * radius, 1e-30)), nan=0.0)
    keys = np.clip(place, 0, 1023).astype(np.uint16)
    scattered = np.arange(len(depth), dtype=np.int64) * scatter_step(len(depth)) % max(len(depth), 1)
    order = scattered[np.argsort(keys[scattered], kind="stable")].astype(np.int32)
    shade = FARTHEST_SHADE + keys.astype(np.int64) * (SHADES - FARTHEST_SHADE) // 1024
    return order, shade.astype(np.uint8)
