"""Branches: sizes of their own, branches like another, targets of several branches, one strength for all."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from views_helpers import CPU, choice, noise, pipeline

from workbench.core.errors import DataError, RecipeError
from workbench.recipes.models import Branch, Views
from workbench.views.pipeline import ViewPipeline, compile_views, joined_targets

CROP, JITTER = choice("random_resized_crop"), choice("colour_jitter", p=1.0)


def compiled(*branches: Branch, size: int = 0, strength: float = 1.0) -> ViewPipeline:
    views = Views(size=size, strength=strength, branches=branches)
    return compile_views(views, 3, 32, 32, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))


def test_multi_crop_is_two_branches_of_different_sizes():
    pipe = compiled(
        Branch(name="global", count=2, ops=(CROP,)), Branch(name="local", count=3, size=12, ops=(CROP,)), size=24
    )
    views = pipe(noise(), (0, 0), CPU)
    assert [tuple(view.shape) for view in views.inputs] == [(8, 3, 24, 24)] * 2 + [(8, 3, 12, 12)] * 3
    assert (pipe.size, pipe.sizes) == (24, (24, 24, 12, 12, 12))
    assert [shown.pictures.shape for shown in pipe.preview(noise(), (0, 0))][2:] == [(8, 12, 12, 3)] * 3


def test_a_branch_like_another_has_its_operations_and_random_numbers_of_its_own():
    like = compiled(Branch(name="A", ops=(CROP, JITTER)), Branch(name="B", like="A"))
    written = compiled(Branch(name="A", ops=(CROP, JITTER)), Branch(name="B", ops=(CROP, JITTER)))
    one, other = like(noise(), (3, 4), CPU), written(noise(), (3, 4), CPU)
    assert all(torch.equal(a, b) for a, b in zip(one.inputs, other.inputs, strict=True))
    assert not torch.equal(*one.inputs)


def test_a_branch_like_one_that_does_not_exist_is_refused():
    with pytest.raises(RecipeError, match="no branch 'C'"):
        compiled(Branch(name="A"), Branch(name="B", like="C"))


def test_strength_zero_leaves_the_picture_and_strength_two_doubles_the_range():
    jitter = choice("colour_jitter", p=1.0, brightness=0.3, contrast=0.0, saturation=0.0, hue=0.0)
    still = compiled(Branch(ops=(jitter,)), strength=0.0)
    (view,) = still(noise(), (0, 0), CPU).inputs
    torch.testing.assert_close(view, torch.from_numpy(noise().fields["image"]).float() / 255, atol=1e-6, rtol=0)
    (draws,) = compiled(Branch(ops=(jitter,)), strength=2.0).parameters(4096, (0, 0))
    factors = draws.draws[0, 0].values["brightness"]
    assert 0.4 <= factors.min() < 0.41
    assert 1.59 < factors.max() <= 1.6


def test_views_without_a_target_hold_minus_one_nan_or_false():
    made = [
        {"turn": torch.ones(2, dtype=torch.int64), "share": torch.ones(2), "mask": torch.ones(2, 3, dtype=torch.bool)},
        {},
    ]
    joined = joined_targets(made)
    assert joined["turn"].tolist() == [[1, 1], [-1, -1]]
    assert joined["share"][0].tolist() == [1, 1]
    assert joined["share"][1].isnan().all()
    assert joined["mask"].shape == (2, 2, 3)
    assert not joined["mask"][1].any()


def test_one_target_in_two_shapes_is_refused_by_name():
    with pytest.raises(DataError, match=r"'mask' in different shapes: \(3,\) and \(4,\)"):
        joined_targets([{"mask": torch.zeros(2, 3)}, {"mask": torch.zeros(2, 4)}])


def test_turns_are_captioned_for_the_eye():
    pipe = pipeline(choice("quarter_turn", p=0.5), count=2)
    (shown, _), (draws, _) = pipe.preview(noise(), (0, 5)), pipe.parameters(8, (0, 5))
    turns = np.where(draws.draws[0, 0].applied, draws.draws[0, 0].values["turns"], 0)
    assert shown.captions == [f"{90 * turn}°" for turn in turns]


def test_as_given_a_normalised_view_shows_grey_where_the_mean_was():
    batch = noise()
    batch.fields["image"][:] = np.rint(np.array([0.4, 0.5, 0.6]) * 255).astype(np.uint8)[:, None, None]
    (plain,), (given,) = (pipeline(choice("normalize")).preview(batch, (0, 0), as_given=on) for on in (False, True))
    assert np.array_equal(plain.pictures, batch.fields["image"].transpose(0, 2, 3, 1))
    assert np.abs(given.pictures.astype(int) - 127.5).max() < 2
