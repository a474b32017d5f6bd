"""Gaussian blur, against torchvision with the same sigma."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as F
from views_helpers import CPU, choice, noise, only_view, pipeline, unit, with_values

SIGMAS = [0.1, 0.3, 0.5, 1.0, 1.7, 2.0, 3.0, 4.0]


def blurred_like_torchvision(images, sigmas):
    kernels = [2 * math.ceil(3 * sigma) + 1 for sigma in sigmas]
    each = zip(images, kernels, sigmas, strict=True)
    return torch.stack([F.gaussian_blur(image, [k, k], [sigma, sigma]) for image, k, sigma in each])


def test_blur_equals_torchvisions_with_a_kernel_of_three_sigma():
    samples, pipe = noise(), pipeline(choice("gaussian_blur", p=1.0))
    (drawn,) = pipe.parameters(8, (0, 0))
    (ours,) = pipe.render(samples, [with_values(pipe, drawn, (3, 32, 32), sigma=np.array(SIGMAS))], CPU).inputs
    torch.testing.assert_close(ours, blurred_like_torchvision(unit(samples), SIGMAS), atol=1e-5, rtol=0)


def test_blur_before_the_crop_acts_on_the_whole_picture():
    shape, crop = (3, 24, 37), choice("random_resized_crop", scale=[0.2, 0.4])
    samples = noise(8, *shape)
    pipe = pipeline(choice("gaussian_blur", p=1.0), crop, shape=shape)
    (drawn,) = pipe.parameters(8, (0, 0))
    (ours,) = pipe.render(samples, [drawn], CPU).inputs
    smooth = blurred_like_torchvision(unit(samples), drawn.draws[0, 0].values["sigma"].tolist())
    as_bytes = (smooth * 255).round().to(torch.uint8).numpy()
    alone = pipeline(choice("horizontal_flip", p=0.0), crop, shape=shape)
    (cropped,) = alone.render(
        type(samples)({"image": as_bytes}, None, samples.index), [*alone.parameters(8, (0, 0))], CPU
    ).inputs
    torch.testing.assert_close(ours, cropped, atol=1 / 255, rtol=0)


def test_samples_that_are_not_blurred_keep_every_bit():
    samples, crop = noise(64), choice("random_resized_crop")
    pipe = pipeline(crop, choice("gaussian_blur", p=0.5, sigma=[0.5, 2.0]), choice("normalize"))
    plain = only_view(pipeline(crop, choice("horizontal_flip", p=0.0), choice("normalize")), samples)
    applied = torch.from_numpy(pipe.parameters(64, (0, 0))[0].draws[1, 0].applied)
    view = only_view(pipe, samples)
    assert 10 < applied.sum() < 54
    assert torch.equal(view[~applied], plain[~applied])
    assert not torch.isclose(view[applied], plain[applied]).flatten(1).all(dim=1).any()


@pytest.mark.parametrize("side", [1, 2, 3, 5])
def test_pictures_smaller_than_the_kernel_blur_without_leaving_the_range(side):
    samples = noise(4, 3, side, side)
    view = only_view(pipeline(choice("gaussian_blur", p=1.0, sigma=[4.0, 4.0]), shape=(3, side, side)), samples)
    image = unit(samples)
    assert torch.isfinite(view).all()
    assert (view >= image.amin() - 1e-6).all()
    assert (view <= image.amax() + 1e-6).all()
