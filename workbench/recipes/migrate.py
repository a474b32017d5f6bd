"""Documents of older schemas brought up to ours, one step a schema number."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from workbench.core.errors import Problem, RecipeError
from workbench.recipes.models import SCHEMA

Document = dict[str, Any]


def migrate(document: Mapping[str, Any]) -> Document:
    """The document in today's schema; the one given is left as it is. A document without `schema` is today's.

    Raises RecipeError when it was written by a newer program.
    """
    current = copy.deepcopy(dict(document))
    version = current.get("schema", SCHEMA)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        return current
    if version > SCHEMA:
        words = f"{version} was written by a newer program; this one reads up to {SCHEMA}. Update the SSL Workbench."
        raise RecipeError([Problem("schema", words)])
    for step in range(version, SCHEMA):
        current = _STEPS[step](current)
        current["schema"] = step + 1
    return current


def _from_0(document: Document) -> Document:
    """The prototype kept the loop in one `[train]` table, and counted nothing but epochs."""
    train = document.pop("train", {})
    if not isinstance(train, dict):
        return {**document, "training": train}
    if "epochs" in train:
        document["budget"] = {"unit": "epochs", "amount": train.pop("epochs")}
    if "batch" in train:
        train["batch_size"] = train.pop("batch")
    if train:
        document["training"] = train
    return document


_STEPS: dict[int, Callable[[Document], Document]] = {0: _from_0}
