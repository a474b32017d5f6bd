"""Noise inside an objective: the same for the same samples, whatever their order in the batch.

Training draws from the device's global generator, which the recipe seeds and a checkpoint keeps, so that a resumed run
draws what it would have drawn. Figures bring a generator of their own and leave training's random numbers alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

FIGURE_SEED = 20240


def normal(index_N: Tensor, *shape: int, generator: torch.Generator | None = None) -> Tensor:
    """Standard normal numbers (N, *shape) on the device of `index_N`.

    Rows are dealt in order of the samples' numbers, so that shuffling a batch shuffles its noise alike.

    Parameters
    ----------
    index_N : the samples' positions in the data set
    generator : of the CPU; the global one of the device without it
    """
    device = index_N.device if generator is None else None
    return _dealt(torch.randn(len(index_N), *shape, generator=generator, device=device), index_N)


def uniform(index_N: Tensor, *shape: int, generator: torch.Generator | None = None) -> Tensor:
    """Uniform numbers in [0, 1), (N, *shape), dealt as those of `normal`."""
    device = index_N.device if generator is None else None
    return _dealt(torch.rand(len(index_N), *shape, generator=generator, device=device), index_N)


def figure_generator() -> torch.Generator:
    """A generator for pictures, which draws the same every time."""
    return torch.Generator().manual_seed(FIGURE_SEED)


def _dealt(rows: Tensor, index_N: Tensor) -> Tensor:
    """Each sample gets the row at the place where it would stand if the batch were sorted."""
    return rows.to(index_N.device)[index_N.argsort().argsort()]
