"""What there is to explore: runs, their checkpoints, and which of these have been embedded. No Qt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from workbench.app.application import App
from workbench.app.supervisor import RunHandle
from workbench.runs.folder import RunFolder, run_of_set


@dataclass(frozen=True)
class Place:
    """A run, or an embedding set that belongs to none.

    title : the run's name, with that of its folder where several runs share it
    live : whether an engine is at work on it
    loose : the folder is the embedding set itself
    """

    path: Path
    title: str
    live: bool = False
    loose: bool = False


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint; `embeddings` is the folder of its embedding set, None before it was embedded."""

    step: int
    embeddings: Path | None


def places(app: App, loose: tuple[Path, ...] = ()) -> list[Place]:
    """Sets that were opened from disk, then the runs that are watched but not listed, then the listed, newest first."""
    listed = {row.folder.path.resolve(): row for row in app.run_rows}
    handles = app.supervisor.handles
    found = [Place(path, loose_title(path), loose=True) for path in loose]
    found += [Place(path, path.name, handle.state.live) for path, handle in handles.items() if path not in listed]
    shared = Counter(row.glance.name for row in app.run_rows)
    for path, row in listed.items():
        name = row.glance.name
        title = name if shared[name] == 1 else f"{name} · {path.name}"
        found.append(Place(path, title, handles[path].state.live if path in handles else row.state.live))
    return found


def checkpoints(place: Place) -> list[Checkpoint]:
    """The checkpoints and embedding sets of a run, newest first."""
    if place.loose:
        return []
    folder = RunFolder(place.path)
    embedded = dict(folder.embedding_sets())
    steps = {ref.step for ref in folder.whole_checkpoints()} | embedded.keys()
    return [Checkpoint(step, embedded.get(step)) for step in sorted(steps, reverse=True)]


def run_of(embeddings: Path) -> Path | None:
    """The run folder that an embedding set lies in; None for one that belongs to no run."""
    run = run_of_set(embeddings)
    return None if run is None else run.path


def same_run(one: Path, other: Path) -> bool:
    """Whether two embedding sets come from one run, and so hold the same samples."""
    run = run_of(one)
    return run is not None and run_of(other) == run


def loose_title(embeddings: Path) -> str:
    """What a set that was opened from disk is called."""
    run = run_of(embeddings)
    return embeddings.name if run is None else f"{run.name} · {step_words(embeddings)}"


def step_words(embeddings: Path) -> str:
    """`step 1,200` of a run's embedding set; the folder's name of one that is called otherwise."""
    digits = embeddings.name.removeprefix("step_")
    return f"step {int(digits):,}" if digits.isdecimal() else embeddings.name


def news(handle: RunHandle | None) -> tuple[object, ...]:
    """Changes whenever a run's checkpoints may have changed, and costs nothing to ask."""
    if handle is None:
        return ()
    history = handle.history
    return len(history.checkpoints), len(history.embeddings), handle.state
