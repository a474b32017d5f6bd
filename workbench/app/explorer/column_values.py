"""Columns of a table as arrays that a million rows are compared with at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

NATURAL_ORDER = 65_535


@dataclass(frozen=True, eq=False)
class Words:
    """A column of texts, each different one stored once.

    codes : int32 (N,) into `values`, -1 where there is no value
    values : pyarrow string array (K,), in order of first appearance
    """

    codes: NDArray[np.int32]
    values: Any

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many rows hold each value, int64 (K,)."""
        return np.bincount(self.codes + 1, minlength=len(self.values) + 1)[1:]

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """The place of each value in sorted order, int64 (K,).

        Whole numbers go by their value, at most 65,535 others in natural order ("item 9" before "item 10"), more than
        those in alphabetical order.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        from workbench.runs.embedding_columns import Categorical, coloured

        if pc.all(pc.match_substring_regex(self.values, r"^-?\d{1,15}$")).as_py():
            order = pc.sort_indices(self.values.cast(pa.int64()))
        elif len(self.values) <= NATURAL_ORDER:
            found = coloured(self.values)
            assert isinstance(found, Categorical)
            return found.codes.astype(np.int64)
        else:
            order = pc.sort_indices(pc.utf8_lower(self.values))
        ranks = np.empty(len(self.values), np.int64)
        ranks[order.to_numpy()] = np.arange(len(ranks))
        return ranks

    def where(self, chosen: NDArray[np.bool_], empty: bool = False) -> NDArray[np.bool_]:
        """The rows that hold one of the chosen values (K,), bool (N,); `empty` is the answer where there is none."""
        # Code -1 meets the last entry.
        rows: NDArray[np.bool_] = np.append(chosen, empty)[self.codes]
        return rows

    def among(self, texts: Iterable[str]) -> NDArray[np.bool_]:
        """Which values are one of the texts, bool (K,)."""
        import pyarrow as pa
        import pyarrow.compute as pc

        return flags(pc.is_in(self.values, value_set=pa.array(list(texts), pa.string())))

    def holding(self, text: str) -> NDArray[np.bool_]:
        """Which values contain the text, upper and lower case alike, bool (K,)."""
        import pyarrow.compute as pc

        return flags(pc.match_substring(self.values, text, ignore_case=True))

    def matching(self, pattern: str) -> NDArray[np.bool_]:
        """Which values contain a match of the regular expression (RE2), bool (K,)."""
        import pyarrow.compute as pc

        return flags(pc.match_substring_regex(self.values, pattern))


def flags(values: Any) -> NDArray[np.bool_]:
    """A pyarrow array of truth values without gaps as bool."""
    return np.asarray(values.to_numpy(zero_copy_only=False), bool)


def holds_numbers(kind: Any) -> bool:
    """Whether a pyarrow type is compared as numbers."""
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def holds_dates(kind: Any) -> bool:
    """Whether a pyarrow type is a date or a point in time."""
    import pyarrow as pa

    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def plain(values: Any) -> Any:
    """A pyarrow array, chunked or not, as all of its functions know it: no views, no dictionaries but of strings."""
    import pyarrow as pa

    kind = values.type
    if pa.types.is_string_view(kind):
        return values.cast(pa.large_string())
    if pa.types.is_binary_view(kind):
        return values.cast(pa.large_binary())
    if pa.types.is_dictionary(kind) and not pa.types.is_string(kind.value_type):
        return plain(values.cast(kind.value_type))
    return values


def words_of(values: Any) -> Words:
    """A pyarrow array of any type as texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(as_text(values))
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return Words(codes.astype(np.int32, copy=False), encoded.dictionary.cast(pa.string()))


def as_text(values: Any) -> Any:
    """A pyarrow array of any type as one of strings; lists, records and bytes as Python writes them."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        return as_text(values.cast(values.type.value_type))
    kind = values.type
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    if binary or pa.types.is_nested(kind):
        return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
    return values.cast(pa.string())


def numbers_of(values: Any) -> NDArray[np.floating[Any]]:
    """A pyarrow array of numbers or dates as floats (N,), NaN where there is no value; dates in seconds since 1970.

    A column of float32 stays one: 0.1 is then compared as float32 writes it, and not as a float64 that no row holds.
    """
    import pyarrow as pa

    if holds_dates(values.type):
        micros = values.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        return _floats(micros, pa.float64()) / 1e6
    single = pa.types.is_float32(values.type) or pa.types.is_float16(values.type)
    return _floats(values, pa.float32() if single else pa.float64())


def _floats(values: Any, kind: Any) -> NDArray[np.floating[Any]]:
    numbers: NDArray[np.floating[Any]] = values.cast(kind, safe=False).to_numpy(zero_copy_only=False)
    return numbers
