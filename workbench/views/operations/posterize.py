"""Posterisation."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.counts import count_of, counts_of
from workbench.views.cpu import compiled
from workbench.views.operations.base import OperationConfig, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter, per_sample


class Posterize(SampleFilter):
    """Keep the highest bits of every value and set the others to zero.

    Equals torchvision's `posterize` of bytes (its form for floats divides the range into 2^bits levels from 0 to
    1 - 2^-bits instead). Colours are rounded to bytes first, as `workbench.views.counts` says, so 8 bits round and do
    nothing else. Grey pictures stay grey.
    """

    spec = OperationSpec(
        id="posterize", title="Posterise", kind="filter", summary="Leaves few shades of each colour, as on a poster."
    )

    class Config(OperationConfig):
        p: float = setting(
            0.5, "Probability", "share of the views that are posterised (0.5 in torchvision)", ge=0, le=1
        )
        bits: int = setting(
            4,
            "Bits",
            "how many bits are kept of each value; RandAugment goes down to 4",
            ge=1,
            le=8,
            neutral=8,
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"bits": np.full(scene.samples, self.config.bits)}

    def change(self, x: Array, rows: Array, values: Values) -> None:
        _posterize(x, rows, values["bits"])

    def changed(self, x: Tensor, values: Values) -> Tensor:
        step = per_sample(_step(values["bits"]), x).long()
        return (counts_of(x) // step).mul_(step).to(x.dtype).div_(255)


def _step(bits: Array) -> Array:
    """How many counts lie from one shade to the next, (N,)."""
    return np.left_shift(1, 8 - bits.astype(np.int64))


@compiled
def _posterize(x: Array, rows: Array, bits: Array) -> None:
    for m in range(len(rows)):
        flat, lost = x[rows[m]].reshape(-1), 8 - int(bits[m])
        for i in range(len(flat)):
            flat[i] = np.float32((count_of(flat[i]) >> lost) << lost) / np.float32(255.0)
