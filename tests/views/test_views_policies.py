"""RandAugment and TrivialAugment: each operation and magnitude against torchvision, and what is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode, v2
from views_helpers import CPU, choice, noise, only_view, pipeline, unit

from workbench.data.base import Samples
from workbench.views.batched import run_batched
from workbench.views.operations.policies import BINS, MENU, MOVES

POLICIES = {"rand_augment": v2.RandAugment, "trivial_augment": v2.TrivialAugmentWide}
THEIR_NAMES = {
    "identity": "Identity",
    "shear x": "ShearX",
    "shear y": "ShearY",
    "translate x": "TranslateX",
    "translate y": "TranslateY",
    "rotate": "Rotate",
    "brightness": "Brightness",
    "saturation": "Color",
    "contrast": "Contrast",
    "sharpness": "Sharpness",
    "posterise": "Posterize",
    "solarise": "Solarize",
    "autocontrast": "AutoContrast",
    "equalise": "Equalize",
}
OF_BYTES = ("Posterize", "Equalize", "Solarize")


def theirs(name, image, magnitude):
    """torchvision's operation on one float picture, in bytes where it is defined on bytes."""
    if THEIR_NAMES[name] in OF_BYTES:
        image = (image * 255).round().to(torch.uint8)
    if name == "solarise":
        magnitude /= 255
    made = v2.RandAugment()._apply_image_or_video_transform(
        image, THEIR_NAMES[name], magnitude, InterpolationMode.BILINEAR, {torch.Tensor: None}
    )
    return made.float() / 255 if made.dtype == torch.uint8 else made


def smooth(samples):
    """Pictures without fine detail: a shear is anti-aliased here, and not in torchvision."""
    batch = noise(samples)
    blurred = v2.functional.gaussian_blur(unit(batch), [25, 25], [4.0, 4.0])
    images = ((blurred - 0.5) * 6 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8).numpy()
    return Samples({"image": images}, None, batch.index)


def round_of(drawn, round_=0):
    """Names and magnitudes of one round, and whether any part of it is applied."""
    parts = [drawn.draws[0, 3 * round_ + part] for part in range(3)]
    applied = np.stack([part.applied for part in parts])
    assert (applied.sum(axis=0) <= 1).all()
    for part in parts[1:]:
        assert np.array_equal(part.values["operation"], parts[0].values["operation"])
        assert np.array_equal(part.values["magnitude"], parts[0].values["magnitude"])
    return parts[0].values["operation"], parts[0].values["magnitude"], applied.any(axis=0)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("level", [0, 9, 17, 30])
def test_our_magnitudes_are_torchvisions_with_both_signs(policy, level):
    settings = {"magnitude": level} if policy == "rand_augment" else {}
    pipe = pipeline(choice(policy, **settings), shape=(3, 48, 48))
    names, magnitudes, _ = round_of(pipe.parameters(20_000, (1, 0))[0])
    space = POLICIES[policy]._AUGMENTATION_SPACE
    assert set(space) == set(THEIR_NAMES.values())
    for name in MENU:
        ladder, signed = space[THEIR_NAMES[name]][0](BINS, 48, 48), space[THEIR_NAMES[name]][1]
        found = magnitudes[names == name]
        if ladder is None:
            assert (found == 0).all()
            continue
        steps = ladder.double().numpy()[[level] if policy == "rand_augment" else slice(None)]
        steps = steps * (255 if name == "solarise" else 1)
        allowed = np.concatenate([steps, -steps]) if signed else steps
        # Their 15th step of 32 px is a last bit below 16 in single precision.
        allowed = np.trunc(allowed.round(4)) if name.startswith("translate") else allowed
        assert np.abs(found[:, None] - allowed).min(axis=1).max() < 1e-4
        assert np.abs(found[:, None] - allowed).min(axis=0).max() < 1e-4


