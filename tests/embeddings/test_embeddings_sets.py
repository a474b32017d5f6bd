"""Embedding sets on disk: round trips, damage, columns."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.core.errors import DataError, RunError
from workbench.runs.embedding_columns import Categorical, Continuous
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import (
    EmbeddingSet,
    Neighbours,
    add_layout,
    store_neighbours,
    write_embedding_set,
)

ROWS = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole set with pictures, one layout and neighbours."""
    place = tmp_path / "step_00000100"
    rng = np.random.default_rng(0)
    samples = pa.table({"id": [f"s{i}" for i in range(ROWS)], "label": ["cat", "dog", None, "cat", "owl", "dog"]})
    thumbnails = rng.integers(0, 256, (ROWS, 4, 5, 3)).astype(np.uint8)
    meta = SetMeta(title="Test", source="run", metric="euclidean", fingerprint="abc", step=100)
    write_embedding_set(place, rng.normal(size=(ROWS, 3)).astype(np.float32), samples, thumbnails, meta)
    info = LayoutInfo(method="pca", params={"a": 1}, seconds=0.5, trust_mean=0.25)
    add_layout(place, "pca", np.ones((ROWS, 2), np.float32), np.full(ROWS, 0.25, np.float32), info)
    index = np.tile(np.arange(2), (ROWS, 1))
    store_neighbours(place, Neighbours(index, index.astype(np.float32)))
    return place


def test_everything_that_was_written_is_read_back(folder: Path) -> None:
    opened = EmbeddingSet.open(folder)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(opened.thumbnails, rng.integers(0, 256, (ROWS, 4, 5, 3)).astype(np.uint8))
    np.testing.assert_array_equal(opened.vectors, rng.normal(size=(ROWS, 3)).astype(np.float32))
    assert opened.samples.column("label").to_pylist() == ["cat", "dog", None, "cat", "owl", "dog"]
    assert (opened.meta.title, opened.meta.metric, opened.meta.step) == ("Test", "euclidean", 100)
    assert opened.layouts() == ("pca",)
    layout = opened.layout("pca")
    np.testing.assert_array_equal(layout.xy, np.ones((ROWS, 2)))
    np.testing.assert_array_equal(layout.trust, np.full(ROWS, 0.25))
    assert layout.info == opened.meta.layouts["pca"]
    assert layout.info.params == {"a": 1}
    neighbours = opened.neighbours()
    np.testing.assert_array_equal(neighbours.index, np.tile(np.arange(2), (ROWS, 1)))
    np.testing.assert_array_equal(neighbours.distance, np.tile(np.arange(2.0), (ROWS, 1)))
    assert opened.missing == ()


