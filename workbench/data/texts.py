"""Texts from a file: one a line, or a column of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.core.errors import DataError, unknown
from workbench.data.encoded import readable
from workbench.data.listing import existing
from workbench.data.sources.image_table import TABLE_ENDINGS, read_table

_TEXT_NAMES = ("text", "sentence", "document", "content", "body", "review", "description", "title")
_LABEL_NAMES = ("label", "class", "target", "category")


@dataclass(frozen=True)
class Texts:
    """What was read.

    table : one row a text: `id`, `text`, `label` (null where unknown) and whatever else the file's table has
    empty : lines or rows without a text, which are left out
    """

    title: str
    source: str
    table: pa.Table
    empty: int


def read_texts(path: str | Path, column: str = "") -> Texts:
    """Texts of a CSV, TSV or Parquet table, or of the lines of any other file in UTF-8.

    Parameters
    ----------
    column : where a table's texts are; "" takes the usual names, then the only column of texts

    The id is the table's `id` where it is different for each row, else the number of the line or row, from 1.
    Raises DataError where there is no such file or column, no text at all, or where the file is not made of text.
    """
    file = existing(str(path))
    if file.is_dir():
        raise DataError(f"{file} is a folder.", "Name a text file, or a CSV or Parquet table with a column of texts.")
    table = _of_table(file, column) if file.suffix.lower() in TABLE_ENDINGS else _of_lines(file)
    filled = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(table["text"].fill_null(""))), 0)
    kept = table.filter(filled)
    if not kept.num_rows:
        raise DataError(f"{file} holds no text.", "Write one text a line.")
    return Texts(readable(file.stem), readable(str(file)), kept, table.num_rows - kept.num_rows)


def _of_lines(file: Path) -> pa.Table:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from error
    if b"\0" in content[:65536]:
        raise DataError(f"{file} is not made of text.", "Name a text file, or a CSV or Parquet table.")
    lines = [line.strip() for line in content.decode("utf-8-sig", "replace").split("\n")]
    return _described(pa.array(lines, pa.string()), None, None, {})


def _of_table(file: Path, column: str) -> pa.Table:
    table = read_table(file)
    names = {name.lower(): name for name in reversed(table.column_names)}
    text = _text_column(table, column, names, file)
    label = next((names[name] for name in _LABEL_NAMES if name in names and names[name] != text), None)
    others = {name: table[name] for name in table.column_names if name not in (text, label, "id")}
    ids = table["id"] if "id" in table.column_names and text != "id" else None
    labels = None if label is None else table[label].cast(pa.string())
    return _described(table[text].cast(pa.string()), ids, labels, others)


def _text_column(table: pa.Table, wanted: str, names: Mapping[str, str], file: Path) -> str:
    if wanted:
        if wanted not in table.column_names:
            raise DataError(f"{file}: {unknown('column', wanted, table.column_names)}")
        return wanted
    usual = next((names[name] for name in _TEXT_NAMES if name in names), None)
    of_text = [field.name for field in table.schema if pa.types.is_string(field.type) and field.name != "id"]
    if usual is None and len(of_text) != 1:
        found = ", ".join(of_text) or "none"
        raise DataError(f"{file}: which column holds the texts is not clear; columns of text: {found}.", "Name one.")
    return usual or of_text[0]


def _described(
    text: pa.Array | pa.ChunkedArray,
    ids: pa.ChunkedArray | None,
    labels: pa.ChunkedArray | None,
    others: Mapping[str, pa.ChunkedArray],
) -> pa.Table:
    numbers = pa.array(np.arange(1, len(text) + 1)).cast(pa.string())
    unique = ids is not None and ids.null_count == 0 and pc.count_distinct(ids).as_py() == len(ids)
    columns = {"id": ids.cast(pa.string()) if ids is not None and unique else numbers, "text": text}
    columns["label"] = pa.nulls(len(text), pa.string()) if labels is None else labels
    for name, values in others.items():
        columns[f"{name}_" if name in columns else name] = values
    return pa.table(columns)
