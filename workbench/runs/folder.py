"""The run folder: what lies where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workbench.core.errors import RunError
from workbench.core.files import free_name, write_atomic

_STEP = re.compile(r"step_(\d{8,})")
_CHECKPOINT_FILES = ("model.safetensors", "train_state.pt")
_EMBEDDING_FILES = ("vectors.npy", "meta.json")


@dataclass(frozen=True)
class CheckpointRef:
    """A whole checkpoint: the optimiser steps it has seen, and its folder."""

    step: int
    path: Path


@dataclass(frozen=True)
class RunFolder:
    """One run on disk, named by its path; nothing is read before it is asked for."""

    path: Path

    @classmethod
    def create(cls, parent: Path, stem: str, recipe_toml: str) -> RunFolder:
        """A new folder `parent/stem` (or `-2`, `-3` ...) that holds the recipe.

        Raises RunError where none can be made.
        """
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder = cls(_make_free(parent, stem))
            write_atomic(folder.recipe, recipe_toml)
        except OSError as error:
            raise RunError(
                f"No run folder can be made in {parent}: {error.strerror}.", "Choose another place for runs."
            ) from error
        return folder

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def recipe(self) -> Path:
        """What was asked."""
        return self.path / "recipe.toml"

    @property
    def resolved(self) -> Path:
        """What was run."""
        return self.path / "resolved.toml"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def control(self) -> Path:
        return self.path / "control.jsonl"

    @property
    def console(self) -> Path:
        return self.path / "console.log"

    @property
    def lock(self) -> Path:
        return self.path / "engine.lock"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def embeddings(self) -> Path:
        return self.path / "embeddings"

    @property
    def evaluation(self) -> Path:
        return self.path / "evaluation"

    @property
    def figures(self) -> Path:
        return self.path / "figures"

    def whole_checkpoints(self) -> list[CheckpointRef]:
        """The checkpoints that can be loaded, oldest first; drafts and torn ones are no checkpoints."""
        return [CheckpointRef(step, path) for step, path in _steps(self.checkpoints, _CHECKPOINT_FILES)]

    def latest_checkpoint(self) -> CheckpointRef | None:
        """The whole checkpoint of the highest step."""
        found = self.whole_checkpoints()
        return found[-1] if found else None

    def checkpoint(self, step: int | None) -> CheckpointRef:
        """The whole checkpoint of a step, None for the newest; raises RunError with the steps there are."""
        whole = self.whole_checkpoints()
        chosen = next((ref for ref in reversed(whole) if step is None or ref.step == step), None)
        if chosen is None:
            had = f"There are: {', '.join(str(ref.step) for ref in whole)}." if whole else "Train it for longer."
            at = "" if step is None else f" at step {step}"
            raise RunError(f"The run {self.name} has no whole checkpoint{at}.", had)
        return chosen

    def embedding_sets(self) -> list[tuple[int, Path]]:
        """Step and folder of every whole embedding set, oldest first."""
        return _steps(self.embeddings, _EMBEDDING_FILES)


def run_of_set(embeddings: Path) -> RunFolder | None:
    """The run in whose folder an embedding set lies; None for one that belongs to no run."""
    place = embeddings.resolve()
    run = RunFolder(place.parent.parent)
    return run if place.parent == run.embeddings and run.recipe.exists() else None


def step_name(step: int) -> str:
    """'step_00001200': sorts as the steps do."""
    return f"step_{step:08d}"


def _make_free(parent: Path, stem: str) -> Path:
    while True:
        path = free_name(parent, stem)
        try:
            path.mkdir()
        except FileExistsError:  # another window was quicker
            continue
        return path


def _steps(parent: Path, files: tuple[str, ...]) -> list[tuple[int, Path]]:
    try:
        entries = list(parent.iterdir())
    except OSError:
        return []
    named = [(match, path) for path in entries if (match := _STEP.fullmatch(path.name))]
    whole = [(int(match[1]), path) for match, path in named if all((path / file).is_file() for file in files)]
    return sorted(whole)
