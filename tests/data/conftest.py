from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.data.base import Dataset, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "home")


@pytest.fixture
def save_image() -> Callable[..., Path]:
    """Writes a picture of one colour, or of noise, and makes its folder."""

    def save(path: Path, colour: tuple[int, int, int] | None = None, size: tuple[int, int] = (24, 20)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if colour is None:
            noise = np.random.default_rng(len(path.name)).integers(0, 256, (size[1], size[0], 3), np.uint8)
            Image.fromarray(noise).save(path)
        else:
            Image.new("RGB", size, colour).save(path)
        return path

    return save


@pytest.fixture
def pixels_of() -> Callable[[Dataset], np.ndarray]:
    """All images of a split, (N, C, H, W)."""
    return lambda dataset: dataset.batch(np.arange(len(dataset))).fields["image"]
