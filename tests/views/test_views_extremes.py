"""Pictures of one pixel and of ten thousand, grey ones, and batches of one, through every operation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from views_helpers import CPU, choice, pipeline

from workbench.data.base import Samples
from workbench.views.table import OPERATIONS

IDS = [operation.spec.id for operation in OPERATIONS]


def one(*shape: int) -> Samples:
    images = np.random.default_rng(3).integers(0, 256, (1, *shape), dtype=np.uint8)
    return Samples({"image": images}, None, np.arange(1))


@pytest.mark.parametrize("id_", IDS)
@pytest.mark.parametrize("side", [1, 2])
def test_one_grey_picture_of_a_pixel_or_two_gives_finite_views(id_, side):
    pipe = pipeline(choice(id_, p=1.0), shape=(1, side, side), size=16)
    views = pipe(one(1, side, side), (0, 0), CPU)
    assert all(view.isfinite().all() for view in views.inputs)
    assert all(torch.isfinite(target).all() for target in views.targets.values())


def test_a_picture_of_ten_thousand_pixels_a_side_gives_a_finite_view():
    ops = (
        choice("random_resized_crop"),
        choice("rotation", p=1.0),
        choice("colour_jitter", p=1.0),
        choice("jpeg", p=1.0),
    )
    (view,) = pipeline(*ops, shape=(1, 10_000, 10_000), size=64)(one(1, 10_000, 10_000), (0, 0), CPU).inputs
    assert view.shape == (1, 3, 64, 64)
    assert view.isfinite().all()
