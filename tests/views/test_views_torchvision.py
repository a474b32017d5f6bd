"""torchvision's own transforms as an operation: what they give, their seeds, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torchvision.transforms import v2
from views_helpers import CPU, choice, noise, only_view, pipeline, unit

from workbench.core.errors import DataError, RecipeError
from workbench.gui.forms.schema import read_fields
from workbench.views.batched import run_batched
from workbench.views.operations.torchvision_transform import NAMES, TorchvisionTransform

REQUIRED = {
    "Grayscale": {"num_output_channels": 3},
    "RandomAdjustSharpness": {"sharpness_factor": 2},
    "RandomAffine": {"degrees": 20},
    "RandomCrop": {"size": 32, "padding": 4},
    "RandomPosterize": {"bits": 3},
    "RandomResizedCrop": {"size": 32},
    "RandomRotation": {"degrees": [-30, 30], "interpolation": "bilinear"},
    "RandomSolarize": {"threshold": 0.5},
    "GaussianBlur": {"kernel_size": 5},
}


def wrapped(name, p=1.0, **settings):
    return choice("torchvision", name=name, p=p, settings=settings)


@pytest.mark.parametrize("name", NAMES)
def test_every_transform_gives_a_finite_picture_in_range_drawn_from_each_samples_seed(name):
    samples, settings = noise(6), REQUIRED.get(name, {})
    pipe = pipeline(wrapped(name, **settings))
    (drawn,) = pipe.parameters(6, (1, 2))
    (view,) = pipe.render(samples, [drawn], CPU).inputs
    transform = getattr(v2, name)(**settings)
    for n, image in enumerate(unit(samples)):
        torch.manual_seed(int(drawn.draws[0, 0].values["seed"][n]))
        torch.testing.assert_close(view[n], transform(image).clamp(0, 1), atol=1e-6, rtol=0)


def test_the_global_generator_of_torch_is_left_as_it_was():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    only_view(pipeline(wrapped("ColorJitter", brightness=0.5)), noise())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_same_key_gives_the_same_views_and_two_views_differ():
    samples, pipe = noise(), pipeline(wrapped("RandomPhotometricDistort", p=0.9), count=2)
    first, second = pipe(samples, (5, 1), CPU).inputs, pipe(samples, (5, 1), CPU).inputs
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(*first)


def test_both_backends_give_the_same_pictures():
    samples, pipe = noise(9), pipeline(choice("greyscale", p=0.5), wrapped("ColorJitter", p=0.6, hue=0.2))
    drawn = pipe.parameters(9, (0, 0))
    (ours,) = pipe.render(samples, drawn, CPU).inputs
    batched = run_batched(torch.from_numpy(samples.fields["image"]), pipe._steps(0, drawn[0]))
    torch.testing.assert_close(batched, ours, atol=1e-5, rtol=0)


def test_probability_zero_and_samples_that_are_left_out_keep_every_bit():
    samples, plain = noise(64), only_view(pipeline(), noise(64))
    assert torch.equal(only_view(pipeline(wrapped("RandomInvert", p=0.0)), samples), plain)
    pipe = pipeline(wrapped("RandomInvert", p=0.5))
    untouched = torch.from_numpy(~pipe.parameters(64, (0, 0))[0].draws[0, 0].applied)
    assert 10 < untouched.sum() < 54
    assert torch.equal(only_view(pipe, samples)[untouched], plain[untouched])


def test_a_batch_of_one_and_an_empty_batch_go_through():
    pipe = pipeline(wrapped("RandomSolarize", threshold=0.5))
    assert only_view(pipe, noise(1)).shape == (1, 3, 32, 32)
    assert only_view(pipe, noise(0)).shape == (0, 3, 32, 32)


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (wrapped("ColorJiter"), r"ops\.0\.name: .*no torchvision transform of one picture 'ColorJiter'.*'ColorJitter'"),
        (wrapped("Compose"), "no torchvision transform of one picture 'Compose'"),
        (wrapped("ColorJitter", brighness=1), r"ops\.0\.settings: .*ColorJitter does not take these.*brighness"),
        (wrapped("RandomRotation"), r"ops\.0\.settings: .*degrees"),
        (wrapped("ColorJitter", hue=3), r"ops\.0\.settings: .*ColorJitter does not take these"),
    ],
)
def test_a_wrong_name_or_setting_is_refused_at_its_field_before_anything_runs(op, words):
    with pytest.raises(RecipeError, match=words):
        pipeline(op)


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (wrapped("RandomResizedCrop", size=16), r"RandomResizedCrop made a picture of shape \(3, 16, 16\)"),
        (wrapped("Grayscale"), r"Grayscale made a picture of shape \(1, 32, 32\)"),
        (wrapped("RandomCrop", size=64), "RandomCrop failed on a picture of shape"),
        (wrapped("GaussianNoise", mean=float(np.finfo(np.float32).max), sigma=1e38, clip=False), "not finite"),
    ],
)
def test_a_transform_that_does_not_keep_the_picture_is_named(op, words):
    with pytest.raises(DataError, match=words):
        only_view(pipeline(op), noise())


def test_its_settings_can_be_edited_as_json_and_its_name_chosen():
    schema = TorchvisionTransform.Config.model_json_schema()
    assert json.loads(json.dumps(schema)) == schema
    fields = {field.name: field for field in read_fields(schema)}
    assert fields["settings"].kind == "json"
    assert fields["name"].kind == "choice"
    assert fields["name"].choices == NAMES
