"""Rotation by any angle."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import Floats, Geometry, OperationConfig, Ordered, Scene, Values
from workbench.views.warp import Fill, about_centre, rotations

Degrees = Annotated[float, setting(..., "Angle", "counter-clockwise", unit="°", ge=-180, le=180)]


class Rotation(Geometry):
    """Turn about the centre by an angle uniform in a range, counter-clockwise, within the frame of the picture.

    torchvision's `rotate` with bilinear interpolation and expand=False. A fill other than black blends in over the
    last half pixel once, where torchvision multiplies the picture by its coverage twice.
    """

    spec = OperationSpec(
        id="rotation", title="Rotation", kind="geometry", summary="Turns the picture by a random angle."
    )

    class Config(OperationConfig):
        degrees: Annotated[tuple[Degrees, Degrees], Ordered] = setting(
            (-30.0, 30.0), "Angle", "counter-clockwise turn", unit="°", widget="range", neutral=(0.0, 0.0)
        )
        fill: Fill = setting("black", "Fill", "what is seen beyond the picture; edge continues its last pixels")

    config: Config

    @property
    def fill(self) -> Fill:
        return self.config.fill

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"degrees": rng.uniform(*self.config.degrees, scene.samples)}

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        return about_centre(rotations(values["degrees"]), scene.width, scene.height), scene
