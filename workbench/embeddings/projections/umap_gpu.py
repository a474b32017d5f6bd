"""UMAP's optimisation on an NVIDIA GPU, by cuML where that is installed.

Nolet et al. (2020), "Bringing UMAP Closer to the Speed of Light with GPU Acceleration", arXiv:2008.00325. cuML is given
the graph and the start that umap-learn would get, so that metric, labels and starts from other layouts mean the same;
it draws its own random numbers, so places differ. It knows no density term, and cannot be watched on the way.

Legend: M points, C axes of the layout.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError

Wish = Literal["auto", "umap-learn"]
Library = Literal["cuML", "umap-learn"]


def library(wish: Wish, dens: bool, available: bool) -> Library:
    """Which library optimises: cuML where it is available and does what is asked for, unless umap-learn is wanted."""
    return "cuML" if available and wish == "auto" and not dens else "umap-learn"


def available() -> bool:
    """Whether cuML is installed, and there is a CUDA device for it."""
    if find_spec("cuml") is None:
        return False
    import torch

    return torch.cuda.is_available()


def optimise(
    graph: Any, start_MC: NDArray[np.float64], a: float, b: float, epochs: int, seed: int
) -> NDArray[np.float32]:
    """The layout (M, C) after so many epochs; the same on the same device for the same seed.

    graph : sparse (M, M), the fuzzy graph
    a, b : the shape of the attraction, of umap-learn's `find_ab_params`

    Raises DataError where cuML fails, such as for want of memory.
    """
    start = np.ascontiguousarray(start_MC, dtype=np.float32)
    try:
        from cuml import using_output_type
        from cuml.manifold.umap import simplicial_set_embedding

        with using_output_type("numpy"):
            # What stands in the place of the vectors is only counted when there is a start.
            places = simplicial_set_embedding(
                start, graph.tocoo(), n_components=start.shape[1], a=a, b=b, n_epochs=epochs, init=start.copy(),
                random_state=seed,
            )  # fmt: skip
    except (ImportError, MemoryError, RuntimeError) as error:
        raise DataError(f"cuML could not lay out: {error}.", "Choose umap-learn as the library.") from error
    return np.asarray(places, dtype=np.float32)
