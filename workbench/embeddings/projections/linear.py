"""What the linear projections share: unit vectors, and what an axis leaves over.

Legend: M rows, D width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Progress
from workbench.embeddings.projections.pca import principal_components
from workbench.runs.embedding_set import row_blocks


def unit_rows(vectors: NDArray[Any], rows_M: NDArray[np.int64]) -> NDArray[np.float64]:
    """These rows scaled to length 1 (M, D); none may be zero. Dividing by the largest first keeps squares in range."""
    wide_MD: NDArray[np.float64] = vectors[rows_M].astype(np.float64)
    wide_MD /= np.abs(wide_MD).max(axis=1, keepdims=True)
    wide_MD /= np.linalg.norm(wide_MD, axis=1, keepdims=True)
    return wide_MD


def largest_across(
    vectors: NDArray[Any], rows_M: NDArray[np.int64], axis_D: NDArray[np.float64], unit: bool, progress: Progress
) -> tuple[NDArray[np.float64], float]:
    """The first principal component of what lies across a unit axis: coordinates (M,), and its share of that variance.

    unit : scale the rows to length 1 first
    """
    rest_MD = np.empty((len(rows_M), len(axis_D)), dtype=np.float32)
    for rows in row_blocks(*rest_MD.shape):
        here = rows_M[rows]
        block_BD = unit_rows(vectors, here) if unit else vectors[here].astype(np.float64)
        rest_MD[rows] = block_BD - np.outer(block_BD @ axis_D, axis_D)
    places_M1, share_1 = principal_components(rest_MD, np.arange(len(rows_M)), 1, progress)
    return places_M1[:, 0], float(share_1[0])
