"""The recipe with which an objective is compared to others: its own shipped preset on somebody else's data."""

from __future__ import annotations

from typing import Any

from workbench.core.errors import Problem, RecipeError, unknown
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Recipe
from workbench.recipes.presets import shipped
from workbench.recipes.toml_io import read_document


def contender(id_: str, base: Recipe, catalogue: Catalogue) -> Recipe:
    """An objective as its preset trains it (views, backbone, optimiser, batch), on the base's data.

    Of several presets the one at CIFAR size is taken; an objective without one, a plugin's perhaps, gets the base's
    sections and the views that suit it. Data, evaluation, hardware and seed are the base's.

    Raises RecipeError for an unknown objective, or where it cannot learn from this data.
    """
    if not catalogue.has("objective", id_):
        raise RecipeError([Problem("--objectives", unknown("objective", id_, catalogue.ids("objective")))])
    given = base.document()
    document = _preset_of(id_) or {
        **given,
        "objective": {"id": id_},
        "views": {"preset": catalogue.objective(id_).spec.views_preset},
    }
    shared = {name: given[name] for name in ("schema", "data", "evaluation", "hardware", "seed")}
    return build({**document, **shared}, catalogue)


def _preset_of(id_: str) -> dict[str, Any] | None:
    """The shipped document that trains an objective, the one at CIFAR size before others."""
    files = shipped()
    if f"{id_}-cifar10" in files:
        return read_document(files[f"{id_}-cifar10"])
    documents = (read_document(path) for path in files.values())
    return next((found for found in documents if found.get("objective", {}).get("id") == id_), None)
