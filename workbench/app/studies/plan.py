"""What a composition study will do: which pairs of distortions, for how long, measured how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError, field_validator

from workbench.core.errors import Problem, RecipeError, WorkbenchError
from workbench.core.model import Model, setting
from workbench.core.units import format_duration, parse_duration_s
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Budget, Recipe
from workbench.recipes.sweeps import Distortion, composition, distortion

Measure = Literal["probe", "knn"]
MEASURE_WORDS = {"probe": "Linear probe", "knn": "kNN"}
_COUNTED = re.compile(r"(\d+(?:\.\d+)?)\s*(epochs?|steps?)")


class Plan(Model):
    """A composition study; written to the study's folder as TOML."""

    ops: tuple[str, ...] = setting(..., "Operations", "rows and columns of the table, in this order", min_length=1)
    budget: Budget = setting(Budget(unit="epochs", amount=2), "Budget", "how long each run trains")
    samples: int = setting(0, "Samples", "training samples of each run; 0 takes all", unit="samples", ge=0)
    seeds: int = setting(1, "Seeds", "runs of each cell, with seeds that count up from the recipe's", ge=1, le=20)
    measure: Measure = setting("probe", "Measured by", "what tells how good an encoder is")
    symmetric: bool = setting(False, "Symmetric", "run each pair in one order only and show it twice")

    @field_validator("ops")
    @classmethod
    def _differ(cls, ops: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((name for name in ops if ops.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice!r} is named twice")
        return ops

    def cells(self) -> list[Cell]:
        """Every run, in the order they are made: all pairs with the first seed, then with the next."""
        return [
            Cell(first, second, seed)
            for seed in range(self.seeds)
            for row, first in enumerate(self.ops)
            for column, second in enumerate(self.ops)
            if column >= row or not self.symmetric
        ]


@dataclass(frozen=True)
class Cell:
    """One run: the distortion that comes first, the one that follows (the same: it stands alone), which seed.

    seed : counted from 0; added to the recipe's
    """

    first: str
    second: str
    seed: int

    @property
    def folder(self) -> str:
        """The name of its run folder: every reader finds a cell's run by it."""
        pair = self.first if self.first == self.second else f"{self.first}+{self.second}"
        return f"{pair}-seed{self.seed}"


def make_plan(
    ops: Sequence[str],
    budget: Budget,
    catalogue: Catalogue,
    *,
    samples: int = 0,
    seeds: int = 1,
    measure: Measure = "probe",
    symmetric: bool = False,
) -> Plan:
    """A plan whose operations are all known; raises RecipeError with a problem for each that is wrong."""
    for name in ops:
        distortion(name, catalogue)
    try:
        return Plan(ops=tuple(ops), budget=budget, samples=samples, seeds=seeds, measure=measure, symmetric=symmetric)
    except ValidationError as error:
        raise RecipeError(_problems(error)) from error


def recipe_of(cell: Cell, plan: Plan, base: Recipe, catalogue: Catalogue) -> Recipe:
    """The recipe that a cell trains; raises RecipeError where it cannot be trained."""
    first, second = distortion(cell.first, catalogue), distortion(cell.second, catalogue)
    pair: list[Distortion] = [first] if cell.first == cell.second else [first, second]
    made = composition(base, pair, catalogue)
    changed = made.replace(
        name=" + ".join(item.title for item in pair),
        seed=base.seed + cell.seed,
        budget=plan.budget.model_dump(),
        training=made.training.replace(samples=plan.samples or base.training.samples).model_dump(),
        evaluation=made.evaluation.replace(every_epochs=0).model_dump(),
        checkpoints=made.checkpoints.replace(embed=False, keep=1).model_dump(),
    )
    return build(changed.document(), catalogue)


def check_plan(plan: Plan, base: Recipe, catalogue: Catalogue) -> None:
    """Raises RecipeError where a run of the study could not be trained or measured."""
    entry = catalogue.get("dataset", base.data.id)
    if entry.spec.origin != "import" and entry.spec.classes == 0:
        words = f"{entry.title} has no labels, so nothing can be measured. Choose a labelled data set."
        raise RecipeError([Problem("data.id", words)])
    for cell in plan.cells():
        recipe_of(cell, plan, base, catalogue)


def parse_budget(text: str) -> Budget:
    """A budget from '30s', '2m', '2epochs' or '200steps'; raises WorkbenchError naming the text."""
    counted = _COUNTED.fullmatch(text.strip().lower())
    amount = float(counted[1]) if counted else _seconds(text)
    if amount <= 0:
        raise WorkbenchError(f"{text!r} is no time to train.", "Write for example 30s, 2epochs or 200steps.")
    if counted is None:
        return Budget(unit="seconds", amount=amount)
    return Budget(unit="steps" if counted[2].startswith("step") else "epochs", amount=amount)


def budget_words(budget: Budget) -> str:
    """'2 epochs', '200 steps', '30 s'."""
    if budget.unit == "seconds":
        return format_duration(budget.amount)
    unit = budget.unit.removesuffix("s") if budget.amount == 1 else budget.unit
    return f"{budget.amount:g} {unit}"


def _seconds(text: str) -> float:
    try:
        return parse_duration_s(text)
    except WorkbenchError:
        raise WorkbenchError(f"{text!r} is no budget.", "Write for example 30s, 2epochs or 200steps.") from None


def _problems(error: ValidationError) -> list[Problem]:
    found = error.errors()
    return [Problem(".".join(map(str, item["loc"])), f"{item['msg']}; it is {item['input']!r}.") for item in found]
