"""Publishes what can be contributed as one JSON catalogue, so that the front needs to import nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workbench.core.files import write_atomic
from workbench.data.table import SOURCES
from workbench.embeddings.projections.projecting import PROJECTIONS
from workbench.engine.formula import outline
from workbench.models.optimisers import OPTIMISERS
from workbench.models.table import BACKBONES
from workbench.objectives.base import Objective
from workbench.objectives.table import OBJECTIVES
from workbench.plugins.catalogue import Catalogue, ObjectiveEntry
from workbench.views.presets import NOTES, PRESETS
from workbench.views.table import OPERATIONS


def builtin() -> Catalogue:
    """The catalogue of everything in this program's tables."""
    return Catalogue(
        datasets=_entries(SOURCES),
        operations=_entries(OPERATIONS),
        view_presets={name: views.model_dump(mode="json") for name, views in PRESETS.items()},
        view_preset_notes=NOTES,
        backbones=_entries(BACKBONES),
        objectives=tuple(objective_entry(objective) for objective in OBJECTIVES),
        optimisers=_entries(OPTIMISERS),
        projections=_entries(PROJECTIONS.values()),
    )


def objective_entry(objective: type[Objective], plugin: str = "") -> ObjectiveEntry:
    """An objective as published, its formula set as outlines."""
    path, box = outline(objective.spec.formula)
    return ObjectiveEntry(
        spec=objective.spec, schema_=objective.Config.model_json_schema(), plugin=plugin, outline=path, outline_box=box
    )


def write_catalogue(out: Path | None) -> int:
    """Write the built-in catalogue to a file, or to standard output."""
    text = json.dumps(builtin().model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        write_atomic(out, text)
    return 0


def _entries(contributions: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({"spec": item.spec, "schema": item.Config.model_json_schema()} for item in contributions)
