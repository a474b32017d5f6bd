"""Random projection: distances kept on average by directions that were never looked for.

Johnson, Lindenstrauss (1984); the sparse matrix is that of Achlioptas (2003) in the form of Li, Hastie, Church (2006),
"Very Sparse Random Projections". The matrices are scikit-learn's.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.model import Model, setting
from workbench.data.base import Progress
from workbench.embeddings.projections.base import NO_PARTIAL, Drawn, Given, Partial, Projection, in_all_rows
from workbench.embeddings.projections.pca import placeable
from workbench.plugins.specs import Paper, ProjectionSpec
from workbench.runs.embedding_set import row_blocks


class RandomConfig(Model):
    """How the directions are drawn."""

    kind: Literal["gaussian", "sparse"] = setting(
        "gaussian", "Directions", "dense ones from a normal distribution, or sparse ones, which are faster"
    )
    dimensions: Literal[2, 3] = setting(2, "Dimensions", "2 for a plane, 3 for a view in space")
    seed: int = setting(0, "Seed", "the same seed gives the same layout", ge=0, lt=2**31)


class RandomProjection(Projection):
    """Projection on random directions."""

    spec = ProjectionSpec(
        id="random",
        title="Random projection",
        summary="A shadow in a random direction: unbiased, instant, and the floor that any other layout has to beat.",
        when="To see what a layout shows that chance does not.",
        distances="Kept on average only. Johnson and Lindenstrauss promise little loss in about log(N) dimensions, not "
        "in two: overlap says nothing, a gap is real.",
        paper=Paper(
            title="Extensions of Lipschitz mappings into a Hilbert space", authors="Johnson, Lindenstrauss", year=1984,
            url="https://doi.org/10.1090/conm/026/737400",
        ),
    )  # fmt: skip
    Config = RandomConfig

    def project(self, given: Given, config: RandomConfig, progress: Progress, partial: Partial = NO_PARTIAL) -> Drawn:
        """Places (N, 2) or (N, 3); NaN where a vector is not finite."""
        rows_M = placeable(given.vectors)
        directions_DC = _directions(given.vectors.shape[1], config)
        places_MC = np.empty((len(rows_M), config.dimensions))
        for rows in row_blocks(len(rows_M), given.vectors.shape[1]):
            progress(rows.start / len(rows_M), "Projecting on random directions")
            places_MC[rows] = given.vectors[rows_M[rows]].astype(np.float64) @ directions_DC
        progress(1.0, "Projecting on random directions")
        return Drawn(in_all_rows(places_MC, rows_M, len(given.vectors)))


def _directions(width: int, config: RandomConfig) -> NDArray[np.float64]:
    """Random directions as columns (D, C)."""
    from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

    options: dict[str, Any] = {"n_components": config.dimensions, "random_state": config.seed}
    shape = np.zeros((1, width))
    # In fewer dimensions than asked for there is nothing to reduce, and scikit-learn warns of it.
    if width < config.dimensions:
        return np.eye(width, config.dimensions)
    if config.kind == "gaussian":
        return np.asarray(GaussianRandomProjection(**options).fit(shape).components_.T)
    sparse = SparseRandomProjection(**options, dense_output=True).fit(shape).components_
    return np.asarray(sparse.toarray().T)
