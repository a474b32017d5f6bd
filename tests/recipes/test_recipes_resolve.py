"""Resolving, fingerprints and differences."""

from __future__ import annotations

import random
from typing import Any

import pytest

from workbench.core.errors import RecipeError
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build
from workbench.recipes.diff import Change, diff
from workbench.recipes.models import Hardware, Recipe, Views
from workbench.recipes.resolve import Machine, fingerprint, resolve

PLAIN = Machine(devices={"cpu": 1}, cores=4)
GPU = Machine(devices={"cpu": 1, "cuda": 2}, cores=16, bf16=True)
OLD_GPU = Machine(devices={"cpu": 1, "cuda": 1}, cores=16)
APPLE = Machine(devices={"cpu": 1, "mps": 1}, cores=8)


@pytest.mark.parametrize(
    ("machine", "device", "precision", "threads"),
    [
        (PLAIN, "cpu", "32-true", 4),
        (GPU, "cuda", "bf16-mixed", 16),
        (OLD_GPU, "cuda", "16-mixed", 16),
        (APPLE, "mps", "32-true", 8),
    ],
)
def test_auto_takes_the_best_that_the_machine_has(machine: Machine, device: str, precision: str, threads: int) -> None:
    hardware = resolve(Recipe(), machine).hardware
    assert (hardware.device, hardware.precision, hardware.threads) == (device, precision, threads)


def test_a_wish_that_the_machine_can_grant_is_kept() -> None:
    wish = Hardware(device="cpu", precision="bf16-mixed", threads=1)
    assert resolve(Recipe(hardware=wish), GPU).hardware == wish


def test_resolving_twice_changes_nothing() -> None:
    once = resolve(Recipe(), GPU, data_size=28)
    assert resolve(once, PLAIN.replace(devices={"cuda": 1}), data_size=64) == once


def test_the_view_size_is_the_datas_where_it_is_known() -> None:
    assert resolve(Recipe(), PLAIN, data_size=28).views.size == 28
    assert resolve(Recipe(), PLAIN).views.size == 0
    assert resolve(Recipe(views=Views(size=64)), PLAIN, data_size=28).views.size == 64


def test_a_device_that_is_not_there_is_refused_with_a_way_out() -> None:
    with pytest.raises(RecipeError, match=r"this machine has no cuda device; it has cpu. Write auto or cpu") as caught:
        resolve(Recipe(hardware=Hardware(device="cuda")), PLAIN.replace(devices={"cpu": 1, "cuda": 0}))
    assert caught.value.problems[0].key == "hardware.device"


def test_half_precision_is_refused_where_auto_turned_out_to_be_the_cpu() -> None:
    with pytest.raises(RecipeError, match=r"hardware.precision: 16-mixed does not run on a cpu"):
        resolve(Recipe(hardware=Hardware(precision="16-mixed")), PLAIN)


def test_the_fingerprint_depends_on_what_decides_the_run_and_not_on_names(catalogue: Catalogue) -> None:
    recipe = build({}, catalogue)
    renamed = recipe.replace(name="x", views=recipe.views.replace(preset="y"))
    assert fingerprint(renamed) == fingerprint(recipe)
    assert len(fingerprint(recipe)) == 64
    assert fingerprint(recipe.replace(seed=1)) != fingerprint(recipe)
    assert fingerprint(recipe.replace(objective=recipe.objective.with_params(hidden=7))) != fingerprint(recipe)


def test_the_fingerprint_does_not_depend_on_the_order_of_a_document(catalogue: Catalogue) -> None:
    document = build({}, catalogue).document()

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            random.Random(0).shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    mixed = Recipe.model_validate(shuffled(document))
    assert list(mixed.objective.params) != list(document["objective"])[1:]
    assert fingerprint(mixed) == fingerprint(build({}, catalogue))


def test_equal_recipes_do_not_differ(catalogue: Catalogue) -> None:
    assert diff(build({}, catalogue), build({}, catalogue)) == []


def test_changed_settings_are_listed_by_dotted_key_in_recipe_order(catalogue: Catalogue) -> None:
    crop = {"id": "random_resized_crop", "scale": [0.5, 1.0]}
    views = {"preset": "pair", "branches": [{"count": 2, "ops": [crop]}]}
    before = build({"views": {"preset": "pair"}}, catalogue)
    after = build({"objective": {"id": "simclr", "temperature": 0.1}, "seed": 4, "views": views}, catalogue)
    assert diff(before, after) == [
        Change("seed", 0, 4),
        Change("views.branches.0.ops.0.scale", [0.2, 1.0], [0.5, 1.0]),
        Change("views.branches.0.ops.1.id", "horizontal_flip", None),
        Change("views.branches.0.ops.1.p", 0.5, None),
        Change("objective.temperature", 0.2, 0.1),
    ]
