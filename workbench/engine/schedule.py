"""How far a run is, and the learning rate that goes with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from workbench.recipes.models import Budget, Schedule


def rate_factor(schedule: Schedule, progress: float) -> float:
    """The learning rate as a share of its peak.

    Parameters
    ----------
    progress : done share of the run in [0, 1]

    Returns
    -------
    Linear from 0 over the warm-up share, then constant, or a half cosine down to `schedule.final`
    (Loshchilov & Hutter, "SGDR", 2017, eq. 5 without restarts).
    """
    progress = min(max(progress, 0.0), 1.0)
    if progress < schedule.warmup:
        return progress / schedule.warmup
    if schedule.shape == "constant":
        return 1.0
    along = (progress - schedule.warmup) / (1.0 - schedule.warmup)
    return schedule.final + (1.0 - schedule.final) * 0.5 * (1.0 + math.cos(math.pi * along))


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
