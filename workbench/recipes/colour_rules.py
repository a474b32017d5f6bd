"""Rules of objectives that predict colours: pictures that have them, and values that nothing has shifted."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.core.errors import Problem
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Recipe


def colours_are_there(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """Grey pictures have no colour to predict, neither have those that a view operation always makes grey."""
    objective, data = catalogue.objective(recipe.objective.id), catalogue.get("dataset", recipe.data.id)
    if not objective.spec.needs.colour:
        return
    if data.spec.origin != "import" and data.spec.modality == "image" and data.spec.channels == 1:
        known = [entry for entry in catalogue.datasets if entry.spec.origin in ("bundled", "download")]
        coloured = [entry.id for entry in known if entry.spec.modality == "image" and entry.spec.channels > 1]
        way_out = f"Choose {' or '.join(coloured[:2])}, or pictures of your own." if coloured else ""
        yield Problem("data.id", f"{objective.title} needs colour pictures; {data.title} is grey. {way_out}".strip())
    for number, branch in enumerate(recipe.views.branches):
        for position, op in enumerate(branch.ops):
            if op.id == "greyscale" and op.params.get("p") == 1:
                words = f"{objective.title} predicts colours, and this makes every picture grey. Remove it, or lower p."
                yield Problem(f"views.branches.{number}.ops.{position}.p", words)


def the_right_channels_are_given(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """What the encoder is given of the colours decides what there is to predict."""
    objective = catalogue.objective(recipe.objective.id)
    wanted = objective.spec.needs.given
    for number, branch in enumerate(recipe.views.branches):
        for position, op in enumerate(branch.ops):
            given = op.params.get("given", wanted)
            if wanted and op.id == "colour_split" and given != wanted:
                words = f"{objective.title} is given {wanted!r} and predicts the rest, not {given!r}."
                yield Problem(f"views.branches.{number}.ops.{position}.given", f"{words} Set it to {wanted!r}.")


def pixels_keep_their_values(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """A palette of fixed colours takes pixels as they are."""
    objective = catalogue.objective(recipe.objective.id)
    for number, branch in enumerate(recipe.views.branches):
        for position, op in enumerate(branch.ops):
            if objective.spec.needs.plain and catalogue.get("operation", op.id).spec.kind == "normalise":
                words = f"{objective.title} reads colours as they are. Remove {op.id!r} from branch {branch.name!r}."
                yield Problem(f"views.branches.{number}.ops.{position}", words)


def tokens_are_causal(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """What is to be predicted may not be seen: the backbone can, and must be told to, look back alone."""
    objective, backbone = catalogue.objective(recipe.objective.id), catalogue.get("backbone", recipe.backbone.id)
    if not objective.spec.needs.causal:
        return
    if backbone.spec.causal:
        if not recipe.backbone.params.get("causal", False):
            words = f"{objective.title} predicts what comes next, so patches may not see those after them."
            yield Problem("backbone.causal", f"{words} Set it to true.")
    elif backbone.spec.tokens:  # one without tokens is refused for that
        able = ", ".join(entry.id for entry in catalogue.backbones if entry.spec.causal) or "none"
        words = f"{objective.title} needs a backbone that looks back alone, and {backbone.title} sees all of a picture."
        yield Problem("backbone.id", f"{words} Backbones that can: {able}, with causal = true.")
