"""CSV and TSV, TensorBoard projector pairs, Parquet, Arrow and Feather."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from embeddings_import_files import ids, read, some_vectors

from workbench.core.errors import DataError
from workbench.embeddings.importers.importing import describe_vectors

VECTORS = [[1.5, 2.0], [-3.0, 0.25], [5e-3, 6.0]]


def table_file(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("header", [True, False])
def test_the_delimiter_and_the_header_are_found(tmp_path: Path, sign: str, header: bool) -> None:
    lines = [["x", "y"]] * header + [[str(value) for value in row] for row in VECTORS]
    opened, imported = read(table_file(tmp_path, "\n".join(sign.join(line) for line in lines), "t.txt"))
    assert imported.format == "table"
    np.testing.assert_array_equal(opened.vectors, np.float32(VECTORS))


def test_columns_beside_the_numbers_are_metadata_of_their_own_type(tmp_path: Path) -> None:
    text = 'name,a,b,class,kind\n"Smith, J",1,2,7,"x ""y"""\nÖl,3,4,8,\n"two\nlines",5,6,7,z\n'
    opened, imported = read(table_file(tmp_path, text))
    assert ids(opened) == ["Smith, J", "Öl", "two\nlines"]
    assert opened.samples["label"].to_pylist() == ["7", "8", "7"]
    assert opened.samples["kind"].to_pylist() == ['x "y"', "", "z"]
    assert opened.vectors.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert any("The vector is a to b (2 columns)" in note for note in imported.notes)


@pytest.mark.parametrize("wish", ["x1,x2", "x*"])
def test_the_columns_of_the_vector_can_be_told_and_the_other_numbers_stay_numbers(tmp_path: Path, wish: str) -> None:
    path = table_file(tmp_path, "loss,x1,x2,n,code\n0.5,1,2,3,007\n,3,4,5,008\n")
    opened, _ = read(path, vector=wish, id="code")
    assert opened.vectors.tolist() == [[1, 2], [3, 4]]
    assert ids(opened) == ["007", "008"]
    assert opened.samples["loss"].to_pylist() == [0.5, None]
    assert opened.samples["n"].to_pylist() == [3, 5]
    with pytest.raises(DataError, match="no column 'y"):
        read(path, vector="x1,y*")
    with pytest.raises(DataError, match=r"no column 'lbel'"):
        read(path, label="lbel")


@pytest.mark.parametrize("text", [",0,1,2\na,1,2,3\nb,4,5,6\n", "0,1,2\n1,2,3\n4,5,6\n"])
def test_headers_that_pandas_makes_of_numbers_are_no_rows(tmp_path: Path, text: str) -> None:
    opened, _ = read(table_file(tmp_path, text))
    assert opened.vectors.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_one_column_of_words_without_a_header_names_the_rows(tmp_path: Path) -> None:
    opened, _ = read(table_file(tmp_path, 'king\t0.5\t1\n"\t2\t3\nqueen\t4\t5\n', "t.tsv"))
    assert ids(opened) == ["king", '"', "queen"]
    assert opened.samples["text"].to_pylist() == ids(opened)


def test_columns_that_are_aligned_by_spaces_are_read(tmp_path: Path) -> None:
    opened, _ = read(table_file(tmp_path, "   x      y\n  1.5   2.0\n -3.0   0.25\n  5e-3  6.0  \n"))
    np.testing.assert_array_equal(opened.vectors, np.float32(VECTORS))
    assert opened.samples.column_names == ["id"]


