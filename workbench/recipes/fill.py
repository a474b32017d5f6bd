"""Settings that a document leaves out, filled in from the catalogue.

Two documents that mean the same become the same recipe: every setting is stated, in the order of its schema, and a
number that the schema calls a float is one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Choice, Recipe

Document = dict[str, Any]

CHOICE_SECTIONS = {"data": "dataset", "backbone": "backbone", "objective": "objective", "optimiser": "optimiser"}


def choice_tables(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every table that names a contribution: its dotted key, the kind of contribution, the table."""
    for section, kind in CHOICE_SECTIONS.items():
        if isinstance(document.get(section), dict):
            yield section, kind, document[section]
    views = document.get("views")
    branches = views.get("branches") if isinstance(views, dict) else None
    for number, branch in enumerate(branches if isinstance(branches, list) else ()):
        ops = branch.get("ops") if isinstance(branch, dict) else None
        for position, op in enumerate(ops if isinstance(ops, list) else ()):
            if isinstance(op, dict):
                yield f"views.branches.{number}.ops.{position}", "operation", op


def with_sections(document: Mapping[str, Any], catalogue: Catalogue) -> Document:
    """A copy in which every section that names a contribution is there.

    Views without branches take those of `views.preset`, or where that is silent too, of the preset that suits the
    objective.
    """
    full = copy.deepcopy(dict(document))
    for section in CHOICE_SECTIONS:
        default: Choice = Recipe.model_fields[section].default
        full.setdefault(section, {"id": default.id})
    views = full.get("views", {})
    if isinstance(views, dict) and "branches" not in views:
        full["views"] = _preset_views(views, full["objective"], catalogue)
    return full


def _preset_views(views: Document, objective: Any, catalogue: Catalogue) -> Document:
    name = views.get("preset") or _suggested_preset(objective, catalogue)
    preset = catalogue.view_presets.get(name) if isinstance(name, str) else None
    return {**copy.deepcopy(preset), **views, "preset": name} if preset else views


def _suggested_preset(objective: Any, catalogue: Catalogue) -> str:
    id_ = objective.get("id") if isinstance(objective, dict) else None
    if not isinstance(id_, str) or not catalogue.has("objective", id_):
        return ""
    return catalogue.objective(id_).spec.views_preset


def with_settings(document: Document, catalogue: Catalogue) -> Document:
    """A checked document in which every setting of every contribution is stated; None counts as left out."""
    full = copy.deepcopy(document)
    for _, kind, table in choice_tables(full):
        entry = catalogue.get(kind, table["id"])
        given = {**entry.defaults(), **{name: value for name, value in table.items() if value is not None}}
        properties = entry.schema_.get("properties", {})
        stated = {name: _typed(part, given[name]) for name, part in properties.items() if given.get(name) is not None}
        id_ = table["id"]
        table.clear()
        table.update(id=id_, **stated)
    return full


def _typed(schema: Mapping[str, Any], value: Any) -> Any:
    """`1` and `1.0` are one value to a float, and so must have one form in files and fingerprints."""
    kinds = [part.get("type") for part in (schema, *schema.get("anyOf", ()))]
    if isinstance(value, list | tuple):
        parts = schema.get("prefixItems") or [schema.get("items") or {}] * len(value)
        return [_typed(part, item) for part, item in zip(parts, value, strict=False)]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if "integer" in kinds:
        return int(value) if value == int(value) else value
    return float(value) if "number" in kinds else value
