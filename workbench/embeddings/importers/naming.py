"""From the columns of a file to samples.parquet: `id`, `text`, `label` and the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.core.errors import DataError, unknown
from workbench.embeddings.importers.base import Wishes
from workbench.embeddings.importers.choosing import ID_NAMES, LABEL_NAMES, usual

_WORDS = ("word", "words", "token", "text")
_STAYING = ("path", "text")


def samples_table(table: pa.Table, rows: int, wishes: Wishes, untyped: bool) -> pa.Table:
    """The table of a set's samples.

    Parameters
    ----------
    table : the file's own columns, none or `rows` values each
    wishes : `id` and `label` name columns; where they do not, usual names are looked for
    untyped : the columns are texts; those that all read as numbers become numbers

    Returns
    -------
    a table with `id` first (texts; the row's number where the file names none), `text` where the ids are words, `label`
    (texts, missing where empty) where there are labels, then the other columns

    Raises
    ------
    DataError : a wish names a column that is not there
    """
    names = table.column_names
    id_name = _wished("id", names, wishes.id) or usual(names, ID_NAMES)
    label_name = _wished("label", names, wishes.label) or usual(names, LABEL_NAMES)
    columns = {"id": _ids(table, id_name, rows)}
    if id_name is not None and id_name.lower() in _WORDS:
        columns["text"] = columns["id"]
    if label_name is not None:
        labels = _texts(table.column(label_name))
        columns["label"] = pc.if_else(pc.equal(labels, ""), None, labels)
    for name in names:
        if name not in (id_name, label_name) or (name.lower() in _STAYING and name not in columns):
            values = table.column(name)
            columns[f"{name} (file)" if name in columns else name] = _typed(values) if untyped else values
    return pa.table(columns)


def duplicates(samples: pa.Table) -> tuple[int, str]:
    """How many rows have an id that a row above them has, and one such id."""
    ids = samples.column("id")
    surplus = len(ids) - pc.count_distinct(ids, mode="all").as_py()
    if not surplus:
        return 0, ""
    counts = pc.value_counts(ids)
    most = np.argmax(counts.field("counts").to_numpy())
    return surplus, counts.field("values")[int(most)].as_py()


def _wished(what: str, names: Sequence[str], wish: str) -> str | None:
    if wish and wish not in names:
        raise DataError(unknown(f"column {what} =", wish, names))
    return wish or None


def _ids(table: pa.Table, name: str | None, rows: int) -> pa.ChunkedArray:
    numbers = pa.chunked_array([pa.array(np.arange(rows)).cast(pa.string())])
    if name is None:
        return numbers
    ids = _texts(table.column(name))
    return pc.if_else(pc.is_null(ids), numbers.chunk(0), ids.combine_chunks()) if ids.null_count else ids


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as texts; whole floats, as tables with gaps store integers, lose their point."""
    if pa.types.is_floating(values.type) and pc.all(pc.equal(pc.floor(values), values)).as_py():
        values = values.cast(pa.int64())
    try:
        return values.cast(pa.string())
    except pa.ArrowException:
        return pa.chunked_array([pa.array([None if v is None else str(v) for v in values.to_pylist()], pa.string())])


def _typed(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of texts as numbers where all of them read as such; empty cells are then missing."""
    filled = pc.if_else(pc.equal(values, ""), None, values)
    if filled.null_count == len(filled):
        return values
    for type_ in (pa.int64(), pa.float64()):
        try:
            return filled.cast(type_)
        except pa.ArrowInvalid:
            continue
    return values
