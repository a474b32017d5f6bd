"""Which samples a step sees: a pure function of seed and step, so that a resumed run needs no position file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.recipes.models import Recipe


class EpochSampler:
    """Seeded shuffling without replacement; the samples left over at the end of an epoch are dropped.

    Parameters
    ----------
    samples : size of the split
    batch_size : samples a step; more than `samples` means the whole split
    seed : the recipe's
    wanted : size of a seeded draw that is learned from instead of the whole split; 0 takes all
    """

    def __init__(self, samples: int, batch_size: int, seed: int, wanted: int = 0) -> None:
        self._pool, self._seed = subset(samples, wanted, seed), seed
        self.batch_size = min(batch_size, len(self._pool))
        self.steps_per_epoch = max(1, len(self._pool) // self.batch_size)
        self._epoch = -1
        self._order: NDArray[np.int64] = np.empty(0, np.int64)

    def batch(self, step: int) -> NDArray[np.int64]:
        """Positions of the samples of this step (counted from 0), int64."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            generator = np.random.Generator(np.random.Philox(key=[self._seed, epoch]))
            self._order, self._epoch = self._pool[generator.permutation(len(self._pool))], epoch
        return self._order[place * self.batch_size : (place + 1) * self.batch_size]


def sampler_of(recipe: Recipe, samples: int) -> EpochSampler:
    """The sampler of a recipe on a split of so many samples: training, replays and measurements take the same."""
    return EpochSampler(samples, recipe.training.batch_size, recipe.seed, recipe.training.samples)


def subset(samples: int, wanted: int, seed: int) -> NDArray[np.int64]:
    """A seeded draw of `wanted` positions (0: all) in increasing order."""
    if wanted <= 0 or wanted >= samples:
        return np.arange(samples, dtype=np.int64)
    generator = np.random.Generator(np.random.Philox(key=[seed, samples]))
    return np.sort(generator.choice(samples, wanted, replace=False)).astype(np.int64)
