"""Each step on the way to a view is told as it happened, and the last picture is the view."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from views_helpers import choice, noise

from workbench.recipes.models import Branch, Views
from workbench.views.operations.normalize import Normalize
from workbench.views.pipeline import compile_views
from workbench.views.table import OPERATIONS
from workbench.views.trace import trace
from workbench.views.trace_words import parameter_words

CROP = choice("random_resized_crop", p=1.0)
FLIP = choice("horizontal_flip", p=0.5)
JITTER = choice("colour_jitter", p=0.8)
GREY = choice("greyscale", p=0.3)
BLUR = choice("gaussian_blur", p=0.5)
TURN = choice("quarter_turn", p=1.0)
NORMALISE = choice("normalize")
KEY = (3, 17)
SHAPE = (3, 20, 24)


def compiled(*branches: Branch, strength: float = 1.0, size: int = 16):
    views = Views(size=size, strength=strength, branches=branches)
    return compile_views(views, *SHAPE, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))


def samples(count: int = 12):
    return noise(count, *SHAPE)


@pytest.mark.parametrize(
    "ops",
    [
        (CROP, FLIP, JITTER, GREY, NORMALISE),
        (BLUR, CROP, JITTER, BLUR, FLIP),
        (NORMALISE, JITTER, CROP, TURN),
        (FLIP, GREY),
        (BLUR,),
    ],
)
def test_the_last_picture_is_the_view_as_the_encoder_is_given_it(ops):
    pipe = compiled(Branch(count=2, ops=ops))
    shown = pipe.preview(samples(), KEY, as_given=True)
    for view in (0, 1):
        for row in (0, 5, 11):
            last = trace(pipe, samples(), row, view, KEY)[-1]
            assert np.array_equal(last.picture, shown[view].pictures[row])


@pytest.mark.parametrize("id_", [kind.spec.id for kind in OPERATIONS if kind is not Normalize])
def test_every_operation_is_traced_to_the_view_it_makes(id_):
    pipe = compiled(Branch(ops=(CROP, choice(id_, p=1.0), FLIP)))
    (shown,) = pipe.preview(samples(6), KEY, as_given=True)
    stages = trace(pipe, samples(6), 3, 0, KEY)
    assert np.array_equal(stages[-1].picture, shown.pictures[3])
    assert all(word.strip() for stage in stages for word in stage.words)


def test_of_a_policy_only_the_operations_that_it_chose_are_told():
    pipe = compiled(Branch(ops=(CROP, choice("rand_augment", p=1.0, num_ops=2), FLIP)))
    for row in range(6):
        chosen = [stage for stage in trace(pipe, samples(6), row, 0, KEY) if stage.position == 1]
        assert len(chosen) <= 2
        assert all(stage.applied for stage in chosen)


def test_each_picture_is_what_the_pipeline_up_to_that_operation_makes():
    ops = (CROP, FLIP, JITTER, GREY, BLUR)
    stages = trace(compiled(Branch(ops=ops)), samples(), 4, 0, KEY)
    for done, stage in enumerate(stages, 1):
        (shorter,) = compiled(Branch(ops=ops[:done])).preview(samples(), KEY)
        assert np.array_equal(stage.picture, shorter.pictures[4])


def test_before_the_crop_a_picture_keeps_the_size_of_the_sample():
    stages = trace(compiled(Branch(ops=(BLUR, CROP))), samples(), 0, 0, KEY)
    assert [stage.picture.shape for stage in stages] == [(20, 24, 3), (16, 16, 3)]


def test_the_normalisation_comes_last_wherever_it_stands():
    stages = trace(compiled(Branch(ops=(NORMALISE, CROP, FLIP))), samples(), 0, 0, KEY)
    assert [(stage.operation, stage.position) for stage in stages] == [
        ("random_resized_crop", 1),
        ("horizontal_flip", 2),
        ("normalize", 0),
    ]


def test_what_was_not_applied_leaves_the_picture_alone_and_draws_no_words():
    ops = (CROP, FLIP, choice("quarter_turn", p=0.5), GREY)
    pipe = compiled(Branch(ops=ops))
    seen = set()
    for row in range(12):
        stages = trace(pipe, samples(), row, 0, KEY)
        for before, stage in pairwise(stages):
            seen.add(stage.applied)
            if not stage.applied:
                assert np.array_equal(before.picture, stage.picture)
                assert stage.words == ()
    assert seen == {True, False}


def test_a_branch_like_another_is_traced_with_its_own_random_numbers_and_size():
    pipe = compiled(Branch(name="A", count=2, ops=(CROP, JITTER)), Branch(name="B", like="A", size=8))
    shown = pipe.preview(samples(), KEY)
    stages = trace(pipe, samples(), 2, 2, KEY)
    assert stages[-1].picture.shape == (8, 8, 3)
    assert np.array_equal(stages[-1].picture, shown[2].pictures[2])
    assert stages[0].words != trace(pipe, samples(), 2, 0, KEY)[0].words


def test_the_strength_reaches_the_parameters_that_are_told():
    ops = (choice("colour_jitter", p=1.0, brightness=0.8, contrast=0.0, saturation=0.0, hue=0.0),)
    told = [
        float(trace(compiled(Branch(ops=ops), strength=strength), samples(), 0, 0, KEY)[0].words[0].split("×")[1])
        for strength in (0.5, 1.0)
    ]
    assert told[0] - 1 == pytest.approx((told[1] - 1) / 2, abs=0.011)


def test_the_crop_is_told_as_the_box_it_cut():
    pipe = compiled(Branch(ops=(CROP,)))
    drawn = pipe.parameters(12, KEY)[0].draws[0, 0].values
    (stage,) = trace(pipe, samples(), 7, 0, KEY)
    width, height, left, top = (drawn[name][7] for name in ("width", "height", "left", "top"))
    width, height, left, top = (f"{round(value, 1):g}" for value in (width, height, left, top))
    assert stage.words == (f"box {width} × {height} px at {left}, {top}",)


def test_seeds_and_fields_of_noise_are_not_told_and_unknown_numbers_take_the_title_and_unit_of_their_setting():
    operation = compiled(Branch(ops=(BLUR,))).by_view[0][0].operations[0].operation
    drawn = {"noise_seed": 12345, "field": np.zeros(100), "strange_angle": 1.23456, "flags": np.array([True, False])}
    assert parameter_words(operation, drawn) == ("strange angle 1.23", "flags yes, no")
    assert parameter_words(operation, {"sigma": 1.2345}) == ("sigma 1.23 px",)
