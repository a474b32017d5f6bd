"""Exported sets as other programs read them: npz, Parquet, word2vec, projector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from embeddings_export_sets import WIDTH, make_set, put_layout, spoil
from PIL import Image

from workbench.core.errors import Cancelled, DataError, RunError
from workbench.embeddings.exporters.export import EXPORTERS, export_set
from workbench.embeddings.exporters.pictures import fitting_size
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set

FILES = ("npz", "parquet", "word2vec", "word2vec-binary", "html")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_set(tmp_path / "set")


@pytest.fixture
def small_files() -> Callable[[], AbstractContextManager[None]]:
    """While it is entered, no file may grow beyond 4 kB."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limited() -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


# -- npz ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_an_npz_has_every_array_of_the_set_as_it_was_and_needs_no_pickle(tmp_path: Path, dtype: str) -> None:
    opened = EmbeddingSet.open(make_set(tmp_path / "set", dtype=dtype))
    export_set(opened.folder, "npz", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as held:
        assert set(held) == {"vectors", "ids", "labels", "thumbnails", "layout_map", "trust_map"}
        assert held["vectors"].dtype == dtype
        np.testing.assert_array_equal(held["vectors"], opened.vectors)
        np.testing.assert_array_equal(held["thumbnails"], opened.thumbnails)
        np.testing.assert_array_equal(held["layout_map"], opened.layout("map").xy)
        np.testing.assert_array_equal(held["trust_map"], opened.layout("map").trust)
        assert held["ids"].tolist() == opened.samples["id"].to_pylist()
        assert held["labels"].tolist() == [label or "" for label in opened.samples["label"].to_pylist()]


def test_a_set_whose_table_has_no_ids_gets_row_numbers(source: Path, tmp_path: Path) -> None:
    pq.write_table(EmbeddingSet.open(source).samples.drop(["id"]), source / "samples.parquet")
    export_set(source, "npz", tmp_path / "out.npz", rows=[5, 2])
    with np.load(tmp_path / "out.npz", allow_pickle=False) as held:
        assert held["ids"].tolist() == ["5", "2"]


def test_an_npz_says_which_columns_it_leaves_out(source: Path, tmp_path: Path) -> None:
    assert any("left out: loss" in note for note in export_set(source, "npz", tmp_path / "out.npz").notes)


def test_chosen_rows_are_written_in_the_order_they_were_named(source: Path, tmp_path: Path) -> None:
    opened, rows = EmbeddingSet.open(source), [6, 0, 3]
    assert export_set(source, "npz", tmp_path / "out.npz", rows=rows).rows == 3
    with np.load(tmp_path / "out.npz", allow_pickle=False) as held:
        np.testing.assert_array_equal(held["vectors"], opened.vectors[rows])
        np.testing.assert_array_equal(held["thumbnails"], opened.thumbnails[rows])
        np.testing.assert_array_equal(held["layout_map"], opened.layout("map").xy[rows])
        assert held["ids"].tolist() == [opened.samples["id"][row].as_py() for row in rows]


# -- parquet -----------------------------------------------------------------------------------------------------------


def test_a_parquet_table_has_the_columns_the_layout_and_vectors_of_one_length(source: Path, tmp_path: Path) -> None:
    opened = EmbeddingSet.open(source)
    export_set(source, "parquet", tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["id", "label", "loss", "x", "y", "trust", "vector"]
    assert table.select(["id", "label", "loss"]).equals(opened.samples)
    assert table.schema.field("vector").type.list_size == WIDTH
    np.testing.assert_array_equal(np.array(table["vector"].to_pylist(), np.float32), opened.vectors)
    np.testing.assert_array_equal(np.c_[table["x"], table["y"]], opened.layout("map").xy)


def test_a_layout_in_space_has_three_columns(source: Path, tmp_path: Path) -> None:
    xyz = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    put_layout(source, "space", xyz)
    export_set(source, "parquet", tmp_path / "out.parquet", layout="space")
    table = pq.read_table(tmp_path / "out.parquet")
    np.testing.assert_array_equal(np.c_[table["x"], table["y"], table["z"]], xyz)


def test_a_column_that_is_called_like_one_of_ours_keeps_its_name(tmp_path: Path) -> None:
    write_embedding_set(tmp_path / "set", np.ones((2, 3), np.float32), pa.table({"id": ["a", "b"], "x": [7, 8]}))
    put_layout(tmp_path / "set", "map", np.zeros((2, 2), np.float32))
    export_set(tmp_path / "set", "parquet", tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["x"].to_pylist() == [7, 8]
    assert table["x_"].to_pylist() == [0, 0]


@pytest.mark.parametrize("format", ["npz", "parquet"])
def test_vectors_that_are_not_finite_are_kept_where_the_format_can_hold_them(
    source: Path, tmp_path: Path, format: str
) -> None:
    spoil(source, 2)
    told = export_set(source, format, tmp_path / "out")
    assert (told.rows, told.left_out) == (8, 0)


# -- word2vec ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("format", "binary"), [("word2vec", False), ("word2vec-binary", True)])
def test_gensim_reads_the_words_and_the_same_bits(source: Path, tmp_path: Path, format: str, binary: bool) -> None:
    models = pytest.importorskip("gensim.models")
    told = export_set(source, format, tmp_path / "out")
    read = models.KeyedVectors.load_word2vec_format(str(tmp_path / "out"), binary=binary)
    words = ['say_"hi"_</script>', "tab_here", "line_break", "Zürich_東京", "_", "New_York", "a\\b", "plain"]
    assert read.index_to_key == words
    np.testing.assert_array_equal(read.vectors, EmbeddingSet.open(source).vectors)
    assert any(note.startswith("6 words had white space") for note in told.notes)


def test_nine_digits_bring_back_every_kind_of_float32(tmp_path: Path) -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32)
    values = bits.view(np.float32)
    values = values[np.isfinite(values)][: 19_000 // 4 * 4].reshape(-1, 4)
    samples = pa.table({"id": [str(row) for row in range(len(values))]})
    write_embedding_set(tmp_path / "set", values, samples)
    export_set(tmp_path / "set", "word2vec", tmp_path / "out.txt")
    lines = (tmp_path / "out.txt").read_text().splitlines()[1:]
    read = np.array([line.split(" ")[1:] for line in lines], dtype=np.float32)
    np.testing.assert_array_equal(read.view(np.uint32), values.view(np.uint32))


@pytest.mark.parametrize("format", ["word2vec", "word2vec-binary"])
def test_vectors_that_are_not_finite_are_left_out_of_word_files_and_counted(
    source: Path, tmp_path: Path, format: str
) -> None:
    spoil(source, 2)
    told = export_set(source, format, tmp_path / "out")
    assert (told.rows, told.left_out) == (7, 1)
    assert (tmp_path / "out").read_bytes().startswith(b"7 5\n")


def test_words_that_become_the_same_are_counted(tmp_path: Path) -> None:
    samples = pa.table({"id": ["1", "2", "3"], "text": ["New York", "New_York", "Rome"]})
    write_embedding_set(tmp_path / "set", np.ones((3, 2), np.float32), samples)
    told = export_set(tmp_path / "set", "word2vec", tmp_path / "out.txt")
    assert any("1 word stands there again" in note for note in told.notes)
    assert (tmp_path / "out.txt").read_text().splitlines()[3] == "Rome 1 1"


# -- projector ---------------------------------------------------------------------------------------------------------


def test_a_projector_folder_has_tensors_metadata_sprite_and_a_config_that_names_them(
    source: Path, tmp_path: Path
) -> None:
    opened = EmbeddingSet.open(source)
    export_set(source, "projector", tmp_path / "out")
    tensors = np.loadtxt(tmp_path / "out" / "tensors.tsv", delimiter="\t", dtype=np.float32)
    np.testing.assert_array_equal(tensors, opened.vectors)
    lines = (tmp_path / "out" / "metadata.tsv").read_text(encoding="utf-8").split("\n")
    assert lines[0] == "id\tlabel\tloss"
    assert [line.split("\t")[0] for line in lines[2:4]] == ["tab here", "line break"]
    assert len(lines) == 1 + 8 + 1
    sprite = np.asarray(Image.open(tmp_path / "out" / "sprite.png"))
    assert sprite.shape == (3 * 6, 3 * 5, 3)
    np.testing.assert_array_equal(sprite[6:12, 10:15], opened.thumbnails[5])
    config = (tmp_path / "out" / "projector_config.pbtxt").read_text(encoding="utf-8")
    for words in ('tensor_path: "tensors.tsv"', 'metadata_path: "metadata.tsv"', 'image_path: "sprite.png"'):
        assert words in config
    assert "single_image_dim: 5\n    single_image_dim: 6" in config


def test_metadata_of_one_column_has_no_header(tmp_path: Path) -> None:
    write_embedding_set(tmp_path / "set", np.ones((2, 3), np.float32), pa.table({"id": ["a", "b"]}))
    export_set(tmp_path / "set", "projector", tmp_path / "out")
    assert (tmp_path / "out" / "metadata.tsv").read_text() == "a\nb\n"
    assert not (tmp_path / "out" / "sprite.png").exists()


@pytest.mark.parametrize(
    ("count", "size", "fitted"),
    [
        (100, (64, 48), (64, 48)),
        (100_000, (64, 64), (25, 25)),
        (1_000_000, (64, 32), (8, 4)),
        (2_000_000, (64, 64), None),
    ],
)
def test_pictures_are_shrunk_until_their_sheet_is_at_most_8192_px(
    count: int, size: tuple[int, int], fitted: tuple[int, int] | None
) -> None:
    assert fitting_size(count, *size) == fitted


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", [*FILES, "projector"])
def test_what_exists_is_not_overwritten(source: Path, tmp_path: Path, format: str) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        export_set(source, format, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("format", [*FILES, "projector"])
def test_a_place_that_cannot_be_written_is_named(source: Path, tmp_path: Path, format: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file.out cannot be written: "):
        export_set(source, format, tmp_path / "file" / "out")


@pytest.mark.parametrize("format", [*FILES, "projector"])
def test_a_disk_that_takes_no_more_is_told_and_nothing_is_left(
    tmp_path: Path, small_files: Callable[[], AbstractContextManager[None]], format: str
) -> None:
    source = make_set(tmp_path / "set", rows=200, pictures=(16, 16))
    with small_files(), pytest.raises(DataError, match=r"out cannot be written: "):
        export_set(source, format, tmp_path / "place" / "out")
    assert list((tmp_path / "place").iterdir()) == []


@pytest.mark.parametrize("format", [*FILES, "projector"])
def test_a_cancelled_export_leaves_nothing(source: Path, tmp_path: Path, format: str) -> None:
    def stop(share: float, words: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        export_set(source, format, tmp_path / "place" / "out", progress=stop)
    assert list((tmp_path / "place").iterdir()) == []


def test_an_unknown_layout_names_those_there_are(source: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no layout 'mop'.*'map'"):
        export_set(source, "html", tmp_path / "out.html", layout="mop")


def test_an_unknown_format_names_those_there_are(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"parqet.*parquet"):
        export_set(source, "parqet", tmp_path / "out")


@pytest.mark.parametrize(("rows", "words"), [([], "empty"), ([0, 8], "no row 8"), ([-1], "no row -1")])
def test_rows_that_are_not_there_are_named(source: Path, tmp_path: Path, rows: list[int], words: str) -> None:
    with pytest.raises(DataError, match=words):
        export_set(source, "npz", tmp_path / "out.npz", rows=rows)


@pytest.mark.parametrize("format", ["word2vec", "projector"])
def test_a_set_with_nothing_that_can_be_written_is_refused(source: Path, tmp_path: Path, format: str) -> None:
    spoil(source, 2)
    with pytest.raises(DataError, match="None of the 1 rows can be written"):
        export_set(source, format, tmp_path / "out", rows=[2])


def test_a_layout_that_a_format_cannot_hold_is_told(source: Path, tmp_path: Path) -> None:
    told = export_set(source, "word2vec", tmp_path / "out.txt", layout="map")
    assert any("holds no layout; map is left out" in note for note in told.notes)


def test_every_format_is_in_the_table_under_its_id() -> None:
    assert set(EXPORTERS) == {*FILES, "projector"}
