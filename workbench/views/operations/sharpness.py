"""Sharpness."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.cpu import compiled
from workbench.views.operations.base import OperationConfig, Ordered, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter, per_sample

Factor = Annotated[float, setting(..., "Factor", "0 smooths, 1 changes nothing, above 1 sharpens", ge=0, le=10)]

_EDGE, _MIDDLE = np.float32(1 / 13), np.float32(5 / 13)


class Sharpness(SampleFilter):
    """Blend with a smoothed copy by a factor uniform in a range: 0 is the copy, 1 the picture, above 1 is sharper.

    Equals torchvision's `adjust_sharpness` of floats: the copy weighs a pixel 5 and its eight neighbours 1, of 13;
    pixels on the border, and pictures of one or two pixels a side, stay as they are. The range is the one that
    RandAugment spans. Grey pictures stay grey.
    """

    spec = OperationSpec(
        id="sharpness", title="Sharpness", kind="filter", summary="Smooths or sharpens the fine detail."
    )

    class Config(OperationConfig):
        p: float = setting(
            0.5, "Probability", "share of the views whose sharpness changes (0.5 in torchvision)", ge=0, le=1
        )
        factor: Annotated[tuple[Factor, Factor], Ordered] = setting(
            (0.1, 1.9),
            "Factor",
            "0 smooths, 1 changes nothing, above 1 sharpens",
            widget="range",
            neutral=(1.0, 1.0),
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"factor": rng.uniform(*self.config.factor, scene.samples)}

    def change(self, x: Array, rows: Array, values: Values) -> None:
        _sharpen(x, rows, values["factor"].astype(np.float32))

    def changed(self, x: Tensor, values: Values) -> Tensor:
        if min(x.shape[2:]) <= 2:
            return x
        rows = x[..., :-2, :] + x[..., 1:-1, :] + x[..., 2:, :]
        inner = x[..., 1:-1, 1:-1]
        smooth = (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]).add_(inner, alpha=4).div_(13)
        out = x.clone()
        out[..., 1:-1, 1:-1] = torch.lerp(smooth, inner, per_sample(values["factor"], x)).clamp_(0, 1)
        return out


@compiled
def _sharpen(x: Array, rows: Array, factor: Array) -> None:
    height, width = x.shape[2], x.shape[3]
    before = np.empty((height, width), np.float32)
    for m in range(len(rows)):
        own = factor[m] + (np.float32(1.0) - factor[m]) * _MIDDLE
        others = (np.float32(1.0) - factor[m]) * _EDGE
        for c in range(x.shape[1]):
            plane = x[rows[m], c]
            for i in range(height):
                for j in range(width):
                    before[i, j] = plane[i, j]
            for i in range(1, height - 1):
                for j in range(1, width - 1):
                    around = before[i - 1, j - 1] + before[i - 1, j] + before[i - 1, j + 1]
                    around += before[i, j - 1] + before[i, j + 1]
                    around += before[i + 1, j - 1] + before[i + 1, j] + before[i + 1, j + 1]
                    value = own * before[i, j] + others * around
                    plane[i, j] = min(max(value, np.float32(0.0)), np.float32(1.0))
