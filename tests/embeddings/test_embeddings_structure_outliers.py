"""Outlier scores against scikit-learn and a double loop."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import LocalOutlierFactor

from workbench.core.errors import DataError
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.embeddings.structure.near import near
from workbench.embeddings.structure.outliers import knn_outlier_score, local_outlier_factor


@pytest.fixture
def vectors() -> np.ndarray:
    """Two clusters of unequal density, and row 120 between them."""
    rng = np.random.default_rng(1)
    dense, wide = rng.normal(size=(60, 5)) * 0.1 + 1, rng.normal(size=(60, 5)) * 0.6 - 1
    return np.concatenate([dense, wide, np.zeros((1, 5)) + 0.2]).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("k", [1, 10])
def test_local_outlier_factor_equals_that_of_scikit_learn(vectors: np.ndarray, metric: str, k: int) -> None:
    truth = pairwise_distances(vectors.astype(np.float64), metric=metric)
    np.fill_diagonal(truth, 0)
    oracle = LocalOutlierFactor(n_neighbors=k, metric="precomputed").fit(truth.clip(0))
    mine = local_outlier_factor(exact_neighbours(vectors, 30, metric), k)
    np.testing.assert_allclose(mine, -oracle.negative_outlier_factor_, rtol=1e-4)


def test_knn_score_equals_the_mean_of_the_smallest_distances(vectors: np.ndarray) -> None:
    wide = vectors.astype(np.float64)
    truth = [np.sort([np.sqrt(((x - y) ** 2).sum()) for y in wide])[1:8].mean() for x in wide]
    np.testing.assert_allclose(knn_outlier_score(exact_neighbours(vectors, 30, "euclidean"), 7), truth, rtol=1e-5)


@pytest.mark.parametrize("score", [knn_outlier_score, local_outlier_factor])
def test_a_planted_outlier_has_the_largest_score(vectors: np.ndarray, score) -> None:
    vectors[30] = 20
    assert score(exact_neighbours(vectors, 30, "euclidean"), 10).argmax() == 30


def test_equal_points_have_factor_one_and_score_zero() -> None:
    neighbours = exact_neighbours(np.ones((8, 3), np.float32), 30, "euclidean")
    assert local_outlier_factor(neighbours, 5).tolist() == [1.0] * 8
    assert knn_outlier_score(neighbours, 5).tolist() == [0.0] * 8


def test_a_point_beside_many_duplicates_has_a_large_finite_factor() -> None:
    vectors = np.concatenate([np.zeros((10, 2)), [[1, 0]]]).astype(np.float32)
    factor = local_outlier_factor(exact_neighbours(vectors, 5, "euclidean"), 5)
    assert np.isfinite(factor).all()
    assert factor[10] > 1e6
    np.testing.assert_allclose(factor[:10], 1)


def test_rows_that_cannot_be_compared_have_no_score_and_do_not_change_the_others(vectors: np.ndarray) -> None:
    alone = local_outlier_factor(exact_neighbours(vectors, 9, "cosine"), 9)
    spoilt = np.concatenate([[[np.nan] * 5], vectors, np.zeros((1, 5))]).astype(np.float32)
    factor = local_outlier_factor(exact_neighbours(spoilt, 9, "cosine"), 9)
    assert np.isnan(factor[[0, -1]]).all()
    np.testing.assert_allclose(factor[1:-1], alone, rtol=1e-4)


def test_fewer_points_than_k_use_all_others() -> None:
    vectors = np.random.default_rng(2).normal(size=(6, 3)).astype(np.float32)
    neighbours = exact_neighbours(vectors, 30, "euclidean")
    np.testing.assert_array_equal(knn_outlier_score(neighbours, 100), knn_outlier_score(neighbours, 5))


def test_k_below_one_is_refused(vectors: np.ndarray) -> None:
    with pytest.raises(DataError, match="k = 0"):
        near(exact_neighbours(vectors, 5, "euclidean"), 0)


def test_an_embedding_without_two_comparable_points_is_refused() -> None:
    vectors = np.array([[1, 0], [0, 0], [np.nan, 1]], np.float32)
    with pytest.raises(DataError, match="No point of this embedding has a neighbour"):
        knn_outlier_score(exact_neighbours(vectors, 2, "cosine"), 2)
