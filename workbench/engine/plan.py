"""How far a run is."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.recipes.models import Budget


@dataclass(frozen=True)
class Plan:
    """The budget in steps of this data set.

    steps_per_epoch : whole batches in one pass
    total_steps : None for a time budget
    """

    budget: Budget
    steps_per_epoch: int

    @property
    def total_steps(self) -> int | None:
        if self.budget.unit == "steps":
            return max(1, round(self.budget.amount))
        if self.budget.unit == "epochs":
            return max(1, round(self.budget.amount * self.steps_per_epoch))
        return None

    def progress(self, step: int, elapsed_s: float) -> float:
        """Done share after `step` steps and `elapsed_s` seconds of training, not clipped."""
        if self.total_steps is None:
            return elapsed_s / self.budget.amount
        return step / self.total_steps

    def every(self, epochs: float) -> int:
        """An interval in epochs as steps, at least 1; 0 for "never"."""
        return max(1, round(epochs * self.steps_per_epoch)) if epochs > 0 else 0
