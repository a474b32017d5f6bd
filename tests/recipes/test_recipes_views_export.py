"""Views by themselves: as TOML that comes back equal, and as Python that makes the same views."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from workbench.core.errors import RecipeError
from workbench.data.base import Samples
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.export import views_as_python, views_as_toml
from workbench.recipes.models import Branch, Choice, Views
from workbench.recipes.views_file import read_views
from workbench.views.pipeline import compile_views

CATALOGUE = builtin_catalogue()
SHAPE, MEAN, STD = (3, 32, 32), (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
CROP = Choice(id="random_resized_crop", p=1.0, scale=[0.2, 1.0], ratio=[0.75, 1.25])
JITTER = Choice(id="colour_jitter", p=0.8, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)
NORMALISE = Choice(id="normalize", p=1.0, statistics="imagenet")
MULTI_CROP = Views(
    size=24,
    strength=0.75,
    branches=(
        Branch(name="global", count=2, ops=(CROP, JITTER, NORMALISE)),
        Branch(name='lo"cal', count=3, size=16, like="global"),
    ),
)


def stated(views: Views) -> Views:
    """The views with every setting of every operation, as a recipe has them."""
    return read_views(views_as_toml(views), CATALOGUE)


def run_module(text: str) -> dict:
    names: dict = {}
    exec(compile(text, "views.py", "exec"), names)
    return names


def made(pipeline) -> list[torch.Tensor]:
    images = np.random.default_rng(3).integers(0, 256, (6, *SHAPE), dtype=np.uint8)
    views = pipeline(Samples({"image": images}, None, np.arange(6)), (5, 11), torch.device("cpu"))
    return [view for branch in views.branches.values() for view in branch]


def test_toml_comes_back_as_equal_views():
    once = stated(MULTI_CROP)
    assert stated(once) == once
    assert once.branches[1] == MULTI_CROP.branches[1]
    assert (once.size, once.strength) == (24, 0.75)


@pytest.mark.parametrize("name", CATALOGUE.view_presets)
def test_every_preset_comes_back_from_toml_and_from_python(name):
    views = Views.model_validate(CATALOGUE.view_presets[name])
    assert stated(views) == stated(stated(views))
    assert run_module(views_as_python(stated(views)))["VIEWS"] == stated(views)


def test_the_python_module_makes_the_same_views_to_the_bit():
    views = stated(MULTI_CROP)
    exported = run_module(views_as_python(views))["pipeline"](*SHAPE, MEAN, STD)
    ours, theirs = made(compile_views(views, *SHAPE, MEAN, STD)), made(exported)
    assert [tuple(view.shape) for view in theirs] == [(6, 3, 24, 24)] * 2 + [(6, 3, 16, 16)] * 3
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_the_toml_may_stand_in_a_recipe(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('name = "mine"\n\n' + views_as_toml(MULTI_CROP), encoding="utf-8")
    assert read_views(path, CATALOGUE) == stated(MULTI_CROP)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (('id = "colour_jitter"', 'id = "color_jitter"'), "views.branches.0.ops.1.id"),
        (("hue = 0.1", "hue = 0.9"), "views.branches.0.ops.1.hue"),
        (("count = 3", "count = 30"), "views.branches.1.count"),
        (('like = "global"', 'like = "gone"'), "views.branches.1.like"),
        (("strength = 0.75", "strength = 3.0"), "views.strength"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_by_its_key(change, key):
    with pytest.raises(RecipeError) as caught:
        read_views(views_as_toml(MULTI_CROP).replace(*change), CATALOGUE)
    assert [problem.key for problem in caught.value.problems] == [key]


def test_a_file_without_views_says_so(tmp_path):
    path = tmp_path / "other.toml"
    path.write_text("[data]\nid = 'cifar10'\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"has no section \[views\]"):
        read_views(path, CATALOGUE)
