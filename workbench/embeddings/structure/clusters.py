"""Clusters: dense regions (HDBSCAN) or a given number of round ones (k-means).

Legend: N all rows, M rows that can be compared, K clusters, D width.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.core.model import Model, setting
from workbench.data.base import Progress, no_progress
from workbench.data.progress import portion
from workbench.embeddings.background import beside, wait
from workbench.embeddings.structure.points import ScaledPoints

_REDUCED_OVER = 20_000 * 64
_COMPONENTS = 32
_LARGEST_WORK = 20_000**2 * 64
_MINI_BATCH_OVER = 100_000
_ASSIGNED_AT_ONCE = 16_384
_CENTRAL = 3
_FEWEST_SAMPLED = 5
_FINDING = "Finding clusters"


class HdbscanSettings(Model):
    """Clusters of any shape and number; what lies between them is noise."""

    min_cluster_size: int = setting(25, "Smallest cluster", "Fewer points than this are noise.", ge=2, le=1_000_000)
    min_samples: int = setting(
        5,
        "Core neighbours",
        "How many near points make a place dense; more leaves more points as noise.",
        ge=1,
        le=1000,
    )
    seed: int = setting(0, "Seed", "Draws the sample where there are too many points for all.", ge=0, advanced=True)


class KMeansSettings(Model):
    """A given number of clusters, every point in the one whose centre is nearest."""

    clusters: int = setting(10, "Clusters", "How many to find.", ge=1, le=1000)
    seed: int = setting(0, "Seed", "Draws the first centres.", ge=0, advanced=True)


@dataclass(frozen=True)
class Clusters:
    """Clusters by number, the largest is 0.

    codes : int32 (N,), -1 for noise and for rows that cannot be compared
    sizes : int64 (K,)
    central : int64 (K, 3), the members nearest to the mean, the nearest first; -1 where there are fewer
    notes : sentences about what was reduced or sampled; empty where all points were used as they are
    """

    codes: NDArray[np.int32]
    sizes: NDArray[np.int64]
    central: NDArray[np.int64]
    notes: tuple[str, ...] = ()

    @property
    def medoids(self) -> NDArray[np.int64]:
        """The rows (K,) with the least sum of squared distances to the others of their cluster.

        Those are the ones nearest to its mean. The cosine distance is such a squared distance.
        """
        medoids: NDArray[np.int64] = self.central[:, 0]
        return medoids


def density_clusters(points: ScaledPoints, settings: HdbscanSettings, progress: Progress = no_progress) -> Clusters:
    """HDBSCAN: Campello, Moulavi and Sander (2013), "Density-based clustering based on hierarchical density estimates".

    Wide vectors of many points are reduced to principal components first. The work grows with the square of the number
    of points: beyond that of 20,000 points in 64 dimensions a random sample is clustered, with a smallest cluster of
    the same share, and every other point joins the cluster (or the noise) of its nearest point in the sample. `notes`
    say both.

    Raises DataError where there are fewer points than one cluster needs.
    """
    needed = max(settings.min_cluster_size, settings.min_samples)
    if len(points.rows) < needed:
        raise DataError(
            f"{len(points.rows):,} points hold no cluster of {needed:,}.", "Lower the smallest cluster's size."
        )
    if points.all_equal:
        return _all_in_one(points)
    values_MD, notes = _reduced(points.values, portion(progress, 0.0, 0.1))
    limit = math.isqrt(_LARGEST_WORK // values_MD.shape[1])
    if len(values_MD) <= limit:
        codes_M = _hdbscan(values_MD, settings, portion(progress, 0.1, 0.95))
    else:
        rng = np.random.default_rng(settings.seed)
        drawn = np.sort(rng.choice(len(values_MD), limit, replace=False))
        sampled = _hdbscan(values_MD[drawn], _for_sample(settings, limit / len(values_MD)), portion(progress, 0.1, 0.6))
        codes_M = sampled[_nearest_of(values_MD[drawn], values_MD, portion(progress, 0.6, 0.95))]
        notes += (
            f"Found among {limit:,} of {len(values_MD):,} points drawn at random; each other point has the cluster of"
            " the nearest of them.",
        )
    return _numbered(points, codes_M, notes)


def kmeans_clusters(points: ScaledPoints, settings: KMeansSettings, progress: Progress = no_progress) -> Clusters:
    """k-means from k-means++ starts (Arthur and Vassilvitskii 2007), the best of four.

    Over 100,000 points the centres are fitted to mini-batches (Sculley 2010); every point is assigned all the same.

    Under cosine the points have length 1, so that clusters are of directions. Where fewer places differ than clusters
    are asked for, there are as many clusters as places. Raises DataError for more clusters than points.
    """
    if settings.clusters > len(points.rows):
        raise DataError(
            f"{len(points.rows):,} points cannot form {settings.clusters:,} clusters.", "Ask for fewer clusters."
        )
    if points.all_equal:
        return _all_in_one(points)
    from sklearn.cluster import KMeans, MiniBatchKMeans

    progress(0.0, _FINDING)
    notes: tuple[str, ...] = ()
    if len(points.rows) > _MINI_BATCH_OVER:
        notes = (f"Centres were fitted to mini-batches of the {len(points.rows):,} points; every point is assigned.",)
        model = MiniBatchKMeans(settings.clusters, random_state=settings.seed, n_init=4, batch_size=8192)
    else:
        model = KMeans(settings.clusters, random_state=settings.seed, n_init=4)
    fit = _quietly(lambda: model.fit(points.values).labels_)
    return _numbered(points, wait(beside(fit), progress, 0.5, _FINDING), notes)


def _central(points: ScaledPoints, codes_M: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows (K, 3) nearest to each cluster's mean; codes of K are of no cluster."""
    means_KD = np.stack([np.bincount(codes_M, column, len(sizes) + 1) for column in points.values.T], axis=1)
    means_KD[:-1] = means_KD[:-1] / sizes[:, None]
    away_M = np.empty(len(codes_M))
    for start in range(0, len(codes_M), _ASSIGNED_AT_ONCE):
        here = slice(start, start + _ASSIGNED_AT_ONCE)
        away_M[here] = np.square(points.values[here] - means_KD[codes_M[here]]).sum(axis=1)
    order = np.lexsort((away_M, codes_M))
    at_K3 = np.searchsorted(codes_M[order], np.arange(len(sizes)))[:, None] + np.arange(_CENTRAL)
    there_K3 = np.arange(_CENTRAL) < sizes[:, None]
    return np.where(there_K3, points.rows[order[np.where(there_K3, at_K3, 0)]], -1)


