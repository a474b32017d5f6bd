"""What a training step saw: its samples and its views, made again from the run's folder.

Samples and random parameters are pure functions of (seed, step), so nothing has to be kept while training. On the
device that the run used the views are the same to the bit; a run on another device saw them to 1/255 of the range.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.core.errors import RunError
from workbench.data.base import Dataset, Samples
from workbench.engine.catalogue import full_catalogue
from workbench.engine.sampler import sampler_of
from workbench.recipes.check import build
from workbench.recipes.models import Recipe
from workbench.recipes.toml_io import read_document
from workbench.runs.folder import RunFolder
from workbench.views.draws import Key


@dataclass(frozen=True)
class Seen:
    """The batch of one step.

    key : with which the run's view pipeline makes the step's views of `samples`
    """

    samples: Samples
    key: Key


def seen_at(recipe: Recipe, train: Dataset, step: int) -> Seen:
    """The batch behind the loss that is logged at `step`, counted from 1 as in the curves.

    Parameters
    ----------
    recipe : the run's, resolved
    train : its training split

    Raises RunError for a step before the first.
    """
    if step < 1:
        raise RunError(f"There is no step {step}: the first is step 1.")
    return Seen(sampler_of(recipe, train).samples(step - 1), (recipe.seed, step - 1))


def recipe_of(folder: RunFolder) -> Recipe:
    """The recipe as the run trained it; raises RunError where it has not come so far, RecipeError for a damaged one."""
    if not folder.resolved.exists():
        raise RunError(
            f"The run {folder.name} has not trained yet: it has no resolved.toml.", "Wait for its first step."
        )
    return build(read_document(folder.resolved), full_catalogue())
