"""The catalogue: every contribution with its spec and the JSON Schema of its settings.

The built-in one is made by `python -m workbench.engine describe`, committed as `resources/catalogue.json` and tested to
be current. Plugins' catalogues are made in a child process and merged in.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ConfigDict, Field

from workbench.core.errors import WorkbenchError, unknown
from workbench.core.model import Model
from workbench.core.resources import resource
from workbench.plugins.specs import (
    BackboneSpec,
    ChoiceSpec,
    DatasetSpec,
    ObjectiveSpec,
    OperationSpec,
    ProjectionSpec,
)

SpecT = TypeVar("SpecT", bound=Model)


class Entry(Model, Generic[SpecT]):
    """A contribution as published: its spec, the JSON Schema of its settings, and who contributed it."""

    spec: SpecT
    schema_: dict[str, Any] = Field(alias="schema")
    plugin: str = ""
    model_config = ConfigDict(populate_by_name=True)

    @property
    def id(self) -> str:
        return str(self.spec.id)  # type: ignore[attr-defined]

    @property
    def title(self) -> str:
        return str(self.spec.title)  # type: ignore[attr-defined]

    def defaults(self) -> dict[str, Any]:
        """The default of every setting that has one."""
        properties = self.schema_.get("properties", {})
        return {name: prop["default"] for name, prop in properties.items() if "default" in prop}


class ObjectiveEntry(Entry[ObjectiveSpec]):
    """An objective, with its formula as outlines so that the window can draw it without a TeX engine.

    outline : SVG path data in points, y downwards, baseline at 0; "" where the formula could not be set
    outline_box : left, top, right, bottom of the outline
    """

    outline: str = ""
    outline_box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


class Catalogue(Model):
    """Everything that recipes can name."""

    schema_version: int = 1
    datasets: tuple[Entry[DatasetSpec], ...] = ()
    operations: tuple[Entry[OperationSpec], ...] = ()
    view_presets: dict[str, dict[str, Any]] = Field(default_factory=dict)
    view_preset_notes: dict[str, str] = Field(default_factory=dict, description="a sentence about a preset, by name")
    backbones: tuple[Entry[BackboneSpec], ...] = ()
    objectives: tuple[ObjectiveEntry, ...] = ()
    optimisers: tuple[Entry[ChoiceSpec], ...] = ()
    projections: tuple[Entry[ProjectionSpec], ...] = ()

    @cached_property
    def _index(self) -> dict[str, dict[str, Entry[Any]]]:
        kinds: dict[str, tuple[Entry[Any], ...]] = {
            "dataset": self.datasets,
            "operation": self.operations,
            "backbone": self.backbones,
            "objective": self.objectives,
            "optimiser": self.optimisers,
            "projection": self.projections,
        }
        return {kind: {entry.id: entry for entry in entries} for kind, entries in kinds.items()}

    def ids(self, kind: str) -> list[str]:
        """The ids of one kind, in the order they were registered."""
        return list(self._index[kind])

    def has(self, kind: str, id_: str) -> bool:
        return id_ in self._index[kind]

    def get(self, kind: str, id_: str) -> Entry[Any]:
        """One entry; raises WorkbenchError that suggests the nearest id."""
        try:
            return self._index[kind][id_]
        except KeyError:
            raise WorkbenchError(unknown(kind, id_, self.ids(kind))) from None

    def objective(self, id_: str) -> ObjectiveEntry:
        entry = self.get("objective", id_)
        assert isinstance(entry, ObjectiveEntry)
        return entry

    def merged(self, other: Catalogue) -> Catalogue:
        """This catalogue followed by a plugin's."""
        names = ("datasets", "operations", "backbones", "objectives", "optimisers", "projections")
        changes: dict[str, Any] = {name: getattr(self, name) + getattr(other, name) for name in names}
        for name in ("view_presets", "view_preset_notes"):
            changes[name] = {**getattr(self, name), **getattr(other, name)}
        return self.model_copy(update=changes)


def read_catalogue(path: Path) -> Catalogue:
    """A catalogue from its JSON file; raises WorkbenchError when it is not one."""
    try:
        return Catalogue.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise WorkbenchError(f"The catalogue {path} cannot be read: {error}") from error


def builtin_catalogue() -> Catalogue:
    """The catalogue of what ships with the program."""
    return read_catalogue(resource("catalogue.json"))
