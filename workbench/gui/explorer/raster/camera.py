"""Where the map looks: data coordinates to pixels and back, at one scale for both axes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.raster import painting

FIT_MARGIN = 0.06
MIN_SPAN_PX = 1e-3
MAX_ZOOM = 1e5


@dataclass(frozen=True)
class Camera:
    """A view of `width` x `height` logical pixels around (`x`, `y`), with `scale` pixels a data unit; y points up."""

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    width: float = 1.0
    height: float = 1.0

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """Pixels, y downwards, of a data position."""
        return (x - self.x) * self.scale + self.width / 2, self.height / 2 - (y - self.y) * self.scale

    def to_data(self, px: float, py: float) -> tuple[float, float]:
        """The data position under a pixel."""
        return self.x + (px - self.width / 2) / self.scale, self.y - (py - self.height / 2) / self.scale

    def panned(self, dx_px: float, dy_px: float) -> Camera:
        """The view after its content moved by so many pixels, right and down."""
        return replace(self, x=self.x - dx_px / self.scale, y=self.y + dy_px / self.scale)

    def zoomed_at(self, factor: float, px: float, py: float, home: Camera) -> Camera:
        """Zoomed so that the data under the pixel stays there; `home` is the fitted view that bounds the zoom."""
        scale = min(max(self.scale * factor, home.scale * 0.05), home.scale * MAX_ZOOM)
        x, y = self.to_data(px, py)
        return replace(self, scale=scale, x=x - (px - self.width / 2) / scale, y=y + (py - self.height / 2) / scale)

    def resized(self, width: float, height: float) -> Camera:
        """The same centre and scale in a view of another size."""
        return replace(self, width=max(width, 1.0), height=max(height, 1.0))

    def fitted(self, bounds: Bounds) -> Camera:
        """The view that shows all of the bounds with a margin; a single point is centred in a view one unit wide."""
        usable = 1 - 2 * FIT_MARGIN
        wanted = [
            size * usable / span
            for size, span in ((self.width, bounds.width), (self.height, bounds.height))
            if span > 0
        ]
        scale = min(wanted) if wanted else min(self.width, self.height) * usable
        return replace(self, x=bounds.x, y=bounds.y, scale=scale)


@dataclass(frozen=True)
class Bounds:
    """The box around the drawn points, in data units: its centre and its size (0 for one place)."""

    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0

    @staticmethod
    def around(xy: NDArray[np.float32]) -> Bounds:
        """The box around the finite ones of (N, 2) positions."""
        loops = painting.compiled()
        if loops is not None:
            found = np.array([np.inf, -np.inf, np.inf, -np.inf])
            loops.points.box(np.ascontiguousarray(xy, np.float32), found)
            low, high = found[::2], found[1::2]
        else:
            finite = xy[np.isfinite(xy).all(axis=1)].astype(np.float64)
            low, high = finite.min(axis=0, initial=np.inf), finite.max(axis=0, initial=-np.inf)
        if not np.isfinite(low).all():
            return Bounds()
        (x, y), (width, height) = (low + high) / 2, high - low
        return Bounds(float(x), float(y), float(width), float(height))
