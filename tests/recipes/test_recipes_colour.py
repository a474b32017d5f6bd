"""Recipes that predict colours or pixels: what data, views and backbone must not be."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import check

CAUSAL = {"id": "small_vit", "patch": 2, "causal": True}
both = pytest.mark.parametrize("id_", ["colourisation", "split_brain"])


def problems_of(objective: str, data: str = "cifar10", side: int = 8, **sections: Any) -> list[tuple[str, str]]:
    settings = {} if objective in ("pixel_gpt", "simclr") else {"side": side}
    document = {"objective": {"id": objective, **settings}, "data": {"id": data}, **sections}
    return [(problem.key, problem.message) for problem in check(document, builtin_catalogue())]


def branch(*ops: dict[str, Any]) -> dict[str, Any]:
    return {"branches": [{"name": "A", "count": 1, "ops": list(ops)}]}


@both
@pytest.mark.parametrize("data", ["cifar10", "noto-emoji", "svhn"])
def test_colour_pictures_are_sound(id_: str, data: str) -> None:
    assert problems_of(id_, data) == []


@both
@pytest.mark.parametrize("data", ["fashion-mnist-10k", "fashion-mnist", "fashion-mnist-debian", "mnist"])
def test_grey_data_are_a_problem_that_names_them_and_what_to_choose(id_: str, data: str) -> None:
    ((key, message),) = problems_of(id_, data)
    assert key == "data.id"
    assert "needs colour pictures" in message
    assert "MNIST" in message
    assert "Choose noto-emoji or cifar10" in message


@both
def test_the_users_own_pictures_are_not_known_before_they_are_read(id_: str) -> None:
    document = {"objective": {"id": id_}, "data": {"id": "image-folder", "path": "/pictures"}}
    assert [p for p in check(document, builtin_catalogue()) if p.key == "data.id"] == []


def test_other_objectives_take_grey_data() -> None:
    assert problems_of("pixel_gpt", "fashion-mnist-10k", backbone=CAUSAL) == []
    assert problems_of("simclr", "fashion-mnist-10k") == []


@both
def test_views_that_are_always_grey_are_a_problem(id_: str) -> None:
    given = "both" if id_ == "split_brain" else "lightness"
    split = {"id": "colour_split", "given": given}
    ((key, message),) = problems_of(id_, views=branch({"id": "greyscale", "p": 1.0}, split))
    assert key == "views.branches.0.ops.0.p"
    assert "makes every picture grey" in message
    assert problems_of(id_, views=branch({"id": "greyscale", "p": 0.2}, split)) == []


@pytest.mark.parametrize(("id_", "given"), [("colourisation", "both"), ("split_brain", "lightness")])
def test_the_wrong_channels_are_a_problem_with_the_right_ones(id_: str, given: str) -> None:
    ((key, message),) = problems_of(id_, views=branch({"id": "colour_split", "given": given}))
    assert key == "views.branches.0.ops.0.given"
    assert repr(given) in message
    assert "Set it to" in message


@both
def test_a_map_larger_than_the_view_is_a_problem(id_: str) -> None:
    ((key, message),) = problems_of(id_, side=40)
    assert key == "objective.side"
    assert "at most 32" in message


def test_pixels_that_were_normalised_are_a_problem() -> None:
    ((key, message),) = problems_of("pixel_gpt", backbone=CAUSAL, views=branch({"id": "normalize"}))
    assert key == "views.branches.0.ops.0"
    assert "Remove 'normalize'" in message


def test_a_small_vit_must_be_told_to_look_back_alone() -> None:
    ((key, message),) = problems_of("pixel_gpt", backbone={"id": "small_vit", "patch": 2})
    assert key == "backbone.causal"
    assert "Set it to true" in message


def test_a_backbone_that_cannot_look_back_alone_is_a_problem_with_one_that_can() -> None:
    ((key, message),) = problems_of("pixel_gpt", backbone={"id": "timm"})
    assert key == "backbone.id"
    assert "Backbones that can: small_vit" in message


def test_a_backbone_without_tokens_has_one_problem() -> None:
    ((key, message),) = problems_of("pixel_gpt", backbone={"id": "tiny_cnn"})
    assert key == "backbone.id"
    assert "tokens" in message
