"""The camera's way from one view to another."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation

from workbench.gui.explorer.raster.camera import Bounds, Camera

FLIGHT_MS = 250
_CLOSEST = 64.0
"""No group of points, however tight, is flown closer to than this many times the fitted view."""
_ONE_POINT = 4.0
_BORDER = 0.75
"""Share of the view that the points fill at the end."""


class Flight(QObject):
    """Moves a camera in 250 ms, slowly at both ends.

    Parameters
    ----------
    move : takes the camera on its way
    """

    def __init__(self, move: Callable[[Camera], None], parent: QObject) -> None:
        super().__init__(parent)
        self._move = move
        self._start = self._end = Camera()
        self._animation = QVariantAnimation(self)
        self._animation.setDuration(FLIGHT_MS)
        self._animation.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.valueChanged.connect(lambda share: self._move(between(self._start, self._end, share)))

    def go(self, start: Camera, end: Camera, *, animated: bool) -> None:
        """Move there, at once where nothing is animated."""
        self.stop()
        if not animated:
            self._move(end)
            return
        self._start, self._end = start, end
        self._animation.start()

    def stop(self) -> None:
        """Stay where it is: someone else has taken hold of the view."""
        self._animation.stop()

    def finish(self) -> None:
        """Be there now, where a flight is under way."""
        if self._animation.state() == QVariantAnimation.State.Running:
            self._animation.stop()
            self._move(self._end)


def between(start: Camera, end: Camera, share: float) -> Camera:
    """The camera after a share 0..1 of the way: the zoom moves evenly in factors, about one fixed place of the plane.

    A zoom from scale a to b about a fixed place moves the centre by (1 - a/s) / (1 - a/b) of its way at scale s.
    """
    if share >= 1.0:
        return end
    scale = start.scale * (end.scale / start.scale) ** share
    same = math.isclose(start.scale, end.scale, rel_tol=1e-6)
    moved = share if same else (1 - start.scale / scale) / (1 - start.scale / end.scale)
    x, y = start.x + (end.x - start.x) * moved, start.y + (end.y - start.y) * moved
    return replace(end, x=x, y=y, scale=scale)


def closing_in(camera: Camera, home: Camera, bounds: Bounds) -> Camera:
    """The view in which the bounds fill most of the picture; one place is centred, and never zoomed out for."""
    if bounds.width == 0 and bounds.height == 0:
        return replace(camera, x=bounds.x, y=bounds.y, scale=max(camera.scale, home.scale * _ONE_POINT))
    fitted = camera.fitted(bounds)
    return replace(fitted, scale=min(fitted.scale * _BORDER, home.scale * _CLOSEST))
