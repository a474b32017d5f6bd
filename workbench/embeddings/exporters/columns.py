"""Columns of a set's table as texts that a line of a file can hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa

_BREAKS = re.compile(r"[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPACE = re.compile(r"\s")


def texts(column: pa.ChunkedArray) -> list[str]:
    """Every value as text; "" where there is none."""
    return ["" if value is None else str(value) for value in column.to_pylist()]


def one_line(values: list[str]) -> tuple[list[str], int]:
    """The values with a space for every line break and tab, and how many values had one."""
    return _replaced(_BREAKS, " ", values)


def words(values: list[str]) -> tuple[list[str], int]:
    """The values as single words: "_" for every white space and for an empty value; and how many were changed."""
    joined, changed = _replaced(_SPACE, "_", values)
    return [word or "_" for word in joined], changed + joined.count("")


def free_name(name: str, taken: Mapping[str, object] | list[str]) -> str:
    """The name, with underscores behind it until nothing else has it."""
    while name in taken:
        name += "_"
    return name


def _replaced(pattern: re.Pattern[str], by: str, values: list[str]) -> tuple[list[str], int]:
    result = [pattern.sub(by, value) for value in values]
    return result, sum(new != old for new, old in zip(result, values, strict=True))
