"""The shelf of opened sets, and the lab's answers about nearness from a real lab process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from lab_asking import Ask, asking

from workbench.core.errors import WorkbenchError
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.engine.lab.spaces import Spaces
from workbench.runs.embedding_meta import SetMeta
from workbench.runs.embedding_set import EmbeddingSet, store_neighbours, write_embedding_set

RNG = np.random.default_rng(2)
WORDS = ["king", "queen", "man", "woman", "King", "man", "prince", "princess"] + [f"word{n}" for n in range(200)]


def write(folder: Path, words: list[str] = WORDS, seed: int = 2) -> Path:
    """A space in which queen lies at king - man + woman, and prince and princess near them."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(len(words), 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[1] = vectors[0] - vectors[2] + vectors[3]
    vectors[6], vectors[7] = vectors[0] + 0.3 * vectors[20], vectors[1] + 0.3 * vectors[20]
    write_embedding_set(folder, vectors, pa.table({"id": words, "text": words}), meta=SetMeta(title="Words"))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("spaces") / "words")


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with asking(tmp_path_factory.mktemp("lab") / "lab.log") as ask:
        yield ask


def test_a_set_is_kept_until_its_files_change(folder: Path, tmp_path: Path) -> None:
    spaces, own = Spaces(), write(tmp_path / "own")
    first = spaces.open(own)
    assert spaces.open(own) is first
    assert first.index("cosine") is first.index("cosine")
    write(own, seed=3)
    os.utime(own / "vectors.npy", ns=(1, 1))
    assert spaces.open(own) is not first


def test_mutual_marks_are_left_out_where_they_cost_too_much(tmp_path: Path) -> None:
    space = Spaces().open(write(tmp_path / "many", [f"word{n}" for n in range(1500)]))
    assert space.mutual(0, np.arange(1, 1001), "cosine") is None
    assert space.mutual(0, np.arange(1, 900), "cosine") is not None


def test_only_the_last_few_sets_are_kept(tmp_path: Path) -> None:
    spaces = Spaces(limit=2)
    folders = [write(tmp_path / name) for name in "abc"]
    opened = [spaces.open(folder) for folder in folders]
    assert spaces.open(folders[2]) is opened[2]
    assert spaces.open(folders[0]) is not opened[0]


def test_neighbours_of_a_row_are_a_listing_with_mutual_marks(ask: Ask, folder: Path) -> None:
    vectors = EmbeddingSet.open(folder).vectors
    every = exact_neighbours(vectors, 12, "cosine").index
    result, arrays = ask("neighbours", {"embeddings": str(folder), "row": 41, "k": 12})
    np.testing.assert_array_equal(arrays["rows"], every[41])
    np.testing.assert_array_equal(arrays["index"], every[41])
    np.testing.assert_array_equal(arrays["mutual"], [41 in every[other] for other in every[41]])
    assert 0 < arrays["mutual"].sum() < 12
    assert {column["name"] for column in result["columns"]} == {"distance", "mutual"}
    assert (result["row"], result["of"], result["metric"]) == (41, len(WORDS), "cosine")
    assert "hubness" not in arrays


def test_stored_neighbours_tell_how_many_points_name_each(ask: Ask, tmp_path: Path) -> None:
    own = write(tmp_path / "own")
    every = exact_neighbours(EmbeddingSet.open(own).vectors, 9, "cosine")
    store_neighbours(own, every)
    result, arrays = ask("neighbours", {"embeddings": str(own), "query": {"row": 5}, "k": 4})
    assert result["hubness_k"] == 9
    np.testing.assert_array_equal(arrays["hubness"], [(every.index == other).sum() for other in arrays["rows"]])
    np.testing.assert_array_equal(arrays["mutual"], [5 in every.index[other, :4] for other in arrays["rows"]])


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot"])
def test_neighbours_of_several_rows_are_those_of_their_mean(ask: Ask, folder: Path, metric: str) -> None:
    rows = [40, 41, 42]
    result, arrays = ask("neighbours", {"embeddings": str(folder), "query": {"rows": rows}, "k": 5, "metric": metric})
    vectors = EmbeddingSet.open(folder).vectors.astype(np.float64)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    mean = (units if metric == "cosine" else vectors)[rows].mean(axis=0)
    score = {
        "cosine": units @ mean,
        "euclidean": -np.linalg.norm(vectors - mean, axis=1),
        "dot": vectors @ mean,
    }[metric]
    score[rows] = -np.inf
    np.testing.assert_array_equal(arrays["rows"], np.argsort(-score)[:5])
    assert result["inputs"] == rows


def test_a_sum_of_words_finds_what_it_means_and_none_of_its_words(ask: Ask, folder: Path) -> None:
    terms = [{"text": "king"}, {"text": "man", "sign": -1}, {"text": "woman", "sign": 1}]
    result, arrays = ask("neighbours", {"embeddings": str(folder), "query": {"terms": terms}, "k": 3})
    same, others = ask("combine", {"embeddings": str(folder), "terms": terms, "k": 3})
    assert result["names"][0] == same["names"][0] == "queen"
    assert result["title"] == "Nearest to king − man + woman"
    assert set(result["inputs"]) == {0, 2, 3}
    np.testing.assert_array_equal(arrays["rows"], others["rows"])


