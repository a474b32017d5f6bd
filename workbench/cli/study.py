"""`workbench study augmentations`: a short run for every pair of distortions, and the table they make."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from workbench.app.lab_client import LabClient
from workbench.app.studies.estimate import Estimate, timing_request
from workbench.app.studies.folder import Study, create_study, new_study_path, open_study, refuse_other_study
from workbench.app.studies.plan import Plan, budget_words, check_plan, make_plan, parse_budget
from workbench.app.studies.report import as_document, as_text, save, titles
from workbench.app.studies.results import CellState, StudyReader, Table
from workbench.app.studies.runner import StudyRunner
from workbench.cli.terminal import POLL_S, Terminal
from workbench.core.errors import Cancelled, RunFailed, WorkbenchError
from workbench.core.resources import workspace_home
from workbench.core.units import format_duration
from workbench.plugins.catalogue import Catalogue, builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document
from workbench.recipes.sweeps import known_distortions

INTERRUPTED = 130


def add_study(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The `study` command and what it takes."""
    kinds = commands.add_parser("study", help="many short runs that answer one question").add_subparsers(
        dest="study", required=True, metavar="STUDY"
    )
    command = kinds.add_parser(
        "augmentations",
        help="a run for every pair of view operations, and a heat map of how good their encoders are",
        description="Trains a run for every pair of view operations, the pair on one of two branches, and shows how "
        "good their encoders are (Chen et al. 2020, figure 5). Ctrl-C stops it with all that is done kept; --resume or "
        "the same --out goes on.",
    )
    command.add_argument("recipe", nargs="?", metavar="RECIPE.toml|PRESET")
    command.add_argument("--ops", metavar="a,b,c", help="operations, in order; by default those of the paper")
    command.add_argument("--budget", default="2epochs", metavar="30s|2epochs|200steps", help="of each run")
    command.add_argument("--samples", type=int, default=0, metavar="N", help="training samples of each run; 0: all")
    command.add_argument("--seeds", type=int, default=1, metavar="N", help="runs of each cell")
    command.add_argument("--measure", choices=["probe", "knn"], default="probe", help="what accuracy is measured")
    command.add_argument("--symmetric", action="store_true", help="run each pair in one order only")
    command.add_argument(
        "--set", action="append", default=[], metavar="a.b=c", dest="overrides", help="change a setting of the recipe"
    )
    command.add_argument("--out", type=Path, metavar="DIR", help="the study's folder; goes on with the same study")
    command.add_argument("--resume", type=Path, metavar="DIR", help="go on with the study in this folder")
    command.add_argument("--dry-run", action="store_true", help="say what would be run and how long it would take")
    command.add_argument("--yes", action="store_true", help="do not ask before it starts")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=run)


def run(arguments: argparse.Namespace) -> int:
    """Work a study off; returns 0, 3 when a run failed, 130 when it was interrupted or not wanted."""
    terminal, catalogue = Terminal(arguments.json), builtin_catalogue()
    study = _asked_study(arguments, catalogue)
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
    return _work(study, catalogue, terminal, estimate)


def _work(study: Study, catalogue: Catalogue, terminal: Terminal, estimate: Estimate) -> int:
    """Run the queue and tell how it ended."""
    progress = _Progress(study, terminal, estimate)
    runner = StudyRunner(study, catalogue, progress.tell)
    table = runner.run()
    headings = titles(study.plan, catalogue)
    files = save(table, headings, study.base.name or study.base.data.id, study.path)
    document = {"study": str(study.path), **as_document(table), "files": [str(path) for path in files]}
    terminal.result(document, f"{as_text(table, headings)}\n{study.path}")
    if not table.complete:
        terminal.say(f"Stopped. Go on with: workbench study augmentations --resume {study.path}")
        return INTERRUPTED
    if table.failures:
        raise RunFailed(f"{len(table.failures)} of {len(table.results)} runs failed.", "Their consoles say more.")
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


def _asked_study(arguments: argparse.Namespace, catalogue: Catalogue) -> Study:
    """The study to go on with, or a new one that is not on disk yet."""
    if arguments.resume is not None:
        return open_study(arguments.resume.resolve(), catalogue)
    if arguments.recipe is None:
        raise WorkbenchError("There is no recipe to study.", "Name a preset, a recipe file, or --resume DIR.")
    document = override_recipe(find_document(arguments.recipe), arguments.overrides, catalogue)
    base, plan = build(document, catalogue), _plan(arguments, catalogue)
    check_plan(plan, base, catalogue)
    path = (arguments.out or new_study_path(workspace_home() / "studies", base)).resolve()
    refuse_other_study(path, plan, base, catalogue)
    return Study(path, plan, base)


def _plan(arguments: argparse.Namespace, catalogue: Catalogue) -> Plan:
    named = [name.strip() for name in arguments.ops.split(",")] if arguments.ops is not None else []
    return make_plan(
        [name for name in named if name] if named else [item.name for item in known_distortions(catalogue)],
        parse_budget(arguments.budget),
        catalogue,
        samples=arguments.samples,
        seeds=arguments.seeds,
        measure=arguments.measure,
        symmetric=arguments.symmetric,
    )


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


def _plan_words(study: Study, table: Table, estimate: Estimate) -> str:
    plan, left_s = study.plan, table.left_s(estimate.run_s(study.plan, study.base))
    done = table.count(CellState.DONE, CellState.FAILED)
    went = f", {done} of them made already" if done else ""
    run_s = estimate.run_s(plan, study.base)
    runs = f"{len(table.results)} runs" if len(table.results) > 1 else "1 run"
    return (
        f"{runs} of {budget_words(plan.budget)}{went}: {', '.join(plan.ops)}\n"
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
