"""Known transforms: each number against torch's own operation, what is seen beyond the picture, and what composes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F
from views_helpers import CPU, both_backends, choice, noise, only_view, pipeline, unit

from workbench.views.operations.known_transform import TRANSFORMS


def transformed(name: str, shape=(3, 32, 32), samples: int = 100, **settings) -> tuple[torch.Tensor, torch.Tensor]:
    """The samples that drew a transform, in [0, 1]: as they would be without it, and with it."""
    batch = noise(samples, *shape)
    views = pipeline(choice("known_transform", **settings), shape=shape)(batch, (0, 0), CPU)
    drew = views.targets["transform"][0] == TRANSFORMS.index(name)
    assert drew.any()
    return only_view(pipeline(shape=shape), batch)[drew], views.inputs[0][drew]


EXACT = {
    "as it is": lambda x: x,
    "90°": lambda x: torch.rot90(x, 1, (2, 3)),
    "180°": lambda x: torch.rot90(x, 2, (2, 3)),
    "270°": lambda x: torch.rot90(x, 3, (2, 3)),
    "mirrored": lambda x: x.flip(3),
    "upside down": lambda x: x.flip(2),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 21, 34), (3, 50, 17)], ids=str)
def test_turns_and_mirrorings_equal_those_of_torch(name, shape):
    upright, seen = transformed(name, shape)
    torch.testing.assert_close(seen, EXACT[name](upright), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("name", "across", "down"), [("left", -8, 0), ("right", 8, 0), ("up", 0, -8), ("down", 0, 8)])
def test_a_shift_equals_torchvisions(name, across, down):
    """A quarter of 32 px is 8."""
    upright, seen = transformed(name, shift=0.25, fill="black")
    wanted = F.affine(upright, 0, [across, down], 1.0, [0.0, 0.0])
    torch.testing.assert_close(seen, wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("name", "scale", "slant"), [("larger", 3, 0), ("sheared left", 2, -20), ("sheared right", 2, 20)]
)
def test_scales_and_shears_equal_torchvisions_inside(name, scale, slant):
    """With half the side in sight, which enlarges: torchvision does not widen its filter where a shear shrinks."""
    upright, ours = transformed(name, scale=1.5, shear=20.0, window=0.5, shape=(3, 33, 33))
    theirs = F.affine(upright, 0, [0, 0], scale, [slant, 0.0], interpolation=InterpolationMode.BILINEAR)
    torch.testing.assert_close(ours[..., 4:-4, 4:-4], theirs[..., 4:-4, 4:-4], atol=1e-4, rtol=0)


def test_a_smaller_picture_lies_in_the_middle_of_what_is_beyond():
    upright, seen = transformed("smaller", scale=2.0, fill="white")
    assert (seen[:, :, :7] == 1).all()
    theirs = F.resize(upright, [16, 16], antialias=True)
    torch.testing.assert_close(seen[..., 9:23, 9:23], theirs[..., 1:-1, 1:-1], atol=1e-4, rtol=0)


@pytest.mark.parametrize(("name", "side"), [("sheared left", 1), ("sheared right", -1)])
def test_a_shear_moves_the_upper_half_to_its_side(name, side):
    post = replace(noise(100), fields={"image": np.zeros((100, 3, 32, 32), np.uint8)})
    post.fields["image"][..., 15:17] = 255
    views = pipeline(choice("known_transform"))(post, (0, 0), CPU)
    seen = views.inputs[0][views.targets["transform"][0] == TRANSFORMS.index(name)]
    top, bottom = (seen[:, 0, row].argmax(dim=1) for row in (2, 29))
    assert (side * (bottom - top) > 8).all()


def test_a_window_with_room_for_every_transform_never_shows_what_is_beyond():
    pipe = pipeline(choice("known_transform", window=0.6, shift=0.2, scale=1.4, shear=20.0, fill="black"))
    views = pipe(noise(200, low=100, high=256), (0, 0), CPU)
    assert len(views.targets["transform"].unique()) == len(TRANSFORMS)
    assert views.inputs[0].min() >= 100 / 255 - 1e-5


def test_every_transform_is_drawn_equally_often_and_named_by_its_target():
    pipe = pipeline(choice("known_transform"), shape=(1, 4, 4))
    views = pipe(noise(7000, 1, 4, 4), (0, 0), CPU)
    (label,) = views.targets["transform"]
    assert label.dtype == torch.int64
    share = torch.bincount(label, minlength=len(TRANSFORMS)) / 7000
    chance = 1 / len(TRANSFORMS)
    assert (share - chance).abs().max() < 5 * math.sqrt(chance * (1 - chance) / 7000)


def test_pictures_left_alone_have_number_zero():
    samples = noise(64)
    views = pipeline(choice("known_transform", p=0.0))(samples, (0, 0), CPU)
    assert views.targets["transform"].eq(0).all()
    torch.testing.assert_close(views.inputs[0], unit(samples), atol=1e-6, rtol=0)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 20, 31)], ids=str)
def test_with_crops_and_colours_around_it_both_backends_agree(shape):
    ops = (choice("random_resized_crop"), choice("known_transform", fill="grey"), choice("colour_jitter"))
    pipe, samples = pipeline(*ops, shape=shape, size=24), noise(42, *shape)
    for drawn in pipe.parameters(42, (5, 2)):
        compiled, batched = both_backends(pipe, samples, drawn)
        assert torch.isfinite(compiled).all()
        assert (compiled - batched).abs().max() < 1 / 255


def test_a_preview_names_the_transform_of_each_picture():
    samples, pipe = noise(8), pipeline(choice("known_transform"))
    (shown,) = pipe.preview(samples, (0, 0), as_given=True)
    wanted = [TRANSFORMS[number] for number in pipe(samples, (0, 0), CPU).targets["transform"][0].tolist()]
    assert shown.captions == wanted