@pytest.mark.parametrize("name", MENU)
@pytest.mark.parametrize("strong", [False, True])
def test_each_operation_gives_torchvisions_picture(name, strong):
    samples = smooth(400) if name.startswith("shear") else noise(400)
    pipe = pipeline(choice("trivial_augment", largest=1.0 if strong else 0.3))
    (drawn,) = pipe.parameters(400, (0, 0))
    names, magnitudes, _ = round_of(drawn)
    (view,) = pipe.render(samples, [drawn], CPU).inputs
    rows = np.flatnonzero(names == name)[:12]
    assert len(rows) == 12
    for n in rows:
        expected = theirs(name, unit(samples)[n], float(magnitudes[n]))
        torch.testing.assert_close(view[n], expected, atol=(2 if name.startswith("shear") else 1) / 255, rtol=0)


def test_the_operations_of_a_view_follow_one_another_as_torchvisions_do():
    samples = smooth(300)
    pipe = pipeline(choice("rand_augment", num_ops=3, magnitude=12))
    (drawn,) = pipe.parameters(300, (2, 2))
    rounds = [round_of(drawn, number)[:2] for number in range(3)]
    (view,) = pipe.render(samples, [drawn], CPU).inputs
    seen = 0
    for n, image in enumerate(unit(samples)):
        names = [str(found[n]) for found, _ in rounds]
        if any(THEIR_NAMES[name] in OF_BYTES for name in names):
            continue  # they round to bytes, and a value may fall on either side
        for name, (_, magnitudes) in zip(names, rounds, strict=True):
            image = theirs(name, image, float(magnitudes[n]))
        torch.testing.assert_close(view[n], image, atol=3 / 255, rtol=0)
        seen += 1
    assert seen > 100


@pytest.mark.parametrize("policy", POLICIES)
def test_each_operation_is_drawn_equally_often_and_each_sign(policy):
    names, magnitudes, applied = round_of(pipeline(choice(policy)).parameters(28_000, (0, 3))[0])
    counts = np.array([(names == name).sum() for name in MENU])
    assert np.abs(counts - 2000).max() < 5 * np.sqrt(2000)
    assert np.array_equal(applied, names != "identity")
    turned = np.sign(magnitudes[(names == "rotate") & (magnitudes != 0)])
    assert abs(turned.mean()) < 5 / np.sqrt(len(turned))


def test_every_magnitude_of_the_wide_space_is_equally_likely():
    names, magnitudes, _ = round_of(pipeline(choice("trivial_augment")).parameters(62_000, (0, 0))[0])
    steps = np.rint(np.abs(magnitudes[names == "rotate"]) / 135 * 30)
    counts = np.bincount(steps.astype(int), minlength=BINS)
    assert len(counts) == BINS
    assert np.abs(counts - len(steps) / BINS).max() < 5 * np.sqrt(len(steps) / BINS)


def test_rounds_draw_independently_of_each_other():
    (drawn,) = pipeline(choice("rand_augment")).parameters(28_000, (0, 0))
    (first, _, _), (second, _, _) = round_of(drawn, 0), round_of(drawn, 1)
    assert abs((first == second).mean() - 1 / 14) < 5 * np.sqrt(1 / 14 / 28_000)


def test_a_share_of_the_views_gets_no_operation_in_any_round():
    (drawn,) = pipeline(choice("rand_augment", p=0.4)).parameters(20_000, (0, 0))
    names, _, applied = round_of(drawn, 0)
    assert abs(applied[names != "identity"].mean() - 0.4) < 4 * np.sqrt(0.24 / 18_000)
    others, _, too = round_of(drawn, 1)
    both = (names != "identity") & (others != "identity")
    assert np.array_equal(applied[both], too[both])


@pytest.mark.parametrize("policy", POLICIES)
def test_probability_zero_is_the_identity_to_the_bit(policy):
    crop = choice("random_resized_crop")
    samples = noise()
    assert torch.equal(only_view(pipeline(crop, choice(policy, p=0)), samples), only_view(pipeline(crop), samples))


