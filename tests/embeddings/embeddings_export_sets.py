"""Embedding sets that the tests of exporters write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import add_layout, write_embedding_set

WIDTH = 5
AWKWARD = ['say "hi" </script>', "tab\there", "line\nbreak", "Zürich 東京", "", "New York", "a\\b", "plain"]


def make_set(folder: Path, rows: int = 8, pictures: tuple[int, int] | None = (6, 5), dtype: str = "float32") -> Path:
    """A set with awkward ids, three classes and a sample without one, a layout `map`, and pictures (h, w)."""
    rng = np.random.default_rng(rows)
    ids = [AWKWARD[row] if row < len(AWKWARD) else f"s{row}" for row in range(rows)]
    labels = [None if row == 1 else ["cat", "dog", 'the "owl"'][row % 3] for row in range(rows)]
    samples = pa.table({"id": ids, "label": labels, "loss": rng.normal(size=rows)})
    thumbnails = None if pictures is None else rng.integers(0, 256, (rows, *pictures, 3)).astype(np.uint8)
    vectors = (10.0 ** rng.integers(-4, 4, (rows, WIDTH)) * rng.normal(size=(rows, WIDTH))).astype(dtype)
    meta = SetMeta(title="A & B <test>", source="somewhere")
    write_embedding_set(folder, vectors, samples, thumbnails, meta)
    put_layout(folder, "map", rng.normal(size=(rows, 2)).astype(np.float32))
    return folder


def put_layout(folder: Path, name: str, xy: np.ndarray) -> None:
    """Add a layout with a trust that rises with the row."""
    info = LayoutInfo(method="umap", params={"n_neighbors": 15}, seed=3, trust_mean=0.5)
    add_layout(folder, name, xy, np.linspace(0, 1, len(xy), dtype=np.float32), info)


def spoil(folder: Path, row: int) -> None:
    """Make a vector of the set NaN."""
    vectors = np.load(folder / "vectors.npy")
    vectors[row, 1] = np.nan
    np.save(folder / "vectors.npy", vectors)
