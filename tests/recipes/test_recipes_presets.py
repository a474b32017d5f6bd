"""Shipped recipes, and recipes told as a command and as a script."""

from __future__ import annotations

import ast
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.core.errors import RecipeError, WorkbenchError
from workbench.core.resources import resource
from workbench.plugins.catalogue import Catalogue, builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.export import as_command, as_python
from workbench.recipes.models import Recipe
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document, load, presets
from workbench.recipes.toml_io import read_document, write_toml

NAMES = sorted(file.stem for file in resource("presets").glob("*.toml"))


def built_in() -> Catalogue:
    try:
        return builtin_catalogue()
    except WorkbenchError as error:
        if "missing" in str(error):
            pytest.skip("resources/catalogue.json has not been made: python -m workbench.engine describe")
        raise


def test_presets_are_listed_by_name_with_a_title() -> None:
    listed = presets()
    assert [preset.name for preset in listed] == NAMES
    assert all(preset.title != preset.name for preset in listed)


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_builds_against_the_committed_catalogue(name: str) -> None:
    recipe = load(name, built_in())
    assert Recipe.model_validate(read_document(write_toml(recipe))) == recipe


def test_the_demo_is_simclr_on_the_bundled_data_within_a_minute_and_a_half(catalogue: Catalogue) -> None:
    recipe = load("demo", catalogue)
    assert (recipe.objective.id, recipe.data.id) == ("simclr", "fashion-mnist-10k")
    assert (recipe.budget.unit, recipe.budget.amount) == ("seconds", 90)


def test_a_recipe_file_loads_like_a_preset(catalogue: Catalogue, tmp_path: Path) -> None:
    recipe = load("demo", catalogue)
    (tmp_path / "mine.toml").write_text(write_toml(recipe))
    assert load(tmp_path / "mine.toml", catalogue) == recipe


def test_an_unknown_preset_is_named_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"There is no preset 'simclr-cifar'. Did you mean 'simclr-cifar10'"):
        find_document("simclr-cifar")


def test_a_recipe_file_that_is_not_there_is_named() -> None:
    with pytest.raises(RecipeError, match=r"There is no recipe file absent.toml"):
        find_document("absent.toml")


def parsed(command: str, catalogue: Catalogue) -> Recipe:
    """The recipe that the command line would make of a command."""
    program, verb, base, *rest = shlex.split(command)
    assert (program, verb) == ("workbench", "train")
    assert rest[::2] == ["--set"] * (len(rest) // 2)
    return build(override_recipe(find_document(base), rest[1::2], catalogue), catalogue)


CHANGES: list[dict[str, Any]] = [
    {},
    {"name": 'it\'s "mine"', "seed": 9, "hardware": {"device": "cpu"}},
    {"objective": {"id": "rotation"}, "views": {"preset": "rotation"}},
    {"data": {"id": "image-folder", "path": "/data/my pictures ü"}},
    {"views": {"branches": [{"name": "a", "count": 1}, {"name": "b", "count": 1, "ops": [{"id": "horizontal_flip"}]}]}},
    {"optimiser": {"id": "sgd", "betas": [0.5, 0.25], "nesterov": True}},
    {"name": "true"},
]


@pytest.mark.parametrize("document", CHANGES)
@pytest.mark.parametrize("base", [None, "rotation-fashion-mnist"])
def test_the_command_gives_the_same_recipe(document: dict[str, Any], base: str | None, catalogue: Catalogue) -> None:
    recipe = build(document, catalogue)
    assert parsed(as_command(recipe, catalogue, base), catalogue) == recipe


def test_a_preset_as_it_is_needs_no_overrides(catalogue: Catalogue) -> None:
    assert as_command(load("demo", catalogue), catalogue) == "workbench train demo"


def test_one_changed_setting_is_one_override(catalogue: Catalogue) -> None:
    recipe = load("demo", catalogue)
    cooler = recipe.replace(objective=recipe.objective.with_params(temperature=0.1))
    assert as_command(cooler, catalogue) == "workbench train demo --set objective.temperature=0.1"


def test_the_script_holds_the_recipe_and_starts_the_training(catalogue: Catalogue, tmp_path: Path) -> None:
    recipe = build({"name": "a \\ b ''' \"\"\" {x} \n"}, catalogue)
    script = tmp_path / "train it.py"
    script.write_text(as_python(recipe), encoding="utf-8")
    ast.parse(script.read_text(encoding="utf-8"))
    program = tmp_path / "workbench"  # stands in the way of the real one, which would train
    program.mkdir()
    (program / "__init__.py").touch()
    (program / "__main__.py").write_text("import sys; print(sys.argv[1:]); sys.exit(3)\n")
    done = subprocess.run([sys.executable, script, "--json"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stdout.strip() == str(["train", str(script.with_suffix(".toml")), "--json"])
    assert Recipe.model_validate(read_document(script.with_suffix(".toml"))) == recipe
