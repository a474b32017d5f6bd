"""From a recipe's data section to a loaded split."""

from __future__ import annotations

from pydantic import ValidationError

from workbench.core.errors import Problem, RecipeError, unknown
from workbench.core.model import Model
from workbench.data.base import Dataset, DatasetSource, Place, Progress, no_progress
from workbench.data.table import SOURCES
from workbench.recipes.models import Choice

_BY_ID = {kind.spec.id: kind for kind in SOURCES}


def source(choice_id: str) -> DatasetSource:
    """The data set or importer of this id; raises RecipeError that suggests the nearest."""
    if choice_id not in _BY_ID:
        raise RecipeError([Problem("data.id", unknown("data set", choice_id, list(_BY_ID)))])
    return _BY_ID[choice_id]()


def settings(choice: Choice) -> Model:
    """The choice's settings, checked; raises RecipeError with a problem for each that is wrong."""
    config = source(choice.id).Config
    try:
        return config.model_validate(choice.params)
    except ValidationError as error:
        raise RecipeError([_problem(dict(item), config) for item in error.errors()]) from error


def load(choice: Choice, split: str, place: Place, progress: Progress = no_progress) -> Dataset:
    """One split of what a recipe names.

    Raises RecipeError for settings that are wrong, DataError for data that is missing or unreadable, Cancelled from
    `progress`.
    """
    config = settings(choice)
    return source(choice.id).load(config, split, place, progress)


def splits(choice: Choice, place: Place) -> tuple[str, ...]:
    """The splits there are; raises as `load` does."""
    config = settings(choice)
    return source(choice.id).splits(config, place)


def _problem(item: dict[str, object], config: type[Model]) -> Problem:
    """A pydantic error as a sentence about a key of the recipe."""
    where = item["loc"]
    assert isinstance(where, tuple)
    key = ".".join(["data", *map(str, where)])
    if item["type"] == "extra_forbidden":
        return Problem(key, unknown("setting", str(where[-1]), list(config.model_fields)))
    if item["type"] == "missing":
        return Problem(key, "must be given.")
    return Problem(key, f"{item['msg']}; it is {item['input']!r}.")
