"""A three-dimensional layout as the flat map shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.raster.camera import Bounds
from workbench.gui.explorer.raster.orbit import Orbit, around, depth_order, project


@dataclass(frozen=True, eq=False)
class Space:
    """Points (N, 3) and where they are looked at from."""

    xyz: NDArray[np.float32]
    orbit: Orbit

    @staticmethod
    def of(xyz: NDArray[np.float32]) -> Space:
        """The points seen from the front."""
        return Space(xyz, around(xyz))

    def turned(self, yaw: float, pitch: float) -> Space:
        """Seen from farther round, in radians."""
        return replace(self, orbit=self.orbit.turned(yaw, pitch))

    def moved(self, xyz: NDArray[np.float32]) -> Space:
        """The points in other places, seen from the same side."""
        return Space(xyz, replace(around(xyz), yaw=self.orbit.yaw, pitch=self.orbit.pitch))

    @property
    def bounds(self) -> Bounds:
        """The ball that holds all points, from wherever it is seen."""
        return Bounds(0.0, 0.0, 2 * self.orbit.radius, 2 * self.orbit.radius)

    def frame(self) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.uint8]]:
        """Places (N, 2), drawing order and shades, for `Cloud.moved`."""
        xy, depth = project(self.xyz, self.orbit)
        return xy, *depth_order(depth, self.orbit.radius)
