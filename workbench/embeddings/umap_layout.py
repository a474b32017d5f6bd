"""UMAP: a layout in which near neighbours stay near.

McInnes, Healy, Melville (2018), "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction",
arXiv:1802.03426. The fuzzy graph and the optimisation are umap-learn's; the neighbours are ours, exact and over all
points. One thread optimises, so that the same seed gives the same layout.

Legend: N all rows, M rows that can be compared, K neighbours with the point itself in front, as umap-learn counts them.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.core.model import Model, setting
from workbench.data.base import Progress
from workbench.embeddings.background import beside, wait
from workbench.embeddings.base import Projection, Wanted
from workbench.embeddings.neighbours import comparable_rows, exact_neighbours
from workbench.embeddings.pca import principal_plane
from workbench.embeddings.umap_engine import compile_umap, fuzzy_graph, optimise, spectral_start
from workbench.plugins.specs import Paper, ProjectionSpec
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import Neighbours

_SMALLEST_GRAPH = 4
_SMALLEST_SPECTRAL = 16
_OPTIMISE_FROM = 0.05


class UmapConfig(Model):
    """UMAP's settings, named as in umap-learn."""

    n_neighbors: int = setting(
        15, "Neighbours", "size of the neighbourhood, the point included: small shows detail, large the whole",
        ge=2, le=200, log=True)  # fmt: skip
    min_dist: float = setting(0.1, "Minimum distance", "how closely points may be packed in the layout", ge=0, le=0.99)
    metric: Metric = setting("cosine", "Metric", "the distance between vectors")
    n_epochs: int = setting(
        0, "Epochs", "rounds of optimisation; 0 takes 500 up to 10,000 points and 200 above", ge=0, le=5000,
        advanced=True)  # fmt: skip
    init: Literal["pca", "spectral"] = setting(
        "pca", "Start", "where points start: on the principal plane, or by the graph's spectrum (slow for many points)",
        advanced=True)  # fmt: skip
    seed: int = setting(0, "Seed", "the same seed gives the same layout", ge=0, lt=2**31, advanced=True)


class Umap(Projection):
    """UMAP from exact neighbours."""

    spec = ProjectionSpec(
        id="umap",
        title="UMAP",
        summary="Keeps near neighbours near: shows clusters; sizes and gaps between clusters mean little.",
        paper=Paper(
            title="UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction",
            authors="McInnes, Healy, Melville", year=2018, url="https://arxiv.org/abs/1802.03426",
        ),
    )  # fmt: skip
    Config = UmapConfig

    def wants(self, config: UmapConfig) -> Wanted:
        """One neighbour fewer than `n_neighbors`, which counts the point itself."""
        return Wanted(config.n_neighbors - 1, config.metric)

    def project(
        self, vectors: NDArray[Any], config: UmapConfig, neighbours: Neighbours | None, progress: Progress
    ) -> NDArray[np.float32]:
        """Places (N, 2); NaN where a vector is not finite or, under cosine, zero.

        Fewer than 4 points make no graph and are laid out by PCA.
        """
        rows_M = np.flatnonzero(comparable_rows(vectors, config.metric))
        if not len(rows_M):
            raise DataError(
                f"None of the {len(vectors)} vectors has a {config.metric} distance to others, so there is nothing "
                "to project: they are zero or not finite."
            )
        xy = np.full((len(vectors), 2), np.nan, dtype=np.float32)
        if len(rows_M) < _SMALLEST_GRAPH:
            xy[rows_M] = principal_plane(vectors, rows_M, progress)
            return xy
        if neighbours is None:
            neighbours = exact_neighbours(vectors, config.n_neighbors - 1, config.metric, progress)
        xy[rows_M] = _lay_out(vectors, rows_M, config, neighbours, progress)
        return xy


def _lay_out(
    vectors: NDArray[Any], rows_M: NDArray[np.int64], config: UmapConfig, neighbours: Neighbours, progress: Progress
) -> NDArray[np.float32]:
    compile_umap(progress)
    index_MK, distance_MK = with_self(neighbours, rows_M, config.n_neighbors)
    graph = wait(beside(lambda: fuzzy_graph(index_MK, distance_MK)), progress, 0.0, "Weighing neighbours")
    start_M2 = _start(graph, vectors, rows_M, config, progress)
    epochs = config.n_epochs or (500 if len(rows_M) <= 10_000 else 200)

    def on_epoch(epoch: int) -> None:
        share = _OPTIMISE_FROM + (1 - _OPTIMISE_FROM) * epoch / epochs
        progress(share, f"Laying out, epoch {epoch + 1} of {epochs}")

    layout_M2 = optimise(graph, start_M2, config.min_dist, epochs, config.seed, on_epoch)
    progress(1.0, "Laid out")
    return layout_M2


def with_self(
    neighbours: Neighbours, rows_M: NDArray[np.int64], n_neighbors: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Neighbours among the M rows alone, each point in front of its own, index and distance (M, K)."""
    k = min(n_neighbors, len(rows_M)) - 1
    position_N = np.full(len(neighbours.index), -1, dtype=np.int64)
    position_N[rows_M] = np.arange(len(rows_M))
    own_M1 = np.arange(len(rows_M))[:, None]
    index_MK = np.concatenate([own_M1, position_N[neighbours.index[rows_M, :k]]], axis=1)
    distance_MK = np.concatenate([np.zeros_like(own_M1), neighbours.distance[rows_M, :k]], axis=1)
    return index_MK, distance_MK.astype(np.float32)


def _start(
    graph: Any, vectors: NDArray[Any], rows_M: NDArray[np.int64], config: UmapConfig, progress: Progress
) -> NDArray[np.float64]:
    """Where the points start (M, 2), within about ±10; a little noise keeps equal points apart."""
    start_M2 = None
    if config.init == "spectral" and len(rows_M) >= _SMALLEST_SPECTRAL:
        data_MD = np.asarray(vectors[rows_M], dtype=np.float32)
        spectral = beside(lambda: spectral_start(graph, data_MD, config.metric, config.seed))
        start_M2 = wait(spectral, progress, 0.01, "Finding the graph's spectrum")
    if start_M2 is None or not np.isfinite(start_M2).all():
        start_M2 = principal_plane(vectors, rows_M, lambda share, words: progress(0.01, words))
    extent = float(np.abs(start_M2).max())
    noise_M2 = np.random.RandomState(config.seed).normal(scale=1e-4, size=start_M2.shape)
    return start_M2 * (10.0 / extent if extent > 0 else 0.0) + noise_M2
