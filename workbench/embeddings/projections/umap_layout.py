"""UMAP: a layout in which near neighbours stay near.

McInnes, Healy, Melville (2018), "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction",
arXiv:1802.03426. The fuzzy graph and the optimisation are umap-learn's; the neighbours are ours, exact and over all
points where that is possible in time. One thread optimises, so that the same seed gives the same layout.

Legend: N all rows, M rows that can be compared, K neighbours with the point itself in front, as umap-learn counts them,
C axes of the layout.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import Cancelled, DataError
from workbench.core.model import Model, setting
from workbench.data.base import Progress
from workbench.embeddings.background import beside, wait
from workbench.embeddings.projections import umap_gpu
from workbench.embeddings.projections.base import NO_PARTIAL, Drawn, Given, Partial, Projection, Wanted, in_all_rows
from workbench.embeddings.projections.pca import principal_plane
from workbench.embeddings.projections.starting import from_layout, noise, within
from workbench.embeddings.projections.umap_engine import (
    COMPILING_DENSITY,
    Density,
    by_label,
    compile_umap,
    curve,
    default_epochs,
    distances,
    fuzzy_graph,
    optimise,
    spectral_start,
)
from workbench.embeddings.projections.umap_gpu import Wish
from workbench.embeddings.search.neighbours import comparable_rows, exact_neighbours
from workbench.plugins.specs import Paper, ProjectionSpec
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import Neighbours

SMALLEST_GRAPH = 4
WEIGHING = "Weighing neighbours"
_SMALLEST_SPECTRAL = 16
_OPTIMISE_FROM = 0.05
_REACH = 10.0
_OWN_SCALE = (2.5, 40.0)

OnEpoch = Callable[[int, NDArray[np.float32]], None]


class UmapConfig(Model):
    """UMAP's settings, named as in umap-learn where it has them."""

    n_neighbors: int = setting(
        15, "Neighbours", "size of the neighbourhood, the point included: small shows detail, large the whole",
        ge=2, le=200, log=True)  # fmt: skip
    min_dist: float = setting(0.1, "Minimum distance", "how closely points may be packed in the layout", ge=0, le=0.99)
    metric: Metric = setting("cosine", "Metric", "the distance between vectors")
    dimensions: Literal[2, 3] = setting(2, "Dimensions", "2 for a plane, 3 for a view in space")
    dens: bool = setting(False, "Keep densities", "densMAP: dense regions stay dense and sparse ones sparse")
    by_label: bool = setting(False, "Use labels", "supervised: points of one label are drawn together")
    label_weight: float = setting(
        0.5, "Weight of labels", "0 hardly listens to labels, 0.99 to little else", ge=0, le=0.99, advanced=True
    )
    n_epochs: int = setting(
        0, "Epochs", "rounds of optimisation; 0 takes 500 up to 10,000 points, 200 above, and 200 more for densities",
        ge=0, le=5000, advanced=True)  # fmt: skip
    init: Literal["pca", "spectral"] = setting(
        "pca", "Start", "where points start: on the principal plane, or by the graph's spectrum (slow for many points)",
        advanced=True)  # fmt: skip
    start: str = setting("", "Start from layout", "a stored layout to start from in place of that", advanced=True)
    exact: bool = setting(
        False, "Exact neighbours", "never approximate neighbours, however long exact ones take", advanced=True
    )
    library: Wish = setting(
        "auto", "Library", "auto takes cuML where it and a GPU are there; umap-learn gives the same layout everywhere",
        advanced=True)  # fmt: skip
    seed: int = setting(0, "Seed", "the same seed gives the same layout", ge=0, lt=2**31, advanced=True)


class Umap(Projection):
    """UMAP from precomputed neighbours."""

    spec = ProjectionSpec(
        id="umap",
        title="UMAP",
        summary="Keeps near neighbours near: shows clusters; sizes and gaps between clusters mean little.",
        when="To see which groups there are and what lies next to what, in up to a million points.",
        distances="Near points are alike; how far apart clusters lie and how wide they are means little, "
        "unless densities are kept.",
        paper=Paper(
            title="UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction",
            authors="McInnes, Healy, Melville", year=2018, url="https://arxiv.org/abs/1802.03426",
        ),
    )  # fmt: skip
    Config = UmapConfig

    def wants(self, config: UmapConfig) -> Wanted:
        """One neighbour fewer than `n_neighbors`, which counts the point itself."""
        labels = "label" if config.by_label else ""
        return Wanted(config.n_neighbors - 1, config.metric, config.exact, start=config.start, labels=labels)

    def project(self, given: Given, config: UmapConfig, progress: Progress, partial: Partial = NO_PARTIAL) -> Drawn:
        """Places (N, 2) or (N, 3); NaN where a vector is not finite or, under cosine, zero.

        Fewer than 4 points make no graph and are laid out by PCA. Raises DataError also where labels are to be used
        and there are none.
        """
        rows_M = with_distances(given.vectors, config.metric)
        if config.by_label and (given.labels is None or not (given.labels[rows_M] >= 0).any()):
            raise DataError("This set has no labels to use.", 'Turn "Use labels" off.')
        if len(rows_M) < SMALLEST_GRAPH:
            places_MC = principal_plane(given.vectors, rows_M, progress, config.dimensions)
            return Drawn(in_all_rows(places_MC, rows_M, len(given.vectors)))
        library = umap_gpu.library(config.library, config.dens, umap_gpu.available())
        places_MC = _lay_out(given, rows_M, config, library, progress, partial)
        return Drawn(in_all_rows(places_MC, rows_M, len(given.vectors)), library=library)


