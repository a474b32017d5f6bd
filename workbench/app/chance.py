"""The loss to expect of a network that knows nothing, for the recipe at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.plugins.catalogue import Catalogue
from workbench.runs.history import RunHistory


def chance_of(document: Mapping[str, Any], catalogue: Catalogue, history: RunHistory | None = None) -> float | None:
    """The chance level of a recipe's loss; None where the objective states none or a number is not known yet.

    Parameters
    ----------
    history : of a run of this recipe, which knows the classes of its data; without it the catalogue is asked
    """
    section = document.get("objective", {})
    id_ = str(section.get("id", ""))
    if not catalogue.has("objective", id_):
        return None
    spec = catalogue.objective(id_).spec
    if spec.chance is None:
        return None
    settings = {**catalogue.objective(id_).defaults(), **section}
    names = {name: value for name, value in settings.items() if isinstance(value, int | float)}
    names["batch_size"] = document.get("training", {}).get("batch_size", 256)
    classes = _classes(document, catalogue, history)
    if classes:
        names["classes"] = classes
    samples = _samples(document, catalogue, history)
    if samples:
        names["samples"] = samples
    return spec.chance.value(names)


def _samples(document: Mapping[str, Any], catalogue: Catalogue, history: RunHistory | None) -> int:
    if history is not None and history.data:
        return int(history.data["train"]["samples"])
    id_ = str(document.get("data", {}).get("id", ""))
    spec = catalogue.get("dataset", id_).spec if catalogue.has("dataset", id_) else None
    return (spec.train_samples or spec.samples) if spec else 0


def _classes(document: Mapping[str, Any], catalogue: Catalogue, history: RunHistory | None) -> int:
    if history is not None and history.data:
        return len(history.data["train"]["classes"])
    id_ = str(document.get("data", {}).get("id", ""))
    return catalogue.get("dataset", id_).spec.classes if catalogue.has("dataset", id_) else 0
