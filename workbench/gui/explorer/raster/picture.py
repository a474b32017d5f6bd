"""The points of a map as a picture, drawn again only where something changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.raster import painting
from workbench.gui.explorer.raster.camera import Camera
from workbench.gui.explorer.raster.cloud import Cloud, device_shape, transform
from workbench.gui.explorer.raster.modes import Mode
from workbench.gui.explorer.raster.painting import Drawable


class MapPicture:
    """Draws points, with further layers below them, and keeps the picture until it is told to forget it.

    wanted : how points are drawn; "auto" for what suits those in view
    mode : how they were drawn last
    underlay : layers below the points
    """

    def __init__(self) -> None:
        self.wanted: Mode | Literal["auto"] = "points"
        self.mode: Mode = "points"
        self.underlay: tuple[Drawable, ...] = ()
        self._canvas = painting.Canvas()
        self._layers: tuple[Sequence[Drawable], tuple[Drawable, ...], Sequence[Drawable]] = ((), (), ())
        self._kept: tuple[NDArray[np.uint32], QImage] | None = None

    def forget(self) -> None:
        """Something changed: draw anew when next asked."""
        self._kept = None

    def image(self, cloud: Cloud, camera: Camera, colours: PlotColours, size_px: float, dpr: float) -> QImage:
        """The picture at `dpr` device pixels a logical one."""
        if self._kept is None or self._kept[1].devicePixelRatio() != dpr:
            pixels = self._canvas.draw(
                self.layers(cloud, camera, colours, size_px, dpr),
                transform(camera, dpr),
                device_shape(camera, dpr),
                colours.argb("background"),
            )
            image = painting.to_image(pixels)
            image.setDevicePixelRatio(dpr)
            self._kept = pixels, image
        return self._kept[1]

    def layers(
        self, cloud: Cloud, camera: Camera, colours: PlotColours, size_px: float, dpr: float
    ) -> Sequence[Drawable]:
        """What is drawn; the same object as long as it is the same, which is how the canvas knows a pan."""
        self.mode = cloud.mode_for(camera, size_px, self.mode) if self.wanted == "auto" else self.wanted
        own = cloud.layers(colours, size_px, dpr, self.mode)
        if not self.underlay:
            return own
        if self._layers[0] is not own or self._layers[1] is not self.underlay:
            self._layers = own, self.underlay, [*self.underlay, *own]
        return self._layers[2]
