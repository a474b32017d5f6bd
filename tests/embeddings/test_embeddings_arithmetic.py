"""Sums, analogies and planes of words against plain loops and gensim."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workbench.core.errors import DataError
from workbench.embeddings.search.index import SearchIndex
from workbench.embeddings.words.arithmetic import Term, analogy, combine, signed_sum
from workbench.embeddings.words.planes import meaning_axes, pair_plane

RNG = np.random.default_rng(1)
VECTORS = (RNG.normal(size=(250, 10)) * 3 + 1).astype(np.float32)


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return SearchIndex(VECTORS, "cosine")


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x.astype(np.float64).tolist(), y.astype(np.float64).tolist()
    product = math.fsum(a * b for a, b in zip(x, y, strict=True))
    return product / math.sqrt(math.fsum(a * a for a in x) * math.fsum(b * b for b in y))


def unit(row: int) -> np.ndarray:
    wide = VECTORS[row].astype(np.float64)
    return wide / math.sqrt(math.fsum(wide * wide))


def test_a_sum_is_of_vectors_of_length_one(index: SearchIndex) -> None:
    total = signed_sum(index, [Term(4), Term(7, -1), Term(9)])
    np.testing.assert_allclose(total, unit(4) - unit(7) + unit(9), rtol=1e-13)


def test_the_terms_of_a_sum_are_not_among_its_answers(index: SearchIndex) -> None:
    found = combine(index, [Term(4), Term(7, -1), Term(9)], 247).index
    assert set(found.tolist()) == set(range(250)) - {4, 7, 9}


def test_terms_that_cancel_out_are_said_to(index: SearchIndex) -> None:
    with pytest.raises(DataError, match="cancel out"):
        combine(index, [Term(4), Term(4, -1)], 3)


def test_addition_ranks_by_the_sum_of_cosines(index: SearchIndex) -> None:
    others = [row for row in range(250) if row not in (3, 5, 8)]
    scores = {row: cosine(VECTORS[row], unit(5) - unit(3) + unit(8)) for row in others}
    wanted = sorted(others, key=lambda row: -scores[row])[:10]
    found = analogy(index, 3, 5, 8, 10, "add")
    assert found.rows.tolist() == wanted
    np.testing.assert_allclose(found.scores, [scores[row] for row in wanted], atol=1e-12)


def test_multiplication_ranks_by_equation_4_of_levy_and_goldberg(index: SearchIndex) -> None:
    others = [row for row in range(250) if row not in (3, 5, 8)]

    def score(row: int) -> float:
        a, b, c = ((cosine(VECTORS[row], VECTORS[given]) + 1) / 2 for given in (3, 5, 8))
        return b * c / (a + 0.001)

    wanted = sorted(others, key=lambda row: -score(row))[:10]
    found = analogy(index, 3, 5, 8, 10, "mul")
    assert found.rows.tolist() == wanted
    np.testing.assert_allclose(found.scores, [score(row) for row in wanted], rtol=1e-10)


def test_answers_are_those_of_gensim(index: SearchIndex) -> None:
    keyed = pytest.importorskip("gensim.models").KeyedVectors(10)
    keyed.add_vectors([f"w{row}" for row in range(250)], VECTORS)
    for a, b, c in ((1, 2, 3), (40, 50, 60), (249, 0, 100)):
        theirs = keyed.most_similar(positive=[f"w{b}", f"w{c}"], negative=[f"w{a}"], topn=8)
        found = analogy(index, a, b, c, 8)
        assert [f"w{row}" for row in found.rows] == [word for word, _ in theirs]
        np.testing.assert_allclose(found.scores, [score for _, score in theirs], rtol=1e-5)


def test_more_candidates_than_rows_are_all_there_are() -> None:
    few = SearchIndex(VECTORS[:5], "cosine")
    for method in ("add", "mul"):
        assert sorted(analogy(few, 0, 1, 2, 50, method).rows.tolist()) == [3, 4]
        assert len(analogy(SearchIndex(VECTORS[:3], "cosine"), 0, 1, 2, 5, method).rows) == 0


def test_a_word_without_direction_cannot_be_asked_about() -> None:
    damaged = VECTORS[:9].copy()
    damaged[2] = 0
    for method in ("add", "mul"):
        with pytest.raises(DataError, match="Row 2 has no neighbours"):
            analogy(SearchIndex(damaged, "cosine"), 0, 1, 2, 3, method)


def test_the_plane_of_pairs_is_that_of_scikit_learn() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    pairs = [(0, 1), (2, 3), (4, 5), (6, 7)]
    oracle = decomposition.PCA(2, svd_solver="full").fit(VECTORS[:8].astype(np.float64))
    theirs = oracle.transform(VECTORS[:8].astype(np.float64))
    made = pair_plane(VECTORS, pairs)
    np.testing.assert_allclose(np.abs(made.xy.reshape(8, 2)), np.abs(theirs), atol=1e-9)
    np.testing.assert_allclose(made.explained, oracle.explained_variance_ratio_, rtol=1e-10)


def test_parallel_pairs_agree_fully() -> None:
    step = np.arange(10)
    vectors = np.stack([VECTORS[0], VECTORS[0] + step, VECTORS[1], VECTORS[1] + step])
    assert pair_plane(vectors, [(0, 1), (2, 3)]).agreement == pytest.approx(1)
    assert math.isnan(pair_plane(vectors, [(0, 1)]).agreement)


def test_pairs_of_one_point_have_no_plane() -> None:
    with pytest.raises(DataError, match="one point"):
        pair_plane(np.ones((4, 3)), [(0, 1), (2, 3)])
    with pytest.raises(DataError, match="at least one pair"):
        pair_plane(VECTORS, [])


def test_poles_lie_at_the_ends_of_their_axis_and_the_middle_at_zero() -> None:
    vectors = np.concatenate([VECTORS[:4], VECTORS[:2].mean(axis=0, keepdims=True)])
    placed = meaning_axes(vectors, [0, 1, 2, 3, 4], (0, 1), (2, 3))
    np.testing.assert_allclose(placed.xy[[0, 1, 4], 0], [-1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(placed.xy[[2, 3], 1], [-1, 1], atol=1e-6)
    assert placed.shared == pytest.approx(cosine(VECTORS[1] - VECTORS[0], VECTORS[3] - VECTORS[2]), abs=1e-6)
    with pytest.raises(DataError, match="no axis"):
        meaning_axes(vectors, [0], (1, 1), (2, 3))
