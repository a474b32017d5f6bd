"""t-SNE: a layout in which neighbours have the neighbours' probability.

Van der Maaten, Hinton (2008), "Visualizing Data using t-SNE", JMLR 9; the optimisation is openTSNE's (Policar, Strazar,
Zupan 2024, JSS 109), with Barnes-Hut gradients below 10,000 points and interpolation (Linderman et al. 2019) from there
on. The neighbours are the set's own. One thread optimises, so that the same seed gives the same layout.

Legend: N all rows, M rows that have distances, K neighbours.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.model import Model, setting
from workbench.data.base import Progress
from workbench.embeddings.background import beside, wait
from workbench.embeddings.projections.base import NO_PARTIAL, Drawn, Given, Partial, Projection, Wanted, in_all_rows
from workbench.embeddings.projections.pca import principal_plane
from workbench.embeddings.projections.starting import from_layout, noise
from workbench.embeddings.projections.umap_layout import SMALLEST_GRAPH, with_distances, with_self
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.plugins.specs import Paper, ProjectionSpec
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import Neighbours

_FAST_FROM = 10_000
_START_SPREAD = 1e-4
_KEPT = 2

Look = Callable[[NDArray[np.float64], int], bool]


class TsneConfig(Model):
    """t-SNE's settings, as openTSNE has them."""

    perplexity: float = setting(
        30.0, "Perplexity", "how many neighbours count, softly: small shows detail, large the whole", ge=2, le=200,
        log=True)  # fmt: skip
    metric: Metric = setting("cosine", "Metric", "the distance between vectors")
    iterations: int = setting(
        750, "Iterations", "steps of gradient descent, those of the early exaggeration included", ge=1, le=20_000,
        log=True)  # fmt: skip
    exaggeration: float = setting(
        1.0, "Exaggeration", "above 1, neighbours attract each other more and clusters draw together", ge=1, le=30
    )
    early_exaggeration: float = setting(
        12.0, "Early exaggeration", "the same for the first steps, which sort the clusters", ge=1, le=50,
        advanced=True)  # fmt: skip
    early_iterations: int = setting(
        250, "Early steps", "how many steps are exaggerated early; none when starting from a layout", ge=0, le=5000,
        advanced=True)  # fmt: skip
    learning_rate: float = setting(
        0.0, "Learning rate", "0 takes the number of points over the exaggeration", ge=0, advanced=True)  # fmt: skip
    init: Literal["pca", "random"] = setting(
        "pca", "Start", "where points start: on the principal plane, or anywhere", advanced=True)  # fmt: skip
    start: str = setting("", "Start from layout", "a stored layout to go on from in place of that", advanced=True)
    exact: bool = setting(
        False, "Exact neighbours", "never approximate neighbours, however long exact ones take", advanced=True
    )
    seed: int = setting(0, "Seed", "the same seed gives the same layout", ge=0, lt=2**31, advanced=True)


class Tsne(Projection):
    """t-SNE from precomputed neighbours."""

    spec = ProjectionSpec(
        id="tsne",
        title="t-SNE",
        summary="Keeps close neighbourhoods whole: separates clusters well; their sizes and gaps mean nothing.",
        when="To see fine structure. It can be paused, looked at and continued.",
        distances="Only the nearest neighbours are meant: sizes of clusters and gaps between them mean nothing.",
        can_pause=True,
        paper=Paper(
            title="Visualizing Data using t-SNE", authors="van der Maaten, Hinton", year=2008, venue="JMLR",
            url="https://www.jmlr.org/papers/v9/vandermaaten08a.html",
        ),
    )  # fmt: skip
    Config = TsneConfig

    def wants(self, config: TsneConfig) -> Wanted:
        """Three times as many neighbours as the perplexity: the others' share of the probability is negligible."""
        return Wanted(math.ceil(3 * config.perplexity), config.metric, config.exact, start=config.start)

    def project(self, given: Given, config: TsneConfig, progress: Progress, partial: Partial = NO_PARTIAL) -> Drawn:
        """Places (N, 2); NaN where a vector is not finite or, under cosine, zero.

        Ends early, with what there is, when `partial.stop` says so. Fewer than 4 points are laid out by PCA.
        """
        rows_M = with_distances(given.vectors, config.metric)
        if len(rows_M) < SMALLEST_GRAPH:
            places_M2 = principal_plane(given.vectors, rows_M, progress)
            return Drawn(in_all_rows(places_M2, rows_M, len(given.vectors)))
        neighbours = given.neighbours
        if neighbours is None:
            neighbours = exact_neighbours(given.vectors, math.ceil(3 * config.perplexity), config.metric, progress)
        affinity_MM = _kept_affinities(neighbours, rows_M, config.perplexity, progress)

        def look(places_M2: NDArray[np.float64], done: int) -> bool:
            progress(done / config.iterations, f"Laying out, iteration {done + 1} of {config.iterations}")
            if done and partial.due:
                partial(in_all_rows(places_M2, rows_M, len(given.vectors)), done)
            return done > 0 and partial.stop

        descent = _Descent(_start(given, rows_M, config, progress), affinity_MM, config.seed, look)
        descent.run(config, fresh=given.start is None)
        progress(1.0, "Laid out")
        return Drawn(in_all_rows(descent.places_M2, rows_M, len(given.vectors)), iterations=descent.done)


