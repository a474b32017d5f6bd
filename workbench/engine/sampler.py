"""Which samples a step sees and which of their labels: pure functions of seed and step, so that a resumed run needs no
position file.

A recipe may hide labels (`training.labels`): the objective then learns from a few, drawn by class, and is given -1 for
all others. Measurements take the data set's own labels and are not touched by it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import Problem, RecipeError
from workbench.data.base import Dataset, Samples
from workbench.recipes.models import Recipe, Training

Positions = NDArray[np.int64]

# Streams of the recipe's seed beside those of the epochs, which are numbered from 0.
_LABELLED_STREAM, _LABEL_DRAW = 2**32, 2**33


class _Passes:
    """Seeded shuffling without replacement; the samples left over at the end of a pass are dropped."""

    def __init__(self, pool: Positions, batch_size: int, seed: int) -> None:
        self._pool, self._seed = pool, seed
        self.batch_size = min(batch_size, len(pool))
        self.steps_per_epoch = max(1, len(pool) // self.batch_size)
        self._epoch = -1
        self._order: Positions = np.empty(0, np.int64)

    def batch(self, step: int) -> Positions:
        """Positions of the samples of this step (counted from 0), int64."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._order, self._epoch = _shuffled(self._pool, self._seed, epoch), epoch
        return self._order[place * self.batch_size : (place + 1) * self.batch_size]


class EpochSampler(_Passes):
    """Passes over a split.

    Parameters
    ----------
    samples : size of the split
    batch_size : samples a step; more than `samples` means the whole split
    seed : the recipe's
    wanted : size of a seeded draw that is learned from instead of the whole split; 0 takes all
    """

    def __init__(self, samples: int, batch_size: int, seed: int, wanted: int = 0) -> None:
        super().__init__(subset(samples, wanted, seed), batch_size, seed)


class _Rounds:
    """Seeded shuffles one after another without a gap, for a pool that may be smaller than its part of a batch."""

    def __init__(self, pool: Positions, batch_size: int, seed: int) -> None:
        self._pool, self._seed, self.batch_size = pool, seed, batch_size

    def batch(self, step: int) -> Positions:
        """Positions of the samples of this step (counted from 0), int64."""
        places = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        first, last = places[0] // len(self._pool), places[-1] // len(self._pool)
        rounds = [_shuffled(self._pool, self._seed, _LABELLED_STREAM + int(n)) for n in range(first, last + 1)]
        drawn: Positions = np.concatenate(rounds)[places - first * len(self._pool)]
        return drawn


