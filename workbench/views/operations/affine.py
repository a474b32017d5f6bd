"""Random affine map."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import Floats, Geometry, OperationConfig, Ordered, Scene, Values
from workbench.views.warp import Fill, about_centre, rotations

Degrees = Annotated[float, setting(..., "Angle", "clockwise", unit="°", ge=-180, le=180)]
Slant = Annotated[float, setting(..., "Shear", "angle of the slant", unit="°", ge=-75, le=75)]
Scale = Annotated[float, setting(..., "Scale", "size of what is seen, 1 as it is", ge=0.1, le=10)]


class Affine(Geometry):
    """Shear along x, shear along y, turn, scale and shift, in this order, about the centre.

    torchvision's `affine` with bilinear interpolation, and the ranges of its RandomAffine: angles, shears and scale
    uniform in their ranges, shifts uniform within plus and minus a share of the side. Shifts are not rounded to whole
    pixels, so that small pictures keep the full range; where the scale shrinks, the picture is anti-aliased.
    """

    spec = OperationSpec(
        id="affine",
        title="Affine",
        kind="geometry",
        summary="Turns, shifts, scales and shears the picture by random amounts.",
    )

    class Config(OperationConfig):
        degrees: Annotated[tuple[Degrees, Degrees], Ordered] = setting(
            (-15.0, 15.0), "Angle", "clockwise turn", unit="°", widget="range", neutral=(0.0, 0.0)
        )
        translate_x: float = setting(
            0.1, "Shift across", "shift to either side at most, as a share of the width", ge=0, le=1, neutral=0.0
        )
        translate_y: float = setting(
            0.1, "Shift up and down", "shift up or down at most, as a share of the height", ge=0, le=1, neutral=0.0
        )
        scale: Annotated[tuple[Scale, Scale], Ordered] = setting(
            (0.9, 1.1), "Scale", "size of what is seen, 1 as it is", widget="range", log=True, neutral=(1.0, 1.0)
        )
        shear_x: Annotated[tuple[Slant, Slant], Ordered] = setting(
            (0.0, 0.0), "Shear across", "slant of upright lines", unit="°", widget="range", neutral=(0.0, 0.0)
        )
        shear_y: Annotated[tuple[Slant, Slant], Ordered] = setting(
            (0.0, 0.0), "Shear up and down", "slant of level lines", unit="°", widget="range", neutral=(0.0, 0.0)
        )
        fill: Fill = setting("black", "Fill", "what is seen beyond the picture; edge continues its last pixels")

    config: Config

    @property
    def fill(self) -> Fill:
        return self.config.fill

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        c, n = self.config, scene.samples
        return {
            "degrees": rng.uniform(*c.degrees, n),
            "shift_x": rng.uniform(-c.translate_x, c.translate_x, n) * scene.width,
            "shift_y": rng.uniform(-c.translate_y, c.translate_y, n) * scene.height,
            "scale": rng.uniform(*c.scale, n),
            "shear_x": rng.uniform(*c.shear_x, n),
            "shear_y": rng.uniform(*c.shear_y, n),
        }

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        across, along = np.tile(np.eye(2), (2, scene.samples, 1, 1))
        across[:, 0, 1] = -np.tan(np.radians(values["shear_x"]))
        along[:, 1, 0] = -np.tan(np.radians(values["shear_y"]))
        forth = rotations(values["degrees"]) @ along @ across * values["scale"][:, None, None]
        matrices = about_centre(np.linalg.inv(forth), scene.width, scene.height)
        shift = np.stack([values["shift_x"], values["shift_y"]], axis=1)
        matrices[:, :2, 2] -= np.einsum("nij,nj->ni", matrices[:, :2, :2], shift)
        return matrices, scene
