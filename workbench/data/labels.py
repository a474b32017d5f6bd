"""From whatever names a class to numbers from 0."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode(values: Iterable[Any], names: Sequence[str] = ()) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels int64 (N,) and the class names they number.

    Integers that already number `names` are kept; any other values are numbered in their own order (numbers by size,
    texts by name). None, NaN, "" and negative numbers mean unknown and become -1.
    """
    plain = [_plain(value) for value in values]
    known = {value for value in plain if value is not None}
    if names and all(isinstance(value, int) and value < len(names) for value in known):
        return np.array([-1 if value is None else value for value in plain], dtype=np.int64), tuple(names)
    classes = sorted(known, key=lambda value: (isinstance(value, str), value))
    number = {value: place for place, value in enumerate(classes)}
    labels = np.array([-1 if value is None else number[value] for value in plain], dtype=np.int64)
    return labels, tuple(str(value) for value in classes)


def _plain(value: Any) -> int | float | str | None:
    """A Python int, float or text; whole floats are integers, as tables with gaps store them."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        if math.isnan(value) or value < 0:
            return None
        return int(value) if float(value).is_integer() else value
    return str(value)
