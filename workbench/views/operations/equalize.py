"""Histogram equalisation."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.counts import count_of, counts_of
from workbench.views.cpu import compiled
from workbench.views.operations.base import OperationConfig, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter


class Equalize(SampleFilter):
    """Spread the values of each channel so that all shades become about equally frequent.

    Equals torchvision's `equalize` of bytes, which follows PIL: a pixel's new value is the number of darker pixels,
    in steps of a 255th of all pixels that are not of the brightest shade. Colours are rounded to bytes first, as
    `workbench.views.counts` says. A channel with fewer than 255 such pixels (every picture below 16 by 16, a flat one)
    stays as it is, unrounded. Grey pictures stay grey.
    """

    spec = OperationSpec(
        id="equalize", title="Equalise", kind="filter", summary="Makes all shades of each colour equally frequent."
    )

    class Config(OperationConfig):
        p: float = setting(0.5, "Probability", "share of the views that are equalised (0.5 in torchvision)", ge=0, le=1)

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {}

    def change(self, x: Array, rows: Array, values: Values) -> None:
        _equalize(x, rows)

    def changed(self, x: Tensor, values: Values) -> Tensor:
        counts = counts_of(x).flatten(2)
        table, step = _tables(counts)
        spread = table.gather(2, counts).to(x.dtype).div_(255).view_as(x)
        return torch.where((step > 0)[..., None], spread, x)


def _tables(counts: Tensor) -> tuple[Tensor, Tensor]:
    """New counts by old ones, (M, 3, 256), and the step, (M, 3, 1), zero where a channel stays as it is."""
    samples, channels, pixels = counts.shape
    histogram = counts.new_zeros(samples, channels, 256)
    histogram.scatter_add_(2, counts, torch.ones((), dtype=counts.dtype, device=counts.device).expand_as(counts))
    up_to = histogram.cumsum(2)
    brightest = histogram.gather(2, counts.amax(dim=2, keepdim=True))
    step = (pixels - brightest) // 255
    table = (up_to - histogram + step // 2) // step.clamp_min(1)
    return table.clamp_max(255), step


@compiled
def _equalize(x: Array, rows: Array) -> None:
    histogram, table = np.empty(256, np.int64), np.empty(256, np.float32)
    for m in range(len(rows)):
        for c in range(x.shape[1]):
            flat = x[rows[m], c].reshape(-1)
            histogram[:] = 0
            for i in range(len(flat)):
                histogram[count_of(flat[i])] += 1
            if _tabulate(histogram, len(flat), table):
                for i in range(len(flat)):
                    flat[i] = table[count_of(flat[i])]


@compiled
def _tabulate(histogram: Array, pixels: int, table: Array) -> bool:
    """New values by old counts; False where the channel has too few pixels to spread."""
    brightest = 255
    while brightest > 0 and histogram[brightest] == 0:
        brightest -= 1
    step = (pixels - histogram[brightest]) // 255
    if step == 0:
        return False
    darker = 0
    for level in range(256):
        table[level] = np.float32(min((darker + step // 2) // step, 255)) / np.float32(255.0)
        darker += histogram[level]
    return True
