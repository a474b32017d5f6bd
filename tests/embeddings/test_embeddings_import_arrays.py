"""numpy arrays and archives, safetensors and FAISS flat indexes."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from embeddings_import_files import ids, read, some_vectors

from workbench.core.errors import Cancelled, DataError
from workbench.embeddings.importers.importing import describe_vectors, import_vectors


@pytest.mark.parametrize(
    ("given", "stored"),
    [("f2", "f2"), ("f4", "f4"), (">f4", "f4"), ("f8", "f4"), ("i4", "f4"), ("u1", "f4"), ("?", "f4")],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_keeps_half_precision_and_becomes_float32_else(
    tmp_path: Path, given: str, stored: str, order: str
) -> None:
    vectors = np.asarray(some_vectors(7, 3) * 9 > 0 if given == "?" else abs(some_vectors(7, 3) * 9)).astype(given)
    np.save(tmp_path / "v.npy", np.asarray(vectors, order=order))
    opened, imported = read(tmp_path / "v.npy")
    assert opened.vectors.dtype == np.dtype(stored)
    np.testing.assert_array_equal(opened.vectors, vectors.astype(stored))
    assert ids(opened) == [str(row) for row in range(7)]
    assert imported.format == "npy"


def test_rows_that_are_not_finite_or_zero_keep_their_place_and_are_counted(tmp_path: Path) -> None:
    vectors = some_vectors(6, 3, np.float64)
    vectors[1, 2], vectors[3], vectors[4], vectors[5, 0] = np.nan, 0, -np.inf, 1e300
    np.save(tmp_path / "v.npy", vectors)
    opened, imported = read(tmp_path / "v.npy")
    assert imported.set_aside.tolist() == [1, 4, 5]
    assert opened.unusable_rows == 3
    np.testing.assert_array_equal(opened.vectors[[0, 2]], vectors[[0, 2]].astype(np.float32))
    assert any("3 rows with NaN or infinite values set aside" in note for note in imported.notes)
    assert any("1 row of zeros only" in note for note in imported.notes)


def test_a_single_row_is_imported_and_told(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", some_vectors(1, 3))
    _, imported = read(tmp_path / "v.npy")
    assert imported.notes == ("The set has one row, which has no neighbours.",)


@pytest.mark.parametrize("saving", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_archive_gives_vectors_columns_and_thumbnails(tmp_path: Path, saving, order: str) -> None:
    vectors, rng = some_vectors(5, 4), np.random.default_rng(0)
    pictures = rng.integers(0, 256, (5, 6, 7, 3)).astype(np.uint8)
    beside = {"ids": np.array(list("äbcde")), "labels": np.array([3, 1, 3, 1, 2]), "loss": rng.random(5)}
    saving(tmp_path / "a.npz", emb=np.asarray(vectors, order=order), images=pictures, odd=np.ones(9), **beside)
    opened, imported = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(opened.vectors, vectors)
    np.testing.assert_array_equal(opened.thumbnails, pictures)
    assert ids(opened) == list("äbcde")
    assert opened.samples["label"].to_pylist() == ["3", "1", "3", "1", "2"]
    assert opened.samples["loss"].to_pylist() == beside["loss"].tolist()
    assert any("odd is left out" in note for note in imported.notes)


def test_of_several_arrays_one_has_to_be_named(tmp_path: Path) -> None:
    arrays = {"a": some_vectors(5, 4), "b": some_vectors(5, 3)}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=r"several arrays.*a, b.*vector=a"):
        read(tmp_path / "a.npz")
    assert describe_vectors(tmp_path / "a.npz").choices == ("a", "b")
    with pytest.raises(DataError, match=r"no array 'bb'\. Did you mean 'b'"):
        read(tmp_path / "a.npz", vector="bb")
    opened, _ = read(tmp_path / "a.npz", vector="b")
    np.testing.assert_array_equal(opened.vectors, arrays["b"])


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.ones(3), r"float64 of shape \(3,\)"),
        (np.ones((2, 3, 4)), r"shape \(2, 3, 4\)"),
        (np.ones((2, 3), complex), "complex128"),
        (np.array([["a", "b"]]), "<U1"),
        (np.ones((0, 3)), "no row"),
        (np.ones((3, 0)), "no values"),
        (np.array([[object()]]), "Python objects"),
        (np.zeros(3, dtype=[("x", "f4"), ("y", "f4")]), "shape"),
    ],
)
def test_an_array_that_is_no_table_of_numbers_is_refused_by_name(tmp_path: Path, array: np.ndarray, words: str) -> None:
    np.save(tmp_path / "v.npy", array, allow_pickle=True)
    with pytest.raises(DataError, match=rf"v\.npy.*{words}"):
        read(tmp_path / "v.npy")


def test_objects_in_an_archive_are_named_and_never_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", v=some_vectors(2, 3), names=np.array([{}, []], dtype=object))
    opened, imported = read(tmp_path / "a.npz")
    assert opened.samples.column_names == ["id"]
    assert any("names is left out: it holds Python objects" in note for note in imported.notes)
    np.savez(tmp_path / "b.npz", v=np.array([[{}, []]], dtype=object))
    with pytest.raises(DataError, match=r"v in .*b\.npz is an array of Python objects"):
        read(tmp_path / "b.npz")


def test_a_truncated_array_says_how_many_whole_rows_there_are(tmp_path: Path) -> None:
    path = tmp_path / "v.npy"
    np.save(path, some_vectors(9, 5))
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"9 rows and holds 6 whole ones.*limit=6"):
        read(path)
    opened, _ = read(path, limit=6)
    np.testing.assert_array_equal(opened.vectors, some_vectors(9, 5)[:6])


def test_a_damaged_archive_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, v=some_vectors(300, 40))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.npz is a damaged archive"):
        read(path)
    path.write_bytes(whole[:2000] + bytes(200) + whole[2200:])
    with pytest.raises(DataError, match=r"v in .*a\.npz is damaged"):
        read(path)
    assert list(tmp_path.iterdir()) == [path]


def test_what_does_not_fit_on_the_disk_is_refused_with_its_size(tmp_path: Path) -> None:
    path = tmp_path / "v.npy"
    with open(path, "wb") as stream:
        header = {"descr": "<f4", "fortran_order": False, "shape": (10**9, 1000)}
        np.lib.format.write_array_header_1_0(stream, header)
        os.truncate(path, stream.tell() + 4 * 10**12)  # sparse: takes no room
    with pytest.raises(DataError, match=r"need 4 TB for 1000000000 vectors of 1000 numbers.*limit=\d+"):
        read(path)


def test_a_set_is_never_written_over_what_is_there(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", some_vectors(2, 3))
    with pytest.raises(DataError, match="exists already"):
        import_vectors(tmp_path / "v.npy", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["v.npy"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", some_vectors(2, 3))
    with pytest.raises(DataError, match=r"v\.npy to .*v\.npy.set failed"):
        import_vectors(tmp_path / "v.npy", tmp_path / "v.npy" / "set")


def test_a_cancelled_import_leaves_nothing(tmp_path: Path) -> None:
    def cancel(share: float, words: str) -> None:
        raise Cancelled()

    np.save(tmp_path / "v.npy", some_vectors(2, 3))
    with pytest.raises(Cancelled):
        import_vectors(tmp_path / "v.npy", tmp_path / "set", progress=cancel)
    assert [path.name for path in tmp_path.iterdir()] == ["v.npy"]


@pytest.mark.parametrize("name", ["向量.npy", "naïve espace.npy", "😀.npy"])
def test_file_names_may_be_unicode(tmp_path: Path, name: str) -> None:
    np.save(tmp_path / name, some_vectors(2, 3))
    opened, _ = read(tmp_path / name)
    assert opened.meta.title == name.removesuffix(".npy")


def test_pickles_are_refused_by_name_whatever_their_suffix(tmp_path: Path) -> None:
    for protocol in (2, 3, 4, 5):
        (tmp_path / "v.vec").write_bytes(pickle.dumps(some_vectors(2, 3), protocol))
        with pytest.raises(DataError, match=r"v\.vec is a Python pickle, which is never loaded"):
            read(tmp_path / "v.vec")


def test_a_pytorch_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"v": torch.ones(3, 4)}, tmp_path / "v.pt")
    with pytest.raises(DataError, match=r"PyTorch file.*safetensors"):
        read(tmp_path / "v.pt")


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "bfloat16", "int64"])
def test_a_tensor_is_read_as_torch_has_it(tmp_path: Path, kind: str) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    tensor = (torch.from_numpy(some_vectors(6, 5)) * 10).to(getattr(torch, kind))
    save_file({"bias": torch.ones(5), "v": tensor, "x": torch.ones(2, 2, 2)}, tmp_path / "v.safetensors")
    opened, imported = read(tmp_path / "v.safetensors")
    expected = tensor.numpy() if kind == "float16" else tensor.float().numpy()
    assert imported.format == "safetensors"
    assert opened.vectors.dtype == expected.dtype
    np.testing.assert_array_equal(opened.vectors, expected)


def test_of_several_tensors_one_has_to_be_named(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "v.safetensors"
    save_file({"a": some_vectors(2, 3), "b": some_vectors(4, 3)}, path)
    with pytest.raises(DataError, match=r"several tensors.*a, b"):
        read(path)
    opened, _ = read(path, vector="b")
    np.testing.assert_array_equal(opened.vectors, some_vectors(4, 3))


def test_a_truncated_tensor_says_how_many_whole_rows_there_are(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "v.safetensors"
    save_file({"a": some_vectors(8, 3)}, path)
    path.write_bytes(path.read_bytes()[:-13])
    with pytest.raises(DataError, match="8 rows and holds 6 whole ones"):
        read(path)


@pytest.mark.parametrize("entry", [{"dtype": "F32", "shape": [2, 3]}, {"dtype": "F32", "shape": [2, -3]}, 7, None])
def test_a_damaged_tensor_header_is_named(tmp_path: Path, entry: object) -> None:
    header = json.dumps({"a": entry}).encode()
    path = tmp_path / "v.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(24))
    with pytest.raises(DataError, match="damaged safetensors header"):
        read(path)


@pytest.mark.parametrize(("kind", "metric"), [("IndexFlatL2", "euclidean"), ("IndexFlatIP", "cosine")])
def test_a_flat_index_is_read_to_the_bit_with_its_metric(tmp_path: Path, kind: str, metric: str) -> None:
    faiss = pytest.importorskip("faiss")
    index = getattr(faiss, kind)(5)
    index.add(some_vectors(9, 5))
    faiss.write_index(index, str(tmp_path / "v.index"))
    opened, imported = read(tmp_path / "v.index")
    assert (imported.format, opened.meta.metric) == ("faiss", metric)
    np.testing.assert_array_equal(opened.vectors, some_vectors(9, 5))


def test_a_flat_index_of_another_metric_is_read_with_a_note(tmp_path: Path) -> None:
    faiss = pytest.importorskip("faiss")
    index = faiss.IndexFlat(5, faiss.METRIC_Linf)
    index.add(some_vectors(9, 5))
    faiss.write_index(index, str(tmp_path / "v.index"))
    opened, imported = read(tmp_path / "v.index")
    np.testing.assert_array_equal(opened.vectors, some_vectors(9, 5))
    assert any("told in cosine distance" in note for note in imported.notes)


@pytest.mark.parametrize("kind", ["HNSW8", "IVF2,Flat", "PQ1", "SQ8", "IDMap,Flat", "PCA2,Flat", "LSH", "NSG8"])
def test_other_indexes_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    faiss = pytest.importorskip("faiss")
    index = faiss.index_factory(8, kind)
    index.train(some_vectors(300, 8))
    faiss.write_index(index, str(tmp_path / "v.index"))
    with pytest.raises(DataError, match=r"FAISS index of another kind \(Index[A-Z]"):
        read(tmp_path / "v.index")


def test_a_truncated_index_says_how_many_whole_rows_there_are(tmp_path: Path) -> None:
    faiss = pytest.importorskip("faiss")
    index = faiss.IndexFlatL2(4)
    index.add(some_vectors(9, 4))
    faiss.write_index(index, str(tmp_path / "v.index"))
    (tmp_path / "v.index").write_bytes((tmp_path / "v.index").read_bytes()[:-20])
    with pytest.raises(DataError, match="9 rows and holds 7 whole ones"):
        read(tmp_path / "v.index")
    (tmp_path / "v.index").write_bytes((tmp_path / "v.index").read_bytes()[:20])
    with pytest.raises(DataError, match="ends within its header"):
        read(tmp_path / "v.index")
