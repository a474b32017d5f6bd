"""Pictures for the eye that more than one objective shows.

The views' mean and deviation are not known to an objective: values are stretched instead, so that the smallest and the
largest value of some real pictures become 0 and 1; what lies beyond is cut off.

Shapes: N samples, C channels, S side
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.views.operations.patch_mask import HIDDEN_GREY as HIDDEN_GREY

SHOWN_ROWS = 8


def span_of_each(x: Tensor) -> tuple[Tensor, Tensor]:
    """The smallest and the largest value of every picture, (N, 1, 1, 1) each."""
    return x.amin(dim=(1, 2, 3), keepdim=True), x.amax(dim=(1, 2, 3), keepdim=True)


def span_of_all(x: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of the pictures' smallest and largest values, for pictures that have no real one of their own."""
    low, high = span_of_each(x)
    return low.mean(dim=0, keepdim=True), high.mean(dim=0, keepdim=True)


def stretched(x: Tensor, span: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Pictures with this span of values moved into [0, 1]; without one each has its own."""
    low, high = span_of_each(x) if span is None else span
    return ((x.float() - low) / (high - low).clamp(min=1e-6)).clamp(0, 1)


def rows_of(columns: Sequence[Tensor]) -> NDArray[np.float32]:
    """Columns of pictures (N, C, S, S) in [0, 1] as the rows of a figure, (at most 8, columns, S, S, 3)."""
    shown = torch.stack([column[:SHOWN_ROWS] for column in columns], dim=1)
    rows: NDArray[np.float32] = shown.permute(0, 1, 3, 4, 2).float().cpu().numpy()
    return rows


def grid_of(x: Tensor, columns: int) -> NDArray[np.float32]:
    """Pictures (rows * columns, C, S, S) in [0, 1], row by row, as a figure."""
    cut = x.reshape(-1, columns, *x.shape[1:]).permute(0, 1, 3, 4, 2)
    grid: NDArray[np.float32] = cut.float().cpu().numpy()
    return grid
