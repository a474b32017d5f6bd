"""From a recipe's objective section to an objective."""

from __future__ import annotations

from workbench.models.configure import chosen, configured
from workbench.objectives.base import Facts, Objective
from workbench.objectives.table import OBJECTIVES
from workbench.recipes.models import Choice


def build_objective(choice: Choice, facts: Facts) -> Objective:
    """The objective that a recipe names, its heads drawn from the global generator.

    Raises
    ------
    RecipeError
        At `objective.<key>`, for an unknown id, a wrong setting, or labels that the data does not have.
    """
    objective = chosen("objective", choice, {entry.spec.id: entry for entry in OBJECTIVES})
    return objective(configured("objective", choice, objective.Config), facts)
