"""Near-duplicates against a double loop with union-find, and their suggested threshold."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.core.errors import DataError
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.embeddings.structure.duplicates import near_duplicates, suggested_threshold


@pytest.fixture
def vectors() -> np.ndarray:
    """200 scattered points; rows 200 to 204 lie beside row 3, rows 205 and 206 beside row 90."""
    rng = np.random.default_rng(0)
    scattered = rng.normal(size=(200, 8))
    beside = scattered[[3] * 5 + [90] * 2] + 1e-4 * rng.normal(size=(7, 8))
    return np.concatenate([scattered, beside]).astype(np.float32)


def pairs_by_loops(vectors: np.ndarray, threshold: float) -> set[tuple[int, int]]:
    wide = vectors.astype(np.float64)
    return {
        (i, j)
        for i in range(len(wide))
        for j in range(i + 1, len(wide))
        if np.sqrt(((wide[i] - wide[j]) ** 2).sum()) <= threshold
    }


def groups_by_union_find(pairs: set[tuple[int, int]], rows: int) -> set[frozenset[int]]:
    parent = list(range(rows))

    def root(row: int) -> int:
        while parent[row] != row:
            row = parent[row]
        return row

    for i, j in pairs:
        parent[root(i)] = root(j)
    members: dict[int, set[int]] = {}
    for row in range(rows):
        members.setdefault(root(row), set()).add(row)
    return {frozenset(group) for group in members.values() if len(group) > 1}


@pytest.mark.parametrize("threshold", [0.01, 1.2, 1.6])
def test_pairs_and_groups_equal_a_double_loop_with_union_find(vectors: np.ndarray, threshold: float) -> None:
    found = near_duplicates(exact_neighbours(vectors, len(vectors), "euclidean"), threshold)
    truth = pairs_by_loops(vectors, threshold)
    assert {tuple(pair) for pair in found.pairs.tolist()} == truth
    assert len(found.pairs) == len(truth)
    groups = {frozenset(np.flatnonzero(found.groups == group).tolist()) for group in range(len(found.sizes))}
    assert groups == groups_by_union_find(truth, len(vectors))


def test_pairs_come_closest_first_and_groups_largest_first(vectors: np.ndarray) -> None:
    found = near_duplicates(exact_neighbours(vectors, 30, "euclidean"), 1.2)
    assert (np.diff(found.distance) >= 0).all()
    assert (np.diff(found.sizes) <= 0).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_suggested_threshold_finds_the_planted_duplicates_alone(vectors: np.ndarray, metric: str) -> None:
    neighbours = exact_neighbours(vectors, 30, metric)
    found = near_duplicates(neighbours, suggested_threshold(neighbours))
    assert found.sizes.tolist() == [6, 3]
    assert np.flatnonzero(found.groups == 0).tolist() == [3, 200, 201, 202, 203, 204]
    assert found.crowded == 0


def test_the_suggested_threshold_is_the_lower_outer_fence_of_the_logarithms() -> None:
    line = np.array([0, 1, 3, 7, 15, 31, 63], dtype=np.float32)[:, None]
    neighbours = exact_neighbours(line, 2, "euclidean")
    logs = sorted(np.log([1, 1, 2, 4, 8, 16, 32]))
    first, third = logs[1] / 2 + logs[2] / 2, logs[4] / 2 + logs[5] / 2
    assert suggested_threshold(neighbours) == pytest.approx(np.exp(first - 3 * (third - first)))


def test_points_with_more_duplicates_than_neighbours_are_counted() -> None:
    vectors = np.concatenate([np.ones((12, 3)), np.eye(3) * 9]).astype(np.float32)
    found = near_duplicates(exact_neighbours(vectors, 5, "euclidean"), 0.0)
    assert found.sizes.tolist() == [12]
    assert found.crowded == 12


def test_equal_points_are_one_group_at_threshold_zero() -> None:
    neighbours = exact_neighbours(np.full((9, 4), 0.3, np.float32), 30, "cosine")
    assert suggested_threshold(neighbours) == pytest.approx(0, abs=1e-12)
    assert near_duplicates(neighbours, suggested_threshold(neighbours)).sizes.tolist() == [9]


def test_rows_that_cannot_be_compared_are_in_no_group(vectors: np.ndarray) -> None:
    vectors[10], vectors[11], vectors[12] = np.nan, 0, 0
    found = near_duplicates(exact_neighbours(vectors, 30, "cosine"), 0.5)
    assert (found.groups[[10, 11, 12]] == -1).all()
    assert not np.isin(found.pairs, [10, 11, 12]).any()


@pytest.mark.parametrize("threshold", [-0.1, np.nan, np.inf])
def test_a_threshold_that_is_no_distance_is_refused(vectors: np.ndarray, threshold: float) -> None:
    with pytest.raises(DataError, match="is no distance"):
        near_duplicates(exact_neighbours(vectors, 5, "euclidean"), threshold)


def test_no_pair_means_no_group(vectors: np.ndarray) -> None:
    found = near_duplicates(exact_neighbours(vectors, 5, "euclidean"), 0.0)
    assert found.pairs.shape == (0, 2)
    assert (found.groups == -1).all()