def _start(given: Given, rows_M: NDArray[np.int64], config: TsneConfig, progress: Progress) -> NDArray[np.float64]:
    """Where the points start (M, 2): close together, or where they lie in the layout to go on from."""
    if given.start is not None:
        return from_layout(given.start, rows_M, 2, config.seed)
    if config.init == "random":
        return noise((len(rows_M), 2), config.seed, _START_SPREAD)
    plane_M2 = principal_plane(given.vectors, rows_M, lambda share, words: progress(0.0, words))
    spread = float(plane_M2[:, 0].std())
    close_M2 = plane_M2 * (_START_SPREAD / spread if spread > 0 else 0.0)
    return close_M2 + noise(plane_M2.shape, config.seed, 0.01 * _START_SPREAD)


_AFFINITIES: OrderedDict[tuple[str, int, float], Any] = OrderedDict()


def _kept_affinities(neighbours: Neighbours, rows_M: NDArray[np.int64], perplexity: float, progress: Progress) -> Any:
    """The affinities of these neighbours, those of the last two layouts kept for the next."""
    k = min(math.ceil(3 * perplexity), len(rows_M) - 1)
    index_MK, distance_MK = with_self(neighbours, rows_M, k + 1)
    digest = blake2b(np.ascontiguousarray(index_MK).data, digest_size=16)
    digest.update(np.ascontiguousarray(distance_MK).data)
    key = (digest.hexdigest(), k, perplexity)
    if key not in _AFFINITIES:
        work = beside(lambda: affinities(index_MK[:, 1:], distance_MK[:, 1:], perplexity))
        _AFFINITIES[key] = wait(work, progress, 0.0, "Weighing neighbours")
    _AFFINITIES.move_to_end(key)
    while len(_AFFINITIES) > _KEPT:
        _AFFINITIES.popitem(last=False)
    return _AFFINITIES[key]


def affinities(index_MK: NDArray[np.int64], distance_MK: NDArray[np.float32], perplexity: float) -> Any:
    """The joint probabilities of neighbours, sparse (M, M), symmetric, of sum 1 (van der Maaten and Hinton, eq. 1, 2).

    The perplexity is cut to a third of the number of neighbours.
    """
    from openTSNE.affinity import joint_probabilities_nn

    possible = min(perplexity, index_MK.shape[1] / 3)
    return joint_probabilities_nn(index_MK, distance_MK.astype(np.float64), [possible], n_jobs=1)


class _StoppedError(Exception):
    """The layout as it is will do."""


class _Descent:
    """Gradient descent that can be watched and stopped between any two steps.

    openTSNE calls the function that computes the gradient once a step; ours looks around before it computes.
    """

    def __init__(self, start_M2: NDArray[np.float64], affinity_MM: Any, seed: int, look: Look) -> None:
        """`look` gets the layout and the number of steps done before each step; the descent ends where it says so."""
        from openTSNE import TSNEEmbedding
        from openTSNE.affinity import PrecomputedAffinities
        from openTSNE.tsne import kl_divergence_bh, kl_divergence_fft

        # Exaggeration multiplies the affinities in place, and an exception would leave them so.
        own = PrecomputedAffinities(affinity_MM.copy(), normalize=False)
        self._gradient = kl_divergence_bh if len(start_M2) < _FAST_FROM else kl_divergence_fft
        self._embedding = TSNEEmbedding(
            start_M2, own, negative_gradient_method=self._watched, random_state=seed, n_jobs=1
        )
        self._look = look
        self.done = 0

    @property
    def places_M2(self) -> NDArray[np.float64]:
        """The layout as it is."""
        return np.asarray(self._embedding)

    def run(self, config: TsneConfig, fresh: bool) -> None:
        """Do the steps of these settings, the first of them exaggerated where the start is fresh."""
        early = min(config.early_iterations, config.iterations) if fresh else 0
        phases = ((early, config.early_exaggeration), (config.iterations - early, config.exaggeration))
        rate = config.learning_rate or "auto"
        try:
            for steps, exaggeration in phases:
                if steps:
                    self._embedding.optimize(steps, inplace=True, exaggeration=exaggeration, learning_rate=rate)
        except _StoppedError:
            return

    def _watched(self, embedding: NDArray[np.float64], *more: Any, **options: Any) -> Any:
        """The gradient of the next step; the last call of a phase only measures what was reached."""
        if not options["should_eval_error"]:
            if self._look(self.places_M2, self.done):
                raise _StoppedError
            self.done += 1
        return self._gradient(embedding, *more, **options)
