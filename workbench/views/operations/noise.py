"""Noise: Gaussian, and salt and pepper."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.cpu import compiled
from workbench.views.fields import LEVELS, block, draw_seeds, normal_quantiles, word, words
from workbench.views.operations.base import OperationConfig, Ordered, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter, per_sample

Deviation = Annotated[float, setting(..., "Deviation", "standard deviation of the noise", ge=0, le=1)]
Specks = Annotated[float, setting(..., "Amount", "share of the pixels", ge=0, le=1)]


class GaussianNoise(SampleFilter):
    """Add independent Gaussian noise to every value and clamp to [0, 1]; its deviation is uniform in a range.

    As torchvision's GaussianNoise with `clip`, whose deviation of 0.1 is the upper end here. The three channels of a
    grey picture get noise of their own, so it does not stay grey. `workbench.views.fields` tells how the noise follows
    from a seed; the rest is the same to the bit wherever it runs.
    """

    spec = OperationSpec(
        id="gaussian_noise", title="Gaussian noise", kind="filter", summary="Adds grain to every pixel and channel."
    )

    class Config(OperationConfig):
        p: float = setting(1.0, "Probability", "share of the views that get noise (all in torchvision)", ge=0, le=1)
        deviation: Annotated[tuple[Deviation, Deviation], Ordered] = setting(
            (0.0, 0.1),
            "Deviation",
            "standard deviation of the noise, as a share of the range from black to white",
            widget="range",
            neutral=(0.0, 0.0),
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"deviation": rng.uniform(*self.config.deviation, scene.samples), "seed": draw_seeds(rng, scene.samples)}

    def change(self, x: Array, rows: Array, values: Values) -> None:
        _add(x, rows, values["deviation"].astype(np.float32), values["seed"], normal_quantiles())

    def changed(self, x: Tensor, values: Values) -> Tensor:
        table = torch.tensor(normal_quantiles(), device=x.device)
        noise = table[words(values["seed"], x[0].numel(), x.device)].view_as(x)
        return noise.mul_(per_sample(values["deviation"], x)).add_(x).clamp_(0, 1)


class SaltAndPepper(SampleFilter):
    """Make single pixels white or black, half and half; their amount, a share of the pixels, is uniform in a range.

    A pixel is replaced in all three channels, so a grey picture stays grey. torchvision has no such operation; the
    shares are those of scikit-image's `random_noise` (5 %) and twice it.
    """

    spec = OperationSpec(
        id="salt_and_pepper", title="Salt and pepper", kind="filter", summary="Makes single pixels white or black."
    )

    class Config(OperationConfig):
        p: float = setting(0.5, "Probability", "share of the views that get specks", ge=0, le=1)
        amount: Annotated[tuple[Specks, Specks], Ordered] = setting(
            (0.0, 0.1), "Amount", "share of the pixels that become white or black", widget="range", neutral=(0.0, 0.0)
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"amount": rng.uniform(*self.config.amount, scene.samples), "seed": draw_seeds(rng, scene.samples)}

    def change(self, x: Array, rows: Array, values: Values) -> None:
        _speckle(x, rows, _half(values), values["seed"])

    def changed(self, x: Tensor, values: Values) -> Tensor:
        found = words(values["seed"], x[0, 0].numel(), x.device).view_as(x[:, :1])
        half = per_sample(_half(values), x)
        return torch.where(found < half, 0.0, torch.where(found >= LEVELS - half, 1.0, x))


def _half(values: Values) -> Array:
    """How many words stand for black, and how many for white, (N,)."""
    return np.rint(values["amount"] * LEVELS / 2).astype(np.int64)


@compiled
def _add(x: Array, rows: Array, deviations: Array, seeds: Array, table: Array) -> None:
    for m in range(len(rows)):
        flat, deviation, seed = x[rows[m]].reshape(-1), deviations[m], seeds[m]
        for b in range((len(flat) + 3) // 4):
            bits = block(seed, b)
            for place in range(min(4, len(flat) - 4 * b)):
                value = flat[4 * b + place] + deviation * table[word(bits, place)]
                flat[4 * b + place] = min(max(value, np.float32(0.0)), np.float32(1.0))


@compiled
def _speckle(x: Array, rows: Array, half: Array, seeds: Array) -> None:
    for m in range(len(rows)):
        flat = x[rows[m]].reshape(3, -1)
        for b in range((flat.shape[1] + 3) // 4):
            bits = block(seeds[m], b)
            for place in range(min(4, flat.shape[1] - 4 * b)):
                found = word(bits, place)
                if found < half[m] or found >= LEVELS - half[m]:
                    speck = np.float32(0.0) if found < half[m] else np.float32(1.0)
                    for c in range(3):
                        flat[c, 4 * b + place] = speck
