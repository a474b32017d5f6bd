"""Colour jitter."""

from __future__ import annotations

from typing import Literal

import numpy as np
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views import colour
from workbench.views.compiling import compiled
from workbench.views.exact_colour import BRIGHTNESS, CONTRAST, HUE, adjust, adjusted
from workbench.views.operations.base import Colour, Floats, Operation, OperationConfig, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter

_NAMES = ("brightness", "contrast", "saturation", "hue")


class Jitter(Operation):
    """Settings and random factors of both modes, which draw the same numbers."""

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
        mode: Literal["fused", "exact"] = setting(
            "fused",
            "Mode",
            "fused: one fast pass together with its neighbours; exact: torchvision's four steps, one by one",
            advanced=True,
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


class ColourJitter(Jitter, Colour):
    """Brightness, contrast, saturation and hue by random factors, in an order drawn for each sample.

    The first three multiply by a factor uniform in [max(0, 1 - x), 1 + x], hue turns by a share of the colour circle
    uniform in [-x, x], as in torchvision's ColorJitter. Two things differ, so that the whole is one affine map: hue
    is a rotation in YIQ at constant luma where torchvision shifts it in HSV, and values are clamped to [0, 1] once at
    the end of the colour operations where torchvision clamps after each of the four. `mode = "exact"` does neither: it
    stays within 1/255 of torchvision, as a filter of its own (`ExactColourJitter`). In both modes a grey picture keeps
    its greys under saturation and hue.

    Measured on 2,000 pictures of CIFAR-10 (`tests/benchmarks/colour_distance.py`), in counts of 255, for the SimCLR
    paper's distortion of strength 0.5 and 1.0:

        mean difference of a value, same factors     4.1    5.9    hue alone 4.1 and 6.1, all but hue 0.3 and 1.1
        distance of the channels' means              0.6    1.5    at most
        distance of their deviations                 0.7    2.0    at most
        distance of equal quantiles                  0.6    1.5    on average; two draws of torchvision 0.4 and 0.8
        share of values at 0 or 255                  6.8   12.7 %  torchvision 4.7 and 9.0, the originals 1.9
    """

    @classmethod
    def parts(cls, config: Jitter.Config) -> tuple[Operation, ...]:
        return (ExactColourJitter(config),) if config.mode == "exact" else (cls(config),)

    def recolour(self, transform: Floats, values: Values) -> Floats:
        factors = np.stack([values[name] for name in _NAMES[:HUE]], axis=1)
        changed = transform.copy()
        _compose(changed, values["order"], factors, colour.hue(values["hue"]), colour.GREY)
        return changed


class ExactColourJitter(Jitter, SampleFilter):
    """Colour jitter step by step: torchvision's functions in each sample's own order, within 1/255.

    What colour operations before it leave is clamped to [0, 1] first.
    """

    def change(self, x: Array, rows: Array, values: Values) -> None:
        adjust(x, rows, _factors(values), values["order"])

    def changed(self, x: Tensor, values: Values) -> Tensor:
        return adjusted(x, _factors(values), values["order"])


def _factors(values: Values) -> Array:
    return np.stack([values[name] for name in _NAMES], axis=1).astype(np.float32)


@compiled
def _compose(transforms: Array, order: Array, factors: Array, turns: Array, grey: Array) -> None:
    """Follow each transform (N, 3, 7) with the four changes in the sample's order: what `colour` does, in one pass."""
    row = np.empty(7)
    for n in range(len(transforms)):
        t = transforms[n]
        for step in range(4):
            change = order[n, step]
            if change == HUE:
                for j in range(7):
                    red, green, blue = t[0, j], t[1, j], t[2, j]
                    for c in range(3):
                        t[c, j] = turns[n, c, 0] * red + turns[n, c, 1] * green + turns[n, c, 2] * blue
                continue
            factor = factors[n, change]
            if change != BRIGHTNESS:
                for j in range(7):
                    row[j] = grey[0] * t[0, j] + grey[1] * t[1, j] + grey[2] * t[2, j]
            if change == CONTRAST:  # the mean grey depends on the view's mean alone
                for j in range(3):
                    row[3 + j] += row[j]
                    row[j] = 0.0
            for c in range(3):
                for j in range(7):
                    t[c, j] = factor * t[c, j] + ((1 - factor) * row[j] if change != BRIGHTNESS else 0.0)
