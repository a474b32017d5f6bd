"""Patch grids: the view cut into tiles, in order (CPC), shuffled (jigsaw), or two of them (relative position)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import OperationConfig, Scene, Task, Values
from workbench.views.operations.permutations import permutation_set

Integers = NDArray[np.int64]

# Tiles flatter than one count of a byte are not blown up to full contrast.
_SMALLEST_STD = 1 / 255
_SEAM_PX = 2
_SHOWN_DEVIATIONS = 2.64
_NEIGHBOURS = (0, 1, 2, 3, 5, 6, 7, 8)
_CENTRE = 4


class TilesConfig(OperationConfig):
    """Settings of every grid of tiles."""

    p: float = setting(
        1.0, "Probability", "share of the views that are shuffled or jittered; all of them are cut", ge=0, le=1
    )
    normalise: bool = setting(
        False, "Normalise tiles", "give each tile mean 0 and deviation 1 of its own, a channel at a time"
    )


class Tiles(Task):
    """Base of the grids: cuts square tiles out of the view, (N, T, 3, h, h).

    All samples of a batch are cut, whether or not the operation is applied to them, because a batch has one shape.
    Tiles may be normalised one by one, so that their own brightness and contrast do not tell where they come from
    (Noroozi & Favaro 2016, section 3.4).
    """

    config: TilesConfig

    @property
    def used(self) -> bool:
        return True

    @classmethod
    @abstractmethod
    def tile_side(cls, config: Any, size: int) -> int:
        """h, the side of a tile of a view of this side, px; below 1 where none fits."""

    @abstractmethod
    def corners(self, values: Values, applied: NDArray[np.bool_], size: int) -> Integers:
        """Top and left of each tile that is given, in the order given, int64 (N, T, 2), px."""

    def pose(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> tuple[Tensor, Mapping[str, Tensor]]:
        tiles = self._cut(x, values, applied)
        return (standardised(tiles) if self.config.normalise else tiles), {}

    def depict(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        tiles = self._cut(x, values, applied)
        if self.config.normalise:
            tiles = (0.5 + standardised(tiles) / (2 * _SHOWN_DEVIATIONS)).clamp(0, 1)
        return laid_out(tiles)

    def _cut(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        corners = self.corners(values, applied, x.shape[2])
        return tiles_of(x, corners, self.tile_side(self.config, x.shape[2]))


def standardised(tiles: Tensor) -> Tensor:
    """Each channel of each tile with mean 0 and deviation 1; one that is flat becomes 0."""
    mean, std = tiles.mean(dim=(3, 4), keepdim=True), tiles.std(dim=(3, 4), keepdim=True, correction=0)
    return (tiles - mean) / std.clamp_min(_SMALLEST_STD)


def tiles_of(x: Tensor, corners: Integers, side: int) -> Tensor:
    """Squares of x (N, 3, S, S) with these top left corners (N, T, 2): (N, T, 3, side, side)."""
    samples, channels, size = x.shape[:3]
    start = torch.from_numpy(corners).to(x.device)[..., None] + torch.arange(side, device=x.device)
    place = size * start[:, :, 0, :, None] + start[:, :, 1, None, :]
    index = place.flatten(1)[:, None].expand(-1, channels, -1)
    tiles = x.flatten(2).gather(2, index).view(samples, channels, corners.shape[1], side, side)
    return tiles.transpose(1, 2).contiguous()


def laid_out(tiles: Tensor) -> Tensor:
    """Tiles (N, T, 3, h, w) beside each other with white seams, as square as their number allows: (N, 3, H, W)."""
    samples, count, channels, height, width = tiles.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    picture = tiles.new_ones(
        samples, channels, rows * (height + _SEAM_PX) - _SEAM_PX, columns * (width + _SEAM_PX) - _SEAM_PX
    )
    for number in range(count):
        top, left = (number // columns) * (height + _SEAM_PX), (number % columns) * (width + _SEAM_PX)
        picture[:, :, top : top + height, left : left + width] = tiles[:, number]
    return picture


class PatchGrid(Tiles):
    """Overlapping tiles of the whole view in reading order, as contrastive predictive coding takes them.

    Van den Oord et al. 2018, section 3.3: 64-pixel tiles that overlap by half, 7 x 7 of a 256-pixel view. As many
    tiles a row as fit, the rest of the view is left out evenly at both edges. The jitter moves each tile by a random
    offset of its own, as far as the view reaches; with p below 1 some samples' tiles stay in place.
    """

    spec = OperationSpec(
        id="patch_grid", title="Patch grid", kind="task", summary="Cuts the view into overlapping tiles, in order."
    )

    class Config(TilesConfig):
        patch: int = setting(8, "Patch", "side of a tile", unit="px", ge=1, le=512)
        overlap: float = setting(
            0.5, "Overlap", "share of a tile's side that it has in common with the next", ge=0, le=0.95
        )
        jitter: int = setting(0, "Jitter", "how far a tile may lie from its place", unit="px", ge=0, le=64)

    config: Config

    @classmethod
    def clash(cls, config: Any, size: int, normalised: bool) -> str:
        if config.patch > size:
            return f"A tile of {config.patch} px is larger than the view of {size} px; choose smaller tiles."
        return ""

    @classmethod
    def tile_side(cls, config: Any, size: int) -> int:
        return int(config.patch)

    @classmethod
    def rows(cls, config: Any, size: int) -> int:
        """How many tiles a row, and rows, a view of this side has."""
        return int((size - config.patch) // cls.stride(config) + 1)

    @classmethod
    def stride(cls, config: Any) -> int:
        """From a tile to the next, px."""
        stride: int = max(1, round(config.patch * (1 - config.overlap)))
        return stride

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        tiles = self.rows(self.config, scene.size) ** 2
        jitter = self.config.jitter
        return {"offset": rng.integers(-jitter, jitter + 1, (scene.samples, tiles, 2))}

    def corners(self, values: Values, applied: NDArray[np.bool_], size: int) -> Integers:
        rows, stride = self.rows(self.config, size), self.stride(self.config)
        start = (size - self.config.patch - stride * (rows - 1)) // 2
        place = start + stride * np.stack(np.divmod(np.arange(rows**2), rows), axis=1)
        moved = place + values["offset"] * applied[:, None, None]
        corners: Integers = np.clip(moved, 0, size - self.config.patch)
        return corners


class PuzzleConfig(TilesConfig):
    """Settings of the puzzles whose tiles do not touch."""

    gap: int = setting(
        2, "Gap", "between two tiles, so that their edges do not give the answer away", unit="px", ge=0, le=256
    )
    jitter: int = setting(
        1, "Jitter", "how far a tile may lie from the middle of its cell; half the gap at most", unit="px", ge=0, le=128
    )


class Puzzle(Tiles):
    """Base of jigsaw and relative position: one tile in each cell of a square grid, jittered within its cell."""

    config: PuzzleConfig

    @classmethod
    @abstractmethod
    def rows(cls, config: Any) -> int:
        """Cells a side."""

    @classmethod
    def tile_side(cls, config: Any, size: int) -> int:
        return int(size // cls.rows(config) - config.gap)

    @classmethod
    def clash(cls, config: Any, size: int, normalised: bool) -> str:
        cell = size // cls.rows(config)
        if cls.tile_side(config, size) < 1:
            return (
                f"A gap of {config.gap} px leaves nothing of cells of {cell} px; make it smaller, or the grid coarser."
            )
        if config.jitter > config.gap // 2:
            return (
                f"A jitter of {config.jitter} px reaches beyond half the gap of {config.gap} px; "
                f"make it {config.gap // 2} or less, or the gap wider."
            )
        return ""

    def offsets(self, rng: np.random.Generator, scene: Scene) -> Integers:
        """How far each of the L cells' tiles lies from the middle of its cell, (N, L, 2) px."""
        jitter, cells = self.config.jitter, self.rows(self.config) ** 2
        return rng.integers(-jitter, jitter + 1, (scene.samples, cells, 2))

    def cells(self, offsets: Integers, size: int) -> Integers:
        """Top left corner of the tile of each cell, row by row, (N, L, 2)."""
        rows, gap = self.rows(self.config), self.config.gap
        cell = size // rows
        start = (size - rows * cell) // 2 + gap // 2
        corners: Integers = start + cell * np.stack(np.divmod(np.arange(rows**2), rows), axis=1) + offsets
        return corners


