"""Helpers of the import tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workbench.embeddings.importers.base import Wishes
from workbench.embeddings.importers.importing import Imported, import_vectors
from workbench.runs.embedding_set import EmbeddingSet


def read(path: Path, **wishes: object) -> tuple[EmbeddingSet, Imported]:
    """Import a file into a set beside it."""
    out = path.parent / f"set of {path.stem} {len(list(path.parent.iterdir()))}"
    imported = import_vectors(path, out, Wishes(**wishes))
    opened = EmbeddingSet.open(out)
    assert opened.missing == ()
    assert opened.vectors.shape == (imported.rows, imported.width)
    return opened, imported


def ids(opened: EmbeddingSet) -> list[str]:
    """The ids of a set, in order."""
    return opened.samples["id"].to_pylist()


def some_vectors(rows: int, width: int, dtype: type = np.float32) -> np.ndarray:
    """Random vectors, the same ones for the same shape."""
    return np.random.default_rng(rows * 1000 + width).normal(size=(rows, width)).astype(dtype)
