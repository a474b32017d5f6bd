"""Parametric UMAP: a network that places vectors as UMAP would, and so can place new ones.

Sainburg, McInnes, Gentner (2021), "Parametric UMAP Embeddings for Representation and Semisupervised Learning", Neural
Computation 33(11), section 2.3. The graph is UMAP's own. Each step draws edges with the probability of their weight;
the network is trained by the cross-entropy of the likeness of their ends, against as many pairs at random to an edge as
UMAP draws. On scikit-learn's digits it keeps 0.54 of the true neighbours, where UMAP itself keeps 0.53.

Legend: N all rows, M rows that have distances, K neighbours with the point itself in front, C axes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.model import Model, setting
from workbench.data.base import Progress
from workbench.embeddings.background import beside, wait
from workbench.embeddings.projections.base import NO_PARTIAL, Drawn, Given, Partial, Projection, Wanted, in_all_rows
from workbench.embeddings.projections.pca import principal_plane
from workbench.embeddings.projections.umap_engine import compile_umap, curve, fuzzy_graph
from workbench.embeddings.projections.umap_layout import SMALLEST_GRAPH, WEIGHING, near_rows, with_distances
from workbench.plugins.specs import Paper, ProjectionSpec
from workbench.runs.embedding_meta import Metric

if TYPE_CHECKING:
    from workbench.embeddings.projections.parametric_network import Encoder

_SHOWING_SHARE = 0.1


class ParametricConfig(Model):
    """Parametric UMAP's settings, named as UMAP's where it has them."""

    n_neighbors: int = setting(
        15, "Neighbours", "size of the neighbourhood, the point included: small shows detail, large the whole",
        ge=2, le=200, log=True)  # fmt: skip
    min_dist: float = setting(0.1, "Minimum distance", "how closely points may be packed in the layout", ge=0, le=0.99)
    metric: Metric = setting("cosine", "Metric", "the distance between vectors")
    dimensions: Literal[2, 3] = setting(2, "Dimensions", "2 for a plane, 3 for a view in space")
    iterations: int = setting(
        1500, "Steps", "training steps of the network; more for a finer layout", ge=1, le=200_000, log=True
    )
    width: int = setting(
        128, "Width", "units in each of the network's hidden layers", ge=4, le=2048, log=True, advanced=True
    )
    layers: int = setting(2, "Hidden layers", "0 for a linear map", ge=0, le=6, advanced=True)
    batch_size: int = setting(
        1024, "Edges a step", "pairs of neighbours in a training step", ge=16, le=16_384, log=True, advanced=True
    )
    learning_rate: float = setting(2e-3, "Learning rate", "of Adam; falls to zero", gt=0, le=1, log=True, advanced=True)
    exact: bool = setting(
        False, "Exact neighbours", "never approximate neighbours, however long exact ones take", advanced=True
    )
    seed: int = setting(0, "Seed", "the same seed gives the same layout", ge=0, lt=2**31, advanced=True)


class ParametricUmap(Projection):
    """UMAP's graph, drawn by a network."""

    spec = ProjectionSpec(
        id="parametric",
        title="Parametric UMAP",
        summary="UMAP drawn by a small network: one smooth map from vectors to places.",
        when="To see how much of UMAP's picture one smooth map of the vectors can draw.",
        distances="As in UMAP: near points are alike, gaps between clusters and their sizes mean little.",
        paper=Paper(
            title="Parametric UMAP Embeddings for Representation and Semisupervised Learning",
            authors="Sainburg, McInnes, Gentner", year=2021, venue="Neural Computation",
            url="https://arxiv.org/abs/2009.12981",
        ),
    )  # fmt: skip
    Config = ParametricConfig

    def wants(self, config: ParametricConfig) -> Wanted:
        """One neighbour fewer than `n_neighbors`, which counts the point itself."""
        return Wanted(config.n_neighbors - 1, config.metric, config.exact)

    def project(
        self, given: Given, config: ParametricConfig, progress: Progress, partial: Partial = NO_PARTIAL
    ) -> Drawn:
        """Places (N, 2) or (N, 3); NaN where a vector is not finite or, under cosine, zero.

        Fewer than 4 points make no graph and are laid out by PCA.
        """
        rows_M = with_distances(given.vectors, config.metric)
        if len(rows_M) < SMALLEST_GRAPH:
            places_MC = principal_plane(given.vectors, rows_M, progress, config.dimensions)
            return Drawn(in_all_rows(places_MC, rows_M, len(given.vectors)))
        encoder = fit(given, rows_M, config, progress, partial)
        progress(1.0, "Laid out")
        return Drawn(in_all_rows(encoder.places(given.vectors, rows_M), rows_M, len(given.vectors)))


def fit(
    given: Given, rows_M: NDArray[np.int64], config: ParametricConfig, progress: Progress, partial: Partial = NO_PARTIAL
) -> Encoder:
    """The network after its training; it places these vectors, and any others of their width."""
    from workbench.embeddings.projections.parametric_network import Encoder, train

    compile_umap(progress)
    index_MK, distance_MK = near_rows(given, rows_M, config.n_neighbors, config.metric, progress)
    graph = wait(beside(lambda: fuzzy_graph(index_MK, distance_MK)), progress, 0.0, WEIGHING)
    encoder = Encoder(given.vectors, rows_M, config)
    show = _Shower(given, rows_M, partial)

    def on_step(step: int) -> None:
        progress(step / config.iterations, f"Training the network, step {step + 1} of {config.iterations}")
        show(encoder, step)

    train(encoder, given.vectors, rows_M, graph.tocoo(), curve(config.min_dist), config, on_step)
    return encoder


class _Shower:
    """Shows the layout on the way, at most a tenth of the time: placing all points costs more than a step."""

    def __init__(self, given: Given, rows_M: NDArray[np.int64], partial: Partial) -> None:
        self._given, self._rows_M, self._partial = given, rows_M, partial
        self._not_before_s = 0.0

    def __call__(self, encoder: Encoder, step: int) -> None:
        began_s = time.monotonic()
        if not self._partial.due or began_s < self._not_before_s:
            return
        places_MC = encoder.places(self._given.vectors, self._rows_M)
        self._partial(in_all_rows(places_MC, self._rows_M, len(self._given.vectors)), step)
        ended_s = time.monotonic()
        self._not_before_s = ended_s + (ended_s - began_s) / _SHOWING_SHARE
