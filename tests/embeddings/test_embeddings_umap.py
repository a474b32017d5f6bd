"""UMAP beyond the plain one: umap-learn's own bits, densities, labels, space, and starts from other layouts."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from workbench.core.errors import Cancelled, DataError
from workbench.data.base import no_progress
from workbench.embeddings.projections import umap_engine
from workbench.embeddings.projections.base import NO_PARTIAL, Given, Partial
from workbench.embeddings.projections.umap_engine import Density, distances, fuzzy_graph, optimise
from workbench.embeddings.projections.umap_layout import Umap, UmapConfig, with_self
from workbench.embeddings.search.neighbours import exact_neighbours

ROWS = 90


def two_densities() -> np.ndarray:
    """A tight and a wide cluster, in turn."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(ROWS, 6)) * np.where(np.arange(ROWS) % 2, 1.0, 0.05)[:, None]
    vectors[np.arange(ROWS), np.arange(ROWS) % 2] += 8
    return vectors.astype(np.float32)


def draw(vectors: np.ndarray, partial: Partial = NO_PARTIAL, **given: object) -> np.ndarray:
    more = {name: given.pop(name, None) for name in ("labels", "start")}
    config = UmapConfig(**{"metric": "euclidean", "n_epochs": 40, **given})
    return Umap().project(Given(vectors, **more), config, no_progress, partial).places


