"""Pretext tasks on tiles: each passes the encoder without a look at the others; puzzles are put together for the eye.

Shapes: N samples, T tiles, h side of a tile in px, C cells of the grid that a puzzle is shown on, D features
"""

from __future__ import annotations

from torch import Tensor

from workbench.core.errors import RunFailed
from workbench.models.base import Backbone
from workbench.plugins.specs import ObjectiveSpec
from workbench.views.operations.patch_grid import laid_out

EMPTY = 0.75
"""The grey of a cell without a tile."""
_FLAT = 1e-6


def check_tiles(spec: ObjectiveSpec, view: Tensor, tiles: int) -> None:
    """Raise RunFailed unless a view is cut into so many tiles."""
    if view.ndim != 5:
        raise RunFailed(
            f"{spec.title} takes views that are cut into {tiles} tiles; these are whole pictures.",
            f"Choose the view preset {spec.views_preset}.",
        )
    if view.shape[1] != tiles:
        raise RunFailed(
            f"{spec.title} is set for {tiles} tiles; the views are cut into {view.shape[1]}.",
            "Make the rows of the objective those of the view operation.",
        )


def encode_tiles(tiles_NT3hh: Tensor, backbone: Backbone) -> Tensor:
    """Features of every tile by itself, (N, T, D).

    All tiles pass the encoder as one batch, so that nothing but batch statistics joins them. Raises RunFailed for an
    encoder that takes pictures of one size only.
    """
    try:
        h_MD: Tensor = backbone(tiles_NT3hh.flatten(0, 1))
    except AssertionError as error:  # timm's way to refuse a picture of another size
        raise RunFailed(
            f"{backbone.spec.title} cannot take tiles of {tiles_NT3hh.shape[-1]} px beside whole views ({error}).",
            "Choose a convolutional backbone, or small_vit.",
        ) from error
    return h_MD.view(*tiles_NT3hh.shape[:2], -1)


def visible(tiles_NT3hh: Tensor) -> Tensor:
    """Tiles for the eye: the smallest value among all tiles of a sample becomes 0, the largest 1."""
    tiles = tiles_NT3hh.float()
    low, high = tiles.amin(dim=(1, 2, 3, 4), keepdim=True), tiles.amax(dim=(1, 2, 3, 4), keepdim=True)
    return (tiles - low) / (high - low).clamp(min=_FLAT)


def assembled(tiles_NT3hh: Tensor, cell_NT: Tensor, cells: int) -> Tensor:
    """One picture a sample, (N, H, W, 3): every tile in its cell of a square grid with seams, other cells grey.

    Parameters
    ----------
    tiles_NT3hh : in [0, 1]
    cell_NT : the cell of each tile, counted row by row, in [0, C)
    cells : C, a square number
    """
    grid = tiles_NT3hh.new_full((len(tiles_NT3hh), cells, *tiles_NT3hh.shape[2:]), EMPTY)
    grid.scatter_(1, cell_NT[:, :, None, None, None].expand_as(tiles_NT3hh), tiles_NT3hh)
    return laid_out(grid).permute(0, 2, 3, 1)
