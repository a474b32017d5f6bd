"""What the commands of all studies share: their flags, the time they will take, and the work itself."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.app.lab_client import LabClient
from workbench.app.studies.estimate import Estimate, timing_request
from workbench.app.studies.folder import Study, create_study, new_study_path, open_study, refuse_other_study
from workbench.app.studies.plan import StudyPlan, budget_words, check_plan
from workbench.app.studies.results import CellState, Results, StudyReader
from workbench.app.studies.runner import StudyRunner
from workbench.cli.terminal import POLL_S, Terminal
from workbench.core.errors import Cancelled, RunFailed, WorkbenchError
from workbench.core.resources import workspace_home
from workbench.core.units import format_duration
from workbench.plugins.catalogue import Catalogue, builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Recipe
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document

INTERRUPTED = 130
MakePlan = Callable[[argparse.Namespace, Recipe, Catalogue], StudyPlan]
Tell = Callable[[Study, Results, Catalogue], tuple[dict[str, Any], str]]
"""Writes a study's files; the document and the words that tell its results."""


def add_flags(command: argparse.ArgumentParser, budget: str) -> None:
    """What every study takes."""
    command.add_argument("--budget", default=budget, metavar="30s|2epochs|200steps", help="of each run")
    command.add_argument(
        "--samples", type=int, default=0, metavar="N", help="training samples of each run; 0: as the recipe says"
    )
    command.add_argument("--seeds", type=int, default=1, metavar="N", help="runs of each cell")
    command.add_argument("--measure", choices=["probe", "knn"], default="probe", help="what accuracy is measured")
    command.add_argument(
        "--set", action="append", default=[], metavar="a.b=c", dest="overrides", help="change a setting of the recipe"
    )
    command.add_argument("--out", type=Path, metavar="DIR", help="the study's folder; goes on with the same study")
    command.add_argument("--resume", type=Path, metavar="DIR", help="go on with the study in this folder")
    command.add_argument("--dry-run", action="store_true", help="say what would be run and how long it would take")
    command.add_argument("--yes", action="store_true", help="do not ask before it starts")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")


def run_study(arguments: argparse.Namespace, kind: type[StudyPlan], make: MakePlan, tell: Tell) -> int:
    """Work a study off; returns 0, 3 when a run failed, 130 when it was interrupted or not wanted."""
    terminal, catalogue = Terminal(arguments.json), builtin_catalogue()
    study = _asked_study(arguments, kind, make, catalogue)
    reader = StudyReader(study)
    estimate = study.estimate() or _time(study, catalogue, terminal)
    if arguments.dry_run:
        terminal.result(_dry_document(study, estimate), _plan_words(study, reader.read(), estimate))
        return 0
    before = reader.read()
    if not before.complete:
        terminal.say(_plan_words(study, before, estimate))
        if not arguments.yes and not _agreed():
            return INTERRUPTED
    study = create_study(study.path, study.plan, study.base, catalogue)
    study.keep_estimate(estimate)
    return _work(study, catalogue, terminal, estimate, tell)


def _work(study: Study, catalogue: Catalogue, terminal: Terminal, estimate: Estimate, tell: Tell) -> int:
    """Run the queue and tell how it ended."""
    progress = _Progress(study, terminal, estimate)
    results = StudyRunner(study, catalogue, progress.tell).run()
    document, words = tell(study, results, catalogue)
    terminal.result({"study": str(study.path), **document}, f"{words}\n{study.path}")
    if not results.complete:
        terminal.say(f"Stopped. Go on with: workbench study {study.plan.kind} --resume {study.path}")
        return INTERRUPTED
    if results.failures:
        raise RunFailed(f"{len(results.failures)} of {len(results.runs)} runs failed.", "Their consoles say more.")
    return 0


