"""Recipes as files: what is written is what is read, and what cannot be read is told with its place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import RecipeError
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build
from workbench.recipes.migrate import migrate
from workbench.recipes.models import Branch, Choice, Recipe, Views
from workbench.recipes.toml_io import read_document, toml_value, write_toml

GOLDEN = Path(__file__).parent / "golden"

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
scalar = st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False) | text
value = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), inner),
    max_leaves=6,
)
params = st.dictionaries(st.from_regex(r"(?!id\Z)[a-z][a-z_]{0,9}", fullmatch=True), value, max_size=4)
choices = st.builds(lambda id_, settings: Choice(id=id_, **settings), text, params)
branches = st.builds(Branch, name=text, count=st.integers(1, 16), ops=st.lists(choices, max_size=3).map(tuple))


@given(name=text, seed=st.integers(0, 2**31 - 1), objective=choices, rows=st.lists(branches, min_size=1, max_size=2))
def test_a_written_recipe_reads_back_equal(name: str, seed: int, objective: Choice, rows: list[Branch]) -> None:
    recipe = Recipe(name=name, seed=seed, objective=objective, views=Views(branches=tuple(rows)))
    again = Recipe.model_validate(read_document(write_toml(recipe)))
    assert again == recipe
    assert again.document() == recipe.document()


@given(value)
def test_a_value_on_one_line_reads_back_with_its_type(content: Any) -> None:
    line = toml_value(content)
    again = read_document(f"x = {line}")["x"]
    assert "\n" not in line
    assert repr(again) == repr(content)


def test_sections_are_written_in_the_order_of_the_recipe(catalogue: Catalogue) -> None:
    written = write_toml(build({}, catalogue))
    headings = [line.strip("[]") for line in written.splitlines() if line.startswith("[")]
    expected = ["data", "views", "views.branches", "backbone", "objective", "optimiser", "schedule", "budget"]
    assert headings == [*expected, "training", "evaluation", "checkpoints", "hardware"]
    assert written.startswith("# ")


def test_a_setting_that_is_none_is_left_out(catalogue: Catalogue) -> None:
    recipe = Recipe(data=Choice(id="image-folder", path="x", image_size=None))
    assert "image_size" not in write_toml(recipe)


def test_a_syntax_error_is_told_with_line_column_and_the_line_itself(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('name = "x"\nseed 3\n')
    with pytest.raises(RecipeError, match="line 2, column 6") as caught:
        read_document(file)
    assert str(file) in str(caught.value)
    assert "The line reads: seed 3" in str(caught.value)


def test_an_unfinished_document_is_told_as_such() -> None:
    with pytest.raises(RecipeError, match="The recipe is not TOML"):
        read_document("[objective")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"There is no recipe file .*absent\.toml"):
        read_document(tmp_path / "absent.toml")


def test_a_folder_and_a_binary_file_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="not a text file in UTF-8"):
        read_document(tmp_path / "binary.toml")
    with pytest.raises(RecipeError, match="cannot be read"):
        read_document(tmp_path)


def test_the_prototypes_document_becomes_its_golden_successor() -> None:
    old, new = read_document(GOLDEN / "v0.toml"), read_document(GOLDEN / "v1.toml")
    assert migrate(old) == new
    assert old["schema"] == 0, "the document given is left as it is"


def test_todays_document_passes_migration_unchanged() -> None:
    today = read_document(GOLDEN / "v1.toml")
    assert migrate(today) == today
    assert migrate({"name": "x"}) == {"name": "x"}


def test_a_newer_schema_asks_for_a_newer_program() -> None:
    with pytest.raises(RecipeError, match="Update the SSL Workbench") as caught:
        migrate({"schema": 7})
    assert caught.value.problems[0].key == "schema"


def test_the_golden_prototype_builds(catalogue: Catalogue) -> None:
    recipe = build(read_document(GOLDEN / "v0.toml"), catalogue)
    assert (recipe.budget.unit, recipe.budget.amount, recipe.training.batch_size) == ("epochs", 12, 128)
    assert math.isclose(recipe.objective.params["temperature"], 0.5)
