"""A column of a set as class labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.runs.embedding_columns import Categorical
from workbench.runs.embedding_set import EmbeddingSet


@dataclass(frozen=True)
class Labels:
    """codes int64 (N,) into `names`, -1 where a sample has no label."""

    codes: NDArray[np.int64]
    names: tuple[str, ...]


def labels_of(opened: EmbeddingSet, column: str = "label") -> Labels:
    """The classes in a column; whole numbers are classes, however many there are.

    Raises DataError where there is no such column, no value in it, or numbers that are no classes.
    """
    there = [name for name in opened.samples.column_names if name != "id"]
    if column not in there:
        known = f"Its other columns are: {', '.join(there)}." if there else "It has no columns but the id."
        raise DataError(f"This embedding has no column {column!r} with labels.", known)
    found = opened.column(column)
    labels = (
        Labels(found.codes.astype(np.int64), found.names)
        if isinstance(found, Categorical)
        else _whole_numbers(found.values, column)
    )
    if not (labels.codes >= 0).any():
        raise DataError(f"No sample has a value in the column {column!r}.", "Choose a column with labels.")
    return labels


def _whole_numbers(values: NDArray[np.float64], column: str) -> Labels:
    known = np.isfinite(values)
    if (values[known] % 1 != 0).any():
        raise DataError(f"The column {column!r} holds numbers that are no classes.", "Choose a column with labels.")
    numbers, inverse = np.unique(values[known], return_inverse=True)
    codes = np.full(len(values), -1, dtype=np.int64)
    codes[known] = inverse
    return Labels(codes, tuple(f"{number:.0f}" for number in numbers))
