"""Resampling, against torchvision with the same boxes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as F
from views_helpers import CPU, choice, noise, only_view, pipeline, unit, with_values

from workbench.views.geometry import axis_map

BOXES = [(0, 0, 40, 40), (3, 5, 12, 9), (10, 0, 30, 25), (39, 39, 1, 1), (0, 7, 2, 33), (1, 1, 38, 38)]


@pytest.mark.parametrize("size", [8, 24, 40, 64])
def test_cropped_boxes_equal_torchvisions_antialiased_resized_crop(size):
    shape = (3, 40, 40)
    samples, pipe = noise(len(BOXES), *shape), pipeline(choice("random_resized_crop"), shape=shape, size=size)
    top, left, height, width = np.array(BOXES, float).T
    (drawn,) = pipe.parameters(len(BOXES), (0, 0))
    drawn = with_values(pipe, drawn, shape, top=top, left=left, height=height, width=width)
    (ours,) = pipe.render(samples, [drawn], CPU).inputs
    theirs = [
        F.resized_crop(image, *box, [size, size], antialias=True)
        for image, box in zip(unit(samples), BOXES, strict=True)
    ]
    torch.testing.assert_close(ours, torch.stack(theirs), atol=1e-5, rtol=0)


def test_a_flip_reverses_columns_to_the_bit():
    samples = noise()
    flipped = only_view(pipeline(choice("horizontal_flip", p=1.0)), samples)
    assert torch.equal(flipped, only_view(pipeline(), samples).flip(3))


def test_crop_then_flip_equals_the_flipped_crop():
    samples, crop = noise(), choice("random_resized_crop")
    both = only_view(pipeline(crop, choice("horizontal_flip", p=1.0)), samples)
    torch.testing.assert_close(both, only_view(pipeline(crop), samples).flip(3), atol=1e-6, rtol=0)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 21, 34), (3, 50, 17)])
def test_view_v_of_a_branch_is_turned_v_quarters_counter_clockwise(shape):
    samples = noise(4, *shape)
    pipe = pipeline(choice("quarter_turn", turns="each"), shape=shape, count=4)
    views = pipe(samples, (0, 0), CPU)
    upright = only_view(pipeline(shape=shape), samples)
    for turns, view in enumerate(views.inputs):
        torch.testing.assert_close(view, torch.rot90(upright, turns, (2, 3)), atol=1e-6, rtol=0)
    assert views.targets["rotation"].tolist() == [[v] * 4 for v in range(4)]
    assert views.targets["rotation"].dtype == torch.int64


def test_random_turns_are_labelled_with_the_turn_that_was_made():
    samples = noise(64)
    views = pipeline(choice("quarter_turn", turns="random"))(samples, (0, 0), CPU)
    upright, labels = only_view(pipeline(), samples), views.targets["rotation"][0]
    assert set(labels.tolist()) == {0, 1, 2, 3}
    for image, turned, label in zip(upright, views.inputs[0], labels.tolist(), strict=True):
        assert torch.equal(turned, torch.rot90(image, label, (1, 2)))


def test_four_quarter_turns_are_the_identity_to_the_bit():
    samples = noise()
    pipe = pipeline(choice("quarter_turn"))
    (drawn,) = pipe.parameters(8, (0, 0))
    quarter = with_values(pipe, drawn, (3, 32, 32), turns=np.ones(8, int))
    images = samples.fields["image"]
    for _ in range(4):
        (view,) = pipe.render(replace(samples, fields={"image": images}), [quarter], CPU).inputs
        images = (view.numpy() * 255).round().astype(np.uint8)
    assert np.array_equal(images, samples.fields["image"])


def test_evaluation_of_squares_equals_torchvisions_resize():
    samples, pipe = noise(4, 3, 50, 50), pipeline(shape=(3, 50, 50), size=20)
    theirs = F.resize(unit(samples), [20, 20], antialias=True)
    torch.testing.assert_close(pipe.evaluation(samples.fields["image"], CPU), theirs, atol=1e-5, rtol=0)


def test_evaluation_of_wide_pictures_is_the_resized_centre():
    samples, pipe = noise(4, 3, 40, 60), pipeline(shape=(3, 40, 60), size=20)
    theirs = F.center_crop(F.resize(unit(samples), 20, antialias=True), [20, 20])
    ours = pipe.evaluation(samples.fields["image"], CPU)
    # At the outer columns torchvision's filter still sees what the centre crop then cuts away.
    torch.testing.assert_close(ours[..., 1:-1], theirs[..., 1:-1], atol=1e-5, rtol=0)


def test_evaluation_takes_other_sizes_than_the_training_set():
    pipe = pipeline(choice("normalize"), shape=(3, 32, 32))
    assert pipe.evaluation(noise(2, 1, 45, 31).fields["image"], CPU).shape == (2, 3, 32, 32)


def test_a_sheared_map_is_refused():
    sheared = np.array([[[1.0, 0.3, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])
    with pytest.raises(ValueError, match="keep the axes"):
        axis_map(sheared, 8, 8, 8)


def test_a_vertical_flip_reverses_rows_to_the_bit():
    samples = noise()
    flipped = only_view(pipeline(choice("vertical_flip", p=1.0)), samples)
    assert torch.equal(flipped, F.vertical_flip(only_view(pipeline(), samples)))


@settings(max_examples=30, deadline=None)
@given(side=st.integers(1, 40), more=st.integers(0, 10), cut=st.integers(0, 10), tall=st.booleans())
def test_a_centre_crop_equals_torchvisions_center_crop(side, more, cut, tall):
    height, width = (side, side + 2 * more)[:: -1 if tall else 1]
    kept = max(side - 2 * cut, 2 - side % 2)
    samples = noise(2, 3, height, width)
    pipe = pipeline(choice("centre_crop", share=kept / side), shape=(3, height, width), size=kept)
    theirs = F.center_crop(unit(samples), [kept, kept])
    torch.testing.assert_close(only_view(pipe, samples), theirs, atol=1e-5, rtol=0)


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 60), width=st.integers(1, 60), size=st.integers(1, 60))
def test_a_stretching_resize_equals_torchvisions_antialiased_resize(height, width, size):
    samples = noise(2, 3, height, width)
    pipe = pipeline(choice("resize", mode="stretch"), shape=(3, height, width), size=size)
    theirs = F.resize(unit(samples), [size, size], antialias=True)
    torch.testing.assert_close(only_view(pipe, samples), theirs, atol=1e-4, rtol=0)


@settings(max_examples=30, deadline=None)
@given(side=st.integers(8, 30), times=st.sampled_from([1, 3]), size=st.integers(8, 30), tall=st.booleans())
def test_a_fitting_resize_keeps_the_aspect_and_the_middle(side, times, size, tall):
    height, width = (side, times * side)[:: -1 if tall else 1]
    samples = noise(2, 3, height, width)
    pipe = pipeline(choice("resize", mode="fit"), shape=(3, height, width), size=size)
    whole = F.resize(unit(samples), [size, times * size][:: -1 if tall else 1], antialias=True)
    low = (times - 1) * size // 2
    theirs = whole[:, :, low : low + size] if tall else whole[:, :, :, low : low + size]
    inner = slice(2 + size // side, -2 - size // side)
    # At the ends that are cut off torchvision's filter still sees what lies beyond.
    ours = only_view(pipe, samples)[..., inner, inner]
    torch.testing.assert_close(ours, theirs[..., inner, inner], atol=1e-4, rtol=0)


def test_a_centre_crop_of_a_tiny_picture_reads_at_least_one_pixel():
    samples = noise(2, 3, 1, 5)
    view = only_view(pipeline(choice("centre_crop", share=0.01), shape=(3, 1, 5)), samples)
    torch.testing.assert_close(view, unit(samples)[:, :, :, 2:3], atol=1e-6, rtol=0)
