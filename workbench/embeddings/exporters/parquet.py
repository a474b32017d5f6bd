"""Apache Parquet: vectors beside every column of the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workbench.data.base import Progress
from workbench.embeddings.exporters.base import Chosen, Exporter, Told
from workbench.embeddings.exporters.columns import free_name

VECTOR = "vector"


class Parquet(Exporter):
    """One .parquet file: the table's columns, `x`, `y` (and `z`) and `trust` of the layout, and `vector`.

    Vectors are float32 lists of one size; half precision is widened, which most readers want and which loses nothing.
    A name that the table has already gets an underscore behind it. A point without a place has NaN as x and y.
    """

    id: ClassVar[str] = "parquet"
    title: ClassVar[str] = "Parquet table (.parquet)"
    layouts: ClassVar[Literal["none", "one", "all"]] = "one"

    def write(self, chosen: Chosen, draft: Path, progress: Progress) -> Told:
        told, vectors = Told(), chosen.opened.vectors
        table, vector = _with_layout(chosen), free_name(VECTOR, chosen.samples.column_names)
        schema = table.schema.append(pa.field(vector, pa.list_(pa.float32(), vectors.shape[1])))
        worded = [name for name in table.column_names if not pa.types.is_floating(table.schema.field(name).type)]
        with pq.ParquetWriter(draft, schema, use_dictionary=worded) as writer:
            for part in chosen.blocks(vectors.shape[1], progress, "Writing vectors"):
                rows = table.slice(part.start, part.stop - part.start)
                writer.write_table(rows.append_column(schema.field(vector), _lists(chosen.take(vectors, part))))
        if chosen.opened.thumbnails is not None:
            told.notes.append("The table has no pictures; an npz and a page keep them.")
        return told


def _with_layout(chosen: Chosen) -> pa.Table:
    table = chosen.samples
    for layout in chosen.layouts.values():
        columns = dict(zip("xyz", layout.xy[chosen.numbers].T, strict=False))
        if layout.trust is not None:
            columns["trust"] = layout.trust[chosen.numbers]
        for name, values in columns.items():
            table = table.append_column(free_name(name, table.column_names), pa.array(values))
    return table


def _lists(vectors_MD: NDArray[Any]) -> pa.FixedSizeListArray:
    flat = np.ascontiguousarray(vectors_MD, np.float32).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), vectors_MD.shape[1])
