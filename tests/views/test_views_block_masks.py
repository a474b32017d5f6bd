"""Block masks: contexts without their targets, exact shapes, places everywhere, and grids that are too coarse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from views_helpers import CPU, choice, noise, only_view, pipeline, unit

from workbench.core.errors import RecipeError

SAMPLES = 64


def masks(samples: int = SAMPLES, key: tuple[int, int] = (0, 0), size: int = 32, **settings):
    """Contexts (N, K) and targets (N, B, T)."""
    views = pipeline(choice("block_masks", **settings), size=size)(noise(samples), key, CPU)
    return views.targets["visible"][0], views.targets["blocks"][0]


@pytest.mark.parametrize("step", range(8))
def test_no_patch_of_a_target_is_in_the_context(step):
    for context, blocks in zip(*masks(key=(0, step)), strict=True):
        assert not set(context.tolist()) & set(blocks.flatten().tolist())


@pytest.mark.parametrize("step", range(8))
def test_contexts_have_one_size_and_no_patch_twice(step):
    context, _ = masks(key=(0, step))
    assert context.shape[1] >= 3
    assert (context.diff(dim=1) > 0).all()
    assert context.min() >= 0
    assert context.max() < 64


def test_the_mask_hides_all_but_the_context():
    targets = pipeline(choice("block_masks"))(noise(), (0, 0), CPU).targets
    hidden = torch.ones(8, 64, dtype=torch.bool).scatter(1, targets["visible"][0], False)
    assert torch.equal(targets["mask"][0], hidden)


@pytest.mark.parametrize("step", range(8))
def test_targets_are_rectangles_of_one_size_within_the_area_and_aspect(step):
    _, blocks = masks(key=(0, step))
    y, x = blocks // 8, blocks % 8
    height, width = ((at.amax(dim=2) - at.amin(dim=2) + 1).unique().item() for at in (y, x))
    assert height * width == blocks.shape[2]
    assert blocks.shape[1] == 4
    # Sides are whole patches: each may lie half a patch beside what was drawn.
    assert (np.sqrt(0.15 * 64 * 0.75) - 0.5) <= height <= np.sqrt(0.2 * 64 * 1.5) + 0.5
    assert (np.sqrt(0.15 * 64 / 1.5) - 0.5) <= width <= np.sqrt(0.2 * 64 / 0.75) + 0.5


def test_every_place_of_a_block_is_equally_likely():
    _, blocks = masks(samples=4000, blocks=1, target_area=[0.15, 0.15], target_aspect=[1.0, 1.0])
    corner = blocks[:, 0, 0]
    counts = torch.bincount(8 * (corner // 8) + corner % 8, minlength=64).reshape(8, 8)[:6, :6]
    assert counts.sum() == 4000
    assert (counts - 4000 / 36).abs().max() < 5 * np.sqrt(4000 / 36)


def test_what_is_cut_off_a_context_is_taken_from_anywhere():
    seen = torch.zeros(64)
    for step in range(20):
        context, _ = masks(key=(0, step))
        seen += torch.bincount(context.flatten(), minlength=64)
    top, bottom = seen[:32].sum(), seen[32:].sum()
    assert abs(top - bottom) < 0.1 * (top + bottom)


def test_blocks_that_cover_almost_everything_still_leave_a_context():
    for step in range(20):
        context, _ = masks(samples=200, key=(1, step), blocks=16, target_area=[0.4, 0.5])
        assert context.shape[1] >= 3


def test_the_view_is_given_whole_and_measured_whole():
    pipe, batch = pipeline(choice("block_masks")), noise()
    torch.testing.assert_close(only_view(pipe, batch), unit(batch), atol=1e-6, rtol=0)
    torch.testing.assert_close(pipe.evaluation(batch.fields["image"], CPU), unit(batch), atol=1e-6, rtol=0)


def test_the_same_key_gives_the_same_masks_and_another_step_gives_others():
    first, again, other = masks(), masks(), masks(key=(0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert first[0].shape != other[0].shape or not torch.equal(first[0], other[0])


def test_samples_that_are_not_masked_have_nothing_hidden_and_no_blocks():
    targets = pipeline(choice("block_masks", p=0.5))(noise(400), (0, 0), CPU).targets
    absent = (targets["blocks"][0] == -1).flatten(1).all(dim=1)
    assert torch.equal(absent, (targets["blocks"][0] == -1).flatten(1).any(dim=1))
    assert torch.equal(absent, ~targets["mask"][0].any(dim=1))
    assert 0.35 < absent.double().mean() < 0.65


@pytest.mark.parametrize("samples", [0, 1])
def test_tiny_batches_have_masks(samples):
    context, blocks = masks(samples=samples)
    assert len(context) == len(blocks) == samples


def test_the_picture_shows_the_context_as_it_is_and_says_how_much_is_seen():
    samples, pipe = noise(5), pipeline(choice("block_masks"))
    (shown,) = pipe.preview(samples, (0, 0), as_given=True)
    targets = pipe(samples, (0, 0), CPU).targets
    context, blocks = targets["visible"][0], targets["blocks"][0]
    assert shown.captions == [f"{context.shape[1]} seen, 4 blocks of {blocks.shape[2]}"] * 5
    y, x = (4 * (context[0, 0] // 8)).item(), (4 * (context[0, 0] % 8)).item()
    picture = samples.fields["image"].transpose(0, 2, 3, 1)
    assert np.array_equal(shown.pictures[0, y : y + 4, x : x + 4], picture[0, y : y + 4, x : x + 4])
    assert not np.array_equal(shown.pictures, picture)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"patch": 5}, "Views of 32 px cannot be cut into patches of 5 px"),
        ({"patch": 32}, "Views of 32 px are one patch of 32 px"),
        ({"context_area": [0.2, 0.3], "target_area": [0.2, 0.25]}, "leaves too little of a context of 16"),
    ],
)
def test_masks_that_cannot_be_made_are_refused_with_the_numbers(settings, words):
    with pytest.raises(RecipeError) as caught:
        pipeline(choice("block_masks", **settings))
    assert words in str(caught.value)
