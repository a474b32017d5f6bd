"""Horizontal and vertical flip."""

from __future__ import annotations

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.geometry import axis_matrices
from workbench.views.operations.base import Floats, Geometry, OperationConfig, Scene, Values


class HorizontalFlip(Geometry):
    """Mirror left and right; torchvision's `horizontal_flip`."""

    spec = OperationSpec(
        id="horizontal_flip", title="Horizontal flip", kind="geometry", summary="Mirrors the picture left to right."
    )

    class Config(OperationConfig):
        p: float = setting(0.5, "Probability", "share of the views that are mirrored", ge=0, le=1)

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {}

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        one = np.ones(scene.samples)
        return axis_matrices(-one, scene.width, one, 0 * one), scene


class VerticalFlip(Geometry):
    """Mirror top and bottom; torchvision's `vertical_flip`."""

    spec = OperationSpec(
        id="vertical_flip", title="Vertical flip", kind="geometry", summary="Mirrors the picture top to bottom."
    )

    class Config(OperationConfig):
        p: float = setting(0.5, "Probability", "share of the views that are mirrored", ge=0, le=1)

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {}

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        one = np.ones(scene.samples)
        return axis_matrices(one, 0 * one, -one, scene.height), scene
