"""Colours as counts from 0 to 255, for operations that are defined on bytes.

Between the passes of a view colours are floats. They are rounded to the nearest count, and halves go up. The tie lies
`SLACK` of a count below the half, because resampling two pixels at equal weights gives exact halves, and the two
backends may differ by a thousandth of that slack.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from workbench.views.cpu import compiled

SLACK = 1 / 1024
"""What the comparison of two counts forgives, counts."""

HALF = np.float32(0.5 + SLACK)
"""What is added before the fraction of a count is cut off."""


@compiled
def count_of(value: Any) -> int:
    """The count of a colour in [0, 1]."""
    return int(value * np.float32(255.0) + HALF)


def counts_of(x: Tensor) -> Tensor:
    """The counts of colours in [0, 1], int64 and shaped as x."""
    return (x * 255.0).add_(float(HALF)).long()
