from __future__ import annotations

import numpy as np
import pytest

from workbench.data.array_dataset import ArrayDataset, Facts
from workbench.data.sources.bundled import FashionMnist10k
from workbench.data.statistics import channel_statistics


def dataset(images: np.ndarray) -> ArrayDataset:
    ids = [str(i) for i in range(len(images))]
    return ArrayDataset(images, None, ids, FashionMnist10k.spec, Facts("train", ("train",)))


def test_statistics_are_those_of_all_pixels():
    images = np.random.default_rng(0).integers(0, 256, (700, 3, 5, 4), np.uint8)
    images[:, 1] //= 2
    mean, std = channel_statistics(dataset(images))
    assert mean == pytest.approx((images / 255).mean((0, 2, 3)))
    assert std == pytest.approx((images / 255).std((0, 2, 3)))


def test_grey_statistics_are_repeated_for_three_channels():
    images = np.random.default_rng(0).integers(0, 256, (50, 1, 5, 4), np.uint8)
    mean, std = channel_statistics(dataset(images))
    assert mean == pytest.approx([(images / 255).mean()] * 3)
    assert std == pytest.approx([(images / 255).std()] * 3)


def test_black_images_have_no_spread():
    assert channel_statistics(dataset(np.zeros((3, 3, 2, 2), np.uint8))) == ((0.0,) * 3, (0.0,) * 3)


def test_images_without_green_and_blue_keep_their_channels_apart():
    images = np.zeros((4, 3, 2, 2), np.uint8)
    images[:, 0] = 255
    assert channel_statistics(dataset(images))[0] == pytest.approx((1.0, 0.0, 0.0))


def test_large_set_is_sampled_evenly_from_end_to_end():
    images = np.repeat(np.arange(25_000) // 12_500 * 255, 1).astype(np.uint8).reshape(-1, 1, 1, 1)
    mean, _ = channel_statistics(dataset(images))
    assert mean == pytest.approx((0.5, 0.5, 0.5))