def test_empty_cells_and_nan_set_a_row_aside(tmp_path: Path) -> None:
    _, imported = read(table_file(tmp_path, "a,b\n1,2\n,3\n4,nan\n5,inf\n6,NA\n7,8\n"))
    assert imported.set_aside.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3\n4,5\n", r"row 3: 1 cells, where 2 are needed.*limit=1\."),
        ("a,b\n1,2\n3,4,5\n", r"row 3: 3 cells, where 2"),
        ("a,b\n" + "1,2\n" * 300 + "3,x\n", r"row 302: 'x' in the column 'b' is no number"),
        ("a,b\nx,y\nu,v\n", r"no column of numbers.*a, b"),
        ("label,id\n1,2\n3,4\n", "no column of numbers"),
        ("a,b\n", "no column of numbers|no row"),
    ],
)
def test_rows_that_do_not_fit_are_named_with_the_way_out(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(table_file(tmp_path, text))
    assert re.search(words, str(caught.value)), str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_limit_reads_the_rows_before_a_ragged_one(tmp_path: Path) -> None:
    opened, _ = read(table_file(tmp_path, "a,b\n1,2\n3\n4,5\n"), limit=1)
    assert opened.vectors.tolist() == [[1, 2]]


def test_cells_in_latin_1_are_kept_with_replacement_and_counted(tmp_path: Path) -> None:
    opened, imported = read(table_file(tmp_path, "name,x,y\ncafé,1,2\ntea,3,4\n".encode("latin-1")))
    assert ids(opened) == ["caf\ufffd", "tea"]
    assert any("1 text was no UTF-8" in note for note in imported.notes)


def test_a_hundred_thousand_labels_are_kept(tmp_path: Path) -> None:
    path = table_file(tmp_path, "label,x,y\n" + "".join(f"class {row},{row},1\n" for row in range(100_000)))
    opened, _ = read(path)
    column = opened.column("label")
    assert len(column.names) == 100_000
    assert column.names[column.codes[77_777]] == "class 77777"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\x1f\x8b\x08junk", "gunzip"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"\xff\xfea\0", "UTF-16"),
        (bytes(range(256)) * 9, "no vector file that can be read"),
        (bytes.fromhex("ba164f2f") + bytes(99), "fastText model"),
        (b"PK\x03\x04 torn", "damaged archive"),
    ],
)
def test_a_file_that_holds_no_vectors_says_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(table_file(tmp_path, content, "v.bin"))


def test_a_folder_without_vectors_a_finished_set_and_a_missing_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=r"folder .*folder holds no pair of vectors\.tsv and metadata\.tsv"):
        read(tmp_path / "folder")
    np.savetxt(tmp_path / "v.csv", VECTORS, delimiter=",")
    opened, _ = read(tmp_path / "v.csv")
    with pytest.raises(DataError, match="an embedding set already"):
        read(opened.folder)
    with pytest.raises(DataError, match=r"no file .*nowhere\.csv"):
        read(tmp_path / "nowhere.csv")


def projector(
    folder: Path, metadata: str, vectors: str = "1.5\t2\n-3\t0.25\n0.005\t6\n", names=("vectors", "metadata")
):
    folder.mkdir(exist_ok=True)
    (folder / f"{names[0]}.tsv").write_text(vectors)
    (folder / f"{names[1]}.tsv").write_text(metadata)
    return folder


@pytest.mark.parametrize("names", [("vectors", "metadata"), ("tensors", "metadata"), ("w2v_tensor", "w2v_metadata")])
def test_a_projector_pair_is_read_from_its_folder_and_from_its_vectors(tmp_path: Path, names: tuple[str, str]) -> None:
    folder = projector(tmp_path / "pair", 'king\n"\nqueen\n', names=names)
    for path in (folder, folder / f"{names[0]}.tsv"):
        opened, imported = read(path)
        assert imported.format == "projector"
        assert ids(opened) == ["king", '"', "queen"]
        np.testing.assert_array_equal(opened.vectors, np.float32(VECTORS))


def test_metadata_of_several_columns_has_a_header(tmp_path: Path) -> None:
    opened, _ = read(projector(tmp_path / "pair", "Word\tLabel\tn\na\tx\t1\nb\ty\t2\nc\tx\t3\n"))
    assert (ids(opened), opened.samples["label"].to_pylist()) == (["a", "b", "c"], ["x", "y", "x"])
    assert opened.samples["n"].to_pylist() == [1, 2, 3]


def test_one_column_of_few_values_is_labels(tmp_path: Path) -> None:
    vectors = "".join(f"{row}\t1\n" for row in range(9))
    opened, _ = read(projector(tmp_path / "pair", "7\n3\n7\n" * 3, vectors))
    assert opened.samples["label"].to_pylist() == ["7", "3", "7"] * 3


@pytest.mark.parametrize("metadata", ["a\nb\n", "a\nb\nc\nd\n"])
def test_a_pair_of_different_lengths_is_refused_with_both(tmp_path: Path, metadata: str) -> None:
    with pytest.raises(DataError, match=rf"has 3 rows and metadata\.tsv {len(metadata) // 2}"):
        read(projector(tmp_path / "pair", metadata))


