"""How long a study will take, from the timing of a few steps."""

from __future__ import annotations

from typing import Any

from workbench.app.studies.plan import StudyPlan
from workbench.core.model import Model
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Recipe


class Estimate(Model):
    """What one run costs on this machine, in seconds, as the lab's `time_recipe` measures it.

    start_s : a process and its libraries
    data_s : reading the data set
    step_s : one optimiser step
    measure_s : floors, kNN and probe
    train_samples : in the training split
    """

    start_s: float
    data_s: float
    step_s: float
    measure_s: float
    train_samples: int

    def run_s(self, plan: StudyPlan, base: Recipe) -> float:
        """Seconds that one run takes."""
        return self.start_s + self.data_s + self.measure_s + self.training_s(plan, base)

    def training_s(self, plan: StudyPlan, base: Recipe) -> float:
        """Seconds of training in one run."""
        if plan.budget.unit == "seconds":
            return plan.budget.amount
        return self.step_s * steps_of(plan, base, self.train_samples)

    def study_s(self, plan: StudyPlan, base: Recipe) -> float:
        """Seconds that the whole study takes, one run after the other."""
        return len(plan.cells()) * self.run_s(plan, base)


def timing_request(plan: StudyPlan, base: Recipe, catalogue: Catalogue) -> dict[str, Any]:
    """What to ask the lab's `time_recipe`: the cell in the middle stands for all."""
    cells = plan.cells()
    recipe = plan.recipe_of(cells[len(cells) // 2], base, catalogue)
    return {"recipe": recipe.document(), "probe": plan.measure == "probe"}


def steps_of(plan: StudyPlan, base: Recipe, train_samples: int) -> int:
    """Optimiser steps of one run with a budget in steps or epochs."""
    if plan.budget.unit == "steps":
        return max(1, round(plan.budget.amount))
    samples = min(plan.samples or base.training.samples or train_samples, train_samples)
    return max(1, round(plan.budget.amount * max(1, samples // min(base.training.batch_size, samples))))
