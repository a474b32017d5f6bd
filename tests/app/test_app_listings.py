"""Listings of the lab as tables and CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from workbench.app.listings import Listing
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set

COLUMNS = [
    {"name": "suggested", "title": "Suggested", "unit": "", "names": ["cat", 'do,g "x"']},
    {"name": "share", "title": "Share", "unit": "", "names": None},
]
ARRAYS = {
    "rows": np.array([2, 0, 3]),
    "suggested": np.array([1, -1, 0]),
    "share": np.array([0.5, np.nan, 0.25], np.float32),
    "codes": np.zeros(4, np.int32),
}


@pytest.fixture
def opened(tmp_path: Path) -> EmbeddingSet:
    table = pa.table({"id": ["a", "b", "ü, \n c", "d"], "label": ["x", None, "y", None], "size": [1, 2, 3, 4]})
    write_embedding_set(tmp_path / "set", np.eye(4), table)
    return EmbeddingSet.open(tmp_path / "set")


def listing(**more: object) -> Listing:
    return Listing.of({"title": "T", "words": "W.", "columns": COLUMNS, **more}, ARRAYS)


def test_a_table_has_the_samples_ids_and_names_for_codes(opened: EmbeddingSet) -> None:
    rows = listing().table(opened).to_pylist()
    assert rows[0] == {"row": 2, "id": "ü, \n c", "label": "y", "suggested": 'do,g "x"', "share": 0.5}
    assert rows[1]["suggested"] is None
    assert rows[1]["share"] is None
    assert [row["row"] for row in rows] == [2, 0, 3]


def test_a_csv_file_reads_back_as_the_table(opened: EmbeddingSet, tmp_path: Path) -> None:
    listing().write_csv(opened, tmp_path / "out.csv")
    options = pyarrow.csv.ParseOptions(newlines_in_values=True)
    read = pyarrow.csv.read_csv(tmp_path / "out.csv", parse_options=options)
    assert read.column("id").to_pylist() == ["ü, \n c", "a", "d"]
    assert read.column("suggested").to_pylist()[0] == 'do,g "x"'
    assert read.column("share").to_pylist() == [0.5, None, 0.25]


def test_a_column_called_label_stands_for_the_samples_own(opened: EmbeddingSet) -> None:
    columns = [{**COLUMNS[0], "name": "label"}]
    told = Listing.of({"title": "", "words": "", "columns": columns}, {"rows": np.array([0]), "label": np.array([0])})
    assert told.table(opened).to_pylist() == [{"row": 0, "id": "a", "label": "cat"}]


def test_the_count_is_of_all_rows_where_the_lab_says_it() -> None:
    assert listing().count == 3
    assert listing(count=40).count == 40


def test_a_listing_without_rows_is_a_file_with_its_columns(opened: EmbeddingSet, tmp_path: Path) -> None:
    empty = {name: values[:0] for name, values in ARRAYS.items()}
    Listing.of({"title": "", "words": "", "columns": COLUMNS}, empty).write_csv(opened, tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text(encoding="utf-8").split() == ['"row","id","label","suggested","share"']
