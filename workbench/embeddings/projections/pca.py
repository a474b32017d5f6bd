"""Principal components: the directions in which the embedding varies most.

Pearson (1901), "On lines and planes of closest fit to systems of points in space". The components are exact: from the
covariance, or from the Gram matrix where there are fewer rows than columns.

Legend: M finite rows, D width, S the smaller of both, C components.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.core.model import Model, setting
from workbench.data.base import Progress
from workbench.embeddings.background import beside, wait
from workbench.embeddings.projections.base import NO_PARTIAL, Drawn, Given, Partial, Projection, in_all_rows
from workbench.plugins.specs import Paper, ProjectionSpec
from workbench.runs.embedding_set import finite_rows, row_blocks

_LARGEST_DENSE = 4096
_FINDING = "Finding the principal components"


class PcaConfig(Model):
    """Which components to draw, counted from 1, the one of largest variance."""

    x: int = setting(1, "Component along x", "1 is the direction of largest variance", ge=1, le=1000)
    y: int = setting(2, "Component along y", "2 is the direction of largest variance across the first", ge=1, le=1000)
    z: int = setting(0, "Component in depth", "0 draws a plane, another number a view in space", ge=0, le=1000)


class Pca(Projection):
    """Principal components, unscaled."""

    spec = ProjectionSpec(
        id="pca",
        title="PCA",
        summary="The plane of largest variance: fast, linear, the same every time.",
        when="First, and whenever directions and distances matter more than clusters.",
        distances="True as far as the shown components go: the axes say what share of the variance they hold.",
        paper=Paper(
            title="On lines and planes of closest fit to systems of points in space",
            authors="Pearson",
            year=1901,
            venue="Philosophical Magazine",
            url="https://doi.org/10.1080/14786440109462720",
        ),
    )
    Config = PcaConfig

    def project(self, given: Given, config: PcaConfig, progress: Progress, partial: Partial = NO_PARTIAL) -> Drawn:
        """Places (N, 2), or (N, 3) where `z` is set; NaN where a vector is not finite.

        Raises DataError for a component that does not exist or is drawn twice.
        """
        rows_M = placeable(given.vectors)
        numbers = [config.x, config.y, *([config.z] if config.z else [])]
        _check(numbers, len(rows_M), given.vectors.shape[1])
        places_MC, share_C = principal_components(given.vectors, rows_M, max(numbers), progress)
        chosen = [number - 1 for number in numbers]
        axes = tuple(f"PC {number + 1} ({100 * share_C[number]:.1f}%)" for number in chosen)
        return Drawn(in_all_rows(places_MC[:, chosen], rows_M, len(given.vectors)), axes)


def placeable(vectors: NDArray[Any]) -> NDArray[np.int64]:
    """The numbers of the rows that are finite; raises DataError where there is none."""
    rows_M = np.flatnonzero(finite_rows(vectors))
    if not len(rows_M):
        raise DataError(f"None of the {len(vectors)} vectors is finite, so there is nothing to project.")
    return rows_M


def _check(numbers: list[int], rows: int, width: int) -> None:
    if len(set(numbers)) < len(numbers):
        drawn = ", ".join(map(str, numbers))
        raise DataError(f"The components {drawn} are not different.", "Choose another one for each axis.")
    # A plane is drawn of any set: where it has no second direction, that axis is flat.
    there = max(2, min(rows - 1, width))
    if max(numbers) > there:
        raise DataError(
            f"There is no component {max(numbers)}: {rows} vectors of width {width} have {there}.",
            f"Choose components from 1 to {there}.",
        )


def principal_plane(
    vectors: NDArray[Any], rows_M: NDArray[np.int64], progress: Progress, dimensions: int = 2
) -> NDArray[np.float64]:
    """Coordinates (M, dimensions) of these finite rows on their first principal components."""
    return principal_components(vectors, rows_M, dimensions, progress)[0]


def principal_components(
    vectors: NDArray[Any], rows_M: NDArray[np.int64], count: int, progress: Progress
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates (M, C) of these finite rows on their first `count` components, centred, and shares of variance (C,).

    A component's largest loading is positive, so that the picture does not flip. Directions without variance give 0.
    """
    blocks = [rows_M[rows] for rows in row_blocks(len(rows_M), vectors.shape[1])]
    mean_D = sum(vectors[rows].sum(axis=0, dtype=np.float64) for rows in blocks) / len(rows_M)
    spread = max(float(np.abs(vectors[rows] - mean_D).max()) for rows in blocks)
    # The mean of equal vectors is off by rounding: drawn to scale, that would look like a cloud.
    if spread <= 1e-12 * float(np.abs(mean_D).max()):
        return np.zeros((len(rows_M), count)), np.zeros(count)
    loadings_DC = _loadings(vectors, blocks, mean_D, count, progress)
    places_MC = np.concatenate([(vectors[rows] - mean_D) @ loadings_DC for rows in blocks])
    scatter = sum(float(np.square(vectors[rows] - mean_D).sum()) for rows in blocks)
    progress(1.0, "Projecting on the components")
    return places_MC, np.square(places_MC).sum(axis=0) / scatter


