"""Is this a recipe that can be run, and the recipe that it is.

A document is checked in three rounds: its fixed sections against the recipe's own schema, each contribution's settings
against the schema that the catalogue publishes, and, once all of that stands, the rules between sections.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from workbench.core.errors import Problem, RecipeError, unknown
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.fill import Document, choice_tables, with_sections, with_settings
from workbench.recipes.migrate import migrate
from workbench.recipes.models import Recipe
from workbench.recipes.rules import broken_rules
from workbench.recipes.words import check_value, schema_problems

__all__ = ["build", "check", "check_value", "form_problems"]

_KIND_WORDS = {"dataset": "data set", "operation": "view operation"}


def check(document: Mapping[str, Any], catalogue: Catalogue) -> tuple[Problem, ...]:
    """Everything wrong with a recipe's document, in the order of the recipe; empty when it can be built."""
    try:
        full = with_sections(migrate(document), catalogue)
    except RecipeError as error:
        return error.problems
    return _form_problems(full, catalogue) or broken_rules(_recipe(full, catalogue), catalogue)


def build(document: Mapping[str, Any], catalogue: Catalogue) -> Recipe:
    """The recipe that a document describes, every setting stated.

    Raises RecipeError with all its problems.
    """
    full = with_sections(migrate(document), catalogue)
    problems = _form_problems(full, catalogue)
    if problems:
        raise RecipeError(problems)
    recipe = _recipe(full, catalogue)
    problems = broken_rules(recipe, catalogue)
    if problems:
        raise RecipeError(problems)
    return recipe


def form_problems(document: Mapping[str, Any], catalogue: Catalogue) -> tuple[Problem, ...]:
    """What is wrong with the sections each by itself, whatever the rules between them say."""
    return _form_problems(with_sections(migrate(document), catalogue), catalogue)


def _recipe(full: Document, catalogue: Catalogue) -> Recipe:
    return Recipe.model_validate(with_settings(full, catalogue))


def _form_problems(full: Document, catalogue: Catalogue) -> tuple[Problem, ...]:
    problems = [*schema_problems(_recipe_schema(), full, ""), *_preset_problems(full, catalogue)]
    for key, kind, table in choice_tables(full):
        problems += _choice_problems(key, kind, table, catalogue)
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda problem: _section_order(problem.key)))


def _choice_problems(key: str, kind: str, table: Document, catalogue: Catalogue) -> list[Problem]:
    id_ = table.get("id")
    if not isinstance(id_, str):
        return []  # the recipe's own schema has said so
    if not catalogue.has(kind, id_):
        return [Problem(f"{key}.id", unknown(_KIND_WORDS.get(kind, kind), id_, catalogue.ids(kind)))]
    settings = {name: value for name, value in table.items() if name != "id"}
    return schema_problems(catalogue.get(kind, id_).schema_, settings, key)


def _preset_problems(full: Document, catalogue: Catalogue) -> list[Problem]:
    """With branches the preset's name only informs; without them it must be known."""
    views = full.get("views")
    if not isinstance(views, dict) or "branches" in views:
        return []
    name = views.get("preset")
    if not isinstance(name, str) or not name:
        return []
    return [Problem("views.preset", unknown("view preset", name, list(catalogue.view_presets)))]


@cache
def _recipe_schema() -> dict[str, Any]:
    return Recipe.model_json_schema(by_alias=True)


@cache
def _sections() -> tuple[str, ...]:
    return tuple(_recipe_schema()["properties"])


def _section_order(key: str) -> int:
    section = key.partition(".")[0]
    return _sections().index(section) if section in _sections() else len(_sections())
