"""Rules between the sections of a recipe: each a small function from a recipe to its problems."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from workbench.core.errors import Problem, unknown
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.bounds import beyond_bounds
from workbench.recipes.colour_rules import (
    colours_are_there,
    pixels_keep_their_values,
    the_right_channels_are_given,
    tokens_are_causal,
)
from workbench.recipes.grid_rules import GRID_RULES
from workbench.recipes.label_rules import hidden_labels_are_there
from workbench.recipes.models import Hardware, Recipe
from workbench.recipes.patch_rules import (
    masks_divide_the_views,
    masks_fit_the_patches,
    patches_can_be_hidden,
    patches_divide_the_views,
    view_size,
)
from workbench.recipes.tile_rules import TILE_RULES

Rule = Callable[[Recipe, Catalogue], Iterator[Problem]]


def broken_rules(recipe: Recipe, catalogue: Catalogue) -> tuple[Problem, ...]:
    """The problems of every rule, for a recipe whose ids are all in the catalogue."""
    return tuple(problem for rule in RULES for problem in rule(recipe, catalogue))


def modalities_agree(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """Data, operations and backbone must be of the objective's modality."""
    objective = catalogue.objective(recipe.objective.id)
    wanted = objective.spec.modality
    named = [("data", "dataset", recipe.data.id), ("backbone", "backbone", recipe.backbone.id)]
    for number, branch in enumerate(recipe.views.branches):
        named += [(f"views.branches.{number}.ops.{m}", "operation", op.id) for m, op in enumerate(branch.ops)]
    for key, kind, id_ in named:
        entry = catalogue.get(kind, id_)
        if entry.spec.modality != wanted:
            words = f"{entry.title} is for {entry.spec.modality}, but {objective.title} learns from {wanted}."
            yield Problem(f"{key}.id", words)


