"""umap-learn's own steps, made watchable: what cannot be interrupted runs beside the caller, epochs stop in between.

umap-learn compiles its kernels when they are first called, which takes some ten seconds, and a second or two once numba
keeps those that take longest. That happens once a process, on a thread of its own, with tiny inputs of the same types
as the real ones; the caller waits in small steps and can walk away.

Legend: M points, K neighbours with the point itself in front, E edges of the graph, C axes of the layout.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Progress
from workbench.embeddings.background import PARALLEL_KERNELS, beside, wait

COMPILING = "Compiling UMAP, first use only"
COMPILING_DENSITY = "Compiling the density term"

_lock = threading.Lock()
_compiled: Future[None] | None = None


def compile_umap(progress: Progress) -> None:
    """Return when UMAP's kernels are compiled; raises what `progress` raises, and then the compilation goes on."""
    global _compiled
    with _lock:
        if _compiled is None:
            _compiled = beside(_compile)
        compiled = _compiled
    wait(compiled, progress, 0.0, COMPILING)


def _compile() -> None:
    import umap.umap_ as library

    # The two that take longest. Where numba finds no folder to keep them in, they are compiled in each process.
    with suppress(RuntimeError):
        library.smooth_knn_dist.enable_caching()
        library.compute_membership_strengths.enable_caching()
    index_MK = (np.arange(16)[:, None] + np.arange(5)) % 16
    distance_MK = np.tile(np.arange(5, dtype=np.float32), (16, 1))
    start_M2 = np.random.RandomState(0).normal(size=(16, 2))
    optimise(fuzzy_graph(index_MK, distance_MK), start_M2, 0.1, 2, 0, lambda epoch, layout: None)


def fuzzy_graph(index_MK: NDArray[np.int64], distance_MK: NDArray[np.float32]) -> Any:
    """UMAP's weighted neighbour graph, a sparse (M, M) matrix; the first neighbour of each point is itself."""
    import umap.umap_ as library

    with PARALLEL_KERNELS:
        graph, _, _ = library.fuzzy_simplicial_set(
            index_MK, index_MK.shape[1], np.random.RandomState(0), "euclidean",
            knn_indices=index_MK, knn_dists=distance_MK,
        )  # fmt: skip
    return graph


def by_label(graph: Any, codes_M: NDArray[np.int32], weight: float) -> Any:
    """The graph with edges between different labels made weaker, the more so the nearer `weight` is to 1.

    umap-learn's supervised UMAP for categories: a code of -1 is a label that is not known.
    """
    import umap.umap_ as library

    far = 2.5 / (1.0 - weight)
    return library.discrete_metric_simplicial_set_intersection(graph, codes_M, far_dist=far)


def spectral_start(
    graph: Any, vectors_MD: NDArray[Any], metric: str, seed: int, dimensions: int = 2
) -> NDArray[np.float64]:
    """The spectral layout (M, C) of the graph; the vectors place its parts where it falls apart."""
    from umap.spectral import spectral_layout

    random = np.random.RandomState(seed)
    return np.asarray(spectral_layout(vectors_MD, graph, dimensions, random, metric=metric), np.float64)


@dataclass(frozen=True)
class Density:
    """densMAP's term: Narayan, Berger, Cho (2021), "Assessing single-cell transcriptomic variability through
    density-preserving data visualization", Nature Biotechnology.

    near : sparse (M, M), symmetric, the distances between neighbours
    share : the part of all epochs, the last ones, in which the term acts
    """

    near: Any
    weight: float = 2.0
    share: float = 0.3
    variance_shift: float = 0.1

    def begins(self, epoch: int, epochs: int) -> bool:
        """Whether the term acts for the first time in this epoch, counted from 0."""
        acts = [(number + 1) / epochs > 1 - self.share for number in (epoch - 1, epoch)]
        return acts[1] and not (acts[0] and epoch > 0)

    def options(self, head_E: NDArray[Any], tail_E: NDArray[Any], weight_E: NDArray[np.float32]) -> dict[str, Any]:
        """What umap-learn's optimiser wants to know: the local radius of each point, standardised."""
        squared_E = np.square(np.asarray(self.near[head_E, tail_E]).ravel())
        points = self.near.shape[0]
        weighed_M = _both_ends(head_E, tail_E, weight_E * squared_E, points)
        mass_M = _both_ends(head_E, tail_E, weight_E, points)
        radius_M = np.log(1e-8 + weighed_M / np.maximum(mass_M, 1e-12))
        deviation = radius_M.std()
        # Where all radii are equal there is no density to keep.
        standard_M = (radius_M - radius_M.mean()) / deviation if deviation > 0 else np.zeros(points)
        return {
            "lambda": self.weight, "frac": self.share, "var_shift": self.variance_shift,
            "mu": weight_E, "mu_sum": mass_M.astype(np.float32), "R": standard_M.astype(np.float32),
        }  # fmt: skip


