"""Patch masks: which patches of the view the encoder does not see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import OperationConfig, Scene, Task, Values

Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]

HIDDEN_GREY = 0.5
# BEiT draws blocks of at least 16 of the 196 patches of a 224-pixel view, and of aspects between these.
_SMALLEST_BLOCK = 16 / 196
_BLOCK_ASPECT = 0.3
_BLOCKS_AT_MOST = 200
_EVERY_OTHER = (0.5, 0.75)


class PatchMask(Task):
    """Choose the patches that are hidden, with one count for all samples; the view itself is handed on whole.

    An objective drops the hidden patches before its encoder (MAE: He et al. 2022, section 3) or puts a mask token in
    their place (SimMIM: Xie et al. 2022, section 3.2, whose masks have larger patches than the encoder: each entry
    stands for several tokens then).

    - random: round(ratio L) of the L patches, every set of that size equally likely
    - block: rectangles one after another until round(ratio L) are hidden (Bao et al. 2022, algorithm 1). A block has
      at least 8 % of the patches (16 of 196) and an aspect between 0.3 and 1 / 0.3; of the last one only as many
      patches are taken, row by row, as are still missing, so that the count is exact where BEiT stops below it.
    - grid: a regular pattern (He et al. 2022, figure 6): at ratio 0.75 one of every 2 x 2 patches is seen, at 0.5 a
      chequerboard; where the pattern begins is drawn for each sample.

    Target "mask": bool (N, L), row by row, true where hidden. A sample to which the operation is not applied has
    nothing hidden. Target "visible": int64 (N, K), positions of K = L - round(ratio L) patches that are not hidden,
    rising: its shape says how many are seen without asking the device.
    """

    spec = OperationSpec(
        id="patch_mask",
        title="Patch mask",
        kind="task",
        summary="Hides patches of the view, for the objective to predict.",
        targets=("mask", "visible"),
    )

    class Config(OperationConfig):
        patch: int = setting(
            4, "Patch", "side of a patch; the view's side is a multiple of it", unit="px", ge=1, le=256
        )
        ratio: float = setting(0.75, "Ratio", "share of the patches that is hidden", gt=0, lt=1)
        kind: Literal["random", "block", "grid"] = setting(
            "random", "Pattern", "single patches at random, whole blocks, or every other patch (ratio 0.5 or 0.75)"
        )

    config: Config

    @classmethod
    def clash(cls, config: Any, size: int, normalised: bool) -> str:
        if size % config.patch:
            return f"Views of {size} px cannot be cut into patches of {config.patch} px; choose a divisor of {size}."
        rows = size // config.patch
        patches = rows**2
        hidden = round(config.ratio * patches)
        if hidden in (0, patches):
            return f"{hidden} of {patches} patches would be hidden at ratio {config.ratio:g}; choose smaller patches."
        if config.kind == "grid" and config.ratio not in _EVERY_OTHER:
            return f"A grid hides 0.5 or 0.75 of the patches, not {config.ratio:g}."
        if config.kind == "grid" and rows % 2:
            return f"A grid needs an even number of patches a side, not {rows}; choose another patch."
        return ""

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        rows = scene.size // self.config.patch
        count = round(self.config.ratio * rows**2)
        if self.config.kind == "grid":
            return {"mask": _grid(rng, scene.samples, rows, self.config.ratio)}
        if self.config.kind == "block":
            return {"mask": _blocks(rng, scene.samples, rows, count)}
        return {"mask": _at_random(rng, np.zeros((scene.samples, rows**2), bool), np.full(scene.samples, count))}

    def targets(self, values: Values, applied: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        mask = values["mask"] & applied[:, None]
        seen = mask.shape[1] - round(self.config.ratio * mask.shape[1])
        return {"mask": mask, "visible": mask.argsort(axis=1, kind="stable")[:, :seen]}

    def captions(self, values: Values, applied: NDArray[np.bool_]) -> list[str]:
        mask = self.targets(values, applied)["mask"]
        return [f"{hidden} of {mask.shape[1]} hidden" for hidden in mask.sum(axis=1).tolist()]

    def pose(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> tuple[Tensor, Mapping[str, Tensor]]:
        return x, {}

    def depict(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        mask = torch.from_numpy(self.targets(values, applied)["mask"]).to(x.device)
        hidden = pixels_of(mask, x.shape[2])
        return torch.where(hidden[:, None], HIDDEN_GREY, x)


def pixels_of(mask: Tensor, size: int) -> Tensor:
    """A mask of patches (N, L), row by row, as a mask of pixels (N, size, size)."""
    rows = math.isqrt(mask.shape[1])
    grid = mask.view(-1, rows, rows)
    return grid.repeat_interleave(size // rows, 1).repeat_interleave(size // rows, 2)


def _at_random(rng: np.random.Generator, mask: Mask, count: Integers) -> Mask:
    """Hide patches at random until `count` (N,) of each sample's (N, L) are hidden."""
    lots = np.where(mask, -1.0, rng.random(mask.shape))
    rank = lots.argsort(axis=1).argsort(axis=1)
    hidden: Mask = rank < count[:, None]
    return hidden


def _grid(rng: np.random.Generator, samples: int, rows: int, ratio: float) -> Mask:
    y, x = np.divmod(np.arange(rows**2), rows)
    start_y, start_x = rng.integers(0, 2, (2, samples, 1))
    if ratio == 0.5:
        seen = (y + x + start_x) % 2 == 0
    else:
        seen = ((y + start_y) % 2 == 0) & ((x + start_x) % 2 == 0)
    hidden: Mask = ~seen
    return hidden


def _blocks(rng: np.random.Generator, samples: int, rows: int, count: int) -> Mask:
    mask = np.zeros((samples, rows**2), bool)
    for _ in range(_BLOCKS_AT_MOST):
        missing = count - mask.sum(axis=1)
        if not missing.any():
            return mask
        fresh = _block(rng, missing, rows) & ~mask
        mask |= fresh & (fresh.cumsum(axis=1) <= missing[:, None])
    # Blocks that keep falling on hidden ground leave a handful of patches at high ratios.
    return _at_random(rng, mask, np.full(samples, count))


def _block(rng: np.random.Generator, missing: Integers, rows: int) -> Mask:
    """One rectangle a sample (N, L), its area between the smallest block and what is missing (N,)."""
    smallest = max(1.0, _SMALLEST_BLOCK * rows**2)
    share, aspect, top, left = rng.random((4, len(missing)))
    area = smallest + share * np.maximum(missing - smallest, 0)
    ratio = np.exp((2 * aspect - 1) * math.log(_BLOCK_ASPECT))
    height = np.clip(np.rint(np.sqrt(area * ratio)), 1, rows)
    width = np.clip(np.rint(np.sqrt(area / ratio)), 1, rows)
    top, left = np.floor(top * (rows - height + 1)), np.floor(left * (rows - width + 1))
    y, x = np.divmod(np.arange(rows**2), rows)
    below = (y >= top[:, None]) & (y < (top + height)[:, None])
    inside: Mask = below & (x >= left[:, None]) & (x < (left + width)[:, None])
    return inside
