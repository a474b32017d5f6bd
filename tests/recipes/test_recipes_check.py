"""What is wrong with a recipe, in words; and the recipe that is built when nothing is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import Problem, RecipeError
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build, check, check_value
from workbench.recipes.models import Budget, Evaluation, Recipe, Schedule, Training
from workbench.recipes.toml_io import read_document

FLIP = {"id": "horizontal_flip"}


def said(document: dict[str, Any], catalogue: Catalogue) -> list[str]:
    return [str(problem) for problem in check(document, catalogue)]


def views(*branches: dict[str, Any]) -> dict[str, Any]:
    return {"branches": list(branches)}


def test_the_empty_document_is_the_default_recipe_with_every_setting_stated(catalogue: Catalogue) -> None:
    recipe = build({}, catalogue)
    assert recipe.objective.params == {"temperature": 0.2, "hidden": 512, "width": 128}
    assert recipe.optimiser.params == {"lr": 0.001, "betas": [0.9, 0.8], "nesterov": False}
    assert [op.params for op in recipe.views.branches[0].ops] == [{"p": 1.0, "scale": [0.2, 1.0]}, {"p": 0.5}]


def test_views_without_branches_are_those_that_suit_the_objective(catalogue: Catalogue) -> None:
    recipe = build({"objective": {"id": "rotation"}, "views": {"size": 32}}, catalogue)
    assert recipe.views.preset == "turned"
    assert recipe.views.size == 32
    assert [op.id for op in recipe.views.branches[0].ops] == ["random_resized_crop", "quarter_turn"]


def test_a_named_view_preset_wins_over_the_objectives_own(catalogue: Catalogue) -> None:
    document = {"objective": {"id": "supervised"}, "views": {"preset": "turned"}}
    assert build(document, catalogue).views.branches[0].ops[1].id == "quarter_turn"


def test_an_unknown_view_preset_is_named_with_the_nearest(catalogue: Catalogue) -> None:
    (words,) = said({"objective": {"id": "supervised"}, "views": {"preset": "turnt"}}, catalogue)
    assert words.startswith("views.preset: There is no view preset 'turnt'. Did you mean 'turned'?")


def test_with_branches_the_presets_name_only_informs(catalogue: Catalogue) -> None:
    document = {"views": {"preset": "gone", **views({"count": 2})}}
    assert build(document, catalogue).views.branches[0].ops == ()


def test_whole_numbers_and_floats_of_one_value_build_one_recipe(catalogue: Catalogue) -> None:
    first = build({"objective": {"id": "simclr", "temperature": 1, "hidden": 8.0}}, catalogue)
    second = build({"objective": {"id": "simclr", "temperature": 1.0, "hidden": 8}}, catalogue)
    assert repr(first) == repr(second)


def test_settings_have_one_order_whatever_the_documents(catalogue: Catalogue) -> None:
    recipe = build({"objective": {"id": "simclr", "width": 8, "temperature": 0.1}}, catalogue)
    assert list(recipe.objective.params) == ["temperature", "hidden", "width"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'objective = {id = "simclr", temperature = -0.1}',
            "objective.temperature: -0.1 is too small: it must be greater than 0.",
        ),
        (
            'objective = {id = "simclr", temprature = 0.1}',
            "objective.temprature: there is no such setting. Did you mean 'temperature'? "
            "Known: temperature, hidden, width.",
        ),
        (
            'objective = {id = "simclir"}',
            "objective.id: There is no objective 'simclir'. Did you mean 'simclr'? "
            "Known: simclr, rotation, supervised, masked.",
        ),
        ("objective = {temperature = 0.1}", "objective.id: it is missing: it must be text."),
        ("objective = 5", "objective: 5 is not a table."),
        ('data = {id = "image-folder"}', "data.path: it is missing: it must be text."),
        (
            'data = {id = "image-folder", path = "x", image_size = "big"}',
            "data.image_size: 'big' is not a whole number: it must be at least 8 and at most 512 px.",
        ),
        (
            'optimiser = {id = "adamw", betas = [0.9]}',
            "optimiser.betas: [0.9] has 1 values: it must have exactly 2.",
        ),
        (
            'optimiser = {id = "adamw", betas = [0.9, true]}',
            "optimiser.betas: the second value, true, is not a number.",
        ),
        ('optimiser = {id = "adamw", lr = inf}', "optimiser.lr: inf is not a finite number."),
        (
            'optimiser = {id = "adamw", nesterov = "yes"}',
            "optimiser.nesterov: 'yes' is not allowed: it must be true or false.",
        ),
        (
            'backbone = {id = "tiny_cnn", stem = "smal"}',
            "backbone.stem: 'smal' is not one of the choices. Did you mean 'small'? Known: auto, small.",
        ),
        (
            "training = {batch_size = 0}",
            "training.batch_size: 0 is too small: it must be at least 1 and at most 65536 samples.",
        ),
        ("seed = 2147483648", "seed: 2147483648 is too large: it must be at least 0 and less than 2147483648."),
        ("budget = {amount = nan}", "budget.amount: nan is not a finite number."),
        ("schema = 9", "schema: 9 was written by a newer program; this one reads up to 1. Update the SSL Workbench."),
    ],
)
def test_a_wrong_value_is_told_with_key_value_and_what_is_allowed(
    text: str, expected: str, catalogue: Catalogue
) -> None:
    assert said(read_document(text), catalogue) == [expected]


def test_a_wrong_setting_of_an_operation_is_told_with_its_position(catalogue: Catalogue) -> None:
    crop = {"id": "random_resized_crop", "scale": [0.9, 0.1]}
    assert said({"views": views({"count": 2, "ops": [FLIP, crop]})}, catalogue) == [
        "views.branches.0.ops.1.scale: the low end 0.9 is above the high end 0.1: write the smaller one first."
    ]


def test_a_pair_that_is_no_range_may_fall(catalogue: Catalogue) -> None:
    assert build({"optimiser": {"id": "adamw", "betas": [0.9, 0.1]}}, catalogue).optimiser.params["betas"] == [0.9, 0.1]


def test_every_problem_is_told_at_once_in_the_order_of_the_recipe(catalogue: Catalogue) -> None:
    document = {"hardware": {"device": "gpu"}, "objective": {"id": "x"}, "seed": -1, "nmae": "", "data": {"id": "y"}}
    with pytest.raises(RecipeError) as caught:
        build(document, catalogue)
    keys = [problem.key for problem in caught.value.problems]
    assert keys == ["seed", "data.id", "objective.id", "hardware.device", "nmae"]


@pytest.mark.parametrize(
    ("document", "key", "words"),
    [
        ({"views": views({"count": 1})}, "views.branches", "SimCLR takes 2 views of each sample, but the branches"),
        ({"views": views({"count": 3})}, "views.branches", "make 3"),
        ({"views": views({"name": "A"}, {"name": "A"})}, "views.branches.1.name", "'A' is taken"),
        (
            {"objective": {"id": "rotation"}, "views": views({"ops": [FLIP]})},
            "views.branches.0.ops",
            "Add quarter_turn to it.",
        ),
        ({"objective": {"id": "supervised"}, "data": {"id": "unlabelled"}}, "data.id", "unlabelled has none"),
        ({"objective": {"id": "masked"}}, "backbone.id", "Backbones that do: vit."),
        ({"data": {"id": "sentences"}}, "data.id", "sentences is for text, but SimCLR learns from image."),
        ({"training": {"batch_size": 1}}, "training.batch_size", "needs at least 2 samples"),
        ({"budget": {"unit": "steps", "amount": 0.5}}, "budget.amount", "less than one"),
        ({"budget": {"unit": "epochs", "amount": 0.001}}, "budget.amount", "give at least 0.025"),
        ({"evaluation": {"k": 200, "bank": 100}}, "evaluation.k", "at most the bank's 100 samples"),
        ({"hardware": {"device": "cpu", "precision": "16-mixed"}}, "hardware.precision", "does not run on a cpu"),
    ],
)
def test_sections_that_do_not_fit_each_other_are_told(
    document: dict[str, Any], key: str, words: str, catalogue: Catalogue
) -> None:
    (problem,) = check(document, catalogue)
    assert problem.key == key
    assert words in problem.message


def test_a_whole_bank_takes_any_number_of_voters(catalogue: Catalogue) -> None:
    assert check({"evaluation": {"k": 200, "bank": 0}}, catalogue) == ()


def test_labels_of_the_users_own_files_are_not_doubted(catalogue: Catalogue) -> None:
    document = {"objective": {"id": "supervised"}, "data": {"id": "image-folder", "path": "x"}}
    assert check(document, catalogue) == ()


@pytest.mark.parametrize(
    ("model", "name", "value", "words"),
    [
        (Training, "batch_size", 0, "0 is too small: it must be at least 1 and at most 65536 samples."),
        (Evaluation, "temperature", 0.0, "0.0 is too small: it must be greater than 0 and at most 10."),
        (Schedule, "shape", 3, "3 is not one of the choices. Known: cosine, constant."),
        (Budget, "amount", "1 h", "'1 h' is not a number: it must be greater than 0."),
        (Budget, "amount", 10**400, f"{str(10**400)[:57]}... is not a finite number."),
        (Budget, "amount", 0.5, None),
    ],
)
def test_a_single_field_is_checked_in_the_same_words(model: Any, name: str, value: Any, words: str | None) -> None:
    assert check_value(model.model_json_schema()["properties"][name], value) == words


def test_an_optional_setting_of_several_types_lists_them() -> None:
    schema = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "all"}]}
    assert check_value(schema, "some") == "'some' is not allowed: it must be a whole number, at least 1 or 'all'."


few_signs = st.text('ab1é."[ ', max_size=6)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | few_signs,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(few_signs, inner, max_size=3),
    max_leaves=8,
)
section = st.sampled_from(sorted(Recipe.model_json_schema(by_alias=True)["properties"]))
known = st.fixed_dictionaries(
    {},
    optional={
        "objective": st.fixed_dictionaries({"id": st.sampled_from(["simclr", "rotation"]), "temperature": anything}),
        "views": st.fixed_dictionaries({"branches": st.lists(st.dictionaries(st.just("ops"), anything), max_size=2)}),
        "evaluation": st.dictionaries(st.sampled_from(["k", "bank", "temperature"]), anything),
        "budget": st.fixed_dictionaries({"unit": st.just("steps"), "amount": anything}),
    },
)


@given(document=st.dictionaries(section, anything, max_size=4) | known)
def test_any_document_either_builds_or_says_why_not(document: dict[str, Any], catalogue: Catalogue) -> None:
    problems = check(document, catalogue)
    if problems:
        assert all(isinstance(problem, Problem) and problem.message for problem in problems)
        with pytest.raises(RecipeError) as caught:
            build(document, catalogue)
        assert caught.value.problems == problems
    else:
        assert build(build(document, catalogue).document(), catalogue) == build(document, catalogue)
