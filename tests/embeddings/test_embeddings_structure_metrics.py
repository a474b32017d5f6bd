"""Numbers a point against independent counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import skew

from workbench.core.errors import DataError
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.embeddings.structure.point_metrics import density, distance_to, hubness, k_occurrences, label_purity


@pytest.fixture
def vectors() -> np.ndarray:
    return (np.random.default_rng(6).normal(size=(150, 7)) + 0.5).astype(np.float32)


def test_k_occurrences_equal_a_count_over_all_lists(vectors: np.ndarray) -> None:
    neighbours = exact_neighbours(vectors, 12, "euclidean")
    truth = [sum(row in chosen[:5] for chosen in neighbours.index.tolist()) for row in range(len(vectors))]
    np.testing.assert_array_equal(k_occurrences(neighbours, 5), truth)


def test_hubness_is_the_skewness_of_the_occurrences(vectors: np.ndarray) -> None:
    occurrences = k_occurrences(exact_neighbours(vectors, 10, "cosine"), 10)
    assert hubness(occurrences) == pytest.approx(skew(occurrences.astype(np.float64)))


def test_hubness_of_a_ring_is_zero() -> None:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert hubness(k_occurrences(exact_neighbours(ring, 2, "euclidean"), 2)) == pytest.approx(0, abs=1e-9)


def test_purity_is_the_share_of_neighbours_with_the_same_label(vectors: np.ndarray) -> None:
    codes = np.arange(150) % 3
    neighbours = exact_neighbours(vectors, 9, "euclidean")
    truth = [np.mean(codes[neighbours.index[row]] == codes[row]) for row in range(150)]
    np.testing.assert_allclose(label_purity(neighbours, codes, 9), truth, rtol=1e-6)


def test_density_is_the_inverse_of_the_mean_distance(vectors: np.ndarray) -> None:
    neighbours = exact_neighbours(vectors, 9, "euclidean")
    np.testing.assert_allclose(density(neighbours, 4), 1 / neighbours.distance[:, :4].mean(axis=1), rtol=1e-5)


def test_duplicates_have_the_largest_density_of_the_others(vectors: np.ndarray) -> None:
    vectors[:10] = vectors[0]
    dense = density(exact_neighbours(vectors, 5, "euclidean"), 5)
    assert np.isfinite(dense).all()
    assert (dense[:10] == dense[10:].max()).all()


def test_equal_points_all_have_density_one() -> None:
    assert (density(exact_neighbours(np.ones((5, 2)), 3, "euclidean"), 3) == 1).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_distance_to_one_row_equals_scipys(vectors: np.ndarray, metric: str) -> None:
    truth = cdist(vectors.astype(np.float64), vectors[40:41].astype(np.float64), metric)[:, 0]
    np.testing.assert_allclose(distance_to(vectors, [40], metric), truth, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_distance_to_several_rows_is_that_to_their_mean(vectors: np.ndarray, metric: str) -> None:
    wide = vectors.astype(np.float64)
    scaled = wide / np.linalg.norm(wide, axis=1, keepdims=True) if metric == "cosine" else wide
    truth = cdist(wide, scaled[[2, 3, 5]].mean(axis=0, keepdims=True), metric)[:, 0]
    np.testing.assert_allclose(distance_to(vectors, [2, 3, 5], metric), truth, rtol=1e-5)


def test_rows_that_cannot_be_compared_have_no_distance(vectors: np.ndarray) -> None:
    vectors[7], vectors[9] = np.nan, 0
    far = distance_to(vectors, [7, 9, 11], "cosine")
    assert np.flatnonzero(np.isnan(far)).tolist() == [7, 9]
    assert far[11] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("rows", "told"),
    [([150], "no row 150"), ([-1], "no row -1"), ([], "No row is chosen"), ([7], "zero or not finite")],
)
def test_rows_that_lead_nowhere_are_named(vectors: np.ndarray, rows: list[int], told: str) -> None:
    vectors[7] = np.nan
    with pytest.raises(DataError, match=told):
        distance_to(vectors, rows, "cosine")


def test_directions_that_cancel_out_are_refused() -> None:
    with pytest.raises(DataError, match="cancel out"):
        distance_to(np.array([[1.0, 0], [-1, 0], [0, 1]]), [0, 1], "cosine")
