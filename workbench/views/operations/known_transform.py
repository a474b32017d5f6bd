"""One of a fixed set of geometric transforms, with its number as a target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import Floats, Geometry, OperationConfig, Scene, Values
from workbench.views.warp import Fill

TRANSFORMS = (
    "as it is",
    "90°",
    "180°",
    "270°",
    "mirrored",
    "upside down",
    "left",
    "right",
    "up",
    "down",
    "larger",
    "smaller",
    "sheared left",
    "sheared right",
)
"""What each number stands for, in a word or two. Turns are counter-clockwise; a shear moves the upper half."""

_TURNED = np.isin(np.arange(len(TRANSFORMS)), (1, 3))


class KnownTransform(Geometry):
    """Turn, mirror, shift, scale or shear by one transform of a fixed set; target "transform" is its number.

    Transforms that are told apart by their number are those of Golan and El-Yaniv, "Deep Anomaly Detection Using
    Geometric Transformations" (NeurIPS 2018), section 4, where flips, shifts and quarter turns are combined into 72;
    here each stands alone, and scales and shears join them, which Zhang, Qi, Wang and Luo, "AET vs. AED" (CVPR 2019),
    estimate as numbers. All happen about the centre, which a shift then moves.

    Whoever sees where the picture ends can tell a shift or a shear without knowing what is shown. A `window` below 1
    shows the middle of the picture only, in the first transform as in all others, so that less of what lies beyond
    comes into sight: none at all where the window leaves room for the largest shift, scale and shear. A mirroring
    operation belongs before this one, and takes the meaning from "mirrored".
    """

    spec = OperationSpec(
        id="known_transform",
        title="Known transform",
        kind="task",
        targets=("transform",),
        summary="Turns, mirrors, shifts, scales or shears the picture and keeps which it was as a label.",
    )

    class Config(OperationConfig):
        shift: float = setting(0.2, "Shift", "how far the shifts go, as a share of what is seen", ge=0.01, le=0.9)
        scale: float = setting(1.4, "Scale", "how much larger or smaller the scales make it", ge=1.01, le=4)
        shear: float = setting(25.0, "Shear", "slant of upright lines in the shears", unit="°", ge=1, le=75)
        window: float = setting(
            1.0, "Window", "side of what is seen of the picture, a share; below 1 the rest is a margin", ge=0.1, le=1
        )
        fill: Fill = setting("edge", "Fill", "what is seen beyond the picture; edge continues its last pixels")

    config: Config

    @property
    def fill(self) -> Fill:
        return self.config.fill

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"transform": rng.integers(0, len(TRANSFORMS), scene.samples)}

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        chosen = values["transform"]
        turned = _TURNED[chosen]
        width = np.where(turned, scene.height, scene.width)
        height = np.where(turned, scene.width, scene.height)
        linear, shifts = self._maps()
        made = np.stack([width, height], axis=1)
        met = np.stack([scene.width, scene.height], axis=1)
        matrices = np.zeros((scene.samples, 3, 3))
        matrices[:, :2, :2] = linear[chosen]
        matrices[:, :2, 2] = met / 2 - np.einsum("nij,nj->ni", linear[chosen], made / 2 + shifts[chosen] * made)
        matrices[:, 2, 2] = 1
        return matrices, Scene(scene.size, scene.view, height, width)

    def targets(self, values: Values, applied: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
        return {"transform": np.where(applied, values["transform"], 0).astype(np.int64)}

    def captions(self, values: Values, applied: NDArray[np.bool_]) -> list[str]:
        return [TRANSFORMS[number] for number in self.targets(values, applied)["transform"].tolist()]

    def _maps(self) -> tuple[Floats, Floats]:
        """By number: the linear map from what is made to what is met, (T, 2, 2), and how far what is seen moves right
        and down, (T, 2), a share of the sides of what is made."""
        slant = np.tan(np.radians(self.config.shear))
        linear = np.tile(np.eye(2), (len(TRANSFORMS), 1, 1))
        linear[1], linear[2], linear[3] = [[0, -1], [1, 0]], -np.eye(2), [[0, 1], [-1, 0]]
        linear[4], linear[5] = np.diag([-1.0, 1.0]), np.diag([1.0, -1.0])
        linear[10], linear[11] = np.eye(2) / self.config.scale, np.eye(2) * self.config.scale
        linear[12], linear[13] = [[1, -slant], [0, 1]], [[1, slant], [0, 1]]
        shifts = np.zeros((len(TRANSFORMS), 2))
        shifts[6:10] = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]]) * self.config.shift
        return linear * self.config.window, shifts