def branch_names_differ(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """Objectives find their views by the branch's name."""
    seen: set[str] = set()
    for number, branch in enumerate(recipe.views.branches):
        if branch.name in seen:
            yield Problem(f"views.branches.{number}.name", f"{branch.name!r} is taken by a branch before it.")
        seen.add(branch.name)


def likeness_is_plain(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """A branch like another one has no operations of its own, and the other one has."""
    by_name = {branch.name: branch for branch in recipe.views.branches}
    for number, branch in enumerate(recipe.views.branches):
        key = f"views.branches.{number}.like"
        if not branch.like:
            continue
        if branch.like == branch.name or branch.like not in by_name:
            others = [name for name in by_name if name != branch.name]
            yield Problem(key, unknown("other branch", branch.like, others))
        elif by_name[branch.like].like:
            yield Problem(key, f"{branch.like!r} is itself like another branch; name the one that has the operations.")
        elif branch.ops:
            words = f"Branch {branch.name!r} has operations of its own"
            yield Problem(key, f"{words}; remove them, or leave this empty.")


def view_count_fits(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """The views of a sample must be as many as the objective takes."""
    objective = catalogue.objective(recipe.objective.id)
    low, high, count = objective.spec.needs.min_views, objective.spec.needs.max_views, recipe.views.count
    if count < low or (high is not None and count > high):
        yield Problem(
            "views.branches",
            f"{objective.title} takes {_views_words(low, high)} of each sample, but the "
            f"branches make {count}. Change the branches' count.",
        )


def bounds_hold(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """Settings of the objective that the data, the batch or the views limit."""
    entry = catalogue.objective(recipe.objective.id)
    data = catalogue.get("dataset", recipe.data.id).spec
    known = {
        "batch_size": recipe.training.batch_size,
        "classes": data.classes,
        "samples": _learned_from(recipe, catalogue),
        "size": view_size(recipe, catalogue),
    }
    yield from beyond_bounds(entry.spec.needs.bounds, recipe.objective.params, known)


def _learned_from(recipe: Recipe, catalogue: Catalogue) -> int:
    """How many samples are learned from; 0 where that depends on files that are not read yet."""
    data, wanted = catalogue.get("dataset", recipe.data.id).spec, recipe.training.samples
    all_of_them = data.train_samples or data.samples
    return min(wanted, all_of_them) if wanted and all_of_them else wanted or all_of_them


def _views_words(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} views or more" if low > 1 else "1 view or more"
    if low == high:
        return f"{low} views" if low > 1 else "1 view"
    return f"{low} to {high} views"


def targets_are_made(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """What the objective predicts must be made in every branch, or in those of the largest views."""
    objective = catalogue.objective(recipe.objective.id)
    asked = view_size(recipe, catalogue) or math.inf
    sizes = [branch.size or asked for branch in recipe.views.branches]
    for number, branch in enumerate(recipe.views.branches):
        if objective.spec.needs.target_views == "largest" and sizes[number] < max(sizes):
            continue
        ops = recipe.views.ops_of(branch)
        made = {target for op in ops for target in catalogue.get("operation", op.id).spec.targets}
        for target in objective.spec.needs.targets:
            if target not in made:
                makers = [entry.id for entry in catalogue.operations if target in entry.spec.targets]
                way_out = f"Add {' or '.join(makers)} to it." if makers else "No known operation makes it."
                yield Problem(
                    f"views.branches.{number}.ops",
                    f"{objective.title} needs the target {target!r}, which no operation of branch "
                    f"{branch.name!r} makes. {way_out}",
                )


def labels_are_there(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """The user's own files are not known before they are read; every other data set says how many classes it has."""
    objective, data = catalogue.objective(recipe.objective.id), catalogue.get("dataset", recipe.data.id)
    if objective.spec.needs.labels and data.spec.origin != "import" and data.spec.classes == 0:
        yield Problem("data.id", f"{objective.title} learns from labels, and {data.title} has none.")


def tokens_are_given(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """An objective on tokens needs a backbone that gives them."""
    objective, backbone = catalogue.objective(recipe.objective.id), catalogue.get("backbone", recipe.backbone.id)
    if objective.spec.needs.tokens and not backbone.spec.tokens:
        able = ", ".join(entry.id for entry in catalogue.backbones if entry.spec.tokens) or "none"
        yield Problem(
            "backbone.id",
            f"{objective.title} works on tokens, one vector a patch, which {backbone.title} does not give. "
            f"Backbones that do: {able}.",
        )


def budget_holds_a_step(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """A run of no step teaches nothing."""
    budget, samples = recipe.budget, _learned_from(recipe, catalogue)
    if budget.unit == "steps" and budget.amount < 1:
        yield Problem("budget.amount", f"{budget.amount:g} steps is less than one: it must be at least 1.")
    if budget.unit == "epochs" and samples:
        steps_per_epoch = math.ceil(samples / recipe.training.batch_size)
        if budget.amount * steps_per_epoch < 1:
            yield Problem(
                "budget.amount",
                f"{budget.amount:g} epochs are less than one step of "
                f"{recipe.training.batch_size} samples: give at least "
                f"{1 / steps_per_epoch:.2g}.",
            )


def batch_is_large_enough(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """Some losses compare the samples of a batch."""
    objective, size = catalogue.objective(recipe.objective.id), recipe.training.batch_size
    if 0 < recipe.training.samples < objective.spec.needs.min_batch:
        words = f"{recipe.training.samples} is too few: {objective.title} needs at least "
        yield Problem("training.samples", f"{words}{objective.spec.needs.min_batch} samples in a batch.")
    if size < objective.spec.needs.min_batch:
        yield Problem(
            "training.batch_size",
            f"{size} is too small: {objective.title} needs at least "
            f"{objective.spec.needs.min_batch} samples in a batch.",
        )


def votes_fit_the_bank(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """No more neighbours can vote than there are in the bank."""
    k, bank = recipe.evaluation.k, recipe.evaluation.bank
    if 0 < bank < k:
        yield Problem("evaluation.k", f"{k} is too large: it must be at most the bank's {bank} samples.")


def device_can(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """What no machine of that kind could do."""
    yield from hardware_problems(recipe.hardware)


def hardware_problems(hardware: Hardware) -> Iterator[Problem]:
    """What a device kind cannot do, whichever machine it is in."""
    if hardware.device == "cpu" and hardware.precision == "16-mixed":
        yield Problem("hardware.precision", "16-mixed does not run on a cpu: take 32-true or bf16-mixed.")


RULES: tuple[Rule, ...] = (
    modalities_agree,
    branch_names_differ,
    likeness_is_plain,
    view_count_fits,
    bounds_hold,
    targets_are_made,
    labels_are_there,
    hidden_labels_are_there,
    colours_are_there,
    the_right_channels_are_given,
    pixels_keep_their_values,
    tokens_are_given,
    tokens_are_causal,
    patches_can_be_hidden,
    patches_divide_the_views,
    masks_fit_the_patches,
    masks_divide_the_views,
    *TILE_RULES,
    *GRID_RULES,
    budget_holds_a_step,
    batch_is_large_enough,
    votes_fit_the_bank,
    device_can,
)
