"""The encoders that can be looked through, and what the lab is told of them. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.app.application import App
from workbench.gui.pages.data.state import data_section
from workbench.gui.pages.explore.places import Place, news, places
from workbench.gui.pages.views.words import views_of
from workbench.runs.folder import RunFolder

UNTRAINED = "untrained"


@dataclass(frozen=True)
class Encoder:
    """One encoder to choose.

    key : tells it from others, over a restart of the lab too
    steps : of a run's checkpoints, newest first; empty for an encoder of no run
    embedded : step -> folder of the embedding set
    """

    key: str
    title: str
    run: Path | None = None
    steps: tuple[int, ...] = ()
    embedded: Mapping[int, Path] = field(default_factory=dict)
    file: Mapping[str, str] = field(default_factory=dict)

    def document(self, app: App, step: int | None) -> dict[str, Any]:
        """What the lab is told; an untrained one follows the recipe's backbone, seed and size of views."""
        if self.run is not None:
            return {"kind": "run", "run": str(self.run), "step": step if step in self.steps else self.steps[0]}
        if self.file:
            return {"kind": "pretrained", **self.file}
        editor = app.editor
        return {
            "kind": UNTRAINED,
            "backbone": dict(editor.value("backbone") or {}),
            "seed": int(editor.value("seed") or 0),
            "data": data_section(app),
            "views": views_of(editor),
        }


def untrained(app: App) -> Encoder:
    """The recipe's backbone with random weights: the floor that training must rise above."""
    id_ = str(app.editor.value("backbone.id") or "")
    title = app.catalogue.get("backbone", id_).title if app.catalogue.has("backbone", id_) else id_
    return Encoder(UNTRAINED, f"{title}, untrained")


def pretrained(files: Sequence[Mapping[str, str]]) -> list[Encoder]:
    """What the lab found on this machine."""
    return [Encoder(f"file:{row['file']}", f"{row['name']}, pretrained", file=dict(row)) for row in files]


def of_runs(found: Sequence[Place]) -> list[Encoder]:
    """The runs that have a checkpoint, in the order given; reads the disk, so it belongs on the background thread."""
    encoders = []
    for place in found:
        folder = RunFolder(place.path)
        steps = tuple(ref.step for ref in reversed(folder.whole_checkpoints()))
        if steps:
            embedded = dict(folder.embedding_sets())
            encoders.append(Encoder(f"run:{place.path}", place.title, place.path, steps, embedded))
    return encoders


def run_places(app: App) -> list[Place]:
    """The runs there are, the one that is looked at first."""
    current = app.current.folder.path.resolve() if app.current is not None else None
    return sorted(places(app), key=lambda place: place.path != current)


def runs_state(app: App) -> tuple[object, ...]:
    """Changes whenever there may be other checkpoints, and costs nothing to ask."""
    handles = app.supervisor.handles
    current = app.current.folder.path if app.current is not None else None
    return (*(str(row.folder.path) for row in app.run_rows), current, *(news(handle) for handle in handles.values()))
