"""The objectives study: every objective under one budget, each with its own tuned preset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import ValidationError, field_validator

from workbench.app.studies.plan import Cell, Measure, StudyPlan, named_once, plan_problems
from workbench.core.errors import RecipeError
from workbench.core.model import setting
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.lineup import contender
from workbench.recipes.models import Budget, Recipe


class ObjectivesPlan(StudyPlan):
    """Which objectives are compared. A cell names one."""

    kind: ClassVar[str] = "objectives"
    floors: ClassVar[bool] = True
    objectives: tuple[str, ...] = setting(..., "Objectives", "rows of the table, in this order", min_length=1)

    @field_validator("objectives")
    @classmethod
    def _differ(cls, objectives: tuple[str, ...]) -> tuple[str, ...]:
        return named_once(objectives)

    def cells(self) -> list[Cell]:
        """All objectives with the first seed, then with the next."""
        return [Cell((id_,), seed) for seed in range(self.seeds) for id_ in self.objectives]

    def recipe_of(self, cell: Cell, base: Recipe, catalogue: Catalogue) -> Recipe:
        """The objective's own preset on the base's data."""
        (id_,) = cell.names
        made = contender(id_, base, catalogue)
        return self.short_run(made, catalogue.objective(id_).title, cell, base, catalogue)

    @property
    def words(self) -> str:
        return ", ".join(self.objectives)


def make_plan(
    objectives: Sequence[str],
    budget: Budget,
    base: Recipe,
    catalogue: Catalogue,
    *,
    samples: int = 0,
    seeds: int = 1,
    measure: Measure = "probe",
) -> ObjectivesPlan:
    """A plan of these objectives, or of all that can learn from the base's data.

    Raises RecipeError for one that is named and unknown.
    """
    for id_ in objectives:
        contender(id_, base, catalogue)
    named = tuple(objectives) or tuple(id_ for id_ in catalogue.ids("objective") if _possible(id_, base, catalogue))
    try:
        return ObjectivesPlan(objectives=named, budget=budget, samples=samples, seeds=seeds, measure=measure)
    except ValidationError as error:
        raise RecipeError(plan_problems(error)) from error


def _possible(id_: str, base: Recipe, catalogue: Catalogue) -> bool:
    try:
        contender(id_, base, catalogue)
    except RecipeError:
        return False
    return True
