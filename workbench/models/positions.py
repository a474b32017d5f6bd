"""Fixed positions on a grid of patches, as sines and cosines.

Vaswani et al.: Attention Is All You Need (NeurIPS 2017), section 3.5, in two dimensions: half of the numbers say the
row, half the column, each as sines followed by cosines of falling frequencies (MAE's code).
"""

from __future__ import annotations

import torch
from torch import Tensor

SLOWEST = 10_000.0


def grid_positions(rows: int, columns: int, width: int, side: int, device: torch.device) -> Tensor:
    """(rows * columns, width) float32, row by row.

    Parameters
    ----------
    width : numbers a position, a multiple of 4
    side : rows and columns of the grid that positions are counted on; another grid is stretched over it
    """
    y = _stretched(rows, side, device)
    x = _stretched(columns, side, device)
    at_y = _waves(y, width // 2)[:, None].expand(-1, columns, -1)
    at_x = _waves(x, width // 2)[None].expand(rows, -1, -1)
    return torch.cat([at_y, at_x], dim=2).flatten(0, 1)


def _stretched(count: int, side: int, device: torch.device) -> Tensor:
    """Centres of `count` equal parts of [0, side], counted so that the first of `side` parts is 0."""
    return (torch.arange(count, device=device) + 0.5) * (side / count) - 0.5


def _waves(at_P: Tensor, width: int) -> Tensor:
    frequency_F = SLOWEST ** -(torch.arange(width // 2, device=at_P.device) / (width // 2))
    angle_PF = at_P[:, None] * frequency_F
    return torch.cat([angle_PF.sin(), angle_PF.cos()], dim=1)
