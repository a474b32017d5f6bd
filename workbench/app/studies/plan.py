"""What every study has in common: a plan of short runs, one for each cell of its table."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ValidationError

from workbench.core.errors import Problem, RecipeError, WorkbenchError
from workbench.core.model import Model, setting
from workbench.core.units import format_duration, parse_duration_s
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Budget, Recipe

Measure = Literal["probe", "knn"]
MEASURE_WORDS: dict[Measure, str] = {"probe": "Linear probe", "knn": "kNN"}
_COUNTED = re.compile(r"(\d+(?:\.\d+)?)\s*(epochs?|steps?)")


@dataclass(frozen=True)
class Cell:
    """One run of a study.

    names : what stands in this cell; one name twice is that name alone
    seed : counted from 0; added to the recipe's
    """

    names: tuple[str, ...]
    seed: int

    @property
    def folder(self) -> str:
        """The name of its run folder: every reader finds a cell's run by it."""
        return f"{'+'.join(dict.fromkeys(self.names))}-seed{self.seed}"


class StudyPlan(Model):
    """What a study will do; written to its folder as TOML. Subclasses say which runs there are.

    kind : names the study on the command line and in its file
    floors : whether a probe is taken of the raw pixels and of the untrained encoder too
    """

    kind: ClassVar[str]
    floors: ClassVar[bool] = False
    budget: Budget = setting(Budget(unit="epochs", amount=2), "Budget", "how long each run trains")
    samples: int = setting(
        0, "Samples", "training samples of each run; 0 takes as many as its recipe", unit="samples", ge=0
    )
    seeds: int = setting(1, "Seeds", "runs of each cell, with seeds that count up from the recipe's", ge=1, le=20)
    measure: Measure = setting("probe", "Measured by", "what tells how good an encoder is")

    @abstractmethod
    def cells(self) -> list[Cell]:
        """Every run, in the order they are made."""

    @abstractmethod
    def recipe_of(self, cell: Cell, base: Recipe, catalogue: Catalogue) -> Recipe:
        """The recipe that a cell trains; raises RecipeError where it cannot be trained."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What is compared, for a line of text."""

    def short_run(self, made: Recipe, name: str, cell: Cell, base: Recipe, catalogue: Catalogue) -> Recipe:
        """A recipe with this plan's budget, samples and seed, measured and saved only at its end."""
        samples = self.samples or base.training.samples or made.training.samples
        changed = made.replace(
            name=name,
            seed=base.seed + cell.seed,
            budget=self.budget.model_dump(),
            training=made.training.replace(samples=samples).model_dump(),
            evaluation=base.evaluation.replace(every_epochs=0).model_dump(),
            checkpoints=made.checkpoints.replace(embed=False, keep=1, figures=False).model_dump(),
        )
        return build(changed.document(), catalogue)


def named_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names themselves; raises ValueError where one stands there twice."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} is named twice")
    return names


def check_plan(plan: StudyPlan, base: Recipe, catalogue: Catalogue) -> None:
    """Raises RecipeError where a run of the study could not be trained or measured."""
    entry = catalogue.get("dataset", base.data.id)
    if entry.spec.origin != "import" and entry.spec.classes == 0:
        words = f"{entry.title} has no labels, so nothing can be measured. Choose a labelled data set."
        raise RecipeError([Problem("data.id", words)])
    for cell in plan.cells():
        plan.recipe_of(cell, base, catalogue)


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


def plan_problems(error: ValidationError) -> list[Problem]:
    """What pydantic found wrong with a plan."""
    found = error.errors()
    return [Problem(".".join(map(str, item["loc"])), f"{item['msg']}; it is {item['input']!r}.") for item in found]
