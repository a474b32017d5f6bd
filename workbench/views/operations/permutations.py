"""The fixed set of orders that a jigsaw is dealt from."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain, permutations
from math import factorial

import numpy as np
from numpy.typing import NDArray

# Nine tiles have 362,880 orders, which can all be looked at; sixteen have 2e13.
_ALL_UP_TO = 9
_SAMPLED = 200_000
_SEED = 2016


@lru_cache(maxsize=16)
def permutation_set(tiles: int, count: int) -> NDArray[np.int64]:
    """Permutations that differ from each other in as many places as possible, int64 (count, tiles); row 0 is identity.

    Greedy, after Noroozi & Favaro 2016, algorithm 1: the next row is the one whose smallest Hamming distance to the
    rows before it is largest, of these the one with the largest sum of distances (the paper takes the largest mean
    alone, which lets near-twins in), of these the first in lexicographic order. Up to nine tiles it looks at every
    order, beyond at 200,000 drawn once from a fixed seed. The array is shared and cannot be written to.

    Raises ValueError for more permutations than there are.
    """
    if not 1 <= count <= factorial(tiles):
        raise ValueError(f"{tiles} tiles have {factorial(tiles)} orders; {count} were asked for.")
    pool = _pool(tiles)
    chosen = [0]
    nearest = np.full(pool.shape[1], tiles, np.int64)
    total = np.zeros(pool.shape[1], np.int64)
    for _ in range(count - 1):
        distance = sum((row != row[chosen[-1]]).view(np.uint8) for row in pool)
        nearest, total = np.minimum(nearest, distance), total + distance
        chosen.append(int((nearest * (tiles * count + 1) + total).argmax()))
    table = pool[:, chosen].T.astype(np.int64)
    table.setflags(write=False)
    return table


def _pool(tiles: int) -> NDArray[np.uint8]:
    """The candidates, (tiles, number), the identity first."""
    if tiles <= _ALL_UP_TO:
        flat = np.fromiter(chain.from_iterable(permutations(range(tiles))), np.uint8)
        return np.ascontiguousarray(flat.reshape(-1, tiles).T)
    rng = np.random.default_rng(_SEED)
    drawn = np.tile(np.arange(tiles, dtype=np.uint8), (_SAMPLED, 1))
    drawn[1:] = rng.permuted(drawn[1:], axis=1)
    return np.ascontiguousarray(drawn.T)