def graph_of(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return with_self(exact_neighbours(vectors, 14, "euclidean"), np.arange(len(vectors)), 15)


def by_umap_learn(dens: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray, dict[str, object]]:
    """A start, the layout that umap-learn makes of it, and what it tells its optimiser of densities."""
    import umap.umap_ as library

    index, distance = graph_of(two_densities())
    start = np.random.RandomState(1).uniform(0, 10, (ROWS, 2))
    start = 10 * (start - start.min(axis=0)) / np.ptp(start, axis=0)
    told: dict[str, object] = {}
    real = library.optimize_layout_euclidean

    def heard(*given: object, **options: object) -> object:
        told.update(options["densmap_kwds"])
        return real(*given, **options)

    monkeypatch.setattr(library, "optimize_layout_euclidean", heard)
    graph, _, _, dists = library.fuzzy_simplicial_set(
        index, 15, np.random.RandomState(0), "euclidean", knn_indices=index, knn_dists=distance, return_dists=True
    )
    a, b = library.find_ab_params(1.0, 0.1)
    options = {"lambda": 2.0, "frac": 0.3, "var_shift": 0.1, "graph_dists": dists, "n_neighbors": 15}
    random = np.random.RandomState(7)
    layout, _ = library.simplicial_set_embedding(
        None, graph, 2, 1.0, a, b, 1.0, 5, 30, start, random, "euclidean", {}, dens, options, False
    )
    return start, layout, told


@pytest.mark.parametrize("dens", [False, True])
def test_the_optimisation_is_umap_learns_own(dens: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    start, peer, told = by_umap_learn(dens, monkeypatch)
    index, distance = graph_of(two_densities())
    if dens:  # a rounding of the radii would grow from epoch to epoch
        monkeypatch.setattr(Density, "options", lambda *_: told)
    density = Density(distances(index, distance)) if dens else None
    mine = optimise(fuzzy_graph(index, distance), start, 0.1, 30, 7, lambda *_: None, density)
    np.testing.assert_array_equal(mine, peer)


def test_the_density_term_is_told_what_umap_learn_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, told = by_umap_learn(True, monkeypatch)
    index, distance = graph_of(two_densities())
    edges = umap_engine._edges(fuzzy_graph(index, distance), 30, dens=True)
    mine = Density(distances(index, distance)).options(edges.row, edges.col, edges.data)
    for name in ("lambda", "frac", "var_shift"):
        assert mine[name] == told[name]
    for name in ("mu", "mu_sum", "R"):
        np.testing.assert_allclose(mine[name], told[name], atol=1e-4)


def test_local_radii_are_those_of_the_densmap_paper() -> None:
    index, distance = graph_of(two_densities())
    edges = fuzzy_graph(index, distance).tocoo()
    mine = Density(distances(index, distance)).options(edges.row, edges.col, edges.data)["R"]
    near: dict[tuple[int, int], float] = {}
    for i in range(ROWS):
        for j, d in zip(index[i].tolist(), distance[i].tolist(), strict=True):
            near[i, j] = near[j, i] = d
    radius = []
    weights = edges.toarray()
    for i in range(ROWS):
        others = [j for j in range(ROWS) if weights[i, j] > 0]
        mass = sum(weights[i, j] for j in others)
        radius.append(np.log(1e-8 + sum(weights[i, j] * near[i, j] ** 2 for j in others) / mass))
    np.testing.assert_allclose(mine, (np.array(radius) - np.mean(radius)) / np.std(radius), atol=1e-4)


def test_densities_are_kept_where_that_is_asked_for() -> None:
    def ratio(xy: np.ndarray) -> float:
        tight, wide = (np.linalg.norm(part - part.mean(axis=0), axis=1).mean() for part in (xy[::2], xy[1::2]))
        return float(wide / tight)

    plain, dense = (draw(two_densities(), dens=dens, n_epochs=200) for dens in (False, True))
    assert ratio(dense) > 1.5 * ratio(plain)


def test_cancel_while_densities_are_laid_out_is_heard_and_the_thread_ends() -> None:
    def progress(share: float, words: str) -> None:
        if words.startswith("Laying out"):
            raise Cancelled

    with pytest.raises(Cancelled):
        Umap().project(Given(two_densities()), UmapConfig(dens=True, n_epochs=5000), progress)
    ends = time.monotonic() + 20
    while any(thread.name == "beside" for thread in threading.enumerate()):
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_labels_pull_points_of_one_label_together() -> None:
    noise = np.random.default_rng(3).normal(size=(ROWS, 6)).astype(np.float32)
    codes = (np.arange(ROWS) % 3).astype(np.int32)
    codes[::10] = -1

    def same(**given: object) -> float:
        near = exact_neighbours(draw(noise, n_epochs=150, **given), 5, "euclidean").index
        return float((codes[near] == codes[:, None])[codes >= 0].mean())

    assert same(labels=codes, by_label=True, label_weight=0.9) > 0.75
    assert same() < 0.5


def test_labels_that_are_not_there_are_refused_with_the_way_out() -> None:
    with pytest.raises(DataError, match=r'no labels to use\. Turn "Use labels" off'):
        draw(two_densities(), by_label=True)


@pytest.mark.parametrize("init", ["pca", "spectral"])
@pytest.mark.parametrize("rows", [2, 5, ROWS])
def test_three_dimensions_give_three_columns(rows: int, init: str) -> None:
    xyz = draw(two_densities()[:rows], dimensions=3, init=init)
    assert xyz.shape == (rows, 3)
    assert np.isfinite(xyz).all()
    if rows == ROWS:
        assert (np.ptp(xyz, axis=0) > 1).all()


def test_a_start_from_a_layout_keeps_points_near_their_places() -> None:
    vectors = two_densities()
    finished = draw(vectors, n_epochs=300)
    moved = draw(vectors + np.float32(0.001), start=finished, n_epochs=20)
    assert np.linalg.norm(moved - finished, axis=1).mean() < 0.15 * np.ptp(finished, axis=0).max()
    half = finished.copy()
    half[::3] = np.nan
    assert np.isfinite(draw(vectors, start=half)).all()


@pytest.mark.parametrize("scale", [0.0, 1e-3, 1e4])
def test_a_start_of_any_size_is_laid_out_in_umaps_own(scale: float) -> None:
    start = (scale * np.random.default_rng(4).normal(size=(ROWS, 2))).astype(np.float32)
    extent = np.ptp(draw(two_densities(), start=start, n_epochs=100), axis=0).max()
    assert 2 < extent < 60


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (np.zeros((ROWS, 3), np.float32), "has 3 axes, where 2 are wanted"),
        (np.full((ROWS, 2), np.nan, np.float32), "a place for none of the points"),
    ],
)
def test_a_start_that_does_not_do_is_refused(start: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=words):
        draw(two_densities(), start=start)


def test_unfinished_layouts_have_all_rows_and_end_in_the_finished_one() -> None:
    seen: list[tuple[np.ndarray, int]] = []
    vectors = two_densities()
    vectors[4] = np.nan
    draw(vectors, partial=Partial(lambda xy, epoch: seen.append((xy, epoch))), n_epochs=400)
    assert seen
    for xy, epoch in seen:
        assert xy.shape == (ROWS, 2)
        assert np.isnan(xy[4]).all()
        assert 0 <= epoch < 400
