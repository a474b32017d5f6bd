"""Block masks: a context that the encoder sees and several blocks of patches that are to be predicted from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import OperationConfig, Ordered, Scene, Task, Values
from workbench.views.operations.patch_mask import HIDDEN_GREY, pixels_of

Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]

_Area = Annotated[float, setting(..., "Area", "a share of the patches", gt=0, le=1)]
_Aspect = Annotated[float, setting(..., "Aspect", "height by width", gt=0, le=10)]

# The authors ask for 10 of 256 patches to be left of a context; blocks that leave less are drawn anew so many times.
_LEAST_CONTEXT = 10 / 256
_TRIES = 20
_TARGET_WASH = 0.6


class BlockMasks(Task):
    """Choose a context and target blocks; the view itself is handed on whole.

    Assran et al. 2023, section 3: `blocks` target blocks of one size, which may overlap, and a large context block from
    which every patch of a target is taken out, so that none can be copied. As in the authors' code the sizes are drawn
    once a batch and the places for each sample, and contexts are cut down to the smallest of the batch. We cut at
    random where they keep the first rows, and draw the places of samples anew whose context would be too small.

    Targets, patches being counted row by row: "mask", bool (N, L), true for what is not in the context; "visible",
    int64 (N, K), the context, rising; "blocks", int64 (N, B, T), the patches of each target block. A sample to which
    the operation is not applied has nothing hidden and blocks of -1. K and T change from batch to batch, so a branch
    with block masks makes one view.
    """

    spec = OperationSpec(
        id="block_masks",
        title="Block masks",
        kind="task",
        summary="Chooses a context to see and blocks of patches to predict from it.",
        targets=("mask", "visible", "blocks"),
    )

    class Config(OperationConfig):
        patch: int = setting(
            4, "Patch", "side of a patch; the view's side is a multiple of it", unit="px", ge=1, le=256
        )
        blocks: int = setting(4, "Target blocks", "how many blocks are predicted", ge=1, le=16)
        target_area: Annotated[tuple[_Area, _Area], Ordered] = setting(
            (0.15, 0.2), "Target area", "share of the patches in a target block", widget="range"
        )
        target_aspect: Annotated[tuple[_Aspect, _Aspect], Ordered] = setting(
            (0.75, 1.5), "Target aspect", "height by width of a target block", widget="range"
        )
        context_area: Annotated[tuple[_Area, _Area], Ordered] = setting(
            (0.85, 1.0), "Context area", "share of the patches in the context before the targets go", widget="range"
        )

    config: Config

    @classmethod
    def clash(cls, config: Any, size: int, normalised: bool) -> str:
        if size % config.patch:
            return f"Views of {size} px cannot be cut into patches of {config.patch} px; choose a divisor of {size}."
        rows = size // config.patch
        if rows < 2:
            return f"Views of {size} px are one patch of {config.patch} px; choose smaller patches."
        context = math.prod(_sides(config.context_area[0], 1.0, rows, rows))
        target = max(
            math.prod(_sides(config.target_area[1], aspect, rows, rows - 1)) for aspect in config.target_aspect
        )
        if context - target < _least(rows):
            return (
                f"A target block of {target} patches leaves too little of a context of {context}; "
                "make targets smaller, the context larger, or choose smaller patches."
            )
        return ""

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        config, rows = self.config, scene.size // self.config.patch
        area, aspect, seen = rng.random(3)
        low, high = np.log(config.target_aspect)
        block = _sides(_between(config.target_area, area), math.exp(low + aspect * (high - low)), rows, rows - 1)
        context = _sides(_between(config.context_area, seen), 1.0, rows, rows)
        around = _inside(_corners(rng, (scene.samples, 1), context, rows), context, rows)[:, 0]
        corners = self._places(rng, around, block, rows)
        left = around & ~_inside(corners, block, rows).any(axis=1)
        visible = _cut_to_the_smallest(rng, left)
        hidden = ~chosen(visible, rows**2)
        return {"mask": hidden, "visible": visible, "blocks": _patches(corners, block, rows)}

    def _places(self, rng: np.random.Generator, around: Mask, block: tuple[int, int], rows: int) -> Integers:
        """Corners of the target blocks (N, B, 2) that leave enough of each context (N, L)."""
        shape = (len(around), self.config.blocks)
        corners = _corners(rng, shape, block, rows)
        for _ in range(_TRIES):
            left = around & ~_inside(corners, block, rows).any(axis=1)
            short = left.sum(axis=1) < _least(rows)
            if not short.any():
                return corners
            corners = np.where(short[:, None, None], _corners(rng, shape, block, rows), corners)
        left = around & ~_inside(corners, block, rows).any(axis=1)
        short = left.sum(axis=1) < _least(rows)
        # One block alone always leaves enough: `clash` sees to it.
        return np.where(short[:, None, None], corners[:, :1], corners)

    def targets(self, values: Values, applied: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        return {
            "mask": values["mask"] & applied[:, None],
            "visible": values["visible"],
            "blocks": np.where(applied[:, None, None], values["blocks"], -1),
        }

    def captions(self, values: Values, applied: NDArray[np.bool_]) -> list[str]:
        seen, size = values["visible"].shape[1], values["blocks"].shape[2]
        masked = f"{seen} seen, {self.config.blocks} blocks of {size}"
        return [masked if chosen else "no mask" for chosen in applied.tolist()]

    def pose(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> tuple[Tensor, Mapping[str, Tensor]]:
        return x, {}

    def depict(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        """The context as it is, target blocks washed out, what is neither in grey."""
        in_block = chosen(values["blocks"], values["mask"].shape[1])
        hidden, asked = (
            pixels_of(torch.from_numpy(mask).to(x.device), x.shape[2])[:, None] for mask in (values["mask"], in_block)
        )
        washed = x + _TARGET_WASH * (1 - x)
        masked = torch.where(hidden, torch.where(asked, washed, HIDDEN_GREY), x)
        return torch.where(torch.from_numpy(applied).to(x.device)[:, None, None, None], masked, x)


def chosen(places: Integers, count: int) -> Mask:
    """Positions (N, ...) as a mask of the `count` patches, (N, count)."""
    mask = np.zeros((len(places), count), bool)
    np.put_along_axis(mask, places.reshape(len(places), math.prod(places.shape[1:])), True, axis=1)
    return mask


def _between(bounds: tuple[float, float], share: float) -> float:
    return bounds[0] + share * (bounds[1] - bounds[0])


def _least(rows: int) -> int:
    return math.ceil(_LEAST_CONTEXT * rows**2)


def _sides(area: float, aspect: float, rows: int, most: int) -> tuple[int, int]:
    """Height and width in patches of a block with this share of the grid, each from 1 to `most`."""
    height, width = (round(math.sqrt(area * rows**2 * stretch)) for stretch in (aspect, 1 / aspect))
    return min(max(height, 1), most), min(max(width, 1), most)


def _corners(rng: np.random.Generator, shape: tuple[int, int], sides: tuple[int, int], rows: int) -> Integers:
    """Top and left of blocks anywhere in the grid, (*shape, 2)."""
    room = rows - np.array(sides) + 1
    corners: Integers = np.floor(rng.random((*shape, 2)) * room).astype(np.int64)
    return corners


def _patches(corners: Integers, sides: tuple[int, int], rows: int) -> Integers:
    """Positions of the patches of blocks (N, B, 2), row by row, (N, B, height * width)."""
    offset = (rows * np.arange(sides[0])[:, None] + np.arange(sides[1])).ravel()
    places: Integers = corners[..., :1] * rows + corners[..., 1:] + offset
    return places


def _inside(corners: Integers, sides: tuple[int, int], rows: int) -> Mask:
    """Which patches lie in each block, (N, B, L)."""
    count = corners.shape[:2]
    places = _patches(corners, sides, rows)
    return chosen(places.reshape(-1, places.shape[2]), rows**2).reshape(*count, rows**2)


def _cut_to_the_smallest(rng: np.random.Generator, mask: Mask) -> Integers:
    """Positions (N, K) of as many patches of each context (N, L) as the smallest has, rising."""
    count = int(mask.sum(axis=1).min(initial=mask.shape[1]))
    lots = np.where(mask, rng.random(mask.shape), 2.0)
    kept: Integers = np.sort(lots.argsort(axis=1)[:, :count], axis=1)
    return kept
