"""CSV and TSV: a row a line, with or without a header; the columns of numbers are the vector."""

from __future__ import annotations

import csv as plain
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv

from workbench.core.errors import DataError
from workbench.embeddings.importers.base import Block, Source, Wishes
from workbench.embeddings.importers.choosing import named, unique, vector_columns
from workbench.embeddings.importers.text import (
    BLOCK_BYTES,
    decoded,
    head_lines,
    is_number,
    line_blocks,
    rows_about,
    stacked,
)

SPACE = " "
DELIMITERS = "\t,;|" + SPACE
_LOOKED_AT = 200
_BAD_VALUE = re.compile(r"column #(\d+): Row #(\d+): .*invalid value '(.*)'", re.DOTALL)
_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


@dataclass(frozen=True)
class Shape:
    """What the first lines of a table tell.

    delimiter : between the cells
    header : whether the first line names the columns
    names : of the columns, in order, each once
    numeric : those that hold numbers
    quoted : whether double quotes enclose cells
    """

    delimiter: str
    header: bool
    names: tuple[str, ...]
    numeric: tuple[str, ...]
    quoted: bool = True


def open_table(path: Path, wishes: Wishes) -> Source:
    """A table of any usual delimiter; raises DataError where no column holds numbers."""
    lines = [line for line in head_lines(path) if line.strip()]
    if not lines:
        raise DataError(f"{path} has no row.", "Write it again with at least one vector.")
    return table_source(path, shape_of(lines), wishes, rows_about(path, lines))


def shape_of(lines: Sequence[bytes], delimiter: str = "", header: bool | None = None) -> Shape:
    """Look at the first lines (no blank ones); a delimiter or header that is given is not guessed."""
    texts = [line.decode("latin-1") for line in lines[:_LOOKED_AT]]
    delimiter = delimiter or max(DELIMITERS, key=lambda sign: _fit(_cells(texts, sign, True)))
    quoted = delimiter not in "\t " or all(text.count('"') % 2 == 0 for text in texts)
    rows = _cells(texts, delimiter, quoted)
    width = len(rows[0])
    numeric = [place for place in range(width) if _holds_numbers(rows[1:] or rows, place)]
    if header is None:
        header = len(rows) > 1 and _is_header(rows[0], numeric)
    if not header:
        numeric = [place for place in numeric if _holds_numbers(rows, place)]
    names = _header_names(lines[0], delimiter, quoted) if header else _made_up_names(width, numeric)
    return Shape(delimiter, header, names, tuple(names[place] for place in numeric), quoted)


def table_source(path: Path, shape: Shape, wishes: Wishes, rows: int) -> Source:
    """The rows of a table whose shape is known; `rows` is an estimate."""
    where = str(path)
    kept = [column for wish in (wishes.id, wishes.label) if wish for column in named(where, shape.names, wish)]
    vector = vector_columns(where, shape.names, shape.numeric, wishes.vector, kept)
    others = tuple(name for name in shape.names if name not in vector)
    spelled = vector[0] if len(vector) == 1 else f"{vector[0]} to {vector[-1]} ({len(vector)} columns)"
    return Source(
        "table",
        len(vector),
        min(max(1, rows - shape.header), wishes.limit or rows),
        lambda: _blocks(path, shape, vector, others, wishes.limit),
        exact=False,
        columns=others,
        choices=shape.numeric,
        untyped=True,
        notes=[f"The vector is {spelled}."],
    )


def _cells(texts: Sequence[str], delimiter: str, quoted: bool) -> list[list[str]]:
    if delimiter == SPACE:
        return [row for row in (text.split() for text in texts) if row] or [[""]]
    quoting: Any = plain.QUOTE_MINIMAL if quoted else plain.QUOTE_NONE
    try:
        return [row for row in plain.reader(texts, delimiter=delimiter, quoting=quoting) if row] or [[""]]
    except plain.Error:  # a quote that never closes
        return [[""]]


