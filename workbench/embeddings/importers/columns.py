"""Parquet, Arrow and Feather: a column of lists is the vector, or columns of numbers that are named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.embeddings.importers.base import AmbiguousVectors, Block, Format, Source, Wishes, stored_dtype
from workbench.embeddings.importers.choosing import named, vector_columns
from workbench.embeddings.importers.text import stacked

BATCH_ROWS = 2**14
SAVE_AGAIN = "Copy the file again, or write it anew."

Batches = Callable[[list[str]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class _Table:
    """An opened file: its columns, its rows (-1: not told), and batches of the columns that are asked for."""

    path: Path
    format: Format
    schema: pa.Schema
    rows: int
    batches: Batches


def open_parquet(path: Path, wishes: Wishes) -> Source:
    """A Parquet file; raises DataError, and AmbiguousVectors for several columns of lists."""
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} is a damaged Parquet file: {error}.", SAVE_AGAIN) from error
    with file:
        table = _Table(path, "parquet", file.schema_arrow, file.metadata.num_rows, lambda names: _parquet(path, names))
    return _source(table, wishes)


def open_arrow(path: Path, wishes: Wishes) -> Source:
    """An Arrow file, stream or Feather file; raises DataError, and AmbiguousVectors for several columns of lists."""
    try:
        with pa.memory_map(str(path)) as mapped, _arrow_reader(mapped) as reader:
            schema = reader.schema
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} is a damaged Arrow file: {error}.", SAVE_AGAIN) from error
    return _source(_Table(path, "arrow", schema, _arrow_rows(path), lambda names: _arrow(path, names)), wishes)


def _parquet(path: Path, names: list[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(BATCH_ROWS, columns=names, use_threads=False)


def _arrow(path: Path, names: list[str]) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as mapped, _arrow_reader(mapped) as reader:
        if isinstance(reader, pa.RecordBatchFileReader):
            whole = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            whole = iter(reader)
        for batch in whole:
            yield batch.select(names)


def _arrow_reader(mapped: Any) -> Any:
    if mapped.read(6) == b"ARROW1":
        return pa.ipc.open_file(mapped)
    mapped.seek(0)
    return pa.ipc.open_stream(mapped)


def _arrow_rows(path: Path) -> int:
    """Rows of an Arrow file; -1 for a stream, which does not tell, and for one that is damaged further on."""
    try:
        with pa.memory_map(str(path)) as mapped, _arrow_reader(mapped) as reader:
            return int(reader.count_rows()) if isinstance(reader, pa.RecordBatchFileReader) else -1
    except pa.ArrowException:
        return -1


def _source(table: _Table, wishes: Wishes) -> Source:
    lists = [field.name for field in table.schema if _is_vector(field.type)]
    vector = _vector(table, lists, wishes)
    dtype = _value_type(table.schema.field(vector[0]).type)
    others = [field.name for field in table.schema if field.name not in vector and _is_metadata(field.type)]
    rows = _known_rows(table)
    width = _width(table, vector)
    left_out = [name for name in table.schema.names if name not in others and name not in vector]
    return Source(
        table.format,
        width,
        min(rows, wishes.limit or rows),
        lambda: _blocks(table, vector, others, width, wishes.limit),
        exact=table.rows >= 0,
        dtype=stored_dtype(dtype),
        columns=tuple(others),
        choices=tuple(lists) if len(lists) > 1 else (),
        notes=[f"{', '.join(left_out)} left out: neither numbers nor texts."] if left_out else [],
    )


def _known_rows(table: _Table) -> int:
    if table.rows == 0:
        raise DataError(f"{table.path} has no row.", "Write it again with at least one vector.")
    return table.rows if table.rows > 0 else BATCH_ROWS


def _vector(table: _Table, lists: Sequence[str], wishes: Wishes) -> list[str]:
    where, names = str(table.path), table.schema.names
    if wishes.vector:
        chosen = named(where, names, wishes.vector)
        if len(chosen) == 1 and chosen[0] in lists:
            return chosen
    elif len(lists) > 1:
        raise AmbiguousVectors(table.path, "column", tuple(lists))
    elif lists:
        return [lists[0]]
    numeric = [field.name for field in table.schema if _is_number(field.type)]
    return vector_columns(where, names, numeric, wishes.vector, (wishes.id, wishes.label))


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_))


def _is_vector(type_: pa.DataType) -> bool:
    is_list = pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_)
    return is_list and _is_number(type_.value_type)


def _is_metadata(type_: pa.DataType) -> bool:
    return not (pa.types.is_nested(type_) or pa.types.is_binary(type_) or pa.types.is_large_binary(type_))


def _value_type(type_: pa.DataType) -> np.dtype[Any]:
    numbers = type_.value_type if _is_vector(type_) else type_
    found: np.dtype[Any] = np.dtype(numbers.to_pandas_dtype())
    return found


def _width(table: _Table, vector: Sequence[str]) -> int:
    """D: told by the type, or by the first vector that is there."""
    type_ = table.schema.field(vector[0]).type
    if not _is_vector(type_):
        return len(vector)
    if pa.types.is_fixed_size_list(type_):
        return int(type_.list_size)
    for batch in table.batches([vector[0]]):
        for value in batch.column(0):
            if value.is_valid and len(value):
                return len(value)
    raise DataError(f"{table.path}: all vectors in {vector[0]!r} are empty.", "Name another column: vector=NAME.")


def _blocks(
    table: _Table, vector: Sequence[str], others: Sequence[str], width: int, limit: int | None
) -> Iterator[Block]:
    found = 0
    try:
        for batch in table.batches([*vector, *others]):
            batch = batch if limit is None else batch.slice(0, limit - found)
            columns = {name: _plain(batch.column(name)) for name in others}
            yield Block(_vectors(table.path, batch, vector, width, found), columns)
            found += batch.num_rows
            if found == limit:
                return
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{table.path} is damaged after row {found}: {error}.", SAVE_AGAIN) from error


def _plain(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values


def _vectors(path: Path, batch: pa.RecordBatch, vector: Sequence[str], width: int, before: int) -> NDArray[Any]:
    first = batch.column(vector[0])
    if not _is_vector(first.type):
        return stacked([batch.column(name) for name in vector], batch.num_rows)
    there = first.is_valid().to_numpy(zero_copy_only=False)
    values = first.drop_null()
    if not pa.types.is_fixed_size_list(first.type):
        lengths = values.value_lengths().to_numpy()
        if (lengths != width).any():
            at = int(np.flatnonzero(there)[np.argmax(lengths != width)])
            raise DataError(
                f"{path}, row {before + at}: {int(lengths[np.argmax(lengths != width)])} numbers in {vector[0]!r}, "
                f"where {width} are needed.",
                "Vectors must be of one length; correct or drop the row.",
            )
    vectors = np.full((len(first), width), np.nan, dtype=stored_dtype(_value_type(first.type)))
    vectors[there] = values.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
    return vectors
