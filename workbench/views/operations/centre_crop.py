"""Centre crop."""

from __future__ import annotations

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.geometry import axis_matrices
from workbench.views.operations.base import Floats, Geometry, OperationConfig, Scene, Values


class CentreCrop(Geometry):
    """Cut the square in the middle; torchvision's `center_crop` where the square falls on whole pixels.

    Its side is a share of the picture's shorter side and at least 1 px, so it never exceeds the picture. Evaluation
    on ImageNet commonly takes 224 of 256 px, which is 0.875. The square is stretched to the view when all geometry is
    done.
    """

    spec = OperationSpec(
        id="centre_crop", title="Centre crop", kind="geometry", summary="Cuts the square in the middle of the picture."
    )

    class Config(OperationConfig):
        share: float = setting(
            0.875, "Side", "side of the square as a share of the picture's shorter side", ge=0.01, le=1, neutral=1.0
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        side = np.maximum(1, self.config.share * np.minimum(scene.height, scene.width))
        return {"left": (scene.width - side) / 2, "top": (scene.height - side) / 2, "side": side}

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        one, side = np.ones(scene.samples), values["side"]
        return axis_matrices(one, values["left"], one, values["top"]), Scene(scene.size, scene.view, side, side)