def test_a_ragged_metadata_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"metadata\.tsv, line 3: 1 cells, where 2"):
        read(projector(tmp_path / "pair", "a\tb\n1\t2\n3\n4\t5\n"))


def write_table(path: Path, table: pa.Table) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=4)
    elif path.suffix == ".feather":
        feather.write_feather(table, path)
    else:
        opener = pa.ipc.new_stream if path.suffix == ".arrows" else pa.ipc.new_file
        with opener(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=4)


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".arrow", ".arrows"])
@pytest.mark.parametrize("kind", ["list", "large", "fixed"])
@pytest.mark.parametrize("value", [pa.float16(), pa.float32(), pa.float64(), pa.int32()])
def test_a_column_of_lists_is_the_vector(tmp_path: Path, suffix: str, kind: str, value: pa.DataType) -> None:
    vectors = (some_vectors(10, 3) * 9).astype(value.to_pandas_dtype())
    type_ = {"list": pa.list_(value), "large": pa.large_list(value), "fixed": pa.list_(value, 3)}[kind]
    table = pa.table(
        {
            "emb": pa.array(list(vectors), type_),
            "label": pa.array(list("abcab") * 2).dictionary_encode(),
            "loss": np.arange(10.0),
            "image": [b"\x89"] * 10,
        }
    )
    write_table(tmp_path / f"v{suffix}", table)
    opened, imported = read(tmp_path / f"v{suffix}")
    np.testing.assert_array_equal(opened.vectors, vectors.astype("f2" if value == pa.float16() else "f4"))
    assert opened.samples["label"].to_pylist() == list("abcab") * 2
    assert opened.samples["loss"].to_pylist() == list(range(10))
    assert any("image left out" in note for note in imported.notes)


def test_of_several_vector_columns_one_has_to_be_named(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    write_table(path, pa.table({"a": VECTORS, "b": [[1.0]] * 3}))
    with pytest.raises(DataError, match=r"several columns.*a, b.*vector=a"):
        read(path)
    assert describe_vectors(path).choices == ("a", "b")
    opened, _ = read(path, vector="b")
    assert opened.vectors.shape == (3, 1)


def test_columns_of_numbers_stand_in_where_there_are_no_lists(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    write_table(path, pa.table({"id": [7, 8], "x0": [1.0, 2.0], "x1": [3, 4], "t": ["a", "b"]}))
    opened, _ = read(path)
    assert (opened.vectors.tolist(), ids(opened)) == ([[1, 3], [2, 4]], ["7", "8"])


def test_rows_without_a_vector_are_set_aside_and_ragged_ones_named(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    for type_ in (pa.list_(pa.float32()), pa.list_(pa.float32(), 2)):
        write_table(path, pa.table({"v": pa.array([None, [1, 2], None, [3, 4]], type_)}))
        opened, imported = read(path)
        assert imported.set_aside.tolist() == [0, 2]
        assert opened.vectors[[1, 3]].tolist() == [[1, 2], [3, 4]]
    write_table(path, pa.table({"v": [None, [1.0, 2.0], [3.0]]}))
    with pytest.raises(DataError, match=r"row 2: 1 numbers in 'v', where 2"):
        read(path)


def test_tables_that_are_empty_torn_or_without_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    write_table(path, pa.table({"v": pa.array([], pa.list_(pa.float32()))}))
    with pytest.raises(DataError, match="no row"):
        read(path)
    write_table(path, pa.table({"t": ["a"]}))
    with pytest.raises(DataError, match="no column of numbers"):
        read(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match="damaged Parquet"):
        read(path)
    write_table(tmp_path / "v.arrow", pa.table({"v": VECTORS}))
    (tmp_path / "v.arrow").write_bytes((tmp_path / "v.arrow").read_bytes()[:-30])
    with pytest.raises(DataError, match="damaged Arrow"):
        read(tmp_path / "v.arrow")


def test_a_table_is_described_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    write_table(path, pa.table({"v": VECTORS, "label": list("aba")}))
    found = describe_vectors(path)
    assert (found.format, found.rows, found.exact, found.width, found.columns) == ("parquet", 3, True, 2, ("label",))
