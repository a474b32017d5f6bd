"""The ends of a figure's colours and axes: round numbers, so that a time-lapse seldom changes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Range = tuple[float, float]

_STEPS = (1.0, 2.0, 5.0, 10.0)
_SLACK = 1e-3
"""A cosine of 1.0000001 is no reason for a scale that ends at 2."""


def value_range(values: NDArray[Any]) -> Range:
    """From 0 to a round number, or as far to both sides of 0 where some values lie below it."""
    finite = values[np.isfinite(values)]
    most = _rounded_up(float(np.abs(finite).max())) if finite.size else 1.0
    return (-most if finite.size and float(finite.min()) < -_SLACK * most else 0.0), most


def joined(first: Range | None, second: Range) -> Range:
    """The range that holds both, symmetric about 0 where one of them is."""
    if first is None:
        return second
    most = max(first[1], second[1])
    return (-most if min(first[0], second[0]) < 0 else 0.0), most


def _rounded_up(most: float) -> float:
    if most <= 0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(most))
    return next((step * decade for step in _STEPS if most <= step * decade * (1 + _SLACK)), 10 * decade)