class _Progress:
    """One line with the run at work and the time left, read anew at most every few seconds."""

    def __init__(self, study: Study, terminal: Terminal, estimate: Estimate) -> None:
        self._reader, self._terminal, self._estimate = StudyReader(study), terminal, estimate
        self._left, self._read_at = "", float("-inf")

    def tell(self, words: str) -> None:
        """Show where things stand."""
        if time.monotonic() - self._read_at > 3:
            self._read_at = time.monotonic()
            left_s = self._reader.left_s(self._reader.read(), self._estimate)
            self._left = f"  about {format_duration(left_s)} left" if left_s is not None else ""
        self._terminal.progress(words + self._left)


# -- what is asked -----------------------------------------------------------------------------------------------------


def _asked_study(arguments: argparse.Namespace, kind: type[StudyPlan], make: MakePlan, catalogue: Catalogue) -> Study:
    """The study to go on with, or a new one that is not on disk yet."""
    if arguments.resume is not None:
        study = open_study(arguments.resume.resolve(), catalogue)
        if not isinstance(study.plan, kind):
            words = f"The study in {study.path} is one of {study.plan.kind}."
            raise WorkbenchError(words, f"Go on with: workbench study {study.plan.kind} --resume {study.path}")
        return study
    if arguments.recipe is None:
        raise WorkbenchError("There is no recipe to study.", "Name a preset, a recipe file, or --resume DIR.")
    base = build(override_recipe(find_document(arguments.recipe), arguments.overrides, catalogue), catalogue)
    plan = make(arguments, base, catalogue)
    check_plan(plan, base, catalogue)
    path = (arguments.out or new_study_path(workspace_home() / "studies", base)).resolve()
    refuse_other_study(path, plan, base, catalogue)
    return Study(path, plan, base)


def listed(words: str | None) -> list[str]:
    """The names in 'a, b,c'."""
    return [name.strip() for name in (words or "").split(",") if name.strip()]


def _agreed() -> bool:
    """Whether the user wants it; asked only where someone can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    print("Start it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


# -- how long it takes ---------------------------------------------------------------------------------------------


def _time(study: Study, catalogue: Catalogue, terminal: Terminal) -> Estimate:
    """Time a few steps in a lab; raises LabError, and Cancelled at Ctrl-C."""
    lab = LabClient(workspace_home() / "logs" / "lab-study.log")
    outcome: list[Any] = []
    try:
        lab.ask(
            "time_recipe",
            timing_request(study.plan, study.base, catalogue),
            done=lambda result, _arrays: outcome.append(Estimate.model_validate(result)),
            failed=outcome.append,
            progress=lambda _share, words: terminal.progress(words),
        )
        while not outcome:
            lab.poll()
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        raise Cancelled() from None
    finally:
        lab.close()
        terminal.clear()
    if isinstance(outcome[0], WorkbenchError):
        raise outcome[0]
    assert isinstance(outcome[0], Estimate)
    return outcome[0]


def _plan_words(study: Study, results: Results, estimate: Estimate) -> str:
    plan, left_s = study.plan, results.left_s(estimate.run_s(study.plan, study.base))
    done = results.count(CellState.DONE, CellState.FAILED)
    went = f", {done} of them made already" if done else ""
    run_s = estimate.run_s(plan, study.base)
    runs = f"{len(results.runs)} runs" if len(results.runs) > 1 else "1 run"
    return (
        f"{runs} of {budget_words(plan.budget)}{went}: {plan.words}\n"
        f"About {format_duration(left_s or 0.0)} in all: {format_duration(run_s)} a run, "
        f"{format_duration(estimate.training_s(plan, study.base))} of it training.\n"
        f"Folder: {study.path}"
    )


def _dry_document(study: Study, estimate: Estimate) -> dict[str, Any]:
    plan, base = study.plan, study.base
    return {
        "study": str(study.path),
        "plan": plan.model_dump(mode="json"),
        "runs": [cell.folder for cell in plan.cells()],
        "run_s": estimate.run_s(plan, base),
        "study_s": estimate.study_s(plan, base),
        "timing": estimate.model_dump(),
    }
