"""Means over a batch, and the same values sample by sample.

Shapes: N samples, V views, M = V N with view standing after view
"""

from __future__ import annotations

import torch
from torch import Tensor


def masked_mean(value_NL: Tensor, chosen_NL: Tensor) -> Tensor:
    """The mean over the chosen entries of all samples (bool, any shape), a scalar; 0 where none is chosen."""
    return torch.where(chosen_NL, value_NL, 0).sum() / chosen_NL.sum().clamp(min=1)


def of_views(value_M: Tensor, samples: int) -> Tensor:
    """The mean over each sample's views, (N,) without a gradient."""
    return value_M.detach().view(-1, samples).mean(dim=0)


def of_entries(value_NL: Tensor) -> Tensor:
    """The mean over each sample's entries (one or more dimensions), (N,) without a gradient."""
    return value_NL.detach().flatten(1).mean(dim=1)


def of_chosen(value_NL: Tensor, chosen_NL: Tensor) -> Tensor:
    """The mean over each sample's chosen entries, (N,) without a gradient; NaN for a sample that has none."""
    rows = len(value_NL)
    chosen_NM, value_NM = chosen_NL.reshape(rows, -1), value_NL.detach().reshape(rows, -1)
    return torch.where(chosen_NM, value_NM, 0).sum(dim=1) / chosen_NM.sum(dim=1)
