"""Resize."""

from __future__ import annotations

from typing import Literal

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.geometry import axis_matrices
from workbench.views.operations.base import Floats, Geometry, OperationConfig, Scene, Values


class Resize(Geometry):
    """Bring the picture to the size of the view; torchvision's `resize` with anti-aliasing.

    `fit` brings the shorter side to the view's and keeps the aspect; what is longer is cut at both ends when all
    geometry is done. `stretch` brings both sides there. Neighbouring geometry is one resampling from the source, so a
    crop behind a resize loses no detail to it.
    """

    spec = OperationSpec(
        id="resize", title="Resize", kind="geometry", summary="Brings the picture to the size of the view."
    )

    class Config(OperationConfig):
        mode: Literal["fit", "stretch"] = setting(
            "fit", "Mode", "fit: the shorter side becomes the view's, the aspect is kept; stretch: both sides do"
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {}

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        scale_x, scale_y, none = scene.width / scene.size, scene.height / scene.size, np.zeros(scene.samples)
        if self.config.mode == "fit":
            scale_x = scale_y = np.minimum(scale_x, scale_y)
        made = Scene(scene.size, scene.view, scene.height / scale_y, scene.width / scale_x)
        return axis_matrices(scale_x, none, scale_y, none), made
