"""What the exporters write, the importers read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from embeddings_export_sets import AWKWARD, make_set, spoil

from workbench.embeddings.exporters.export import export_set
from workbench.embeddings.importers.importing import import_vectors
from workbench.runs.embedding_set import EmbeddingSet

NAMES = {"npz": "out.npz", "parquet": "out.parquet", "word2vec": "out.txt", "word2vec-binary": "out.bin"}


def there_and_back(source: Path, format: str) -> EmbeddingSet:
    out = source.parent / NAMES.get(format, "out")
    export_set(source, format, out)
    import_vectors(out, source.parent / "back")
    return EmbeddingSet.open(source.parent / "back")


@pytest.mark.parametrize("format", [*NAMES, "projector"])
def test_vectors_come_back_to_the_bit_and_in_order(tmp_path: Path, format: str) -> None:
    source = make_set(tmp_path / "set", rows=20)
    back = there_and_back(source, format)
    np.testing.assert_array_equal(back.vectors, EmbeddingSet.open(source).vectors)


@pytest.mark.parametrize("format", ["npz", "parquet"])
def test_ids_and_labels_come_back_where_the_format_keeps_them_as_they_are(tmp_path: Path, format: str) -> None:
    back = there_and_back(make_set(tmp_path / "set"), format)
    assert back.samples["id"].to_pylist() == AWKWARD
    labels = EmbeddingSet.open(tmp_path / "set").samples["label"].to_pylist()
    assert [label or None for label in back.samples["label"].to_pylist()] == labels


def test_labels_of_a_projector_folder_come_back(tmp_path: Path) -> None:
    back = there_and_back(make_set(tmp_path / "set"), "projector")
    labels = EmbeddingSet.open(tmp_path / "set").samples["label"].to_pylist()
    assert [label or None for label in back.samples["label"].to_pylist()] == labels


def test_pictures_and_half_precision_come_back_from_an_npz(tmp_path: Path) -> None:
    source = EmbeddingSet.open(make_set(tmp_path / "set", dtype="float16"))
    back = there_and_back(source.folder, "npz")
    assert back.vectors.dtype == np.float16
    np.testing.assert_array_equal(back.thumbnails, source.thumbnails)


@pytest.mark.parametrize("format", ["npz", "parquet"])
def test_a_row_that_is_not_finite_keeps_its_place(tmp_path: Path, format: str) -> None:
    source = make_set(tmp_path / "set")
    spoil(source, 3)
    back = there_and_back(source, format)
    assert np.flatnonzero(~np.isfinite(back.vectors).all(axis=1)).tolist() == [3]


@pytest.mark.parametrize("format", ["word2vec", "word2vec-binary"])
def test_words_come_back_as_ids_and_texts(tmp_path: Path, format: str) -> None:
    back = there_and_back(make_set(tmp_path / "set", rows=20), format)
    assert back.samples["id"].to_pylist()[5:8] == ["New_York", "a\\b", "plain"]
    assert back.samples["text"].to_pylist() == back.samples["id"].to_pylist()
