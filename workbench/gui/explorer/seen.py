"""What part of a map is seen, told so that another map can show the same."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF

from workbench.gui.explorer.map_view import MapView


@dataclass(frozen=True)
class Seen:
    """A view as shares of the box around all points; exact for layouts of one shape.

    zoom : against the view that shows all points
    right, up : of the middle from the box's middle, in widths and heights of the box
    """

    zoom: float = 1.0
    right: float = 0.0
    up: float = 0.0

    @staticmethod
    def of(view: MapView) -> Seen:
        """How a map is seen now."""
        camera, home, box = view.camera, view.home, view.bounds
        if camera == home or not len(view.cloud.xy):
            return Seen()
        wide, high = max(box.width, 1e-12), max(box.height, 1e-12)
        return Seen(camera.scale / home.scale, (camera.x - home.x) / wide, (camera.y - home.y) / high)

    def show_in(self, view: MapView) -> None:
        """Let a map be seen in this way."""
        view.fit()
        if self == Seen() or not len(view.cloud.xy):
            return
        view.zoom_at(self.zoom, QPointF(view.width() / 2, view.height() / 2))
        box, scale = view.bounds, view.camera.scale
        view.pan_by(-self.right * box.width * scale, self.up * box.height * scale)
