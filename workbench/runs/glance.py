"""What a list of runs shows of one run, read without parsing its curves."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.recipes.models import SCHEMA, Recipe
from workbench.runs.events import METRICS_MARK, Event, decode
from workbench.runs.folder import RunFolder
from workbench.runs.history import RunHistory
from workbench.runs.tail import LineTail

_CHUNK_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Glance:
    """One run at a glance; plain values, as the catalogue stores them.

    folder : name of the run folder
    name, objective, dataset, backbone : from the resolved recipe, else from the one that was asked
    phase, reason : as the events say, see `Summary`
    pid, pid_start, host : the last engine, 0, 0 and "" before the first
    step, t : of the last event
    steps_total : None for a time budget
    loss : newest value, None before the first or where it was not a number
    knn : best online kNN accuracy of all evaluations
    alarm : title of the newest alarm that goes on, "" without
    created : wall time in seconds
    size_bytes : of the whole folder
    problem : what could not be read, in words; "" where all could
    """

    folder: str
    name: str
    objective: str
    dataset: str
    backbone: str
    phase: str
    reason: str
    pid: int
    pid_start: float
    host: str
    step: int
    t: float
    steps_total: int | None
    loss: float | None
    knn: float | None
    alarm: str
    created: float
    size_bytes: int
    problem: str


def glance(folder: RunFolder) -> Glance:
    """Read one run folder as far as it can be read."""
    recipe, problem = _recipe(folder)
    history = lifecycle(folder.events)
    summary, process = history.summary, history.summary.process
    knn = [value for item in history.evaluations for name, value in item.values.items() if name.startswith("knn")]
    loss = history.last("loss")
    size_bytes, oldest = _extent(folder.path)
    return Glance(
        folder=folder.name,
        name=_text(recipe.get("name")) or folder.name,
        objective=_chosen(recipe, "objective"),
        dataset=_chosen(recipe, "data"),
        backbone=_chosen(recipe, "backbone"),
        phase=summary.phase.value,
        reason=summary.reason,
        pid=process.pid if process else 0,
        pid_start=process.pid_start if process else 0.0,
        host=process.host if process else "",
        step=summary.step,
        t=summary.t,
        steps_total=summary.steps_total,
        loss=loss if loss is not None and math.isfinite(loss) else None,
        knn=max(knn, default=None),
        alarm=history.open_alarms[-1].title if history.open_alarms else "",
        created=oldest if summary.created_t is None else summary.created_t,
        size_bytes=size_bytes,
        problem=problem,
    )


def lifecycle(events: Path) -> RunHistory:
    """A history without the curves: of neighbouring metrics events only the last is parsed."""
    history, tail = RunHistory(), LineTail(events)
    while lines := tail.read(_CHUNK_BYTES):
        history.fold(_decoded(_lines_that_matter(lines)))
    return history


def _lines_that_matter(lines: list[bytes]) -> list[bytes]:
    is_metrics = [METRICS_MARK in line for line in lines]
    return [line for line, *both in zip(lines, is_metrics, [*is_metrics[1:], False], strict=True) if not all(both)]


def _decoded(lines: list[bytes]) -> Iterator[Event]:
    for line in lines:
        with suppress(ValueError):
            yield decode(line)


def _recipe(folder: RunFolder) -> tuple[dict[str, Any], str]:
    """The recipe as a plain document over the defaults, and what is wrong with it; never raises."""
    path = folder.resolved if folder.resolved.is_file() else folder.recipe
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return {}, f"{path.name} cannot be read: {error.strerror}."
    except ValueError as error:
        return {}, f"{path.name} is not TOML: {error}."
    if document.get("schema") not in (None, SCHEMA):
        return document, f"{path.name} has schema {document['schema']}, this program knows {SCHEMA}."
    return {**Recipe().document(), **document}, ""


def _chosen(recipe: dict[str, Any], section: str) -> str:
    choice = recipe.get(section)
    return _text(choice.get("id")) if isinstance(choice, dict) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _extent(folder: Path) -> tuple[int, float]:
    """Bytes in the folder, and the oldest change of a file in it (wall seconds)."""
    size_bytes, times = 0, []
    for path in (folder, *folder.rglob("*")):
        with suppress(OSError):  # an engine at work replaces drafts
            stat = path.stat()
            size_bytes += stat.st_size if path.is_file() else 0
            times.append(stat.st_mtime)
    return size_bytes, min(times, default=0.0)
