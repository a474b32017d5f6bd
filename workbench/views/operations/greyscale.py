"""Greyscale."""

from __future__ import annotations

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views import colour
from workbench.views.operations.base import Colour, Floats, OperationConfig, Scene, Values


class Greyscale(Colour):
    """Replace all three channels by the luma 0.2989 R + 0.587 G + 0.114 B, as torchvision's `rgb_to_grayscale`.

    The weights add up to 0.9999, so a grey picture becomes darker by a ten-thousandth.
    """

    spec = OperationSpec(
        id="greyscale", title="Greyscale", kind="colour", summary="Takes the colour out and keeps the brightness."
    )

    class Config(OperationConfig):
        p: float = setting(0.2, "Probability", "share of the views that lose their colour", ge=0, le=1)

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {}

    def recolour(self, transform: Floats, values: Values) -> Floats:
        return colour.saturation(np.zeros(len(transform))) @ transform
