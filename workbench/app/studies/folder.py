"""A study on disk.

STUDY_DIR/
  study.toml recipe.toml    the plan, and the recipe that its runs start from
  estimate.json             what a run was timed to cost, where it was timed
  runs/                     a run folder a cell: all results are read from these
  engine.lock control.jsonl console.log    of the process that works on it, as in a run folder
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from pydantic import ValidationError

from workbench.app.studies.estimate import Estimate
from workbench.app.studies.kinds import PLANS
from workbench.app.studies.plan import Cell, StudyPlan, check_plan
from workbench.core.errors import RunError
from workbench.core.files import free_name, write_atomic
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Recipe
from workbench.recipes.toml_io import read_document, write_toml
from workbench.runs.folder import RunFolder
from workbench.runs.lock import holder
from workbench.runs.state import ProcessId

SCHEMA = 1


@dataclass(frozen=True)
class Study:
    """One study, by its folder.

    plan, base : what it does, and the recipe it started from
    """

    path: Path
    plan: StudyPlan
    base: Recipe

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def runs_dir(self) -> Path:
        return self.path / "runs"

    @property
    def desk(self) -> RunFolder:
        """Where the working process keeps its lock, its control file and its console."""
        return RunFolder(self.path)

    def run_of(self, cell: Cell) -> RunFolder:
        """The run folder of a cell; it need not be there yet."""
        return RunFolder(self.runs_dir / cell.folder)

    def worker(self) -> ProcessId | None:
        """The live process that works on it; not to be asked by that process itself (see `runs.lock`)."""
        process = holder(self.desk)
        return process if process is not None and process.alive else None

    def estimate(self) -> Estimate | None:
        """What a run was timed to cost."""
        try:
            return Estimate.model_validate(json.loads((self.path / "estimate.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None

    def keep_estimate(self, estimate: Estimate) -> None:
        """Remember it, for the time left that others show."""
        write_atomic(self.path / "estimate.json", estimate.model_dump_json(indent=2) + "\n")


def create_study(path: Path, plan: StudyPlan, base: Recipe, catalogue: Catalogue) -> Study:
    """A new study in this folder, or the one that is there already where it is the same.

    Raises RecipeError where a run could not be trained, RunError where the folder holds something else.
    """
    check_plan(plan, base, catalogue)
    if refuse_other_study(path, plan, base, catalogue):
        return Study(path, plan, base)
    try:
        path.mkdir(parents=True, exist_ok=True)
        write_atomic(path / "recipe.toml", write_toml(base))
        document = {"schema": SCHEMA, "kind": plan.kind, **plan.model_dump(mode="json")}
        write_atomic(path / "study.toml", tomlkit.dumps(document))
    except OSError as error:
        raise RunError(f"No study can be kept in {path}: {error.strerror}.", "Choose another folder.") from error
    return Study(path, plan, base)


def refuse_other_study(path: Path, plan: StudyPlan, base: Recipe, catalogue: Catalogue) -> bool:
    """Whether this very study is in the folder already; raises RunError where the folder holds something else."""
    if (path / "study.toml").exists():
        found = open_study(path, catalogue)
        if (found.plan, found.base) != (plan, base):
            raise RunError(f"The folder {path} holds another study.", "Name another folder, or go on with --resume.")
        return True
    if path.exists() and any(path.iterdir()):
        raise RunError(f"The folder {path} is not empty and holds no study.", "Name another folder.")
    return False


def open_study(path: Path, catalogue: Catalogue) -> Study:
    """The study in this folder; raises RunError where there is none, RecipeError where its recipe is broken."""
    file = path / "study.toml"
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        kind = str(document.pop("kind", ""))
        if document.pop("schema", None) != SCHEMA or kind not in PLANS:
            raise RunError(f"{file} is of another kind or version than this program knows.")
        plan = PLANS[kind].model_validate(document)
    except OSError:
        raise RunError(f"{path} is not a study: it has no study.toml that can be read.") from None
    except (ValidationError, ValueError) as error:
        raise RunError(f"{file} cannot be read: {error}.", "Start a new study.") from error
    return Study(path, plan, build(read_document(path / "recipe.toml"), catalogue))


def new_study_path(studies_dir: Path, base: Recipe) -> Path:
    """A free folder name for a study of this recipe."""
    kept = "".join(char if char.isalnum() else "-" for char in (base.name or base.data.id).lower())
    stem = "-".join(part for part in kept.split("-") if part)[:50] or "study"
    return free_name(studies_dir, stem)


def studies_in(studies_dir: Path, kind: str) -> Sequence[Path]:
    """The folders of all studies of this kind in a workspace, newest first."""
    found = [file for file in studies_dir.glob("*/study.toml") if _kind(file) == kind]
    return [file.parent for file in sorted(found, key=lambda file: file.stat().st_mtime, reverse=True)]


def _kind(file: Path) -> str:
    """What kind of study a file says it is; one that cannot be read says so when it is opened."""
    try:
        return str(tomllib.loads(file.read_text(encoding="utf-8")).get("kind", ""))
    except (OSError, ValueError):
        return ""
