"""Approximate neighbours: when they are taken, how good they are, and that they say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.embeddings.projections.projecting import project_set
from workbench.embeddings.search import approximate as module
from workbench.embeddings.search.approximate import approximate_neighbours, graph, recall
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.recipes.models import Choice
from workbench.runs.embedding_meta import SetMeta
from workbench.runs.embedding_set import EmbeddingSet, Neighbours, write_embedding_set

compiles = pytest.mark.slow
"""pynndescent compiles its kernels in each new process."""


def clusters(rows: int = 600, width: int = 8) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(20, width))[np.arange(rows) % 20] * 3 + rng.normal(size=(rows, width))).astype(np.float32)


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    monkeypatch.setattr(module, "_JUDGED_AFTER_S", 0.0)


@compiles
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_most_neighbours_are_the_exact_ones_with_their_distances(metric: str) -> None:
    vectors = clusters()
    vectors[7] = np.nan
    found, exact = approximate_neighbours(vectors, 10, metric), exact_neighbours(vectors, 10, metric)
    assert (found.index[7] == -1).all()
    assert not (found.index == 7).any()
    assert (found.index != np.arange(600)[:, None]).all()
    same = [len(set(a) & set(b)) / 10 for a, b in zip(found.index.tolist(), exact.index.tolist(), strict=True)]
    assert np.delete(same, 7).mean() > 0.9
    assert (np.diff(found.distance[np.delete(np.arange(600), 7)], axis=1) >= 0).all()
    for row in (0, 11, 599):
        a = vectors[row].astype(float)
        for column, other in enumerate(found.index[row]):
            b = vectors[other].astype(float)
            cosine = 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            wanted = cosine if metric == "cosine" else np.sqrt(np.square(a - b).sum())
            assert found.distance[row, column] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_recall_is_the_share_of_the_exact_neighbours_that_were_found(metric: str) -> None:
    vectors = clusters() + 100
    exact = exact_neighbours(vectors, 12, metric)
    assert recall(vectors, exact, metric) == 1.0
    further = exact_neighbours(vectors, 15, metric)
    skipped = Neighbours(further.index[:, 3:], further.distance[:, 3:])
    assert recall(vectors, skipped, metric) == pytest.approx(9 / 12, abs=0.01)


@compiles
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_fewer_points_than_k_have_each_other(rows: int) -> None:
    found = approximate_neighbours(clusters(rows), 10, "cosine")
    assert found.index.shape == (rows, rows - 1)
    assert [sorted(row) for row in found.index.tolist()] == [[n for n in range(rows) if n != m] for m in range(rows)]


@compiles
def test_equal_points_have_neighbours_at_no_distance() -> None:
    found = approximate_neighbours(np.full((50, 4), 0.5, np.float32), 5, "cosine")
    assert (found.index >= 0).all()
    assert np.abs(found.distance).max() < 1e-6


def test_a_search_that_takes_less_than_a_minute_is_exact() -> None:
    found, words = graph(clusters(), 10, "cosine")
    assert words == ""
    np.testing.assert_array_equal(found.index, exact_neighbours(clusters(), 10, "cosine").index)


@compiles
@pytest.mark.usefixtures("no_patience")
def test_a_search_that_would_outlast_the_patience_says_how_good_it_is() -> None:
    vectors = np.random.default_rng(1).normal(size=(6000, 8)).astype(np.float32)
    found, words = graph(vectors, 10, "cosine")
    assert words == f"approximate neighbours, recall {recall(vectors, found, 'cosine'):.2f} (500 sampled)"
    assert graph(vectors, 10, "cosine", exact=True)[1] == ""


def test_the_badge_stays_with_set_and_layouts_until_exact_neighbours_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, badge = tmp_path / "set", "approximate neighbours, recall 0.97 (500 sampled)"
    vectors = clusters(60)
    table = pa.table({"id": [str(row) for row in range(60)]})
    write_embedding_set(folder, vectors, table, meta=SetMeta(title="Sixty"))
    real = module.graph

    def outlasted(given: np.ndarray, k: int, metric: str, progress: object, exact: bool) -> tuple[Neighbours, str]:
        return real(given, k, metric, progress, True)[0], "" if exact else badge

    monkeypatch.setattr(module, "graph", outlasted)
    project_set(folder, Choice(id="pca"))
    opened = EmbeddingSet.open(folder)
    assert (opened.meta.approximate, opened.meta.layouts["pca"].approximate) == (badge, badge)
    name = project_set(folder, Choice(id="tsne", perplexity=5, iterations=5, exact=True))
    opened = EmbeddingSet.open(folder)
    assert (opened.meta.approximate, opened.meta.layouts[name].approximate) == ("", "")
    assert opened.meta.title == "Sixty"
