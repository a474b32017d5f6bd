"""Every objective has a recipe at the size of CIFAR-10 and one at the size of ImageNet, with its paper's numbers."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from workbench.core.errors import RecipeError
from workbench.core.resources import resource
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build, check
from workbench.recipes.models import Recipe
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document, load, presets
from workbench.recipes.toml_io import read_document

OBJECTIVES = tuple(builtin_catalogue().ids("objective"))

# Objectives whose papers take other views at this size: cells of tiles, and generators that make small pictures.
OTHER_SIZES = {"jigsaw": 255, "relative_position": 255, "cpc": 256, "bigan": 64, "pixel_gpt": 64}

PUBLISHED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("simclr", {"objective.temperature": 0.1, "objective.output": 128, "optimiser.weight_decay": 1e-6}),
    ("moco", {"objective.temperature": 0.2, "objective.queue": 65536, "objective.momentum": 0.999}),
    ("moco_v3", {"objective.temperature": 1.0, "objective.hidden": 4096, "objective.output": 256}),
    ("nnclr", {"objective.temperature": 0.1, "objective.queue": 98304}),
    ("instance_discrimination", {"objective.temperature": 0.07, "objective.negatives": 4096}),
    ("pirl", {"objective.temperature": 0.07, "objective.negatives": 32000, "budget.amount": 800}),
    ("cpc", {"objective.rows": 7, "objective.steps": 5, "optimiser.lr": 2e-4}),
    ("swav", {"objective.prototypes": 3000, "objective.temperature": 0.1, "objective.queue": 3840}),
    ("deepcluster", {"objective.prototypes": 10000, "objective.components": 256, "optimiser.weight_decay": 1e-5}),
    ("deepcluster_v2", {"objective.prototypes": 3000, "objective.heads": 3, "objective.temperature": 0.1}),
    ("clusterfit", {"objective.prototypes": 16000, "budget.amount": 105}),
    ("byol", {"objective.momentum": 0.996, "objective.hidden": 4096, "optimiser.weight_decay": 1.5e-6}),
    ("simsiam", {"objective.output": 2048, "objective.bottleneck": 512, "optimiser.lr": 0.05}),
    ("dino", {"objective.prototypes": 65536, "objective.teacher_temperature": 0.07, "objective.momentum": 0.996}),
    ("ibot", {"objective.prototypes": 8192, "objective.teacher_temperature": 0.07, "budget.amount": 800}),
    ("bigan", {"objective.latent": 200, "optimiser.lr": 2e-4, "optimiser.beta1": 0.5}),
    ("colourisation", {"objective.side": 56, "objective.temperature": 0.38, "optimiser.beta2": 0.99}),
    ("pixel_gpt", {"objective.levels": 8, "backbone.width": 512, "backbone.depth": 24, "optimiser.lr": 3e-3}),
    ("mae", {"objective.decoder_width": 512, "objective.decoder_depth": 8, "optimiser.beta2": 0.95}),
    ("simmim", {"optimiser.weight_decay": 0.05, "backbone.width": 768, "budget.amount": 800}),
    ("i_jepa", {"objective.predictor_width": 384, "objective.predictor_depth": 6, "objective.momentum": 0.996}),
    ("supervised", {"optimiser.lr": 0.1, "optimiser.weight_decay": 1e-4, "budget.amount": 90}),
    ("supcon", {"objective.temperature": 0.1, "objective.hidden": 2048, "budget.amount": 350}),
    ("uda", {"objective.temperature": 0.4, "objective.threshold": 0.5}),
    ("fixmatch", {"objective.threshold": 0.7, "objective.weight": 10.0, "optimiser.weight_decay": 3e-4}),
    ("barlow_twins", {"objective.redundancy_weight": 0.0051, "objective.scale": 0.024, "objective.output": 8192}),
    ("vicreg", {"objective.invariance_weight": 25.0, "objective.variance_weight": 25.0, "objective.output": 8192}),
    ("vicreg", {"objective.covariance_weight": 1.0, "optimiser.weight_decay": 1e-6, "budget.amount": 1000}),
    ("sigreg", {"objective.weight": 0.05, "objective.directions": 1024, "objective.knots": 17}),
)

# Learning rate for 256 views or samples, where the paper scales it with the batch.
RATES = {"simclr": 0.3, "nnclr": 0.3, "byol": 0.2, "barlow_twins": 0.2, "vicreg": 0.2, "moco_v3": 0.3, "swav": 0.6}
RATES |= {"dino": 5e-4, "mae": 1.5e-4, "simmim": 1e-4 / 2, "i_jepa": 1e-3 / 8, "deepcluster_v2": 4.8 / 16}


@cache
def at_full_size(id_: str) -> Recipe:
    return load(f"{id_}-imagenet", builtin_catalogue())


def number(recipe: Recipe, key: str) -> Any:
    section, name = key.split(".")
    return recipe.document()[section][name]


@pytest.mark.parametrize("id_", OBJECTIVES)
@pytest.mark.parametrize("size", ["cifar10", "imagenet"])
def test_every_objective_has_a_recipe_of_this_size(id_: str, size: str) -> None:
    assert load(f"{id_}-{size}", builtin_catalogue()).objective.id == id_


@pytest.mark.parametrize("id_", OBJECTIVES)
def test_views_have_the_size_of_the_paper(id_: str) -> None:
    views = at_full_size(id_).views
    large = max(branch.size or views.size for branch in views.branches if branch.name != "puzzle")
    assert large == OTHER_SIZES.get(id_, 224)


@pytest.mark.parametrize("id_", OBJECTIVES)
def test_the_encoder_is_one_of_its_size(id_: str) -> None:
    encoder = at_full_size(id_).backbone
    assert encoder.id in ("resnet50", "resnet18", "small_vit")
    assert encoder.params.get("stem", "imagenet") == "imagenet"
    assert encoder.params.get("width", 384) >= 384


@pytest.mark.parametrize(("id_", "numbers"), PUBLISHED)
def test_the_numbers_are_those_of_the_paper(id_: str, numbers: dict[str, Any]) -> None:
    recipe = at_full_size(id_)
    assert {key: number(recipe, key) for key in numbers} == numbers


@pytest.mark.parametrize("id_", RATES)
def test_the_rate_is_the_papers_for_the_batch(id_: str) -> None:
    recipe = at_full_size(id_)
    assert number(recipe, "optimiser.lr") == pytest.approx(RATES[id_] * recipe.training.batch_size / 256)


@pytest.mark.parametrize(("id_", "patch", "ratio"), [("mae", 16, 0.75), ("simmim", 32, 0.6)])
def test_masks_hide_the_papers_share(id_: str, patch: int, ratio: float) -> None:
    (branch,) = at_full_size(id_).views.branches
    (mask,) = [op for op in branch.ops if op.id == "patch_mask"]
    assert (mask.params["patch"], mask.params["ratio"]) == (patch, ratio)


@pytest.mark.parametrize("id_", OBJECTIVES)
def test_a_comment_says_where_the_numbers_are_from_and_what_differs(id_: str) -> None:
    text = (resource("presets") / f"{id_}-imagenet.toml").read_text(encoding="utf-8")
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert any("Here:" in line for line in comments)


def test_pictures_come_from_a_folder_that_the_user_names() -> None:
    document = override_recipe(find_document("simclr-imagenet"), ["data.path=/pictures"], builtin_catalogue())
    assert build(document, builtin_catalogue()).data.params["path"] == "/pictures"


def test_an_empty_folder_is_a_problem_of_that_setting() -> None:
    document = find_document("simclr-imagenet")
    document["data"]["path"] = ""
    assert [problem.key for problem in check(document, builtin_catalogue())] == ["data.path"]
    with pytest.raises(RecipeError, match=r"data\.path"):
        build(document, builtin_catalogue())


def test_every_preset_is_listed_under_what_it_is_learned_from() -> None:
    groups = {preset.name: preset.group for preset in presets()}
    assert {"CIFAR-10", "Fashion-MNIST", "ImageNet"} <= set(groups.values())
    assert all(preset.title.endswith(f" on {preset.group}") for preset in presets())
    assert all(group == "ImageNet" for name, group in groups.items() if name.endswith("-imagenet"))
    assert read_document(resource("presets") / "demo.toml")["name"].endswith(groups["demo"])
