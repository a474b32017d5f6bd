"""Lists of samples that the lab found, as tables and CSV files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.files import write_atomic

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.runs.embedding_set import EmbeddingSet

ALWAYS = ("id", "label")


@dataclass(frozen=True)
class ListedColumn:
    """One value a listed sample: numbers, or codes into `names` (-1: none)."""

    name: str
    title: str
    unit: str
    names: tuple[str, ...] | None
    values: NDArray[Any]


@dataclass(frozen=True)
class Listing:
    """Samples by row number, in order, with the same columns each.

    words : what was found, in a sentence or two
    count : how many samples there are, of which `rows` may be the first few
    """

    title: str
    words: str
    count: int
    rows: NDArray[np.int64]
    columns: tuple[ListedColumn, ...]

    @classmethod
    def of(cls, result: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Listing:
        """The listing in a reply of the lab."""
        columns = tuple(_column(column, arrays[column["name"]]) for column in result["columns"])
        count = int(result.get("count", len(arrays["rows"])))
        return cls(str(result["title"]), str(result["words"]), count, arrays["rows"], columns)

    def table(self, opened: EmbeddingSet) -> pa.Table:
        """`row`, the samples' id and label (where the set has them), and the columns with names for codes."""
        import pyarrow as pa

        own = {column.name for column in self.columns}
        shown = [name for name in ALWAYS if name in opened.samples.column_names and name not in own]
        rows = pa.array(self.rows)
        told = {"row": rows} | {name: opened.samples.column(name).take(rows) for name in shown}
        return pa.table(told | {column.name: _as_arrow(column) for column in self.columns})

    def write_csv(self, opened: EmbeddingSet, path: Path) -> None:
        """Write the table, whole or not at all; raises OSError where the file cannot be written."""
        import pyarrow.csv

        buffer = io.BytesIO()
        pyarrow.csv.write_csv(self.table(opened), buffer)
        write_atomic(path, buffer.getvalue())


def _column(document: Mapping[str, Any], values: NDArray[Any]) -> ListedColumn:
    names = document.get("names")
    unit = str(document.get("unit", ""))
    return ListedColumn(document["name"], document["title"], unit, None if names is None else tuple(names), values)


def _as_arrow(column: ListedColumn) -> pa.Array:
    """Names for codes; no value (an empty field) for -1 and for NaN."""
    import pyarrow as pa

    if column.names is None:
        return pa.array(column.values, from_pandas=True)
    codes = pa.array(column.values.astype(np.int64), mask=column.values < 0)
    return pa.array(column.names, pa.string()).take(codes)