def with_distances(vectors: NDArray[Any], metric: Metric) -> NDArray[np.int64]:
    """The numbers of the rows that have distances to others; raises DataError where there is none."""
    rows_M = np.flatnonzero(comparable_rows(vectors, metric))
    if not len(rows_M):
        raise DataError(
            f"None of the {len(vectors)} vectors has a {metric} distance to others, so there is nothing "
            "to project: they are zero or not finite."
        )
    return rows_M


def _lay_out(
    given: Given,
    rows_M: NDArray[np.int64],
    config: UmapConfig,
    library: umap_gpu.Library,
    progress: Progress,
    partial: Partial,
) -> NDArray[Any]:
    compile_umap(progress)
    index_MK, distance_MK = near_rows(given, rows_M, config.n_neighbors, config.metric, progress)
    graph = wait(beside(lambda: fuzzy_graph(index_MK, distance_MK)), progress, 0.0, WEIGHING)
    if config.by_label and given.labels is not None:
        graph = _with_labels(graph, given.labels[rows_M], config.label_weight, progress)
    start_MC = _start(graph, given, rows_M, config, progress)
    epochs = config.n_epochs or default_epochs(len(rows_M), config.dens)
    if library == "cuML":
        a, b = curve(config.min_dist)
        work = beside(lambda: umap_gpu.optimise(graph, start_MC, a, b, epochs, config.seed))
        return wait(work, progress, _OPTIMISE_FROM, "Laying out on the GPU")
    density = Density(distances(index_MK, distance_MK)) if config.dens else None

    def on_epoch(epoch: int, layout_MC: NDArray[np.float32]) -> None:
        share = _OPTIMISE_FROM + (1 - _OPTIMISE_FROM) * epoch / epochs
        compiling = density is not None and density.begins(epoch, epochs)
        progress(share, COMPILING_DENSITY if compiling else f"Laying out, epoch {epoch + 1} of {epochs}")
        if partial.due:
            partial(in_all_rows(layout_MC, rows_M, len(given.vectors)), epoch)

    def run(watch: OnEpoch) -> NDArray[np.float32]:
        return optimise(graph, start_MC, config.min_dist, epochs, config.seed, watch, density)

    layout_MC = run(on_epoch) if density is None else _run_beside(run, on_epoch)
    progress(1.0, "Laid out")
    return layout_MC


def near_rows(
    given: Given, rows_M: NDArray[np.int64], n_neighbors: int, metric: Metric, progress: Progress
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The neighbours that are given, or exact ones found now, as `with_self` tells them."""
    neighbours = given.neighbours
    if neighbours is None:
        neighbours = exact_neighbours(given.vectors, n_neighbors - 1, metric, progress)
    return with_self(neighbours, rows_M, n_neighbors)


def _with_labels(graph: Any, codes_M: NDArray[np.int32], weight: float, progress: Progress) -> Any:
    return wait(beside(lambda: by_label(graph, codes_M, weight)), progress, 0.0, "Weighing neighbours by label")


def _run_beside(run: Callable[[OnEpoch], NDArray[np.float32]], on_epoch: OnEpoch) -> NDArray[np.float32]:
    """Optimise on a thread of its own, with `on_epoch` called from here.

    umap-learn compiles the density term anew in every run, in the midst of its epochs: waiting here keeps Cancel at
    hand in those seconds. The thread ends at its next epoch when this one has left.
    """
    left, now = threading.Event(), [(0, np.empty((0, 0), np.float32))]

    def watch(epoch: int, layout_MC: NDArray[np.float32]) -> None:
        if left.is_set():
            raise Cancelled
        now[0] = (epoch, layout_MC)

    work = beside(lambda: run(watch))
    try:
        return wait(work, lambda share, words: on_epoch(*now[0]) if now[0][1].size else None, 0.0, "")
    finally:
        left.set()


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
    graph: Any, given: Given, rows_M: NDArray[np.int64], config: UmapConfig, progress: Progress
) -> NDArray[np.float64]:
    """Where the points start (M, C): near 0 to 10 on each axis, or where they lie in the layout to start from."""
    if given.start is not None:
        return _on_own_scale(from_layout(given.start, rows_M, config.dimensions, config.seed))
    start_MC = None
    if config.init == "spectral" and len(rows_M) >= _SMALLEST_SPECTRAL:
        data_MD = np.asarray(given.vectors[rows_M], dtype=np.float32)
        spectral = beside(lambda: spectral_start(graph, data_MD, config.metric, config.seed, config.dimensions))
        start_MC = wait(spectral, progress, 0.01, "Finding the graph's spectrum")
    if start_MC is None or not np.isfinite(start_MC).all():
        start_MC = principal_plane(
            given.vectors, rows_M, lambda share, words: progress(0.01, words), config.dimensions
        )  # fmt: skip
    noisy_MC = within(start_MC, _REACH) + noise(start_MC.shape, config.seed)
    low_C = noisy_MC.min(axis=0)
    scaled: NDArray[np.float64] = _REACH * (noisy_MC - low_C) / (noisy_MC.max(axis=0) - low_C)
    return scaled


def _on_own_scale(start_MC: NDArray[np.float64]) -> NDArray[np.float64]:
    """A layout of UMAP's own size as it is, so that points move little; any other centred and of that size."""
    centred_MC = start_MC - start_MC.mean(axis=0)
    low, high = _OWN_SCALE
    return start_MC if low <= float(np.abs(centred_MC).max()) <= high else within(centred_MC, _REACH)
