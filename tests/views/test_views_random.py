"""The random parameters: their distributions, their keys, their independence. Seeds are fixed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp, kstest
from torchvision.transforms import RandomResizedCrop
from views_helpers import CPU, choice, noise, only_view, pipeline

from workbench.views.draws import stream

MANY = 20_000


def values_of(op, shape=(3, 400, 400), samples=MANY, key=(5, 0)):
    (drawn,) = pipeline(op, shape=shape).parameters(samples, key)
    return drawn.draws[0, 0]


def test_crop_area_is_uniform_and_aspect_log_uniform_where_every_box_fits():
    box = values_of(choice("random_resized_crop", scale=[0.2, 0.5])).values
    area, aspect = box["width"] * box["height"] / 400**2, box["width"] / box["height"]
    assert kstest(area, "uniform", (0.2, 0.3)).pvalue > 0.01
    low = np.log(3 / 4)
    assert kstest(np.log(aspect), "uniform", (low, np.log(4 / 3) - low)).pvalue > 0.01


def test_crop_positions_are_uniform_over_the_places_that_a_box_has():
    box = values_of(choice("random_resized_crop", scale=[0.2, 0.5])).values
    assert kstest(box["left"] / (400 - box["width"]), "uniform").pvalue > 0.01
    assert kstest(box["top"] / (400 - box["height"]), "uniform").pvalue > 0.01


@pytest.mark.parametrize("shape", [(3, 400, 400), (3, 300, 700)])
def test_boxes_of_the_full_range_are_distributed_as_torchvisions(shape):
    torch.manual_seed(0)
    image = torch.empty(shape)
    theirs = np.array([RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(4000)])
    box = values_of(choice("random_resized_crop", scale=[0.08, 1.0]), shape).values
    assert ks_2samp(box["width"] * box["height"], theirs[:, 2] * theirs[:, 3]).pvalue > 0.01
    assert ks_2samp(box["width"] / box["height"], theirs[:, 3] / theirs[:, 2]).pvalue > 0.01


def test_boxes_that_cannot_fit_become_the_largest_centred_box():
    box = values_of(choice("random_resized_crop", scale=[1.0, 1.0], ratio=[1.0, 1.0]), (3, 40, 100), 10).values
    for name, expected in (("top", 0), ("left", 30), ("height", 40), ("width", 40)):
        assert np.allclose(box[name], expected)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("name", ["horizontal_flip", "greyscale", "colour_jitter", "gaussian_blur", "quarter_turn"])
def test_an_operation_is_applied_to_its_share_of_the_views(name, p):
    rate = values_of(choice(name, p=p)).applied.mean()
    assert abs(rate - p) < 4 * np.sqrt(p * (1 - p) / MANY)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("brightness", 0.2, 1.8), ("contrast", 0.7, 1.3), ("saturation", 0.0, 2.5), ("hue", -0.3, 0.3)],
)
def test_jitter_factors_are_uniform_over_their_range(name, low, high):
    jitter = choice("colour_jitter", brightness=0.8, contrast=0.3, saturation=1.5, hue=0.3)
    assert kstest(values_of(jitter).values[name], "uniform", (low, high - low)).pvalue > 0.01


def test_every_order_of_the_four_jitters_is_equally_likely():
    orders = values_of(choice("colour_jitter")).values["order"]
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 24
    assert np.abs(counts - MANY / 24).max() < 5 * np.sqrt(MANY / 24)


def test_the_same_key_gives_the_same_views_to_the_bit_in_a_new_pipeline():
    samples, ops = noise(), (choice("random_resized_crop"), choice("colour_jitter"), choice("gaussian_blur"))
    first, second = (pipeline(*ops, count=2)(samples, (11, 4), CPU).inputs for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("key", [(1, 0), (0, 1), (2**31 - 1, 10**9)])
def test_another_seed_or_step_gives_other_views(key):
    samples, pipe = noise(), pipeline(choice("random_resized_crop"))
    assert not torch.equal(only_view(pipe, samples, key), only_view(pipe, samples, (0, 0)))


def test_the_views_of_a_sample_share_no_random_numbers():
    pipe = pipeline(choice("random_resized_crop"), choice("colour_jitter"), count=2)
    one, two = pipe.parameters(1000, (0, 0))
    for position in (0, 1):
        for name, values in one.draws[position, 0].values.items():
            other = two.draws[position, 0].values[name]
            assert abs(np.corrcoef(values.ravel(), other.ravel())[0, 1]) < 0.1


def test_streams_of_different_steps_views_and_operations_never_start_alike():
    starts = {
        stream((seed, step), view, op).random()
        for seed in range(3)
        for step in range(5)
        for view in range(4)
        for op in range(5)
    }
    assert len(starts) == 3 * 5 * 4 * 5


def test_changing_one_operation_leaves_the_draws_of_the_others_as_they_were():
    before = pipeline(choice("random_resized_crop", p=0.0), choice("colour_jitter", hue=0.1))
    after = pipeline(choice("random_resized_crop", p=1.0), choice("colour_jitter", hue=0.1))
    old, new = (pipe.parameters(16, (0, 0))[0].draws[1, 0] for pipe in (before, after))
    assert np.array_equal(old.applied, new.applied)
    assert all(np.array_equal(old.values[name], new.values[name]) for name in old.values)


def test_rendering_recorded_parameters_replays_the_views():
    samples = noise()
    pipe = pipeline(choice("random_resized_crop"), choice("colour_jitter"), choice("normalize"), count=2)
    seen = pipe(samples, (9, 123), CPU).inputs
    replayed = pipe.render(samples, pipe.parameters(8, (9, 123)), CPU).inputs
    assert all(torch.equal(a, b) for a, b in zip(seen, replayed, strict=True))
