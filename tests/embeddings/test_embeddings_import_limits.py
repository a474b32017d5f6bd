"""What holds for every format: the first rows alone can be read, and the lab's requests tell what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from embeddings_import_files import read, some_vectors
from safetensors.numpy import save_file

from workbench.core.errors import RecipeError
from workbench.core.wire import Message
from workbench.embeddings.importers.importing import describe_vectors
from workbench.engine.lab.importing import IMPORTING
from workbench.engine.lab.server import Request

V = some_vectors(9, 4)
WRITERS: dict[str, Any] = {
    "a.npy": lambda path: np.save(path, V),
    "f.npy": lambda path: np.save(path, np.asfortranarray(V)),
    "a.npz": lambda path: np.savez(path, v=V, label=np.arange(9), pictures=np.zeros((9, 2, 2, 3), np.uint8)),
    "f.npz": lambda path: np.savez(path, v=np.asfortranarray(V)),
    "a.parquet": lambda path: pq.write_table(pa.table({"v": V.tolist(), "n": np.arange(9)}), path),
    "a.feather": lambda path: feather.write_feather(pa.table({"v": V.tolist()}), path),
    "a.csv": lambda path: np.savetxt(path, V, delimiter=",", fmt="%.9g"),
    "a.txt": lambda path: path.write_text(
        "".join(f"w{row} {' '.join(map(repr, V[row].tolist()))}\n" for row in range(9))
    ),
    "a.bin": lambda path: path.write_bytes(b"9 4\n" + b"".join(b"w " + row.tobytes() for row in V)),
    "a.safetensors": lambda path: save_file({"v": V}, path),
}


@pytest.mark.parametrize("name", list(WRITERS))
def test_a_limit_reads_the_first_rows_of_every_format(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    opened, imported = read(tmp_path / name, limit=5)
    np.testing.assert_array_equal(opened.vectors, V[:5])
    assert opened.samples.num_rows == 5
    assert "Only the first 5 rows were asked for." in imported.notes


@pytest.mark.parametrize("name", list(WRITERS))
def test_every_format_is_described_with_its_width_before_it_is_read(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    found = describe_vectors(tmp_path / name)
    assert (found.width, found.rows, found.size) == (4, pytest.approx(9, abs=1), pytest.approx(144, abs=16))


def asked(name: str, **params: Any) -> tuple[dict[str, Any], Any]:
    (handler,) = [handler for handler in IMPORTING if handler.__name__ == name]
    return handler(Request(Message({"id": 1, "name": name, "params": params}), lambda message: None))


def test_the_lab_lists_the_rows_that_were_set_aside(tmp_path: Path) -> None:
    vectors = V.copy()
    vectors[[2, 7], 1] = np.nan
    np.save(tmp_path / "v.npy", vectors)
    told, arrays = asked("import_vectors", path=str(tmp_path / "v.npy"), out=str(tmp_path / "set"), wishes={})
    assert (told["samples"], told["set_aside"], told["title"]) == (9, 2, "Rows set aside")
    assert arrays["rows"].tolist() == [2, 7]
    assert arrays["rows"].dtype == np.int64


@pytest.mark.parametrize(
    ("wishes", "words"),
    [({"vektor": "a"}, "Did you mean 'vector'"), ({"format": "hdf5"}, "'hdf5'"), ({"limit": 0}, "limit: 0 is not")],
)
def test_wishes_that_do_not_exist_or_fit_are_named(tmp_path: Path, wishes: dict[str, Any], words: str) -> None:
    np.save(tmp_path / "v.npy", V)
    with pytest.raises(RecipeError, match=words):
        asked("describe_vectors", path=str(tmp_path / "v.npy"), wishes=wishes)
