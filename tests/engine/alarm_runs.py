"""Short trainings in this process on bundled pictures, watched for alarms."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numba
import pytest
import torch
from torch import Tensor

from workbench.core.errors import RecipeError
from workbench.data.base import no_progress
from workbench.engine.alarms import AlarmWatch, Verdict, watch_of
from workbench.engine.experiment import Splits, build_encoder, build_learner, load_splits, parts_of
from workbench.engine.plan import Plan
from workbench.engine.sampler import sampler_of
from workbench.evaluation.health import health
from workbench.models.optimisers import build_optimiser
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Choice, Recipe
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document, shipped
from workbench.recipes.schedule import rate_factor

PLACES = (
    ("data.id=fashion-mnist-10k", "views.size=16"),
    ("data.id=fashion-mnist-10k",),
    ("data.id=fashion-mnist-10k", "views.size=32"),
    ("data.id=noto-emoji", "views.size=32"),
)
"""Small, at the data's own size, at that of the presets, and with colour, for objectives that need it."""
BACKBONES = {"tiny_cnn": ["width=8"], "small_vit": ["width=32", "depth=2", "heads=2"]}
CPU = torch.device("cpu")


@dataclass
class Watched:
    """What a training said: its verdicts, and the last value of every number."""

    verdicts: list[Verdict] = field(default_factory=list)
    last: dict[str, float] = field(default_factory=dict)

    @property
    def raised(self) -> set[str]:
        return {verdict.limit.spec.id for verdict in self.verdicts if verdict.begins}


@cache
def presets_by_objective() -> dict[str, str]:
    """The first preset that trains each objective."""
    found: dict[str, str] = {}
    for name in shipped():
        found.setdefault(find_document(name)["objective"]["id"], name)
    return found


def preset_of(objective: str) -> str:
    """A preset that trains this objective."""
    if objective not in presets_by_objective():
        pytest.skip(f"no preset trains {objective}")
    return presets_by_objective()[objective]


@cache
def splits(id_: str) -> Splits:
    return load_splits(Choice(id=id_), no_progress)


def small_recipe(objective: str, steps: int, overrides: tuple[str, ...]) -> Recipe:
    """A preset's recipe with a narrow backbone and few samples a step, on the first bundled data set that it takes."""
    document, catalogue = find_document(preset_of(objective)), builtin_catalogue()
    backbone = document.get("backbone", {}).get("id", "tiny_cnn")
    narrow = [f"backbone.{setting}" for setting in BACKBONES.get(backbone, [])]
    small = [f"budget.amount={steps}", "budget.unit=steps", "hardware.threads=1", *narrow, *overrides]
    refused: RecipeError | None = None
    for place in PLACES:
        try:
            recipe = build(override_recipe(document, [*place, *small], catalogue), catalogue)
            build_encoder(recipe, splits(recipe.data.id).train)
            return recipe
        except RecipeError as error:
            refused = error
    raise AssertionError(f"{objective} takes none of {PLACES}: {refused}")


def watched(objective: str, steps: int, *overrides: str, health_every: int = 5, until: str = "") -> Watched:
    """Train for some steps as the engine does, or until an alarm is raised, and show every number to the watch."""
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    recipe = small_recipe(objective, steps, overrides)
    data = splits(recipe.data.id)
    encoder = build_encoder(recipe, data.train)
    learner = build_learner(recipe, data, encoder).train()
    optimiser, sampler = build_optimiser(recipe.optimiser, learner), sampler_of(recipe, data.train)
    plan, watch = Plan(recipe.budget, sampler.steps_per_epoch), watch_of(recipe, learner.objective, 0)
    peaks = [group["lr"] for group in optimiser.param_groups]
    result = Watched()
    for step in range(steps):
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * rate_factor(recipe.schedule, plan.progress(step, 0))
        views = encoder.pipeline(sampler.samples(step), (recipe.seed, step), CPU)
        loss, terms, embedding = learner(**parts_of(views))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        learner.objective.after_step(learner.backbone, (step + 1) / steps)
        row = {"loss": loss, **terms}
        if embedding is not None and step % health_every == 0:
            row |= health(embedding, sampler.batch_size)
        _take(result, watch, step + 1, (step + 1) / steps, row)
        if until in result.raised:
            break
    return result


def _take(result: Watched, watch: AlarmWatch, step: int, progress: float, row: dict[str, Tensor]) -> None:
    values = {name: float(value.detach()) for name, value in row.items()}
    result.last |= values
    result.verdicts += watch.observe(step, progress, values)
