"""From a recipe's choice to the class it names and that class's validated configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from workbench.core.errors import Problem, RecipeError, nearest, unknown
from workbench.core.model import Model
from workbench.recipes.models import Choice

EntryT = TypeVar("EntryT")
ConfigT = TypeVar("ConfigT", bound=Model)


def chosen(section: str, choice: Choice, table: Mapping[str, EntryT]) -> EntryT:
    """The entry of a table that a choice names; raises RecipeError at `section.id` that suggests the nearest."""
    if choice.id not in table:
        raise RecipeError([Problem(f"{section}.id", unknown(section, choice.id, list(table)))])
    return table[choice.id]


def configured(section: str, choice: Choice, config: type[ConfigT]) -> ConfigT:
    """The settings of a choice, validated; raises RecipeError with one problem a wrong field, at `section.field`."""
    try:
        return config.model_validate(choice.params)
    except ValidationError as error:
        problems = [_problem(section, choice.id, config, dict(detail)) for detail in error.errors()]
        raise RecipeError(problems) from None


def _problem(section: str, id_: str, config: type[Model], detail: Mapping[str, Any]) -> Problem:
    path = [str(part) for part in detail["loc"]]
    key = ".".join([section, *path])
    if detail["type"] == "extra_forbidden":
        return Problem(key, _unknown_setting(id_, path[-1], list(config.model_fields)))
    if detail["type"] == "missing":
        return Problem(key, f"{id_!r} needs this setting.")
    return Problem(key, f"{detail['input']!r} is not allowed: {detail['msg'].lower()}.")


def _unknown_setting(id_: str, name: str, known: list[str]) -> str:
    guess = nearest(name, known)
    meant = f" Did you mean {guess!r}?" if guess else ""
    return f"{id_!r} has no setting {name!r}.{meant} Known: {', '.join(known) or 'none'}."
