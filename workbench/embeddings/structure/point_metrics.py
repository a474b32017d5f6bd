"""Numbers a point, for colours and filters; float32 (N,), NaN for a row that has none.

Legend: N rows, D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.data.base import Progress, no_progress
from workbench.embeddings.search.metric import told
from workbench.embeddings.search.neighbours import comparable_rows
from workbench.embeddings.structure.near import near
from workbench.embeddings.structure.outliers import knn_outlier_score
from workbench.embeddings.structure.points import scaled_blocks
from workbench.embeddings.structure.suspects import neighbour_votes
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import Neighbours


def label_purity(
    neighbours: Neighbours, codes: NDArray[np.int64], k: int, progress: Progress = no_progress
) -> NDArray[np.float32]:
    """The share of a point's k neighbours that have its label, in [0, 1]; neighbours without label do not count."""
    return neighbour_votes(neighbours, codes, k, "equal", progress).agreement


def density(neighbours: Neighbours, k: int) -> NDArray[np.float32]:
    """1 / the mean distance to the k nearest neighbours.

    A point on top of all its k neighbours gets the largest density of the others; where every point does, all get 1.
    """
    score = knn_outlier_score(neighbours, k)
    apart = score > 0
    highest = float(1 / score[apart].min()) if apart.any() else 1.0
    result = np.where(np.isnan(score), np.nan, highest)
    result[apart] = 1 / score[apart]
    return result.astype(np.float32)


def k_occurrences(neighbours: Neighbours, k: int) -> NDArray[np.float32]:
    """N_k: of how many points a point is among the k nearest neighbours. Its mean is k; hubs have many times as many.

    Radovanovic, Nanopoulos and Ivanovic (2010), "Hubs in space: popular nearest neighbors in high-dimensional data",
    section 2.
    """
    found = near(neighbours, k)
    named = np.bincount(found.index[found.known].ravel(), minlength=len(found.index))
    return np.where(found.known, named, np.nan).astype(np.float32)


def hubness(occurrences: NDArray[np.float32]) -> float:
    """The skewness of N_k, E[(N_k - mean)^3] / deviation^3 (the same paper, equation 1); 0 where all are equal."""
    known = occurrences[np.isfinite(occurrences)].astype(np.float64)
    centred = known - known.mean()
    deviation = float(np.sqrt(np.square(centred).mean()))
    return float((centred**3).mean()) / deviation**3 if deviation > 0 else 0.0


def distance_to(
    vectors: NDArray[Any], rows: Sequence[int], metric: Metric, progress: Progress = no_progress
) -> NDArray[np.float32]:
    """The distance of every vector (N, D) to a row, or to the mean of several (under cosine: of their directions).

    Raises DataError where a row does not exist, or none of them can be compared, or their directions cancel out.
    """
    asked = np.unique(np.asarray(rows, dtype=np.int64))
    if not len(asked) or asked[0] < 0 or asked[-1] >= len(vectors):
        wrong = [int(row) for row in asked if not 0 <= row < len(vectors)]
        said = f"There is no row {wrong[0]}" if wrong else "No row is chosen"
        raise DataError(f"{said}: the embedding has rows 0 to {len(vectors) - 1}.", "Choose some of them.")
    usable = comparable_rows(vectors, metric)
    target_D = _mean(vectors, asked[usable[asked]], metric)
    rows_M = np.flatnonzero(usable).astype(np.int64)
    result = np.full(len(vectors), np.nan, dtype=np.float32)
    for where, block_BD in scaled_blocks(vectors, rows_M, metric):
        progress(where.start / len(rows_M), "Measuring distances")
        block_BD -= target_D
        result[rows_M[where]] = told(np.einsum("bd,bd->b", block_BD, block_BD), metric)
    progress(1.0, "Measuring distances")
    return result


def _mean(vectors: NDArray[Any], rows: NDArray[np.int64], metric: Metric) -> NDArray[np.float64]:
    if not len(rows):
        raise DataError("The chosen rows are zero or not finite.", "Choose others.")
    blocks = [block_BD.sum(axis=0) for _, block_BD in scaled_blocks(vectors, rows, metric)]
    mean_D: NDArray[np.float64] = np.sum(blocks, axis=0) / len(rows)
    if metric == "cosine":
        length = float(np.linalg.norm(mean_D))
        if length < 1e-12:
            raise DataError(f"The directions of the {len(rows):,} chosen rows cancel out.", "Choose fewer of them.")
        mean_D /= length
    return mean_D
