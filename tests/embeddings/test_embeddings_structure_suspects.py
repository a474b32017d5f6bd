"""Label suspects against votes counted one by one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from workbench.core.errors import Cancelled
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.embeddings.structure.suspects import neighbour_votes, suspect_rows


@pytest.fixture
def clusters() -> tuple[np.ndarray, np.ndarray]:
    """Three clusters of 40 with labels 0, 1, 2; rows 5 and 50 have wrong ones, rows 7 and 90 have none."""
    rng = np.random.default_rng(3)
    codes = np.repeat(np.arange(3), 40)
    vectors = rng.normal(size=(120, 6)) * 0.3 + 3 * np.eye(6)[codes]
    codes[[5, 50, 7, 90]] = 2, 0, -1, -1
    return vectors.astype(np.float32), codes


def by_loops(neighbours, codes: np.ndarray, k: int, weighting: str) -> list[tuple[float, int, float]]:
    told = []
    for row in range(len(codes)):
        index, distance = neighbours.index[row, :k], neighbours.distance[row, :k].astype(np.float64)
        votes: dict[int, float] = {}
        for at in range(k):
            far = distance[-1] - distance[0]
            weight = 1.0 if weighting == "equal" or far == 0 else (distance[-1] - distance[at]) / far
            if codes[index[at]] >= 0:
                votes[int(codes[index[at]])] = votes.get(int(codes[index[at]]), 0.0) + weight
        total = sum(votes.values())
        best = max(votes, key=lambda code: votes[code])
        agreement = votes.get(int(codes[row]), 0.0) / total if codes[row] >= 0 else np.nan
        told.append((agreement, best, votes[best] / total))
    return told


@pytest.mark.parametrize("weighting", ["equal", "distance"])
def test_votes_equal_those_counted_one_by_one(clusters, weighting: str) -> None:
    vectors, codes = clusters
    rng = np.random.default_rng(4)
    codes = np.where(rng.random(len(codes)) < 0.4, rng.integers(-1, 3, len(codes)), codes)
    neighbours = exact_neighbours(vectors, 11, "cosine")
    votes = neighbour_votes(neighbours, codes, 11, weighting)
    agreement, suggested, share = zip(*by_loops(neighbours, codes, 11, weighting), strict=True)
    np.testing.assert_array_equal(votes.suggested, suggested)
    np.testing.assert_allclose(votes.agreement, agreement, rtol=1e-5)
    np.testing.assert_allclose(votes.share, share, rtol=1e-5)


def test_suggestions_equal_those_of_scikit_learns_classifier(clusters) -> None:
    vectors, codes = clusters
    known = codes >= 0
    vectors, codes = vectors[known], codes[known]
    votes = neighbour_votes(exact_neighbours(vectors, 9, "euclidean"), codes, 9, "equal")
    for row in range(0, len(codes), 7):
        others = np.arange(len(codes)) != row
        oracle = KNeighborsClassifier(9).fit(vectors[others].astype(np.float64), codes[others])
        assert votes.suggested[row] == oracle.predict(vectors[row : row + 1].astype(np.float64))[0]


def test_planted_wrong_labels_are_the_suspects(clusters) -> None:
    vectors, codes = clusters
    votes = neighbour_votes(exact_neighbours(vectors, 15, "euclidean"), codes, 15)
    found = suspect_rows(votes, codes)
    assert sorted(found.wrong.tolist()) == [5, 50]
    assert votes.suggested[[5, 50]].tolist() == [0, 1]


def test_points_without_label_get_that_of_their_neighbours(clusters) -> None:
    vectors, codes = clusters
    votes = neighbour_votes(exact_neighbours(vectors, 15, "euclidean"), codes, 15)
    found = suspect_rows(votes, codes)
    assert sorted(found.unlabelled.tolist()) == [7, 90]
    assert votes.suggested[[7, 90]].tolist() == [0, 2]
    assert np.isnan(votes.agreement[[7, 90]]).all()


def test_suspects_come_with_the_least_agreement_first(clusters) -> None:
    vectors, codes = clusters
    codes = np.random.default_rng(5).permutation(codes)
    votes = neighbour_votes(exact_neighbours(vectors, 15, "euclidean"), codes, 15)
    wrong = suspect_rows(votes, codes).wrong
    assert len(wrong) > 20
    assert (np.diff(votes.agreement[wrong]) >= 0).all()


def test_of_equal_votes_the_nearer_neighbour_wins() -> None:
    vectors = np.array([[0], [1], [-2], [90]], np.float32)
    votes = neighbour_votes(exact_neighbours(vectors, 2, "euclidean"), np.array([-1, 1, 0, 0]), 2, "equal")
    assert votes.suggested[0] == 1


def test_one_class_has_no_suspects(clusters) -> None:
    vectors, codes = clusters
    votes = neighbour_votes(exact_neighbours(vectors, 5, "cosine"), np.zeros_like(codes), 5)
    assert not len(suspect_rows(votes, np.zeros_like(codes)).wrong)
    assert (votes.agreement == 1).all()


def test_nobody_votes_where_no_neighbour_has_a_label(clusters) -> None:
    vectors, codes = clusters
    bare = np.full_like(codes, -1)
    bare[0] = 1
    votes = neighbour_votes(exact_neighbours(vectors, 3, "euclidean"), bare, 3)
    assert np.isnan(votes.agreement[0])
    assert votes.suggested[110] == -1


def test_equal_points_and_rows_without_neighbours_are_told_apart() -> None:
    vectors = np.ones((6, 2), np.float32)
    vectors[4] = np.nan
    votes = neighbour_votes(exact_neighbours(vectors, 5, "cosine"), np.array([0, 0, 0, 1, 1, 0]), 5)
    assert np.isnan(votes.agreement[4])
    assert votes.suggested[4] == -1
    np.testing.assert_allclose(votes.agreement[:4], [0.75, 0.75, 0.75, 0])


def test_cancel_ends_the_count(clusters) -> None:
    def progress(share: float, words: str) -> None:
        raise Cancelled

    vectors, codes = clusters
    with pytest.raises(Cancelled):
        neighbour_votes(exact_neighbours(vectors, 5, "cosine"), codes, 5, progress=progress)