def _fit(rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    """How well a delimiter divides: the share of lines with equally many cells, and how many cells hold numbers."""
    widths = Counter(len(row) for row in rows)
    width, lines = widths.most_common(1)[0]
    if width == 1:
        return 0.0, 0
    return round(lines / len(rows), 1), sum(is_number(cell) for cell in rows[-1])


def _holds_numbers(rows: Sequence[Sequence[str]], place: int) -> bool:
    cells = [row[place].strip() for row in rows if place < len(row)]
    filled = [cell for cell in cells if cell and cell.upper() != "NA"]
    return bool(filled) and all(is_number(cell) for cell in filled)


def _is_header(first: Sequence[str], numeric: Sequence[int]) -> bool:
    """Whether a first row names columns: words above numbers, anything above words, or pandas' own 0, 1, 2 ..."""
    if not numeric or any(first[place].strip() and not is_number(first[place]) for place in numeric):
        return True
    counted = [cell.strip() for cell in first if cell.strip()]
    return len(counted) > 2 and counted == [str(place) for place in range(len(counted))]


def _header_names(line: bytes, delimiter: str, quoted: bool) -> tuple[str, ...]:
    (cells,) = _cells([line.decode("utf-8", "replace")], delimiter, quoted)
    return tuple(unique([cell.strip() for cell in cells]))


def _made_up_names(width: int, numeric: Sequence[int]) -> tuple[str, ...]:
    names = [f"column {place + 1}" for place in range(width)]
    texts = [place for place in range(width) if place not in numeric]
    if len(texts) == 1:
        names[texts[0]] = "word"
    return tuple(names)


def _blocks(
    path: Path, shape: Shape, vector: Sequence[str], others: Sequence[str], limit: int | None
) -> Iterator[Block]:
    found = 0
    try:
        for batch in _reader(path, shape, vector, limit):
            batch = batch if limit is None else batch.slice(0, limit - found)
            found += batch.num_rows
            vectors = stacked([batch.column(name) for name in vector], batch.num_rows)
            columns, replaced = {}, 0
            for name in others:
                columns[name], damaged = decoded(batch.column(name).to_pylist())
                replaced += damaged
            yield Block(vectors, columns, replaced)
            if found == limit:
                return
    except pa.ArrowInvalid as error:
        raise _plain_error(path, shape, str(error)) from error


class _Squeezed(io.RawIOBase):
    """A file with every run of spaces made one, for columns that are aligned by spaces."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._blocks = line_blocks(path, 0)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            _, lines = next(self._blocks, (0, None))
            if lines is None:
                return 0
            self._left = b"\n".join(b" ".join(line.split()) for line in lines) + b"\n"
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def _reader(path: Path, shape: Shape, vector: Sequence[str], limit: int | None) -> csv.CSVStreamingReader:
    types = {name: pa.float32() if name in vector else pa.binary() for name in shape.names}
    reading = csv.ReadOptions(
        column_names=list(shape.names), skip_rows=int(shape.header), use_threads=False, block_size=BLOCK_BYTES
    )
    parsing = csv.ParseOptions(
        delimiter=shape.delimiter,
        quote_char='"' if shape.quoted else False,
        newlines_in_values=shape.quoted,
        invalid_row_handler=lambda row: "error" if limit is None or row.number <= limit + shape.header else "skip",
    )
    source = _Squeezed(path) if shape.delimiter == SPACE else path
    return csv.open_csv(source, reading, parsing, csv.ConvertOptions(column_types=types, check_utf8=False))


def _plain_error(path: Path, shape: Shape, message: str) -> DataError:
    if found := _RAGGED.search(message):
        return DataError(
            f"{path}, row {found[1]}: {found[3]} cells, where {found[2]} are needed.",
            "Correct or delete the row" + _up_to(int(found[1]) - 1 - shape.header),
        )
    if found := _BAD_VALUE.search(message):
        name = shape.names[int(found[1])]
        return DataError(
            f"{path}, row {found[2]}: {found[3]!r} in the column {name!r} is no number.",
            "Correct it, or name the columns of the vector: vector=x*.",
        )
    return DataError(f"{path} cannot be read as a table: {message}.", "Save it again as CSV in UTF-8.")


def _up_to(rows: int) -> str:
    return f", or read only the rows before it: limit={rows}." if rows > 0 else "."
