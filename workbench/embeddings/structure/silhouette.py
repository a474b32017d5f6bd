"""Silhouettes: whether points lie nearer to their own class than to the next.

Legend: M rows that can be compared, S sampled rows, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Progress, no_progress
from workbench.embeddings.background import beside, wait
from workbench.embeddings.structure.points import ScaledPoints

MOST_SAMPLED = 5000
_MEASURING = "Measuring silhouettes"


@dataclass(frozen=True)
class Silhouette:
    """Means over the sampled points, in [-1, 1].

    by_class : float64, by label code; NaN for a class that was not sampled
    total : None where silhouettes are not defined: one class, or every class with one point
    sampled : how many points they are of
    of : how many labelled points there are
    """

    by_class: NDArray[np.float64]
    total: float | None
    sampled: int
    of: int


def silhouettes(
    points: ScaledPoints, codes: NDArray[np.int64], seed: int = 0, progress: Progress = no_progress
) -> Silhouette:
    """Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis".

    (b - a) / max(a, b) with a the mean distance to the own class and b that to the nearest other; 0 for a point alone
    in its class. Over 5,000 labelled points they are of as many drawn at random, and distances within that sample.

    Parameters
    ----------
    codes : int64 (N,), labels, -1 for none
    """
    own_M = codes[points.rows]
    places = np.flatnonzero(own_M >= 0)
    of = len(places)
    if of > MOST_SAMPLED:
        places = np.sort(np.random.default_rng(seed).choice(places, MOST_SAMPLED, replace=False))
    own_S = own_M[places]
    by_class = np.full(int(codes.max(initial=-1)) + 1, np.nan)
    if not 2 <= len(np.unique(own_S)) < len(own_S):
        return Silhouette(by_class, None, len(places), of)
    value_S = _values(points, places, own_S, progress)
    counts = np.bincount(own_S, minlength=len(by_class))
    np.divide(np.bincount(own_S, value_S, len(by_class)), counts, out=by_class, where=counts > 0)
    return Silhouette(by_class, float(value_S.mean()), len(places), of)


def _values(
    points: ScaledPoints, places: NDArray[np.int64], own_S: NDArray[np.int64], progress: Progress
) -> NDArray[np.float64]:
    from sklearn.metrics import silhouette_samples

    progress(0.0, _MEASURING)
    chosen_SD = points.values[places].astype(np.float64)
    kind = "sqeuclidean" if points.metric == "cosine" else "euclidean"
    values: NDArray[np.float64] = wait(
        beside(lambda: silhouette_samples(chosen_SD, own_S, metric=kind)), progress, 0.95, _MEASURING
    )
    return values
