"""Random perspective."""

from __future__ import annotations

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import Floats, Geometry, OperationConfig, Scene, Values
from workbench.views.warp import Fill

# Corners in turn from the top left, as shares of width and height, and which way is inwards.
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
_INWARDS = 1 - 2 * _CORNERS


class Perspective(Geometry):
    """Move each corner inwards by a random part of half the side, and tilt the picture to match.

    torchvision's `perspective` with bilinear interpolation, and its RandomPerspective: both coordinates of each corner
    move by uniform amounts of up to `distortion_scale` times half the side. Amounts are not rounded to whole pixels and
    count from the outer corners of the picture. Where the tilt shrinks, the picture is anti-aliased.
    """

    spec = OperationSpec(
        id="perspective",
        title="Perspective",
        kind="geometry",
        summary="Tilts the picture as if it were seen from the side.",
    )

    class Config(OperationConfig):
        p: float = setting(0.5, "Probability", "share of the views that are tilted", ge=0, le=1)
        distortion_scale: float = setting(
            0.5, "Distortion", "how far corners move at most, as a share of half the side", ge=0, le=1, neutral=0.0
        )
        fill: Fill = setting("black", "Fill", "what is seen beyond the picture; edge continues its last pixels")

    config: Config

    @property
    def fill(self) -> Fill:
        return self.config.fill

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        """`corners` (N, 4, 2): how far each corner moves inwards along x and y, as a share of half the side."""
        return {"corners": rng.uniform(0, self.config.distortion_scale, (scene.samples, 4, 2))}

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        extent = np.stack([scene.width, scene.height], axis=1)[:, None]
        return homographies(extent * (_CORNERS + _INWARDS * values["corners"] / 2), extent * _CORNERS), scene


def homographies(points: Floats, images: Floats) -> Floats:
    """Matrices (N, 3, 3), last entry 1, that take four points (N, 4, 2) to their images (N, 4, 2)."""
    x, y = points[:, :, 0], points[:, :, 1]
    system = np.zeros((len(points), 4, 2, 8))
    for axis in (0, 1):
        system[:, :, axis, 3 * axis], system[:, :, axis, 3 * axis + 1], system[:, :, axis, 3 * axis + 2] = x, y, 1
        system[:, :, axis, 6] = -x * images[:, :, axis]
        system[:, :, axis, 7] = -y * images[:, :, axis]
    entries = np.linalg.solve(system.reshape(-1, 8, 8), images.reshape(-1, 8, 1))[:, :, 0]
    return np.concatenate([entries, np.ones((len(points), 1))], axis=1).reshape(-1, 3, 3)
