"""Rows as a metric compares them, and distances as it tells them.

Both metrics of stored neighbours are Euclidean geometry: the cosine distance of x and y is half the squared distance of
x/|x| and y/|y|.

Legend: B rows of a block, D width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.runs.embedding_meta import Metric, SearchMetric


def scaled(block_BD: NDArray[Any], metric: Metric) -> NDArray[np.float64]:
    """Rows in float64, of length 1 under cosine; no row may be zero then."""
    wide_BD: NDArray[np.float64] = block_BD.astype(np.float64)
    if metric == "cosine":
        # First by the largest value, whose square may be more than float64 holds.
        wide_BD /= np.abs(wide_BD).max(axis=1, keepdims=True)
        wide_BD /= np.linalg.norm(wide_BD, axis=1, keepdims=True)
    return wide_BD


def told(farness: NDArray[np.float64], metric: SearchMetric) -> NDArray[np.float64]:
    """Squared distances of scaled rows (minus products under "dot") as the metric's own; cosine stays in [0, 2]."""
    if metric == "dot":
        return farness
    distance: NDArray[np.float64] = np.minimum(farness / 2, 2.0) if metric == "cosine" else np.sqrt(farness)
    return distance