def _loadings(
    vectors: NDArray[Any],
    blocks: list[NDArray[np.int64]],
    mean_D: NDArray[np.float64],
    count: int,
    progress: Progress,
) -> NDArray[np.float64]:
    """The first components as columns (D, C), of unit length or zero."""
    rows, width = sum(map(len, blocks)), len(mean_D)
    progress(0.0, _FINDING)
    if min(rows, width) > _LARGEST_DENSE:
        solved = beside(lambda: _by_lanczos(vectors[np.concatenate(blocks)], count))
    elif rows < width:
        solved = beside(lambda: _by_gram(vectors[np.concatenate(blocks)] - mean_D, count))
    else:
        scatter_DD = _scatter(vectors, blocks, mean_D, progress)
        solved = beside(lambda: _leading(scatter_DD, count)[1])
    found_DC = wait(solved, progress, 0.9, _FINDING)
    loadings_DC = np.zeros((width, count))
    loadings_DC[:, : found_DC.shape[1]] = found_DC
    return largest_positive(loadings_DC)


def largest_positive(loadings_DC: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns turned so that the largest number of each is positive."""
    largest = np.abs(loadings_DC).argmax(axis=0)
    turned: NDArray[np.float64] = loadings_DC * np.where(
        loadings_DC[largest, np.arange(loadings_DC.shape[1])] < 0, -1.0, 1.0
    )
    return turned


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


def _by_gram(centred_MD: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    values, vectors_MC = _leading(centred_MD @ centred_MD.T, count)
    real = values > 1e-12 * values[0]
    loadings_DC: NDArray[np.float64] = centred_MD.T @ vectors_MC[:, real] / np.sqrt(values[real])
    return loadings_DC


def _by_lanczos(vectors_MD: NDArray[Any], count: int) -> NDArray[np.float64]:
    from sklearn.decomposition import PCA

    components = PCA(count, svd_solver="arpack", random_state=0).fit(vectors_MD.astype(np.float32)).components_
    loadings_DC: NDArray[np.float64] = components.T.astype(np.float64)
    return loadings_DC


def _leading(symmetric_SS: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The `count` largest eigenvalues, or all, largest first, and their eigenvectors as columns."""
    from scipy.linalg import eigh
    from threadpoolctl import threadpool_limits

    side = len(symmetric_SS)
    # Beside a training run the many small steps of eigh wait for each other's threads: 5 s in place of 0.1 s (D = 512).
    with threadpool_limits(1, user_api="blas"):
        values, columns = eigh(symmetric_SS, subset_by_index=[max(0, side - count), side - 1])
    return values[::-1], columns[:, ::-1]