def test_a_word_in_another_case_or_twice_is_taken_and_said(ask: Ask, folder: Path) -> None:
    result, _ = ask("neighbours", {"embeddings": str(folder), "query": {"text": "QUEEN"}, "k": 2})
    assert "'queen' was taken for 'QUEEN'." in result["words"]
    assert result["row"] == 1
    result, _ = ask("neighbours", {"embeddings": str(folder), "query": {"text": "man"}, "k": 2})
    assert "'man' stands in 2 rows; the first, 2, was taken." in result["words"]
    result, _ = ask("neighbours", {"embeddings": str(folder), "query": {"text": "King"}, "k": 2})
    assert result["row"] == 4


@pytest.mark.parametrize("method", ["add", "mul"])
def test_an_analogy_is_answered_with_scores(ask: Ask, folder: Path, method: str) -> None:
    params = {"embeddings": str(folder), "a": "man", "b": {"text": "king"}, "c": 3, "k": 4, "method": method}
    result, arrays = ask("analogy", params)
    assert result["names"][0] == "queen"
    assert result["words"].startswith("man is to king as woman is to: queen.")
    assert (np.diff(arrays["score"]) <= 0).all()
    assert len(arrays["rows"]) == 4


def test_benchmarks_are_told_in_words_and_numbers(ask: Ask, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text(": family\nman king woman queen\nking queen prince princess\na b c d", "utf-8")
    (tmp_path / "p.tsv").write_text("king\tqueen\t8\nman\tprince\t2\nwoman\tword7\t1\nking\tfoo\t1", "utf-8")
    result, arrays = ask("analogy_benchmark", {"embeddings": str(folder), "path": str(tmp_path / "q.txt")})
    assert (result["total"]["asked"], result["total"]["skipped"], result["invalid"]) == (2, 1, 0)
    assert result["sections"][0]["name"] == "family"
    assert arrays["answers"].tolist()[2] == -1
    assert result["words"].endswith("1 skipped for unknown words.")
    result, arrays = ask("similarity_benchmark", {"embeddings": str(folder), "path": str(tmp_path / "p.tsv")})
    assert (result["used"], result["skipped"]) == (3, 1)
    assert -1 <= result["spearman"]["value"] <= 1
    assert np.isnan(arrays["cosines"][3])


def test_pairs_and_meanings_are_placed_on_planes(ask: Ask, folder: Path) -> None:
    pairs = [["man", "king"], ["woman", "queen"]]
    result, arrays = ask("pair_plane", {"embeddings": str(folder), "pairs": pairs})
    assert arrays["xy"].shape == (2, 2, 2)
    assert sum(result["explained"]) <= 1 + 1e-9
    assert result["agreement"] > 0.5
    axes = {"embeddings": str(folder), "words": ["king", "man", "word3"], "x": ["man", "king"], "y": ["man", "woman"]}
    result, arrays = ask("meaning_axes", axes)
    np.testing.assert_allclose(arrays["xy"][:2, 0], [1, -1], atol=1e-6)
    assert result["axes"] == ["man → king", "man → woman"]


def test_words_are_completed_in_the_order_of_the_rows(ask: Ask, folder: Path) -> None:
    result, arrays = ask("words", {"embeddings": str(folder), "prefix": "ki", "count": 5})
    assert result["names"] == ["king", "King"]
    assert arrays["rows"].tolist() == [0, 4]


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("neighbours", {"query": {"text": "quene"}, "k": 3}, "Try 'queen'"),
        ("neighbours", {"row": 9999, "k": 3}, "There is no row 9999"),
        ("neighbours", {"row": 1, "k": 3, "metric": "cosin"}, "Did you mean 'cosine'"),
        ("neighbours", {"row": 1, "k": 5000}, "Ask for 0 to 1,000"),
        ("combine", {"terms": [{"text": "king"}, {"text": "king", "sign": -1}], "k": 3}, "cancel out"),
        ("combine", {"terms": [], "k": 3}, "at least one term"),
        ("combine", {"terms": [{"word": "king"}], "k": 3}, "names no point"),
        ("analogy", {"a": "man", "b": "king", "c": "woman", "k": 3, "method": "times"}, "no method 'times'"),
        ("meaning_axes", {"words": ["king"], "x": ["man"], "y": ["man", "woman"]}, "Give two for x"),
        ("analogy_benchmark", {"path": "/nowhere/questions.txt"}, "There is no file"),
        ("words", {"prefix": "k", "count": -1}, "-1 words cannot be listed"),
    ],
)
def test_a_wrong_question_says_what_is_wrong(ask: Ask, folder: Path, name: str, params: dict, words: str) -> None:
    error = ask(name, {"embeddings": str(folder), **params})
    assert isinstance(error, WorkbenchError)
    assert words in str(error)
