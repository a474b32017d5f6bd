"""From a recipe's objective section to an objective."""

from __future__ import annotations

from workbench.core.errors import RecipeError
from workbench.models.configure import chosen, configured
from workbench.objectives.base import Facts, Objective
from workbench.objectives.table import OBJECTIVES
from workbench.recipes.bounds import beyond_bounds
from workbench.recipes.models import Choice


def build_objective(choice: Choice, facts: Facts) -> Objective:
    """The objective that a recipe names, its heads drawn from the global generator.

    Raises
    ------
    RecipeError
        At `objective.<key>`, for an unknown id, a wrong setting, one beyond what the data allow, or labels that the
        data do not have.
    """
    objective = chosen("objective", choice, {entry.spec.id: entry for entry in OBJECTIVES})
    config = configured("objective", choice, objective.Config)
    known = {name: getattr(facts, name) for name in ("batch_size", "classes", "samples", "size")}
    problems = tuple(beyond_bounds(objective.spec.needs.bounds, config.model_dump(), known))
    if problems:
        raise RecipeError(problems)
    return objective(config, facts)
