"""Learning with few labels: what a recipe may ask of the labels of its data."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.core.errors import Problem
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Recipe


def hidden_labels_are_there(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """Labels can be hidden where there are some, and every class keeps at least one.

    The user's own files are not known before they are read; the engine asks the same of them when it has.
    """
    data, settings = catalogue.get("dataset", recipe.data.id), recipe.training
    if data.spec.origin == "import":
        return
    if data.spec.classes == 0:
        for key, value in (("labels", settings.labels), ("labelled_share", settings.labelled_share)):
            if value:
                words = f"{data.title} has no labels. Set this to 0, or choose a labelled data set."
                yield Problem(f"training.{key}", words)
    elif 0 < settings.labels < data.spec.classes:
        words = f"{settings.labels} is too few: {data.title} has {data.spec.classes} classes, and each needs a label."
        yield Problem("training.labels", words)
