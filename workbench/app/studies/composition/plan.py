"""The composition study: a run for every pair of distortions.

Chen et al.: A Simple Framework for Contrastive Learning of Visual Representations (ICML 2020), section 3.1, figure 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import ValidationError, field_validator

from workbench.app.studies.plan import Cell, Measure, StudyPlan, named_once, plan_problems
from workbench.core.errors import RecipeError
from workbench.core.model import setting
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Budget, Recipe
from workbench.recipes.sweeps import composition, distortion


class CompositionPlan(StudyPlan):
    """Which distortions, in which order. A cell names the one that comes first and the one that follows."""

    kind: ClassVar[str] = "augmentations"
    ops: tuple[str, ...] = setting(..., "Operations", "rows and columns of the table, in this order", min_length=1)
    symmetric: bool = setting(False, "Symmetric", "run each pair in one order only and show it twice")

    @field_validator("ops")
    @classmethod
    def _differ(cls, ops: tuple[str, ...]) -> tuple[str, ...]:
        return named_once(ops)

    def cells(self) -> list[Cell]:
        """All pairs with the first seed, then with the next."""
        return [
            Cell((first, second), seed)
            for seed in range(self.seeds)
            for row, first in enumerate(self.ops)
            for column, second in enumerate(self.ops)
            if column >= row or not self.symmetric
        ]

    def recipe_of(self, cell: Cell, base: Recipe, catalogue: Catalogue) -> Recipe:
        """One branch plain, the other through the pair."""
        pair = [distortion(name, catalogue) for name in dict.fromkeys(cell.names)]
        made, name = composition(base, pair, catalogue), " + ".join(item.title for item in pair)
        return self.short_run(made, name, cell, base, catalogue)

    @property
    def words(self) -> str:
        return ", ".join(self.ops)


def make_plan(
    ops: Sequence[str],
    budget: Budget,
    catalogue: Catalogue,
    *,
    samples: int = 0,
    seeds: int = 1,
    measure: Measure = "probe",
    symmetric: bool = False,
) -> CompositionPlan:
    """A plan whose operations are all known; raises RecipeError with a problem for each that is wrong."""
    for name in ops:
        distortion(name, catalogue)
    try:
        return CompositionPlan(
            ops=tuple(ops), budget=budget, samples=samples, seeds=seeds, measure=measure, symmetric=symmetric
        )
    except ValidationError as error:
        raise RecipeError(plan_problems(error)) from error
