"""Elastic deformation, against torchvision with the same shifts and by its field's distribution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import ElasticTransform, InterpolationMode
from torchvision.transforms.v2 import functional as F
from views_helpers import CPU, both_backends, choice, noise, only_view, pipeline, unit

from workbench.views.operations.elastic import Elastic, smoothing

LEVELS = {"black": 0.0, "grey": 0.5, "white": 1.0}


def shifts(pipe, drawn, height, width):
    """The shifts of a view, (N, 2, H, W), in px."""
    operation = pipe.by_view[0][0].operations[0].operation
    assert isinstance(operation, Elastic)
    return operation.shifts(drawn.draws[0, 0].values["seed"], height, width, CPU)


@settings(max_examples=25, deadline=None)
@given(
    side=st.integers(1, 30),
    more=st.integers(0, 5),
    alpha=st.floats(0, 300),
    sigma=st.floats(0.3, 8),
    fill=st.sampled_from(sorted(LEVELS)),
    step=st.integers(0, 1000),
)
def test_elastic_equals_torchvisions_with_the_same_shifts(side, more, alpha, sigma, fill, step):
    height, width = side, side + 2 * more
    samples = noise(2, 3, height, width)
    pipe = pipeline(
        choice("elastic", p=1.0, alpha=alpha, sigma=sigma, fill=fill), choice("resize"), shape=(3, height, width)
    )
    (drawn,) = pipe.parameters(2, (0, step))
    shift = shifts(pipe, drawn, height, width)
    normalised = (shift * 2 / torch.tensor([width, height])[:, None, None]).permute(0, 2, 3, 1)
    for view in both_backends(pipe, samples, drawn):
        for n, image in enumerate(unit(samples)):
            bent = [normalised[n : n + 1], InterpolationMode.BILINEAR]
            seen = F.elastic(torch.ones_like(image), *bent)
            theirs = F.center_crop(F.elastic(image, *bent, fill=[LEVELS[fill]]), [side, side])
            # Where the picture ends torchvision multiplies by its coverage twice.
            whole = F.center_crop((seen > 1 - 1e-4) | (seen < 1e-4), [side, side])
            torch.testing.assert_close(view[n][whole], theirs[whole], atol=1 / 255, rtol=0)


@pytest.mark.parametrize(("extent", "sigma"), [(1, 5.0), (2, 0.3), (9, 1.0), (30, 2.5), (64, 5.0)])
def test_the_field_is_smoothed_as_torchvisions_gaussian_blur_does(extent, sigma):
    side = 2 * min(int(8 * sigma + 1) // 2, extent - 1) + 1
    lines = torch.eye(extent, dtype=torch.float64)[:, None]
    theirs = F.gaussian_blur(lines[:, None], [side, 1], [sigma, sigma])[:, 0, 0]
    np.testing.assert_allclose(smoothing(extent, sigma), theirs.numpy().T, atol=1e-6)


def test_shifts_are_spread_as_torchvisions():
    torch.manual_seed(0)
    transform = ElasticTransform(alpha=80.0, sigma=3.0)
    images = [torch.empty(3, 40, 56) for _ in range(60)]
    theirs = torch.cat([transform.make_params([image])["displacement"] for image in images])
    theirs = theirs * torch.tensor([56, 40]) / 2
    pipe = pipeline(choice("elastic", p=1.0, alpha=80.0, sigma=3.0), shape=(3, 40, 56))
    ours = shifts(pipe, pipe.parameters(60, (0, 0))[0], 40, 56).permute(0, 2, 3, 1)
    for axis in (0, 1):
        assert abs(ours[..., axis].mean()) < 0.1
        torch.testing.assert_close(ours[..., axis].std(), theirs[..., axis].std(), rtol=0.05, atol=0)
    inner = ours[:, 12:-12, 12:-12]
    assert abs(np.corrcoef(inner[..., 0].flatten(), inner[..., 1].flatten())[0, 1]) < 0.1
    assert abs(np.corrcoef(ours[0].flatten(), ours[1].flatten())[0, 1]) < 0.3


def test_a_strength_of_zero_bends_nothing():
    samples = noise()
    view = only_view(pipeline(choice("elastic", p=1.0, alpha=0.0)), samples)
    torch.testing.assert_close(view, unit(samples), atol=1e-6, rtol=0)


def test_an_edge_fill_keeps_a_white_picture_white():
    samples = noise(4, low=255)
    assert only_view(pipeline(choice("elastic", p=1.0, alpha=500.0, fill="edge")), samples).amin() > 0.9999
    assert only_view(pipeline(choice("elastic", p=1.0, alpha=500.0, fill="black")), samples).amin() < 0.1


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 9), (3, 2, 2)])
def test_tiny_pictures_bend_without_leaving_the_range(shape):
    view = only_view(pipeline(choice("elastic", p=1.0, sigma=5.0), shape=shape), noise(4, *shape))
    assert torch.isfinite(view).all()
    assert view.min() >= 0
    assert view.max() <= 1


def test_the_same_seed_bends_alike_and_another_one_does_not():
    samples = noise(2)
    samples.fields["image"][1] = samples.fields["image"][0]
    pipe = pipeline(choice("elastic", p=1.0))
    first, second = only_view(pipe, samples)
    assert not torch.equal(first, second)
    assert torch.equal(only_view(pipe, samples), torch.stack([first, second]))
