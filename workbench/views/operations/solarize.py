"""Solarisation and inversion."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.counts import SLACK
from workbench.views.cpu import compiled
from workbench.views.operations.base import Colour, Floats, OperationConfig, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter, per_sample


class Invert(Colour):
    """The negative: 1 - x in every channel, as torchvision's `invert`.

    Neighbouring colour operations share one clamp at their end, so a negative of colours beyond the range is taken
    before they are clamped. A grey picture gives a grey negative.
    """

    spec = OperationSpec(id="invert", title="Invert", kind="colour", summary="Turns every colour into its opposite.")

    class Config(OperationConfig):
        p: float = setting(
            0.5, "Probability", "share of the views that become negatives (0.5 in torchvision)", ge=0, le=1
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {}

    def recolour(self, transform: Floats, values: Values) -> Floats:
        opposite = -transform
        opposite[:, :, 6] += 1
        return opposite


class Solarize(SampleFilter):
    """Invert what is bright: values of at least the threshold, each channel by itself.

    Equals torchvision's `solarize` and PIL's. BYOL (Grill et al. 2020, appendix B) solarises every fifth of its second
    views at half of the range; no byte lies between 127.5 and PIL's 128. Colours are not rounded, and a value within
    1/1024 of a count of the threshold counts as having reached it. Grey pictures stay grey.
    """

    spec = OperationSpec(
        id="solarize", title="Solarise", kind="filter", summary="Inverts the bright parts, as over-exposed film does."
    )

    class Config(OperationConfig):
        p: float = setting(
            0.2, "Probability", "share of the views that are solarised (0.2 in BYOL's second view)", ge=0, le=1
        )
        threshold: float = setting(
            128.0,
            "Threshold",
            "values from here up are inverted, on the scale of bytes; 256 inverts nothing",
            unit="of 255",
            ge=0,
            le=256,
            neutral=256.0,
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"threshold": np.full(scene.samples, self.config.threshold)}

    def change(self, x: Array, rows: Array, values: Values) -> None:
        _solarize(x, rows, _least(values))

    def changed(self, x: Tensor, values: Values) -> Tensor:
        return torch.where(x >= per_sample(_least(values), x), 1 - x, x)


def _least(values: Values) -> Array:
    """The smallest value that is inverted, float32 (N,), in units of [0, 1]."""
    least: Array = ((values["threshold"] - SLACK) / 255).astype(np.float32)
    return least


@compiled
def _solarize(x: Array, rows: Array, least: Array) -> None:
    for m in range(len(rows)):
        flat, from_here = x[rows[m]].reshape(-1), least[m]
        for i in range(len(flat)):
            value = flat[i]
            flat[i] = np.float32(1.0) - value if value >= from_here else value
