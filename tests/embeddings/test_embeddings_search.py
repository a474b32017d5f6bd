"""Exact search against plain float64 loops and faiss, where float32 is most likely to be wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workbench.core.errors import DataError
from workbench.embeddings.search import points as module
from workbench.embeddings.search.index import SearchIndex
from workbench.embeddings.search.neighbours import exact_neighbours

METRICS = ("cosine", "euclidean", "dot")
RNG = np.random.default_rng(0)
PLAIN = RNG.normal(size=(400, 12)).astype(np.float32)
DIRECTION = np.array([1, -1, 2, 0.5], np.float32)


def near_duplicates() -> np.ndarray:
    """Rows 2^-18 apart along a line: their cosines and products are one number in float32."""
    steps = RNG.permutation(300).astype(np.float32)[:, None]
    return np.array([3, 1, 2, 5], np.float32) + steps * np.float32(2**-18) * DIRECTION


HARD = {
    "plain": PLAIN,
    "float16": PLAIN.astype(np.float16),
    "float64": PLAIN.astype(np.float64),
    "far from the origin": PLAIN + np.float32(5000),
    "near-duplicates": near_duplicates(),
    "one row far away": np.concatenate([PLAIN, np.full((1, 12), 1e18, np.float32)]),
    "huge": PLAIN * np.float32(1e37),
    "minute": PLAIN * np.float32(1e-30),
}


def distances(vectors: np.ndarray, query: np.ndarray, metric: str) -> list[float]:
    """From a query to every row, by exactly rounded sums."""
    wide, query = vectors.astype(np.float64).tolist(), query.astype(np.float64).tolist()
    if metric == "dot":
        return [-math.fsum(a * b for a, b in zip(row, query, strict=True)) for row in wide]
    if metric == "cosine":
        wide, query = [unit(row) for row in wide], unit(query)
    squared = [math.fsum((a - b) ** 2 for a, b in zip(row, query, strict=True)) for row in wide]
    return [value / 2 if metric == "cosine" else math.sqrt(value) for value in squared]


def unit(row: list[float]) -> list[float]:
    length = math.sqrt(math.fsum(value * value for value in row))
    return [value / length for value in row]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", list(HARD))
def test_a_list_equals_an_exact_search(kind: str, metric: str) -> None:
    vectors = HARD[kind]
    index = SearchIndex(vectors, metric)
    for row in (0, 17, 299):
        truth = distances(vectors, vectors[row], metric)
        found = index.nearest(vectors[row], 20)
        with np.errstate(over="ignore"):
            told = np.sort(truth)[:20].astype(np.float32)
        np.testing.assert_allclose(found.distance, told, rtol=1e-6, atol=1e-15 if metric == "cosine" else 0)
        # Sums of another order differ in the last digit of float64: only rows farther apart than that have one order.
        listed = np.asarray(truth)[found.index]
        assert (np.diff(listed) >= -1e-13 * np.abs(listed).max() - (1e-15 if metric == "cosine" else 0)).all()
        assert len(set(found.index.tolist())) == 20


@pytest.mark.parametrize("metric", METRICS)
def test_equal_rows_come_in_the_order_of_the_rows(metric: str) -> None:
    few = RNG.integers(-1, 2, (5, 6)).astype(np.float32) * 2 + 1
    vectors = few[RNG.integers(0, 5, 500)]
    found = SearchIndex(vectors, metric).nearest(vectors[3], 200)
    keys = list(zip(found.distance.tolist(), found.index.tolist(), strict=True))
    assert keys == sorted(keys)
    same = np.flatnonzero((vectors == vectors[found.index[0]]).all(axis=1))
    np.testing.assert_array_equal(found.index[: len(same)], same[:200])


@pytest.mark.parametrize("metric", METRICS)
def test_lists_equal_those_of_faiss(metric: str) -> None:
    faiss = pytest.importorskip("faiss")
    vectors = RNG.normal(size=(3000, 48)).astype(np.float32)
    if metric == "cosine":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    flat = faiss.IndexFlatL2(48) if metric == "euclidean" else faiss.IndexFlatIP(48)
    flat.add(vectors)
    _, theirs = flat.search(vectors[:50], 30)
    np.testing.assert_array_equal(SearchIndex(vectors, metric).nearest(vectors[:50], 30).index, theirs)


def test_the_graph_equals_that_of_faiss() -> None:
    faiss = pytest.importorskip("faiss")
    vectors = RNG.normal(size=(5000, 24)).astype(np.float32)
    flat = faiss.IndexFlatL2(24)
    flat.add(vectors)
    theirs = flat.search(vectors, 16)[1]
    np.testing.assert_array_equal(exact_neighbours(vectors, 15, "euclidean").index, theirs[:, 1:])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("kind", ["far from the origin", "near-duplicates", "one row far away", "float16"])
def test_the_graph_has_the_list_of_every_row(kind: str, metric: str) -> None:
    vectors = HARD[kind]
    every, index = exact_neighbours(vectors, 9, metric), SearchIndex(vectors, metric)
    for row in range(0, len(vectors), 7):
        one = index.nearest(vectors[row], 9, leave_out=np.array([row]))
        np.testing.assert_allclose(every.distance[row], one.distance, rtol=1e-6, atol=1e-15)


def test_many_queries_have_the_lists_that_each_has_alone() -> None:
    index = SearchIndex(PLAIN, "cosine")
    together = index.nearest(PLAIN[:6], 9)
    for number in range(6):
        np.testing.assert_array_equal(together.index[number], index.nearest(PLAIN[number], 9).index)


@pytest.mark.parametrize("metric", METRICS)
def test_a_set_that_memory_does_not_hold_has_the_same_lists(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    held = SearchIndex(PLAIN, metric).nearest(PLAIN[5], 30)
    monkeypatch.setattr(module, "_fits", lambda nbytes: False)
    index = SearchIndex(PLAIN, metric)
    assert index.points.matrix is None
    np.testing.assert_array_equal(index.nearest(PLAIN[5], 30).index, held.index)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_vector_finds_its_own_row_at_distance_zero(metric: str) -> None:
    found = SearchIndex(PLAIN, metric).nearest(PLAIN[40] * (2 if metric == "cosine" else 1), 3)
    assert found.index[0] == 40
    assert found.distance[0] == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(("metric", "lost"), [("cosine", {3, 8, 9}), ("euclidean", {3, 9}), ("dot", {3, 9})])
def test_rows_that_cannot_be_compared_are_never_found(metric: str, lost: set[int]) -> None:
    damaged = PLAIN[:12].copy()
    damaged[3], damaged[8], damaged[9, 2] = np.nan, 0, np.inf
    found = SearchIndex(damaged, metric).nearest(PLAIN[0], 99)
    assert set(found.index.tolist()) == set(range(12)) - lost


def test_rows_to_leave_out_are_not_found() -> None:
    index = SearchIndex(PLAIN, "euclidean")
    first = index.nearest(PLAIN[0], 5).index
    found = index.nearest(PLAIN[0], 3, leave_out=first[:2]).index
    np.testing.assert_array_equal(found, first[2:])
    assert len(SearchIndex(PLAIN[:4], "cosine").nearest(PLAIN[0], 99, leave_out=np.array([0])).index) == 3


def test_a_query_far_beyond_all_rows_finds_those_on_its_side() -> None:
    line = np.arange(50, dtype=np.float32)[:, None] * np.ones(3, np.float32)
    found = SearchIndex(line, "dot").nearest(np.full(3, 1e38), 3)
    np.testing.assert_array_equal(found.index, [49, 48, 47])


def test_cosines_of_all_rows_are_as_near_as_they_say() -> None:
    vectors = np.concatenate([PLAIN + 2, np.zeros((1, 12), np.float32)])
    cosine, error = SearchIndex(vectors, "cosine").similarities(PLAIN[:3])
    for number in range(3):
        truth = 1 - np.array(distances(vectors[:-1], PLAIN[number], "cosine"))
        assert np.abs(cosine[number, :-1] - truth).max() <= error < 1e-5
    assert np.isnan(cosine[:, -1]).all()


def test_a_question_that_cannot_be_answered_says_why() -> None:
    index = SearchIndex(PLAIN, "cosine")
    with pytest.raises(DataError, match="zero or not finite"):
        index.nearest(np.zeros(12), 3)
    with pytest.raises(DataError, match="width 12"):
        index.nearest(np.ones(3), 3)
    with pytest.raises(DataError, match="Ask for 0 to 1,000"):
        index.nearest(PLAIN[0], 1001)
    with pytest.raises(DataError, match="rows 0 to 399"):
        index.row(400)
    with pytest.raises(DataError, match="not finite"):
        SearchIndex(PLAIN, "euclidean").nearest(np.full(12, np.nan), 3)