def _hdbscan(values_MD: NDArray[np.float32], settings: HdbscanSettings, progress: Progress) -> NDArray[np.int64]:
    from sklearn.cluster import HDBSCAN

    progress(0.0, _FINDING)
    model = HDBSCAN(min_cluster_size=settings.min_cluster_size, min_samples=settings.min_samples, copy=True)
    fit = _quietly(lambda: model.fit(values_MD).labels_)
    labels: NDArray[np.int64] = wait(beside(fit), progress, 0.5, _FINDING)
    return labels


def _for_sample(settings: HdbscanSettings, share: float) -> HdbscanSettings:
    """The smallest cluster as it appears in a sample: that share of it, but enough points to be more than chance."""
    size = settings.min_cluster_size
    return settings.replace(min_cluster_size=max(round(size * share), min(size, _FEWEST_SAMPLED)))


def _reduced(values_MD: NDArray[np.float32], progress: Progress) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    if values_MD.size <= _REDUCED_OVER or values_MD.shape[1] <= _COMPONENTS:
        return values_MD, ()
    from sklearn.decomposition import PCA

    count = min(_COMPONENTS, len(values_MD))
    model = PCA(count, svd_solver="randomized", random_state=0)
    reduced = wait(beside(lambda: model.fit_transform(values_MD)), progress, 0.5, "Reducing the vectors")
    kept = float(model.explained_variance_ratio_.sum())
    return reduced.astype(np.float32), (
        f"Found on the first {count} principal components ({100 * kept:.0f}% of the variance).",
    )


def _nearest_of(
    sample_SD: NDArray[np.float32], values_MD: NDArray[np.float32], progress: Progress
) -> NDArray[np.int64]:
    """For each of M points the position of the nearest of S; a point of the sample finds itself or an equal one."""
    from sklearn.metrics import pairwise_distances_argmin

    found = np.empty(len(values_MD), dtype=np.int64)
    for start in range(0, len(values_MD), _ASSIGNED_AT_ONCE):
        progress(start / len(values_MD), "Joining points to clusters")
        here = slice(start, start + _ASSIGNED_AT_ONCE)
        found[here] = pairwise_distances_argmin(values_MD[here], sample_SD)
    return found


def _numbered(points: ScaledPoints, labels_M: NDArray[Any], notes: tuple[str, ...]) -> Clusters:
    """Clusters by size, those of one size in the order of their first row."""
    names, first, inverse, counts = np.unique(labels_M, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -counts))
    order = order[names[order] >= 0]
    number = np.full(len(names), len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    codes_M, sizes = number[inverse], counts[order].astype(np.int64)
    central = _central(points, codes_M, sizes)
    return Clusters(points.spread_out(np.where(codes_M < len(sizes), codes_M, -1)), sizes, central, notes)


def _all_in_one(points: ScaledPoints) -> Clusters:
    found = _numbered(points, np.zeros(len(points.rows), dtype=np.int64), ())
    return Clusters(found.codes, found.sizes, found.central, ("All points are equal: they are one cluster.",))


def _quietly(work: Callable[[], NDArray[Any]]) -> Callable[[], NDArray[Any]]:
    """scikit-learn warns of fewer different places than clusters, which the result shows by itself."""

    def run() -> NDArray[Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()

    return run
