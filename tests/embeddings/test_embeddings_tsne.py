"""t-SNE: the peer's layout from our neighbours, seen on the way, paused and continued."""

from __future__ import annotations

import time

import numpy as np
import pytest

from workbench.core.errors import Cancelled, DataError
from workbench.data.base import no_progress
from workbench.embeddings.projections import tsne as module
from workbench.embeddings.projections.base import NO_PARTIAL, Drawn, Given, Partial
from workbench.embeddings.projections.tsne import Tsne, TsneConfig, affinities
from workbench.embeddings.search.neighbours import exact_neighbours

FAST = {"iterations": 60, "early_iterations": 30, "perplexity": 10}


def clusters(rows: int = 120, width: int = 10) -> np.ndarray:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(rows, width)) * 0.3
    vectors[np.arange(rows), np.arange(rows) % 2] += 4
    return vectors.astype(np.float32)


def draw(
    vectors: np.ndarray, start: np.ndarray | None = None, partial: Partial = NO_PARTIAL, **params: object
) -> Drawn:
    return Tsne().project(Given(vectors, start=start), TsneConfig(**{**FAST, **params}), no_progress, partial)


def test_affinities_are_those_of_equations_1_and_2() -> None:
    vectors = np.random.default_rng(1).normal(size=(25, 4)).astype(np.float32)
    near = exact_neighbours(vectors, 24, "euclidean")
    mine = affinities(near.index, near.distance, 5.0).toarray()
    conditional = np.zeros((25, 25))
    for i in range(25):
        squared = np.square(vectors.astype(float) - vectors[i].astype(float)).sum(axis=1)
        low, high = 1e-6, 1e6
        for _ in range(200):
            beta = np.sqrt(low * high)
            weights = np.exp(-beta * np.maximum(squared - np.delete(squared, i).min(), 0))
            weights[i] = 0
            p = weights / weights.sum()
            entropy = -(p[p > 0] * np.log(p[p > 0])).sum()
            low, high = (beta, high) if entropy > np.log(5.0) else (low, beta)
        conditional[i] = p
    np.testing.assert_allclose(mine, (conditional + conditional.T) / 50, atol=1e-5)


def test_the_layout_is_the_one_of_opentsne_from_the_same_affinities() -> None:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities

    vectors = clusters()
    start = np.random.default_rng(2).normal(size=(120, 2)).astype(np.float32)
    given = module.from_layout(start, np.arange(120), 2, 0)
    near = exact_neighbours(vectors, 30, "cosine")
    peer = TSNEEmbedding(given, PrecomputedAffinities(affinities(near.index, near.distance, 10.0), normalize=False))
    peer = peer.optimize(40, exaggeration=2.0, learning_rate="auto")
    mine = draw(vectors, start, iterations=40, exaggeration=2.0)
    np.testing.assert_allclose(mine.places, np.asarray(peer), rtol=1e-4, atol=1e-4)


def test_the_nearest_in_the_layout_are_of_the_same_planted_cluster() -> None:
    near = exact_neighbours(draw(clusters()).places, 5, "euclidean").index
    assert (near % 2 == np.arange(120)[:, None] % 2).all()


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    vectors = clusters()
    np.testing.assert_array_equal(draw(vectors, seed=3).places, draw(vectors, seed=3).places)
    assert not np.array_equal(draw(vectors, seed=3).places, draw(vectors, seed=4, init="random").places)


def test_unfinished_layouts_are_seen_at_most_five_times_a_second() -> None:
    seen: list[tuple[int, tuple[int, ...]]] = []
    began = time.monotonic()
    draw(clusters(400), partial=Partial(lambda xy, done: seen.append((done, xy.shape))), iterations=400)
    passed = time.monotonic() - began
    assert seen
    assert len(seen) <= passed / 0.2 + 1
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {shape for _, shape in seen} == {(400, 2)}


@pytest.mark.parametrize("after", [7, 45])
def test_a_stopped_layout_is_the_one_of_as_many_iterations(after: int) -> None:
    asked = iter(range(10_000))
    stopped = draw(clusters(), partial=Partial(stop=lambda: next(asked) == after - 1))
    assert stopped.iterations == after
    np.testing.assert_array_equal(stopped.places, draw(clusters(), iterations=after).places)


def test_continuing_skips_the_early_exaggeration_and_moves_little() -> None:
    finished = draw(clusters(), iterations=400).places
    onwards = draw(clusters(), finished, iterations=5).places
    moved = np.linalg.norm(onwards - finished, axis=1).max()
    assert moved < 0.1 * np.ptp(finished, axis=0).max()


def test_affinities_are_kept_when_neighbours_and_perplexity_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[float] = []
    real = module.affinities
    monkeypatch.setattr(module, "affinities", lambda *given: made.append(given[2]) or real(*given))
    monkeypatch.setattr(module, "_AFFINITIES", type(module._AFFINITIES)())
    vectors = clusters()
    first = draw(vectors, exaggeration=1.0).places
    draw(vectors, exaggeration=4.0, iterations=20)
    np.testing.assert_array_equal(draw(vectors, exaggeration=1.0).places, first)
    assert made == [10]
    draw(vectors, perplexity=5)
    assert made == [10, 5]


def test_a_cancel_is_seen_before_the_next_step() -> None:
    heard: list[str] = []

    def progress(share: float, words: str) -> None:
        heard.append(words)
        if "iteration 4 " in words:
            raise Cancelled

    with pytest.raises(Cancelled):
        Tsne().project(Given(clusters()), TsneConfig(), progress)
    assert heard[-1] == "Laying out, iteration 4 of 750"


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 9])
def test_few_points_are_each_placed(rows: int) -> None:
    xy = draw(np.random.default_rng(rows).normal(size=(rows, 8)).astype(np.float32)).places
    assert xy.shape == (rows, 2)
    assert np.isfinite(xy).all()


def test_equal_points_and_duplicates_are_placed() -> None:
    assert np.isfinite(draw(np.full((40, 3), 0.1, np.float32)).places).all()
    repeated = np.repeat(np.random.default_rng(0).normal(size=(3, 6)), 20, axis=0).astype(np.float32)
    assert np.isfinite(draw(repeated).places).all()


def test_rows_without_distances_are_nan_and_change_no_other() -> None:
    vectors = clusters(40)
    vectors[3], vectors[5] = np.nan, 0
    xy, rest = draw(vectors).places, np.delete(np.arange(40), [3, 5])
    assert np.isnan(xy[[3, 5]]).all()
    np.testing.assert_array_equal(xy[rest], draw(vectors[rest]).places)
    with pytest.raises(DataError, match="None of the 4 vectors"):
        draw(np.full((4, 3), np.nan, np.float32))


def test_many_points_are_interpolated_and_agree_with_barnes_hut(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clusters(300)
    start = np.random.default_rng(2).normal(size=(300, 2)).astype(np.float32)
    tree = draw(vectors, start, iterations=10).places
    monkeypatch.setattr(module, "_FAST_FROM", 100)
    fast = draw(vectors, start, iterations=10).places
    assert np.linalg.norm(fast - tree, axis=1).mean() < 0.02 * np.ptp(tree, axis=0).max()
