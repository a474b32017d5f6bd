"""Principal components: the two directions in which the embedding varies most.

Pearson (1901), "On lines and planes of closest fit to systems of points in space". The components are exact: from the
covariance, or from the Gram matrix where there are fewer rows than columns.

Legend: M finite rows, D width, S the smaller of both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.core.model import Model
from workbench.data.base import Progress
from workbench.embeddings.background import beside, wait
from workbench.embeddings.base import Projection
from workbench.plugins.specs import Paper, ProjectionSpec
from workbench.runs.embedding_set import Neighbours, finite_rows, row_blocks

_LARGEST_DENSE = 4096
_FINDING = "Finding the principal components"


class PcaConfig(Model):
    """PCA has nothing to set: the plane is that of the first two components."""


class Pca(Projection):
    """The first two principal components, unscaled."""

    spec = ProjectionSpec(
        id="pca",
        title="PCA",
        summary="The plane of largest variance: fast, linear, the same every time.",
        paper=Paper(
            title="On lines and planes of closest fit to systems of points in space",
            authors="Pearson",
            year=1901,
            venue="Philosophical Magazine",
            url="https://doi.org/10.1080/14786440109462720",
        ),
    )
    Config = PcaConfig

    def project(
        self, vectors: NDArray[Any], config: PcaConfig, neighbours: Neighbours | None, progress: Progress
    ) -> NDArray[np.float32]:
        """Places (N, 2); NaN where a vector is not finite."""
        rows_M = np.flatnonzero(finite_rows(vectors))
        if not len(rows_M):
            raise DataError(f"None of the {len(vectors)} vectors is finite, so there is nothing to project.")
        xy = np.full((len(vectors), 2), np.nan, dtype=np.float32)
        xy[rows_M] = principal_plane(vectors, rows_M, progress)
        return xy


def principal_plane(vectors: NDArray[Any], rows_M: NDArray[np.int64], progress: Progress) -> NDArray[np.float64]:
    """Coordinates (M, 2) of these finite rows on their first two principal components, centred.

    A component's largest loading is positive, so that the picture does not flip. Directions without variance give 0.
    """
    blocks = [rows_M[rows] for rows in row_blocks(len(rows_M), vectors.shape[1])]
    mean_D = sum(vectors[rows].sum(axis=0, dtype=np.float64) for rows in blocks) / len(rows_M)
    spread = max(float(np.abs(vectors[rows] - mean_D).max()) for rows in blocks)
    # The mean of equal vectors is off by rounding: drawn to scale, that would look like a cloud.
    if spread <= 1e-12 * float(np.abs(mean_D).max()):
        return np.zeros((len(rows_M), 2))
    loadings_D2 = _loadings(vectors, blocks, mean_D, progress)
    plane = np.concatenate([(vectors[rows] - mean_D) @ loadings_D2 for rows in blocks])
    progress(1.0, "Projecting on the components")
    return plane


def _loadings(
    vectors: NDArray[Any], blocks: list[NDArray[np.int64]], mean_D: NDArray[np.float64], progress: Progress
) -> NDArray[np.float64]:
    """The first two components as columns (D, 2), of unit length or zero."""
    rows, width = sum(map(len, blocks)), len(mean_D)
    progress(0.0, _FINDING)
    if min(rows, width) > _LARGEST_DENSE:
        solved = beside(lambda: _by_lanczos(vectors[np.concatenate(blocks)]))
    elif rows < width:
        solved = beside(lambda: _by_gram(vectors[np.concatenate(blocks)] - mean_D))
    else:
        scatter_DD = _scatter(vectors, blocks, mean_D, progress)
        solved = beside(lambda: _leading(scatter_DD)[1])
    found_D2 = wait(solved, progress, 0.9, _FINDING)
    loadings_D2 = np.zeros((width, 2))
    loadings_D2[:, : found_D2.shape[1]] = found_D2
    largest = np.abs(loadings_D2).argmax(axis=0)
    return loadings_D2 * np.where(loadings_D2[largest, [0, 1]] < 0, -1.0, 1.0)


def _scatter(
    vectors: NDArray[Any], blocks: list[NDArray[np.int64]], mean_D: NDArray[np.float64], progress: Progress
) -> NDArray[np.float64]:
    """The covariance times the number of rows (D, D)."""
    scatter_DD = np.zeros((len(mean_D), len(mean_D)))
    for done, rows in enumerate(blocks):
        progress(0.9 * done / len(blocks), _FINDING)
        centred_BD = vectors[rows] - mean_D
        scatter_DD += centred_BD.T @ centred_BD
    return scatter_DD


def _by_gram(centred_MD: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors_M2 = _leading(centred_MD @ centred_MD.T)
    real = values > 1e-12 * values[0]
    loadings_D2: NDArray[np.float64] = centred_MD.T @ vectors_M2[:, real] / np.sqrt(values[real])
    return loadings_D2


def _by_lanczos(vectors_MD: NDArray[Any]) -> NDArray[np.float64]:
    from sklearn.decomposition import PCA

    components = PCA(2, svd_solver="arpack", random_state=0).fit(vectors_MD.astype(np.float32)).components_
    loadings_D2: NDArray[np.float64] = components.T.astype(np.float64)
    return loadings_D2


def _leading(symmetric_SS: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest eigenvalues, at most two, largest first, and their eigenvectors as columns."""
    from scipy.linalg import eigh
    from threadpoolctl import threadpool_limits

    side = len(symmetric_SS)
    # Beside a training run the many small steps of eigh wait for each other's threads: 5 s in place of 0.1 s (D = 512).
    with threadpool_limits(1, user_api="blas"):
        values, columns = eigh(symmetric_SS, subset_by_index=[max(0, side - 2), side - 1])
    return values[::-1], columns[:, ::-1]
