"""Random fields from one seed a sample, the same bits on every backend.

A field is never stored with the parameters of a view: it is the output of a counter, so that it can be made again where
it is needed. Element e of a sample's field is the 16-bit word number e mod 4 of block e div 4, and block i is the
SplitMix64 finaliser (Steele, Lea and Flood 2014, figure 17) of seed + (i + 1) · γ. Words index a table of 65,536
quantiles of the normal distribution, so no backend's logarithm or cosine enters; the largest is 4.3 deviations.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from workbench.views.cpu import compiled

LEVELS = 2**16
"""How many values a word takes."""

_GAMMA, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def draw_seeds(rng: np.random.Generator, samples: int) -> NDArray[np.int64]:
    """One seed a sample, (N,)."""
    return rng.integers(0, 2**63, samples, dtype=np.int64)


@cache
def normal_quantiles() -> NDArray[np.float32]:
    """Values of a standard normal variable by word, (65536,), scaled to a variance of exactly 1; read only."""
    values = ndtri((np.arange(LEVELS) + 0.5) / LEVELS)
    table: NDArray[np.float32] = (values / values.std()).astype(np.float32)
    table.setflags(write=False)
    return table


def words(seeds: NDArray[np.int64], count: int, device: torch.device) -> Tensor:
    """The first `count` words of each seed's field, int64 (M, count) in [0, 65536)."""
    return words_of(torch.from_numpy(seeds).to(device), count)


def words_of(seeds_M: Tensor, count: int) -> Tensor:
    """The same of seeds that are on the device already, int64 (M,)."""
    counter = torch.arange(1, -(-count // 4) + 1, device=seeds_M.device) * _signed(_GAMMA)
    z = seeds_M[:, None] + counter
    z = (z ^ _shifted(z, 30)) * _signed(_FIRST)
    z = (z ^ _shifted(z, 27)) * _signed(_SECOND)
    z = z ^ _shifted(z, 31)
    parts = [(z >> shift) & (LEVELS - 1) for shift in (0, 16, 32, 48)]
    return torch.stack(parts, dim=2).flatten(1)[:, :count]


def _signed(word: int) -> int:
    """An unsigned 64-bit number as the signed one of the same bits."""
    return word - 2**64 if word >= 2**63 else word


def _shifted(z: Tensor, by: int) -> Tensor:
    """A shift to the right that fills with zeros."""
    shifted: Tensor = (z >> by) & (2 ** (64 - by) - 1)
    return shifted


@compiled
def block(seed: Any, number: int) -> Any:
    """Block `number` of a seed's field: four words in a uint64, the lowest bits first."""
    z = np.uint64(seed) + np.uint64(number + 1) * np.uint64(_GAMMA)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
    return z ^ (z >> np.uint64(31))


@compiled
def word(bits: Any, place: int) -> int:
    """Word number `place`, 0 to 3, of a block."""
    return int((bits >> np.uint64(16 * place)) & np.uint64(0xFFFF))