def test_vectors_are_memory_mapped_and_cannot_be_written(folder: Path) -> None:
    vectors = EmbeddingSet.open(folder).vectors
    assert isinstance(vectors, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        vectors[0] = 0


def test_half_precision_is_kept_and_other_numbers_become_float32(tmp_path: Path) -> None:
    samples = pa.table({"id": ["a", "b"]})
    for given, stored in ((np.float16, np.float16), (np.float64, np.float32), (np.int64, np.float32)):
        write_embedding_set(tmp_path / "set", np.ones((2, 3), dtype=given), samples)
        assert EmbeddingSet.open(tmp_path / "set").vectors.dtype == stored


def test_a_set_written_without_pictures_misses_none(tmp_path: Path) -> None:
    write_embedding_set(tmp_path / "set", np.ones((2, 3), np.float32), pa.table({"id": ["a", "b"]}))
    opened = EmbeddingSet.open(tmp_path / "set")
    assert opened.thumbnails is None
    assert opened.missing == ()
    assert opened.neighbours() is None


@pytest.mark.parametrize(
    ("vectors", "samples", "thumbnails"),
    [
        (np.ones((0, 3)), pa.table({"id": pa.array([], pa.string())}), None),
        (np.ones(3), pa.table({"id": ["a", "b", "c"]}), None),
        (np.ones((2, 3)), pa.table({"id": ["a"]}), None),
        (np.ones((2, 3)), pa.table({"name": ["a", "b"]}), None),
        (np.ones((2, 3)), pa.table({"id": ["a", "b"]}), np.ones((3, 4, 4, 3), np.uint8)),
        (np.ones((2, 3)), pa.table({"id": ["a", "b"]}), np.ones((2, 4, 4, 3), np.float32)),
    ],
)
def test_parts_that_do_not_belong_together_are_refused_and_leave_nothing(
    tmp_path: Path, vectors: np.ndarray, samples: pa.Table, thumbnails: np.ndarray | None
) -> None:
    with pytest.raises(DataError):
        write_embedding_set(tmp_path / "set", vectors, samples, thumbnails)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_set(folder: Path) -> None:
    unwritable = pa.table({"id": list("abcdef"), "odd": pa.array([{}] * ROWS, pa.struct([]))})
    with pytest.raises(pa.ArrowException):
        write_embedding_set(folder, np.zeros((ROWS, 3)), unwritable)
    assert EmbeddingSet.open(folder).meta.title == "Test"
    assert list(folder.parent.iterdir()) == [folder]


def test_layouts_with_bad_names_or_shapes_are_refused(folder: Path) -> None:
    xy, trust, info = np.ones((ROWS, 2), np.float32), np.ones(ROWS, np.float32), LayoutInfo(method="pca")
    for name in ("", "../pca", "Umap", "a/b"):
        with pytest.raises(ValueError, match="layout's name"):
            add_layout(folder, name, xy, trust, info)
    with pytest.raises(ValueError, match=r"\(6, 2\)"):
        add_layout(folder, "umap", xy[:3], trust, info)
    assert EmbeddingSet.open(folder).layouts() == ("pca",)


def test_an_unknown_layout_or_column_names_those_there_are(folder: Path) -> None:
    opened = EmbeddingSet.open(folder)
    with pytest.raises(RunError, match=r"'umap'.*Known: pca"):
        opened.layout("umap")
    with pytest.raises(RunError, match=r"'lable'.*'label'"):
        opened.column("lable")


def test_missing_or_damaged_vectors_are_named(folder: Path) -> None:
    path = folder / "vectors.npy"
    whole = path.read_bytes()
    for content, words in ((whole[:-8], "damaged"), (b"", "damaged"), (b"no array", "damaged"), (None, "missing")):
        path.write_bytes(content) if content is not None else path.unlink()
        with pytest.raises(RunError, match=rf"vectors\.npy is {words}"):
            EmbeddingSet.open(folder)
    np.save(path, np.ones((ROWS, 3), dtype=np.int64))
    with pytest.raises(RunError, match="int64"):
        EmbeddingSet.open(folder)
    with pytest.raises(RunError, match="no embedding set at"):
        EmbeddingSet.open(folder / "nowhere")


def test_pickled_arrays_are_never_loaded(folder: Path) -> None:
    np.save(folder / "vectors.npy", np.array([object()] * ROWS), allow_pickle=True)
    with pytest.raises(RunError, match=r"vectors\.npy"):
        EmbeddingSet.open(folder)


def test_rows_that_belong_to_other_points_are_refused_by_name(folder: Path) -> None:
    np.save(folder / "vectors.npy", np.ones((ROWS + 1, 3), np.float32))
    with pytest.raises(RunError, match=r"samples\.parquet has 6 rows for 7 vectors"):
        EmbeddingSet.open(folder)
    (folder / "samples.parquet").unlink()
    with pytest.raises(RunError, match=r"thumbnails\.npy holds uint8 of shape \(6, 4, 5, 3\)"):
        EmbeddingSet.open(folder)
    (folder / "thumbnails.npy").unlink()
    opened = EmbeddingSet.open(folder)
    assert opened.layouts() == ()
    with pytest.raises(RunError, match=r"neighbours\.npy"):
        opened.neighbours()
    assert any("layout_pca.npy" in sentence for sentence in opened.missing)


def test_a_set_opens_without_its_side_files_and_says_what_is_missing(folder: Path) -> None:
    for name in ("samples.parquet", "thumbnails.npy", "trust_pca.npy", "neighbours.npy"):
        (folder / name).unlink()
    (folder / "layout_umap.npy").write_bytes(b"torn")
    opened = EmbeddingSet.open(folder)
    assert opened.samples.column("id").to_pylist() == [str(row) for row in range(ROWS)]
    assert opened.thumbnails is None
    assert opened.layouts() == ("pca",)
    assert opened.layout("pca").trust is None
    for name in ("samples.parquet", "thumbnails.npy", "layout_umap.npy"):
        assert any(name in sentence for sentence in opened.missing), name


def test_damaged_samples_and_pictures_are_left_out_with_a_reason(folder: Path) -> None:
    (folder / "samples.parquet").write_bytes(b"PAR1 torn")
    (folder / "thumbnails.npy").write_bytes((folder / "thumbnails.npy").read_bytes()[:-1])
    opened = EmbeddingSet.open(folder)
    assert opened.samples.column_names == ["id"]
    assert opened.thumbnails is None
    assert len(opened.missing) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"metric": "manhattan"}', None])
