"""What the text formats share: blocks of whole lines, numbers read by the block, words that may not be UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from workbench.core.errors import DataError

BLOCK_BYTES = 2**24
HEAD_BYTES = 2**18
_BAD_VALUE = re.compile(r"Row #(\d+): .*invalid value '(.*)'", re.DOTALL)


def head_lines(path: Path) -> list[bytes]:
    """The first whole lines of a file (at most 256 kB of them), without a byte-order mark."""
    with open(path, "rb") as stream:
        head = stream.read(HEAD_BYTES)
    lines = head.removeprefix(codecs.BOM_UTF8).split(b"\n")
    if len(head) == HEAD_BYTES and len(lines) > 1:
        lines.pop()
    return [line.rstrip(b"\r") for line in lines]


def rows_about(path: Path, lines: Sequence[bytes]) -> int:
    """About how many lines a file has, judged by its first ones."""
    return max(1, round(path.stat().st_size / max(1.0, sum(len(line) + 1 for line in lines) / max(1, len(lines)))))


def line_blocks(path: Path, skip: int) -> Iterator[tuple[int, list[bytes]]]:
    """(number of the first, lines) in blocks of about 16 MB, after `skip` lines; lines are numbered from 1.

    Raises DataError for a line that is longer than a block.
    """
    number, rest = 1, b""
    with open(path, "rb") as stream:
        while chunk := stream.read(BLOCK_BYTES):
            if number == 1:
                chunk = chunk.removeprefix(codecs.BOM_UTF8)
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > BLOCK_BYTES:
                raise DataError(f"{path}, line {number + len(lines)}: longer than 16 MB.", "Is it a text file?")
            yield max(number, skip + 1), lines[max(0, skip + 1 - number) :]
            number += len(lines)
        if rest and number > skip:
            yield number, [rest]


def numbers(texts: Sequence[bytes], width: int, separator: str = " ") -> NDArray[np.float32]:
    """Rows of `width` numbers each as float32 (B, D), rounded once from their decimals.

    Raises ValueError(position, value) for the first text that holds something else.
    """
    raw = b"\n".join(texts) + b"\n"
    names = [str(place) for place in range(width)]
    reading = csv.ReadOptions(column_names=names, use_threads=False, block_size=len(raw) + 1)
    parsing = csv.ParseOptions(delimiter=separator, quote_char=False)
    converting = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.float32()), null_values=[], check_utf8=False)
    try:
        table = csv.read_csv(pa.BufferReader(raw), reading, parsing, converting)
    except pa.ArrowInvalid as error:
        found = _BAD_VALUE.search(str(error))
        raise ValueError(*((int(found[1]) - 1, found[2]) if found else (0, str(error)))) from error
    return stacked(table.columns, table.num_rows)


def stacked(columns: Sequence[pa.Array], rows: int) -> NDArray[np.float32]:
    """Columns of numbers side by side, float32 (rows, D); what is missing becomes NaN."""
    vectors = np.empty((rows, len(columns)), dtype=np.float32)
    for place, column in enumerate(columns):
        vectors[:, place] = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    return vectors


def decoded(texts: Sequence[bytes]) -> tuple[pa.Array, int]:
    """Texts as an Arrow array, and how many were no UTF-8: in those, U+FFFD stands for what could not be read."""
    raw = pa.array(texts, pa.binary())
    try:
        return raw.cast(pa.string()), 0
    except pa.ArrowInvalid:
        words = [text.decode("utf-8", "replace") for text in texts]
        damaged = sum(not _is_utf8(text) for text in texts)
        return pa.array(words, pa.string()), damaged


def is_number(text: str) -> bool:
    """Whether a text is a decimal number, or nan or inf."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
