"""Two embeddings of the same samples: what is left of each neighbourhood."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.core.errors import DataError
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.embeddings.structure.compare import match, neighbours_kept

HERE = np.arange(80)


@pytest.fixture
def two() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    first = rng.normal(size=(80, 5))
    return first.astype(np.float32), (first + 0.5 * rng.normal(size=first.shape)).astype(np.float32)


def test_shares_equal_those_of_python_sets(two) -> None:
    a, b = (exact_neighbours(vectors, 10, "euclidean") for vectors in two)
    found = neighbours_kept(a, b, HERE, 10)
    for row in range(80):
        one, other = set(a.index[row].tolist()), set(b.index[row].tolist())
        assert found.overlap[row] == pytest.approx(len(one & other) / 10)
        assert found.jaccard[row] == pytest.approx(len(one & other) / len(one | other))


def test_the_order_of_the_second_set_does_not_matter(two) -> None:
    a = exact_neighbours(two[0], 6, "euclidean")
    order = np.random.default_rng(8).permutation(80)
    straight = neighbours_kept(a, exact_neighbours(two[1], 6, "euclidean"), HERE, 6)
    shuffled = neighbours_kept(a, exact_neighbours(two[1][order], 6, "euclidean"), order, 6)
    np.testing.assert_array_equal(shuffled.overlap, straight.overlap)


def test_a_set_keeps_all_neighbours_of_itself_rotated(two) -> None:
    rotation = np.linalg.qr(np.random.default_rng(9).normal(size=(5, 5)))[0]
    a, b = (exact_neighbours(one, 10, "euclidean") for one in (two[0], two[0].astype(np.float64) @ rotation))
    found = neighbours_kept(a, b, HERE, 10)
    assert (found.overlap == 1).all()
    assert (found.jaccard == 1).all()


def test_a_moved_point_is_the_one_that_changed_most(two) -> None:
    moved = two[0].copy()
    moved[33] = 5 * moved[33].max()
    a, b = (exact_neighbours(one, 8, "euclidean") for one in (two[0], moved))
    assert neighbours_kept(a, b, HERE, 8).most_changed()[0] == 33


def test_a_sample_that_cannot_be_compared_in_one_set_has_no_share(two) -> None:
    two[1][4] = np.nan
    a, b = (exact_neighbours(one, 8, "euclidean") for one in two)
    found = neighbours_kept(a, b, HERE, 8)
    assert np.flatnonzero(np.isnan(found.overlap)).tolist() == [4]
    assert 4 not in found.most_changed()


def test_ids_are_matched_in_the_order_of_the_first_set() -> None:
    found = match(["a", "b", "c", "d"], ["d", "x", "a", "b"])
    assert found.rows_a.tolist() == [0, 1, 3]
    assert found.rows_b.tolist() == [2, 3, 0]
    assert (found.only_a, found.only_b, found.ambiguous) == (1, 1, 0)
    assert not found.is_whole()


def test_numbers_and_words_are_the_same_id() -> None:
    assert match([0, 1, 2], ["2", "1", "0"]).is_whole()


def test_ids_that_occur_twice_are_left_out_and_counted() -> None:
    found = match(["a", "b", "b", "c"], ["a", "b", "c", "c"])
    assert found.rows_a.tolist() == [0]
    assert found.ambiguous == 4


def test_sets_without_common_ids_are_refused() -> None:
    with pytest.raises(DataError, match="None of the 2 ids"):
        match(["a", "b"], ["c"])