def _both_ends(head_E: NDArray[Any], tail_E: NDArray[Any], values_E: NDArray[Any], points: int) -> NDArray[np.float64]:
    """The sum over the edges at each point (M,)."""
    summed_M = np.bincount(head_E, values_E, points) + np.bincount(tail_E, values_E, points)
    return summed_M.astype(np.float64)


def distances(index_MK: NDArray[np.int64], distance_MK: NDArray[np.float32]) -> Any:
    """Distances between neighbours as a sparse symmetric matrix (M, M)."""
    from scipy.sparse import csr_matrix

    points, k = index_MK.shape
    starts = np.arange(0, points * k + 1, k)
    one_way = csr_matrix((distance_MK.ravel(), index_MK.ravel(), starts), shape=(points, points))
    return one_way.maximum(one_way.T).tocsr()


def optimise(
    graph: Any,
    start_MC: NDArray[np.float64],
    min_dist: float,
    epochs: int,
    seed: int,
    on_epoch: Callable[[int, NDArray[np.float32]], None],
    density: Density | None = None,
) -> NDArray[np.float32]:
    """The layout (M, C) after so many epochs from a start without equal points.

    `on_epoch` is called with the number of each epoch before it and the layout as it is, which goes on changing, and
    stops the work by raising.
    """
    import umap.layouts
    import umap.umap_ as library

    umap.layouts.tqdm = _watched
    edges = _edges(graph, epochs, dens=density is not None)
    a, b = curve(min_dist)
    layout_MC = np.ascontiguousarray(start_MC, dtype=np.float32)
    state = np.random.RandomState(seed).randint(library.INT32_MIN, library.INT32_MAX, 3).astype(np.int64)
    umap.layouts.optimize_layout_euclidean(
        layout_MC, layout_MC, edges.row, edges.col, epochs, len(layout_MC),
        library.make_epochs_per_sample(edges.data, epochs), a, b, state,
        densmap=density is not None,
        densmap_kwds=density.options(edges.row, edges.col, edges.data) if density else None,
        tqdm_kwds={"on_epoch": lambda epoch: on_epoch(epoch, layout_MC)}, move_other=True,
    )  # fmt: skip
    return layout_MC


def curve(min_dist: float) -> tuple[float, float]:
    """a and b of the likeness 1 / (1 + a d^(2 b)) of two points at a distance d in the layout."""
    from umap.umap_ import find_ab_params

    a, b = find_ab_params(1.0, min_dist)
    return float(a), float(b)


def default_epochs(points: int, dens: bool) -> int:
    """umap-learn's number of epochs."""
    return (500 if points <= 10_000 else 200) + (200 if dens else 0)


def _edges(graph: Any, epochs: int, dens: bool) -> Any:
    """The graph's edges without those too weak to be drawn even once, as umap-learn leaves them out."""
    edges = graph.tocoo(copy=True)
    edges.sum_duplicates()
    rounds = epochs if epochs > 10 else default_epochs(edges.shape[0], dens)
    edges.data[edges.data < edges.data.max() / float(rounds)] = 0.0
    edges.eliminate_zeros()
    return edges


def _watched(epochs: Iterable[int], *, on_epoch: Callable[[int], None] | None = None, **options: Any) -> Iterator[int]:
    """What umap-learn's epoch loop runs over in place of a tqdm bar.

    Raising from a bar's output stream would leave tqdm's process-wide lock held for ever, and the next bar of another
    thread would wait for it.
    """
    if on_epoch is None:
        from tqdm.auto import tqdm

        yield from tqdm(epochs, **options)
        return
    for epoch in epochs:
        on_epoch(epoch)
        yield epoch
