"""Metadata columns as colours need them: categories or numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MAX_INTEGER_CATEGORIES = 64


@dataclass(frozen=True)
class Categorical:
    """A column of names: codes int32 (N,) into `names`, -1 where there is no value."""

    codes: NDArray[np.int32]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Continuous:
    """A column of numbers: float64 (N,), NaN where there is no value."""

    values: NDArray[np.float64]


def coloured(values: pa.Array) -> Categorical | Continuous:
    """A column as categories or as numbers.

    Words, truth values and integers with at most 64 different values are categories, in natural order ("item 9" before
    "item 10"); other numbers are continuous, and so are dates and times, in seconds since 1970.
    """
    if isinstance(values.type, pa.DictionaryType):
        values = values.cast(values.type.value_type)
    if pa.types.is_null(values.type):
        values = values.cast(pa.string())
    kind = values.type
    if pa.types.is_integer(kind) and pc.count_distinct(values).as_py() <= MAX_INTEGER_CATEGORIES:
        return _categorical(values)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Continuous(_numbers(values.cast(pa.timestamp("us"), safe=False).cast(pa.int64())) / 1e6)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Continuous(_numbers(values))
    return _categorical(values)


def _categorical(values: pa.Array) -> Categorical:
    if pa.types.is_nested(values.type) or pa.types.is_binary(values.type):
        values = pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
    encoded = pc.dictionary_encode(values)
    keys = encoded.dictionary.to_pylist()
    order = sorted(range(len(keys)), key=lambda code: _natural(keys[code]))
    rank = np.empty(len(keys) + 1, dtype=np.int32)
    rank[order], rank[-1] = np.arange(len(keys)), -1
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return Categorical(rank[codes], tuple(str(keys[code]) for code in order))


def _natural(value: Any) -> tuple[Any, ...]:
    """A sort key under which "item 9" comes before "item 10"."""
    if not isinstance(value, str):
        return (value,)
    parts = re.split(r"(\d+)", value.casefold())
    return (*((int(part), "") if part.isdecimal() else (-1, part) for part in parts), (0, value))


def _numbers(values: pa.Array) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return numbers