def test_a_damaged_meta_is_told_and_does_not_hide_the_points(folder: Path, text: str | None) -> None:
    path = folder / "meta.json"
    path.write_text(text) if text is not None else path.unlink()
    opened = EmbeddingSet.open(folder)
    assert len(opened) == ROWS
    assert opened.layouts() == ("pca",)
    assert opened.layout("pca").info is None
    assert any("meta.json" in sentence for sentence in opened.missing)


def test_keys_of_a_newer_version_are_told_and_kept_when_a_layout_is_added(folder: Path) -> None:
    path = folder / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "hologram": 3}))
    assert any("hologram" in sentence for sentence in EmbeddingSet.open(folder).missing)
    info = LayoutInfo(method="umap")
    add_layout(folder, "umap", np.zeros((ROWS, 2), np.float32), np.zeros(ROWS, np.float32), info)
    assert json.loads(path.read_text())["hologram"] == 3
    assert set(EmbeddingSet.open(folder).meta.layouts) == {"pca", "umap"}


def test_vectors_that_are_not_finite_are_counted(tmp_path: Path) -> None:
    vectors = np.ones((5, 3), np.float32)
    vectors[1, 2], vectors[4] = np.inf, np.nan
    write_embedding_set(tmp_path / "set", vectors, pa.table({"id": list("abcde")}))
    assert EmbeddingSet.open(tmp_path / "set").unusable_rows == 2


def stored_column(tmp_path: Path, values: pa.Array | list) -> Categorical | Continuous:
    table = pa.table({"id": [str(i) for i in range(len(values))], "c": values})
    write_embedding_set(tmp_path / "set", np.ones((len(values), 2), np.float32), table)
    return EmbeddingSet.open(tmp_path / "set").column("c")


@pytest.mark.parametrize(
    ("values", "codes", "names"),
    [
        (["item 10", None, "item 9", "item 10"], [1, -1, 0, 1], ("item 9", "item 10")),
        ([True, False, True], [1, 0, 1], ("False", "True")),
        ([30, 4, None, 4], [1, 0, -1, 0], ("4", "30")),
        (pa.array(["b", "a", None]).dictionary_encode(), [1, 0, -1], ("a", "b")),
        (pa.array([None, None], pa.string()), [-1, -1], ()),
        (pa.array([None, None]), [-1, -1], ()),
        ([["x", "y"], ["x"]], [0, 1], ("['x', 'y']", "['x']")),
    ],
)
def test_words_truths_and_few_integers_are_categories_in_natural_order(
    tmp_path: Path, values: pa.Array | list, codes: list[int], names: tuple[str, ...]
) -> None:
    column = stored_column(tmp_path, values)
    assert isinstance(column, Categorical)
    assert column.codes.tolist() == codes
    assert column.names == names


def test_more_than_a_hundred_categories_keep_their_names(tmp_path: Path) -> None:
    words = [f"word {i % 150}" for i in range(400)]
    column = stored_column(tmp_path, words)
    assert isinstance(column, Categorical)
    assert len(column.names) == 150
    assert [column.names[code] for code in column.codes] == words


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ([0.5, None, 2.0], [0.5, np.nan, 2.0]),
        (list(range(65)), list(range(65))),
        ([datetime.date(1970, 1, 2), None], [86400.0, np.nan]),
        (pa.array([1_500_000], pa.timestamp("us", tz="UTC")), [1.5]),
    ],
)
def test_measured_numbers_and_times_are_continuous(tmp_path: Path, values: pa.Array | list, numbers: list) -> None:
    column = stored_column(tmp_path, values)
    assert isinstance(column, Continuous)
    np.testing.assert_array_equal(column.values, numbers)