class TrainSampler:
    """What a run learns from, step by step.

    Where the recipe asks for a share of labelled samples, each batch is made of two parts: so many labelled ones, drawn
    in rounds of their own, and a batch of a pass over the unlabelled ones. Where all samples or none are labelled there
    is nothing to tell apart, and every batch is drawn from all alike.

    Attributes
    ----------
    batch_size : samples in a step
    steps_per_epoch : whole batches in a pass over the unlabelled samples, over all where batches are not in two parts
        or hold labelled samples only

    Raises RecipeError at `training.labels` or `training.labelled_share` for data that do not have such labels.
    """

    def __init__(self, train: Dataset, settings: Training, seed: int) -> None:
        pool = subset(len(train), settings.samples, seed)
        self._train, self._labels = train, _visible(train, pool, settings, seed)
        size = min(settings.batch_size, len(pool))
        labelled, rest = _parted(pool, self._labels)
        quota = labelled_quota(size, settings.labelled_share) if len(labelled) and len(rest) else 0
        self._labelled = _Rounds(labelled, quota, seed) if quota else None
        self._rest = _Passes(rest if quota else pool, size - quota, seed) if quota < size else None
        self.batch_size = quota + (self._rest.batch_size if self._rest else 0)
        self.steps_per_epoch = self._rest.steps_per_epoch if self._rest else max(1, len(pool) // size)

    def batch(self, step: int) -> Positions:
        """Positions of the samples of this step (counted from 0), int64; its parts are spread evenly over it."""
        parts = [part.batch(step) for part in (self._labelled, self._rest) if part is not None]
        places = [(np.arange(len(part)) + 0.5) / len(part) for part in parts]
        spread: Positions = np.concatenate(parts)[np.argsort(np.concatenate(places), kind="stable")]
        return spread

    def samples(self, step: int) -> Samples:
        """The samples of this step, labels that the recipe hides -1."""
        return self.at(self.batch(step))

    def at(self, index: Positions) -> Samples:
        """The samples at these positions as a step would be given them."""
        drawn = self._train.batch(index)
        labels = None if self._labels is None else self._labels[drawn.index]
        return Samples(drawn.fields, labels, drawn.index)


def sampler_of(recipe: Recipe, train: Dataset) -> TrainSampler:
    """The sampler of a recipe on its training split: training, replays and measurements take the same."""
    return TrainSampler(train, recipe.training, recipe.seed)


def subset(samples: int, wanted: int, seed: int) -> Positions:
    """A seeded draw of `wanted` positions (0: all) in increasing order."""
    if wanted <= 0 or wanted >= samples:
        return np.arange(samples, dtype=np.int64)
    generator = np.random.Generator(np.random.Philox(key=[seed, samples]))
    return np.sort(generator.choice(samples, wanted, replace=False)).astype(np.int64)


def labelled_quota(batch_size: int, share: float) -> int:
    """How many samples of a batch are labelled ones: one at least where the share is above 0, not all where below 1."""
    if share in (0, 1):
        return round(share * batch_size)
    return min(max(round(share * batch_size), 1), batch_size - 1)


def keep_labels(labels_N: NDArray[np.int64], wanted: int, seed: int) -> NDArray[np.int64]:
    """Labels of which a seeded draw of `wanted` is kept and the rest is -1.

    Every class keeps one, and the others are shared out in proportion to the classes' sizes (largest remainders first).
    `wanted` is at least the number of classes that occur; more than there are keeps all. Samples without a label (-1)
    do not count.
    """
    classes, counts = np.unique(labels_N[labels_N >= 0], return_counts=True)
    if wanted >= counts.sum():
        return labels_N.copy()
    quotas = 1 + _shares(wanted - len(classes), counts - 1)
    order = _shuffled(np.arange(len(labels_N), dtype=np.int64), seed, _LABEL_DRAW)
    kept = np.full_like(labels_N, -1)
    for label, quota in zip(classes, quotas, strict=True):
        kept[order[labels_N[order] == label][:quota]] = label
    return kept


def _shares(total: int, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """`total` in whole numbers proportional to `sizes`, none above its size."""
    exact = total * sizes / max(int(sizes.sum()), 1)
    shares = np.floor(exact).astype(np.int64)
    largest = np.argsort(shares - exact, kind="stable")
    shares[largest[: total - shares.sum()]] += 1
    return shares


def _visible(train: Dataset, pool: Positions, settings: Training, seed: int) -> NDArray[np.int64] | None:
    """The labels that the objective may see, by position in the split."""
    classes = 0 if train.labels is None else len(np.unique(train.labels[pool][train.labels[pool] >= 0]))
    key = "labels" if settings.labels else "labelled_share"
    if not classes and (settings.labels or settings.labelled_share):
        words = f"{train.info.title!r} has no labels. Set this to 0, or choose a labelled data set."
        raise RecipeError([Problem(f"training.{key}", words)])
    if 0 < settings.labels < classes:
        words = f"{settings.labels} is too few: {train.info.title!r} has {classes} classes, and each needs a label."
        raise RecipeError([Problem("training.labels", words)])
    if train.labels is None or not settings.labels:
        return train.labels
    visible = np.full_like(train.labels, -1)
    visible[pool] = keep_labels(train.labels[pool], settings.labels, seed)
    return visible


def _parted(pool: Positions, labels: NDArray[np.int64] | None) -> tuple[Positions, Positions]:
    """The labelled positions of a pool, and the others."""
    if labels is None:
        return pool[:0], pool
    known = labels[pool] >= 0
    return pool[known], pool[~known]


def _shuffled(pool: Positions, seed: int, stream: int) -> Positions:
    generator = np.random.Generator(np.random.Philox(key=[seed, stream]))
    shuffled: Positions = pool[generator.permutation(len(pool))]
    return shuffled