class Jigsaw(Puzzle):
    """Tiles in an order drawn from a fixed set of permutations, for the objective to recognise.

    Noroozi & Favaro 2016, section 3: nine tiles of 64 pixels in cells of 75, and permutations that differ in as many
    places as possible (`permutations.permutation_set`). The tile given as number t is that of cell
    permutation_set(T, permutations)[permutation, t], cells counted row by row.

    Target "permutation": int64 (N,), a row of that set. Row 0 is the identity; samples to which the operation is not
    applied have it.
    """

    spec = OperationSpec(
        id="jigsaw",
        title="Jigsaw",
        kind="task",
        summary="Cuts the view into tiles and shuffles them, for the objective to find the order.",
        targets=("permutation",),
    )

    class Config(PuzzleConfig):
        rows: int = setting(3, "Rows", "cells a side: 3 makes nine tiles", unit="cells", ge=2, le=5)
        permutations: int = setting(
            100, "Permutations", "how many orders there are to tell apart; 24 at most for four tiles", ge=2, le=1000
        )

    config: Config

    @classmethod
    def rows(cls, config: Any) -> int:
        return int(config.rows)

    @classmethod
    def clash(cls, config: Any, size: int, normalised: bool) -> str:
        if config.rows == 2 and config.permutations > 24:
            return f"Four tiles have 24 orders, not {config.permutations}; lower the permutations."
        return super().clash(config, size, normalised)

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        chosen = rng.integers(0, self.config.permutations, scene.samples)
        return {"permutation": chosen, "offset": self.offsets(rng, scene)}

    def corners(self, values: Values, applied: NDArray[np.bool_], size: int) -> Integers:
        table = permutation_set(self.config.rows**2, self.config.permutations)
        order = table[self.targets(values, applied)["permutation"]]
        return np.take_along_axis(self.cells(values["offset"], size), order[:, :, None], axis=1)

    def targets(self, values: Values, applied: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
        return {"permutation": np.where(applied, values["permutation"], 0).astype(np.int64)}

    def captions(self, values: Values, applied: NDArray[np.bool_]) -> list[str]:
        return [f"permutation {row}" for row in self.targets(values, applied)["permutation"].tolist()]


class RelativePosition(Puzzle):
    """The middle tile of a 3 x 3 grid and one of its eight neighbours, for the objective to tell which.

    Doersch et al. 2015, section 3: tiles of 96 pixels with gaps of 48 (half a tile) and a jitter of 7, taken anywhere
    in a large picture; here the grid fills the view, so a random crop before it does the placing.

    Target "position": int64 (N,), 0 to 7, the neighbours counted row by row without the middle; -1 where the operation
    is not applied: both tiles are the middle one then.
    """

    spec = OperationSpec(
        id="relative_position",
        title="Relative position",
        kind="task",
        summary="Gives the middle tile and one beside it, for the objective to find where it lay.",
        targets=("position",),
    )

    Config = PuzzleConfig

    @classmethod
    def rows(cls, config: Any) -> int:
        return 3

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"position": rng.integers(0, len(_NEIGHBOURS), scene.samples), "offset": self.offsets(rng, scene)}

    def corners(self, values: Values, applied: NDArray[np.bool_], size: int) -> Integers:
        neighbour = np.where(applied, np.array(_NEIGHBOURS)[values["position"]], _CENTRE)
        order = np.stack([np.full_like(neighbour, _CENTRE), neighbour], axis=1)
        return np.take_along_axis(self.cells(values["offset"], size), order[:, :, None], axis=1)

    def targets(self, values: Values, applied: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
        return {"position": np.where(applied, values["position"], -1).astype(np.int64)}

    def captions(self, values: Values, applied: NDArray[np.bool_]) -> list[str]:
        positions = self.targets(values, applied)["position"].tolist()
        return [f"position {position}" if position >= 0 else "same tile twice" for position in positions]
