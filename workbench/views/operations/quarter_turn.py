"""Rotation by quarter turns, with the number of turns as a target."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import Floats, Geometry, OperationConfig, Scene, Values

_COS = np.array([1.0, 0.0, -1.0, 0.0])
_SIN = np.array([0.0, 1.0, 0.0, -1.0])


class QuarterTurn(Geometry):
    """Turn by 0, 90, 180 or 270 degrees counter-clockwise; target "rotation" is the number of quarters.

    The pretext task of Gidaris, Singh and Komodakis, "Unsupervised Representation Learning by Predicting Image
    Rotations" (ICLR 2018). A mirroring operation belongs before this one: a mirrored turn is a turn the other way.
    """

    spec = OperationSpec(
        id="quarter_turn",
        title="Quarter turn",
        kind="task",
        targets=("rotation",),
        summary="Turns the picture by 0, 90, 180 or 270 degrees and keeps the number of turns as a label.",
    )

    class Config(OperationConfig):
        turns: Literal["random", "each"] = setting(
            "random",
            "Turns",
            "random: every view turns by chance; each: view 0, 1, 2, 3 of the branch turn by 0, 90, 180, 270 degrees",
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        if self.config.turns == "each":
            return {"turns": np.full(scene.samples, scene.view % 4, np.int64)}
        return {"turns": rng.integers(0, 4, scene.samples)}

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        turns = values["turns"]
        cos, sin = _COS[turns], _SIN[turns]
        width = np.where(turns % 2 == 1, scene.height, scene.width)
        height = np.where(turns % 2 == 1, scene.width, scene.height)
        matrices = np.zeros((scene.samples, 3, 3))
        matrices[:, 0, 0], matrices[:, 0, 1] = cos, -sin
        matrices[:, 1, 0], matrices[:, 1, 1] = sin, cos
        matrices[:, 0, 2] = (scene.width - cos * width + sin * height) / 2
        matrices[:, 1, 2] = (scene.height - sin * width - cos * height) / 2
        matrices[:, 2, 2] = 1
        return matrices, Scene(scene.size, scene.view, height, width)

    def targets(self, values: Values, applied: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
        return {"rotation": np.where(applied, values["turns"], 0).astype(np.int64)}

    def captions(self, values: Values, applied: NDArray[np.bool_]) -> list[str]:
        return [f"{90 * turns}°" for turns in self.targets(values, applied)["rotation"].tolist()]
