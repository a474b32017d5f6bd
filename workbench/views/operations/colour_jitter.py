"""Colour jitter."""

from __future__ import annotations

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views import colour
from workbench.views.operations.base import Colour, Floats, OperationConfig, Scene, Values

_BRIGHTNESS, _CONTRAST, _SATURATION, _HUE = range(4)


class ColourJitter(Colour):
    """Brightness, contrast, saturation and hue by random factors, in an order drawn for each sample.

    The first three multiply by a factor uniform in [max(0, 1 - x), 1 + x], hue turns by a share of the colour circle
    uniform in [-x, x], as in torchvision's ColorJitter. Two things differ, so that the whole is one affine map: hue
    is a rotation in YIQ at constant luma where torchvision shifts it in HSV, and values are clamped to [0, 1] once at
    the end of the colour operations where torchvision clamps after each of the four.
    """

    spec = OperationSpec(
        id="colour_jitter",
        title="Colour jitter",
        kind="colour",
        summary="Changes brightness, contrast, saturation and hue by random amounts, in random order.",
    )

    class Config(OperationConfig):
        p: float = setting(0.8, "Probability", "share of the views that are recoloured", ge=0, le=1)
        brightness: float = setting(
            0.4, "Brightness", "brightness is multiplied by 1 ± this at most", ge=0, le=2, neutral=0.0
        )
        contrast: float = setting(
            0.4, "Contrast", "contrast is multiplied by 1 ± this at most", ge=0, le=2, neutral=0.0
        )
        saturation: float = setting(
            0.4, "Saturation", "saturation is multiplied by 1 ± this at most", ge=0, le=2, neutral=0.0
        )
        hue: float = setting(
            0.1, "Hue", "hue turns by ± this share of the colour circle at most", ge=0, le=0.5, neutral=0.0
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        n, c = scene.samples, self.config
        return {
            "brightness": rng.uniform(max(0.0, 1 - c.brightness), 1 + c.brightness, n),
            "contrast": rng.uniform(max(0.0, 1 - c.contrast), 1 + c.contrast, n),
            "saturation": rng.uniform(max(0.0, 1 - c.saturation), 1 + c.saturation, n),
            "hue": rng.uniform(-c.hue, c.hue, n),
            "order": rng.random((n, 4)).argsort(axis=1),
        }

    def recolour(self, transform: Floats, values: Values) -> Floats:
        order = values["order"]
        choices = np.zeros((4, len(order), 3, 3))
        choices[_BRIGHTNESS] = colour.brightness(values["brightness"])
        choices[_CONTRAST] = np.eye(3)
        choices[_SATURATION] = colour.saturation(values["saturation"])
        choices[_HUE] = colour.hue(values["hue"])
        rows = np.arange(len(order))
        for step in range(4):
            transform = choices[order[:, step], rows] @ transform
            contrast = np.where(order[:, step] == _CONTRAST, values["contrast"], 1.0)
            transform = colour.with_contrast(transform, contrast)
        return transform