@pytest.mark.parametrize("policy", POLICIES)
def test_views_without_an_operation_keep_every_bit(policy):
    samples, crop = noise(64), choice("random_resized_crop")
    pipe = pipeline(crop, choice(policy, p=0.5))
    (drawn,) = pipe.parameters(64, (0, 0))
    applied = np.any([draw.applied for (position, _), draw in drawn.draws.items() if position == 1], axis=0)
    assert 10 < applied.sum() < 54
    (view,) = pipe.render(samples, [drawn], CPU).inputs
    untouched = torch.from_numpy(~applied)
    assert torch.equal(view[untouched], only_view(pipeline(crop), samples)[untouched])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (3, 1, 1), (3, 40, 24)])
def test_both_backends_agree_and_views_stay_in_range(policy, shape):
    samples, ops = noise(40, *shape), (choice("random_resized_crop"), choice(policy), choice("horizontal_flip"))
    pipe = pipeline(*ops, shape=shape)
    drawn = pipe.parameters(40, (0, 9))
    # Where a picture is rounded to bytes or compared with a threshold, a last bit may decide for a whole shade.
    exact = [n for n in range(40) if not {str(d.values["operation"][n]) for d in policy_draws(drawn[0])} & SHADED]
    (ours,) = pipe.render(samples, drawn, CPU).inputs
    batched = run_batched(torch.from_numpy(samples.fields["image"]), pipe._steps(0, drawn[0]))
    assert torch.isfinite(ours).all()
    assert ours.min() >= 0
    assert ours.max() <= 1
    assert (ours - batched)[exact].abs().max() < 1 / 255


SHADED = {"posterise", "equalise", "solarise"}


def policy_draws(drawn):
    return [draw for (position, _), draw in drawn.draws.items() if position == 1]


@pytest.mark.parametrize("policy", POLICIES)
def test_two_views_draw_other_operations_and_the_same_key_the_same(policy):
    samples, pipe = noise(32), pipeline(choice(policy), count=2)
    first, second = pipe(samples, (6, 1), CPU).inputs, pipe(samples, (6, 1), CPU).inputs
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    one, two = (round_of(drawn)[0] for drawn in pipe.parameters(32, (6, 1)))
    assert (one != two).any()


def test_a_strength_of_zero_leaves_moves_and_factors_at_nothing():
    views = pipeline(choice("trivial_augment", largest=0.0))
    (drawn,) = views.parameters(500, (0, 0))
    names, magnitudes, _ = round_of(drawn)
    samples = noise(500)
    (view,) = views.render(samples, [drawn], CPU).inputs
    still = np.isin(names, [*MOVES, "brightness", "saturation", "contrast", "sharpness"])
    assert (magnitudes[still] == 0).all()
    torch.testing.assert_close(view[torch.from_numpy(still)], unit(samples)[torch.from_numpy(still)], atol=1e-5, rtol=0)


def test_the_fill_is_what_a_moved_picture_leaves_behind():
    samples = noise(64, low=100, high=120)
    for fill, level in (("black", 0.0), ("grey", 0.5), ("white", 1.0)):
        pipe = pipeline(choice("trivial_augment", fill=fill))
        (drawn,) = pipe.parameters(64, (0, 0))
        moves = drawn.draws[0, 0]
        values = {**moves.values, "operation": np.full(64, "translate x"), "magnitude": np.full(64, 20.0)}
        matrices = np.tile(np.eye(3), (64, 1, 1))
        matrices[:, 0, 2] = -20
        fixed = replace(moves, values=values, applied=np.ones(64, bool), matrices=matrices)
        rest = {slot: replace(draw, applied=np.zeros(64, bool)) for slot, draw in drawn.draws.items()}
        moved = replace(drawn, draws={**rest, (0, 0): fixed})
        (view,) = pipe.render(samples, [moved], CPU).inputs
        torch.testing.assert_close(view[:, :, :, :19], torch.full((64, 3, 32, 19), level), atol=1e-6, rtol=0)
