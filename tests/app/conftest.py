"""Small embedding sets on disk, as the explorer opens them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set


@pytest.fixture
def stored_set(tmp_path):
    """Writes a set with these columns (and ids, where there are none) and opens it."""

    def write(columns, thumbnails=None, name="set"):
        table = pa.table(columns)
        if "id" not in table.column_names:
            table = table.add_column(0, "id", [[f"s{row}" for row in range(table.num_rows)]])
        vectors = np.zeros((table.num_rows, 2), np.float32)
        write_embedding_set(tmp_path / name, vectors, table, thumbnails)
        return EmbeddingSet.open(tmp_path / name)

    return write


@pytest.fixture
def empty_set(tmp_path):
    """An opened set of no points with a label and a loss, as a filter over everything leaves it."""
    import pyarrow.parquet as pq

    folder = tmp_path / "empty"
    folder.mkdir()
    np.save(folder / "vectors.npy", np.zeros((0, 2), np.float32))
    columns = {"id": pa.string(), "label": pa.string(), "loss": pa.float32()}
    pq.write_table(pa.table({name: pa.array([], kind) for name, kind in columns.items()}), folder / "samples.parquet")
    return EmbeddingSet.open(folder)
