"""Exact neighbours against brute force, and rows that have none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from workbench.core.errors import Cancelled
from workbench.data.base import no_progress
from workbench.embeddings.search import neighbours as module
from workbench.embeddings.search.index import SearchIndex
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.embeddings.search.points import prepare

METRICS = ("cosine", "euclidean")


@pytest.fixture
def vectors() -> np.ndarray:
    return (np.random.default_rng(0).normal(size=(300, 12)) + 3.0).astype(np.float32)


def brute_force(vectors: np.ndarray, metric: str) -> np.ndarray:
    """All distances (N, N) by a plain double loop in float64, infinite to itself."""
    wide = vectors.astype(np.float64)
    distance = np.full((len(wide), len(wide)), np.inf)
    for i, x in enumerate(wide):
        for j, y in enumerate(wide):
            if i != j:
                cosine = x @ y / (np.sqrt(x @ x) * np.sqrt(y @ y))
                distance[i, j] = 1 - cosine if metric == "cosine" else np.sqrt(((x - y) ** 2).sum())
    return distance


@pytest.mark.parametrize("metric", METRICS)
def test_neighbours_and_distances_equal_a_double_loop(vectors: np.ndarray, metric: str) -> None:
    truth = brute_force(vectors, metric)
    found = exact_neighbours(vectors, 7, metric)
    np.testing.assert_array_equal(found.index, np.argsort(truth, axis=1)[:, :7])
    np.testing.assert_allclose(found.distance, np.sort(truth, axis=1)[:, :7], rtol=1e-5)
    assert found.index.dtype == np.int64
    assert found.distance.dtype == np.float32


@pytest.mark.parametrize("metric", METRICS)
def test_neighbours_equal_those_of_scikit_learn(vectors: np.ndarray, metric: str) -> None:
    oracle = NearestNeighbors(n_neighbors=10, metric=metric, algorithm="brute").fit(vectors.astype(np.float64))
    np.testing.assert_array_equal(exact_neighbours(vectors, 10, metric).index, oracle.kneighbors()[1])


@pytest.mark.parametrize("metric", METRICS)
def test_block_size_does_not_change_the_neighbours(
    vectors: np.ndarray, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = exact_neighbours(vectors, 5, metric)
    monkeypatch.setattr(module, "_BLOCK_ROWS", 7)
    blocks = exact_neighbours(vectors, 5, metric)
    np.testing.assert_array_equal(whole.index, blocks.index)
    np.testing.assert_array_equal(whole.distance, blocks.distance)


@pytest.mark.parametrize("metric", METRICS)
def test_nearest_of_a_row_is_that_row_of_all_neighbours(vectors: np.ndarray, metric: str) -> None:
    every = exact_neighbours(vectors, 6, metric)
    index = SearchIndex(vectors, metric)
    one = index.nearest(vectors[17], 6, leave_out=np.array([17]))
    np.testing.assert_array_equal(one.index, every.index[17])
    np.testing.assert_allclose(one.distance, every.distance[17], rtol=1e-6)


def test_order_survives_in_a_collapsed_embedding() -> None:
    """All cosines are within 1e-8 of 1, where float32 similarities are all the same number."""
    angle = np.linspace(0, 1e-4, 50)
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 5
    found = exact_neighbours(vectors, 2, "cosine")
    inner = np.arange(1, 49)
    np.testing.assert_array_equal(np.sort(found.index[inner], axis=1), np.stack([inner - 1, inner + 1], axis=1))


def test_opposite_vectors_have_cosine_distance_two() -> None:
    found = exact_neighbours(np.array([[1.0, 2.0], [-2.0, -4.0]], dtype=np.float32), 1, "cosine")
    np.testing.assert_allclose(found.distance, [[2], [2]], rtol=1e-6)
    assert found.distance.max() <= 2


def test_duplicates_have_distance_exactly_zero_and_come_in_row_order() -> None:
    vectors = np.tile(np.array([0.1, 0.7, -0.3], dtype=np.float32), (5, 1))
    for metric in METRICS:
        found = exact_neighbours(vectors, 4, metric)
        assert found.distance.max() == 0
        np.testing.assert_array_equal(found.index[2], [0, 1, 3, 4])


@pytest.mark.parametrize("metric", METRICS)
def test_the_way_of_a_gpu_keeps_the_same_rows(vectors: np.ndarray, metric: str) -> None:
    damaged = vectors.copy()
    damaged[[3, 90]] = np.nan
    points = prepare(damaged, metric)
    _, here = module._best(points, 12, no_progress)
    _, there = module._best_on_gpu(points, 12, no_progress, device="cpu")
    usable = np.isfinite(points.inverse)
    np.testing.assert_array_equal(np.sort(here[usable]), np.sort(there[usable]))


def test_k_is_cut_to_the_number_of_other_rows(vectors: np.ndarray) -> None:
    assert exact_neighbours(vectors[:4], 99, "euclidean").index.shape == (4, 3)
    assert exact_neighbours(vectors[:1], 99, "cosine").index.shape == (1, 0)


@pytest.mark.parametrize(("metric", "alone"), [("cosine", (3, 8, 9)), ("euclidean", (3, 9))])
def test_rows_that_cannot_be_compared_are_nobodys_neighbours_and_have_none(
    vectors: np.ndarray, metric: str, alone: tuple[int, ...]
) -> None:
    damaged = vectors[:12].copy()
    damaged[3], damaged[8], damaged[9, 2] = np.nan, 0, np.inf
    found = exact_neighbours(damaged, 11, metric)
    assert (found.index[list(alone)] == -1).all()
    assert np.isinf(found.distance[list(alone)]).all()
    others = [row for row in range(12) if row not in alone]
    for row in others:
        assert set(found.index[row]) - {-1} == set(others) - {row}


def test_half_precision_and_huge_values_are_compared_without_overflow() -> None:
    half = np.array([[6e4, 0], [6e4, 1], [0, 6e4]], dtype=np.float16)
    np.testing.assert_array_equal(exact_neighbours(half, 1, "cosine").index[:2, 0], [1, 0])
    huge = np.array([[2e38, 0], [2e38, 1e37], [0, 2e38]], dtype=np.float32)
    for metric in METRICS:
        np.testing.assert_array_equal(exact_neighbours(huge, 1, metric).index[:2, 0], [1, 0])


def test_cancel_between_blocks_stops_the_search(vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK_ROWS", 10)
    shares = []

    def progress(share: float, words: str) -> None:
        shares.append(share)
        if share > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        exact_neighbours(vectors, 3, "cosine", progress)
    assert shares == sorted(shares)
    assert shares[-1] < 0.5
