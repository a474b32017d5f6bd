"""Which library lays UMAP out, and that a layout says so; cuML itself where it is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from workbench.core.errors import DataError
from workbench.data.base import no_progress
from workbench.embeddings.projections import umap_gpu
from workbench.embeddings.projections.base import Given
from workbench.embeddings.projections.projecting import project_set
from workbench.embeddings.projections.trust import trust
from workbench.embeddings.projections.umap_layout import Umap, UmapConfig
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.recipes.models import Choice
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set

WITHOUT = not umap_gpu.available()


def clusters(rows: int = 60) -> np.ndarray:
    found = np.random.default_rng(0).normal(size=(rows, 6)).astype(np.float32)
    found[np.arange(rows), np.arange(rows) % 3] += 8
    return found


@pytest.mark.parametrize(
    ("wish", "dens", "available", "chosen"),
    [
        ("auto", False, True, "cuML"),
        ("auto", False, False, "umap-learn"),
        ("auto", True, True, "umap-learn"),
        ("umap-learn", False, True, "umap-learn"),
    ],
)
def test_cuml_is_taken_where_it_is_there_can_do_it_and_is_not_declined(
    wish: umap_gpu.Wish, dens: bool, available: bool, chosen: str
) -> None:
    assert umap_gpu.library(wish, dens, available) == chosen


@pytest.mark.skipif(not WITHOUT, reason="cuML is installed, with a device")
def test_without_cuml_it_is_refused_with_the_way_out() -> None:
    with pytest.raises(DataError, match=r"cuML could not lay out: .* Choose umap-learn as the library"):
        umap_gpu.optimise(csr_matrix(np.eye(20, dtype=np.float32)), np.zeros((20, 2)), 1.6, 0.9, 10, 0)


def test_a_stored_layout_says_by_which_library_it_was_made(tmp_path: Path) -> None:
    write_embedding_set(tmp_path / "set", clusters(), pa.table({"id": [str(row) for row in range(60)]}))
    name = project_set(tmp_path / "set", Choice(id="umap", n_epochs=5))
    assert EmbeddingSet.open(tmp_path / "set").meta.layouts[name].library == ("umap-learn" if WITHOUT else "cuML")
    name = project_set(tmp_path / "set", Choice(id="pca"))
    assert EmbeddingSet.open(tmp_path / "set").meta.layouts[name].library == ""


@pytest.mark.skipif(WITHOUT, reason="cuML is not installed, or there is no CUDA device")
def test_cuml_keeps_as_many_neighbours_as_umap_learn() -> None:
    vectors = clusters(1500)
    true = exact_neighbours(vectors, 15, "cosine")
    kept = {}
    for wish in ("auto", "umap-learn"):
        drawn = Umap().project(Given(vectors, true), UmapConfig(library=wish), no_progress)
        kept[drawn.library] = float(trust(true, drawn.places).mean())
    assert kept["cuML"] > 0.9 * kept["umap-learn"]
