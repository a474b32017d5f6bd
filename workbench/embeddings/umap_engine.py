"""umap-learn's own steps, made watchable: what cannot be interrupted runs beside the caller, epochs stop in between.

umap-learn compiles its kernels when they are first called, which takes some ten seconds. That happens once a process,
on a thread of its own, with tiny inputs of the same types as the real ones; the caller waits in small steps and can
walk away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Progress
from workbench.embeddings.background import beside, wait

COMPILING = "Compiling UMAP, first use only"

_lock = threading.Lock()
_one_kernel = threading.Lock()
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
    index_MK = (np.arange(16)[:, None] + np.arange(5)) % 16
    distance_MK = np.tile(np.arange(5, dtype=np.float32), (16, 1))
    start_M2 = np.random.RandomState(0).normal(size=(16, 2))
    optimise(fuzzy_graph(index_MK, distance_MK), start_M2, 0.1, 2, 0, lambda epoch: None)


def fuzzy_graph(index_MK: NDArray[np.int64], distance_MK: NDArray[np.float32]) -> Any:
    """UMAP's weighted neighbour graph, a sparse (M, M) matrix; the first neighbour of each point is itself."""
    import umap.umap_ as library

    # Where numba has neither OpenMP nor TBB, two threads in parallel kernels end the process.
    with _one_kernel:
        graph, _, _ = library.fuzzy_simplicial_set(
            index_MK, index_MK.shape[1], np.random.RandomState(0), "euclidean",
            knn_indices=index_MK, knn_dists=distance_MK,
        )  # fmt: skip
    return graph


def spectral_start(graph: Any, vectors_MD: NDArray[Any], metric: str, seed: int) -> NDArray[np.float64]:
    """The spectral layout (M, 2) of the graph; the vectors place its parts where it falls apart."""
    from umap.spectral import spectral_layout

    return np.asarray(spectral_layout(vectors_MD, graph, 2, np.random.RandomState(seed), metric=metric), np.float64)


def optimise(
    graph: Any,
    start_M2: NDArray[np.float64],
    min_dist: float,
    epochs: int,
    seed: int,
    on_epoch: Callable[[int], None],
) -> NDArray[np.float32]:
    """The layout (M, 2) after so many epochs from a start without equal points.

    `on_epoch` is called with the number of each epoch before it, and stops the work by raising.
    """
    import umap.layouts
    import umap.umap_ as library

    umap.layouts.tqdm = _watched
    a, b = library.find_ab_params(1.0, min_dist)
    layout, _ = library.simplicial_set_embedding(
        data=None, graph=graph, n_components=2, initial_alpha=1.0, a=a, b=b, gamma=1.0, negative_sample_rate=5,
        n_epochs=epochs, init=start_M2, random_state=np.random.RandomState(seed), metric="euclidean", metric_kwds={},
        densmap=False, densmap_kwds={}, output_dens=False, parallel=False, tqdm_kwds={"on_epoch": on_epoch},
    )  # fmt: skip
    placed: NDArray[np.float32] = layout
    return placed


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
