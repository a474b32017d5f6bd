"""The exact colour jitter, against torchvision's four functions applied in each sample's own order."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as F
from views_helpers import CPU, both_backends, choice, noise, only_view, pipeline, unit, with_values

from workbench.data.base import Samples

NAMES = ("brightness", "contrast", "saturation", "hue")
ADJUST = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
FACTORS = {"brightness": (0, 3), "contrast": (0, 3), "saturation": (0, 3), "hue": (-0.5, 0.5)}


def like_torchvision(images, values):
    adjusted = []
    for n, image in enumerate(images):
        for step in values["order"][n]:
            image = ADJUST[step](image, float(values[NAMES[step]][n]))
        adjusted.append(image)
    return torch.stack(adjusted)


def exact(**changes):
    return choice("colour_jitter", p=1.0, mode="exact", **changes)


@settings(max_examples=25, deadline=None)
@given(
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    seed=st.integers(0, 2**31),
    low=st.integers(0, 200),
    span=st.integers(1, 56),
)
def test_exact_jitter_equals_torchvision_in_any_order(channels, height, width, seed, low, span):
    rng, shape = np.random.default_rng(seed), (channels, height, width)
    high = low + (span if seed % 2 else 256 - low)
    images = rng.integers(low, high, (6, *shape), dtype=np.uint8)
    samples, pipe = Samples({"image": images}, None, np.arange(6)), pipeline(exact(), shape=shape)
    plain = only_view(pipeline(shape=shape), samples)
    (drawn,) = pipe.parameters(6, (seed, 0))
    factors = {name: rng.uniform(*bounds, 6) for name, bounds in FACTORS.items()}
    drawn = with_values(pipe, drawn, shape, **factors)
    expected = like_torchvision(plain, drawn.draws[0, 0].values)
    for ours in both_backends(pipe, samples, drawn):
        torch.testing.assert_close(ours, expected, atol=1 / 255, rtol=0)


def test_hue_turns_as_the_standard_librarys_hsv():
    samples = noise(4, 3, 8, 8)
    pipe = pipeline(exact(brightness=0, contrast=0, saturation=0, hue=0.5), shape=(3, 8, 8))
    (drawn,) = pipe.parameters(4, (0, 0))
    expected = np.empty((4, 3, 8, 8))
    for n, turn in enumerate(drawn.draws[0, 0].values["hue"]):
        for i, j in np.ndindex(8, 8):
            hue, saturation, value = colorsys.rgb_to_hsv(*(samples.fields["image"][n, :, i, j] / 255))
            expected[n, :, i, j] = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
    for ours in both_backends(pipe, samples, drawn):
        np.testing.assert_allclose(ours.numpy(), expected, atol=1e-5)


def test_values_are_clamped_between_the_steps():
    samples = noise(1, low=200, high=256)
    pipe = pipeline(exact())
    (drawn,) = pipe.parameters(1, (0, 0))
    fixed = {"brightness": [3.0], "contrast": [0.5], "saturation": [1.0], "hue": [0.0], "order": [[0, 1, 2, 3]]}
    (ours,) = pipe.render(samples, [with_values(pipe, drawn, (3, 32, 32), **fixed)], CPU).inputs
    torch.testing.assert_close(ours, torch.ones_like(ours), atol=2e-4, rtol=0)


def test_both_modes_draw_the_same_numbers():
    jitter = {"brightness": 0.8, "contrast": 0.8, "saturation": 0.8, "hue": 0.2}
    fused, steps = (
        pipeline(choice("colour_jitter", mode=mode, **jitter)).parameters(64, (3, 1))[0].draws[0, 0]
        for mode in ("fused", "exact")
    )
    assert np.array_equal(fused.applied, steps.applied)
    assert fused.values.keys() == steps.values.keys()
    assert all(np.array_equal(fused.values[name], steps.values[name]) for name in fused.values)


@pytest.mark.parametrize("colours", [(0, 0, 0), (255, 255, 255), (0, 0, 255), (7, 7, 7)])
@pytest.mark.parametrize("side", [1, 4])
def test_flat_pictures_stay_flat_and_finite(colours, side):
    images = np.tile(np.array(colours, np.uint8)[:, None, None], (8, 1, side, side))
    samples = Samples({"image": images}, None, np.arange(8))
    pipe = pipeline(exact(brightness=2, contrast=2, saturation=2, hue=0.5), shape=(3, side, side))
    for ours in both_backends(pipe, samples, pipe.parameters(8, (0, 0))[0]):
        assert torch.isfinite(ours).all()
        assert (ours.amax(dim=(2, 3)) - ours.amin(dim=(2, 3))).max() < 1e-6
        assert ours.min() >= 0
        assert ours.max() <= 1


def test_samples_that_are_not_jittered_keep_every_bit():
    samples, crop = noise(64), choice("random_resized_crop")
    pipe = pipeline(crop, choice("colour_jitter", p=0.5, mode="exact"))
    (drawn,) = pipe.parameters(64, (0, 0))
    untouched = torch.from_numpy(~drawn.draws[1, 0].applied)
    plain = only_view(pipeline(crop, choice("horizontal_flip", p=0.0)), samples)
    assert 10 < untouched.sum() < 54
    ours, batched = both_backends(pipe, samples, drawn)
    assert torch.equal(ours[untouched], plain[untouched])
    torch.testing.assert_close(batched[untouched], plain[untouched], atol=1e-5, rtol=0)


def test_a_grey_picture_keeps_its_greys_under_hue_and_saturation():
    samples = noise(8, channels=1)
    view = only_view(pipeline(exact(brightness=0, contrast=0, saturation=2, hue=0.5), shape=(1, 32, 32)), samples)
    # The luma weights that torchvision uses add up to 0.9999.
    torch.testing.assert_close(view, unit(samples).expand(-1, 3, -1, -1), atol=2.2e-4, rtol=0)


@pytest.mark.parametrize(("strength", "all_four", "without_hue"), [(0.5, 5.0, 0.5), (1.0, 8.0, 2.0)])
def test_the_fused_mode_stays_near_the_exact_one_on_pictures_of_modest_colour(strength, all_four, without_hue):
    coarse = torch.rand(128, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    muted = 0.7 * coarse[:, :1] + 0.3 * coarse
    smooth = torch.nn.functional.interpolate(muted, 32, mode="bicubic").clamp(0, 1)
    samples = Samples({"image": (smooth * 255).to(torch.uint8).numpy()}, None, np.arange(128))
    for hue, most in ((0.2 * strength, all_four), (0.0, without_hue)):
        widths = dict.fromkeys(NAMES[:3], 0.8 * strength) | {"hue": hue}
        fused = only_view(pipeline(choice("colour_jitter", p=1.0, **widths)), samples)
        step_by_step = only_view(pipeline(exact(**widths)), samples)
        distance = float((fused - step_by_step).abs().mean()) * 255
        assert 0 < distance < most
