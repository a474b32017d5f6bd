"""Colour operations, against torchvision with the same factors and by what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torchvision.transforms.v2 import functional as F
from views_helpers import CPU, both_backends, choice, noise, only_view, pipeline, unit, with_values

from workbench.views import colour

NAMES = ("brightness", "contrast", "saturation", "hue")
ADJUST = {"brightness": F.adjust_brightness, "contrast": F.adjust_contrast, "saturation": F.adjust_saturation}


def test_jitter_equals_torchvision_in_each_samples_own_order_where_nothing_clips():
    samples = noise(64, low=100, high=150)
    pipe = pipeline(choice("colour_jitter", p=1.0, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.0))
    (drawn,) = pipe.parameters(64, (3, 0))
    values = drawn.draws[0, 0].values
    assert len({tuple(order) for order in values["order"]}) > 15
    (ours,) = pipe.render(samples, [drawn], CPU).inputs
    for n, image in enumerate(unit(samples)):
        for number in values["order"][n]:
            if NAMES[number] != "hue":
                image = ADJUST[NAMES[number]](image, float(values[NAMES[number]][n]))
        torch.testing.assert_close(ours[n], image, atol=1e-5, rtol=0)


def test_contrast_blends_with_the_mean_of_the_crop_not_of_the_picture():
    samples = noise(16, low=90, high=160)
    samples.fields["image"][:, :, :, 16:] //= 2
    crop, contrast = choice("random_resized_crop", scale=[0.08, 0.2]), {"brightness": 0, "saturation": 0, "hue": 0}
    cropped = only_view(pipeline(crop), samples)
    pipe = pipeline(crop, choice("colour_jitter", p=1.0, contrast=0.4, **contrast))
    (drawn,) = pipe.parameters(16, (0, 0))
    (ours,) = pipe.render(samples, [drawn], CPU).inputs
    for n, factor in enumerate(drawn.draws[1, 0].values["contrast"]):
        torch.testing.assert_close(ours[n], F.adjust_contrast(cropped[n], float(factor)), atol=1e-5, rtol=0)


def test_greyscale_equals_torchvisions():
    samples = noise()
    ours = only_view(pipeline(choice("greyscale", p=1.0)), samples)
    torch.testing.assert_close(ours, F.rgb_to_grayscale(unit(samples), 3), atol=1e-5, rtol=0)


def test_values_beyond_the_range_are_clamped_before_normalisation():
    samples, pipe = noise(), pipeline(choice("colour_jitter", p=1.0), choice("normalize", statistics="half"))
    (drawn,) = pipe.parameters(8, (0, 0))
    bright = with_values(pipe, drawn, (3, 32, 32), brightness=np.full(8, 3.0))
    (view,) = pipe.render(samples, [bright], CPU).inputs
    assert view.max() == 1.0
    assert view.min() >= -1.0


def test_hue_turns_red_towards_green_then_blue_as_in_hsv():
    red = np.array([1.0, 0.0, 0.0])
    assert (colour.hue(np.array([1 / 3, -1 / 3])) @ red).argmax(axis=1).tolist() == [1, 2]


@pytest.mark.parametrize("turn", [-0.5, -0.1, 0.0, 0.25, 0.5])
def test_hue_keeps_luma_and_greys_and_is_undone_by_the_turn_back(turn):
    forth, back = colour.hue(np.array([turn]))[0], colour.hue(np.array([-turn]))[0]
    np.testing.assert_allclose([0.299, 0.587, 0.114] @ forth, [0.299, 0.587, 0.114], atol=1e-12)
    np.testing.assert_allclose(forth @ np.ones(3), np.ones(3), atol=1e-12)
    np.testing.assert_allclose(back @ forth, np.eye(3), atol=1e-12)


def test_hue_and_saturation_leave_a_grey_picture_as_it_is():
    samples = noise(8, channels=1)
    jitter = choice("colour_jitter", p=1.0, brightness=0, contrast=0, saturation=1, hue=0.5)
    view = only_view(pipeline(jitter, shape=(1, 32, 32)), samples)
    # The luma weights that torchvision uses add up to 0.9999.
    torch.testing.assert_close(view, unit(samples).expand(-1, 3, -1, -1), atol=1.1e-4, rtol=0)


@pytest.mark.parametrize(
    ("statistics", "mean", "std"),
    [
        ("dataset", (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)),
        ("imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("cifar10", (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
        ("half", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ],
)
def test_normalisation_subtracts_the_mean_and_divides_by_the_deviation(statistics, mean, std):
    samples, pipe = noise(), pipeline(choice("normalize", statistics=statistics))
    theirs = F.normalize(unit(samples), mean, std)
    torch.testing.assert_close(only_view(pipe, samples), theirs, atol=1e-5, rtol=0)
    torch.testing.assert_close(pipe.evaluation(samples.fields["image"], CPU), theirs, atol=1e-5, rtol=0)


def test_normalisation_acts_last_wherever_it_stands():
    samples, normalise, grey = noise(), choice("normalize"), choice("greyscale", p=1.0)
    first, last = pipeline(normalise, grey), pipeline(grey, normalise)
    assert torch.equal(only_view(first, samples), only_view(last, samples))


def values_of(op, samples=20_000):
    return pipeline(op).parameters(samples, (5, 0))[0].draws[0, 0].values


@pytest.mark.parametrize("dropped", [1, 2])
def test_every_channel_is_dropped_alike(dropped):
    kept = values_of(choice("channel_drop", dropped=dropped))["kept"]
    found, counts = np.unique(kept, axis=0, return_counts=True)
    assert (kept.sum(axis=1) == 3 - dropped).all()
    assert len(found) == 3
    assert chisquare(counts).pvalue > 0.01


def test_all_six_orders_of_the_channels_are_equally_likely():
    found, counts = np.unique(values_of(choice("channel_shuffle"))["order"], axis=0, return_counts=True)
    assert len(found) == 6
    assert chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("dropped", [1, 2])
@pytest.mark.parametrize("fill", ["black", "mean", "kept"])
def test_dropped_channels_are_filled_as_stated(dropped, fill):
    samples, pipe = noise(), pipeline(choice("channel_drop", dropped=dropped, fill=fill))
    (drawn,) = pipe.parameters(8, (0, 0))
    for ours in both_backends(pipe, samples, drawn):
        for view, image, kept in zip(ours, unit(samples), drawn.draws[0, 0].values["kept"], strict=True):
            stands = {
                "black": torch.zeros(3, 32, 32),
                "mean": image.mean(dim=(1, 2), keepdim=True).expand(3, 32, 32),
                "kept": image[kept].mean(dim=0).expand(3, 32, 32),
            }[fill]
            expected = torch.where(torch.from_numpy(kept)[:, None, None], image, stands)
            torch.testing.assert_close(view, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("op", [choice("channel_drop", fill="kept"), choice("channel_shuffle")])
def test_a_grey_picture_keeps_its_greys_when_channels_are_copied_or_swapped(op):
    samples = noise(8, channels=1)
    view = only_view(pipeline(op, shape=(1, 32, 32)), samples)
    torch.testing.assert_close(view, unit(samples).expand(-1, 3, -1, -1), atol=1e-6, rtol=0)


def test_neighbouring_colour_operations_equal_torchvisions_one_after_another_where_nothing_clips():
    samples = noise(64, low=100, high=150)
    jitter = choice("colour_jitter", p=0.7, brightness=0.2, contrast=0.4, saturation=0.4, hue=0)
    ops = (choice("invert"), jitter, choice("channel_shuffle", p=0.6), choice("greyscale", p=0.4), choice("invert"))
    pipe = pipeline(*ops)
    (drawn,) = pipe.parameters(64, (3, 0))
    draws = [drawn.draws[position, 0] for position in range(5)]
    for ours in both_backends(pipe, samples, drawn):
        for n, image in enumerate(unit(samples)):
            for draw in draws:
                image = one_by_one(image, draw, n) if draw.applied[n] else image
            torch.testing.assert_close(ours[n], image, atol=1e-5, rtol=0)


def one_by_one(image, draw, n):
    """What torchvision makes of a picture for the n-th row of a draw."""
    if draw.operation == "invert":
        return F.invert(image)
    if draw.operation == "greyscale":
        return F.rgb_to_grayscale(image, 3)
    if draw.operation == "channel_shuffle":
        return F.permute_channels(image, draw.values["order"][n].tolist())
    for number in draw.values["order"][n]:
        if NAMES[number] != "hue":
            image = ADJUST[NAMES[number]](image, float(draw.values[NAMES[number]][n]))
    return image
