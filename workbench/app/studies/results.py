"""What a study has found so far, read from its run folders and from nothing else."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import fmean, stdev

from workbench.app.studies.estimate import Estimate
from workbench.app.studies.folder import Study
from workbench.app.studies.plan import Cell, Plan
from workbench.runs.folder import RunFolder, step_name
from workbench.runs.glance import lifecycle
from workbench.runs.history import RunHistory
from workbench.runs.state import RunState, state

FAILURE = "study_failure.json"


class CellState(StrEnum):
    """Where a cell's run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    MEASURING = "to be measured"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class CellResult:
    """One run of a study.

    value : accuracy in [0, 1] where it is done
    share : done share of its training budget, in [0, 1]
    took_s : wall time from its start to its measurement; None where it is not done, or was interrupted
    reason : why it failed
    """

    cell: Cell
    state: CellState = CellState.WAITING
    value: float | None = None
    share: float = 0.0
    took_s: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Score:
    """The runs of one cell: mean accuracy in [0, 1], standard deviation over seeds (None for one), how many."""

    mean: float
    std: float | None
    count: int


class Table:
    """A study's results, arranged."""

    def __init__(self, plan: Plan, results: list[CellResult]) -> None:
        self.plan = plan
        self.results = results
        self._by_pair: dict[tuple[str, str], list[CellResult]] = {}
        for result in results:
            self._by_pair.setdefault((result.cell.first, result.cell.second), []).append(result)
        if plan.symmetric:
            for (first, second), found in list(self._by_pair.items()):
                self._by_pair.setdefault((second, first), found)

    def runs(self, first: str, second: str) -> list[CellResult]:
        """The runs of a cell, one a seed."""
        return self._by_pair[first, second]

    def score(self, first: str, second: str) -> Score | None:
        """What the runs of a cell that are done say."""
        return _score([run.value for run in self.runs(first, second) if run.value is not None])

    def average(self, first: str) -> float | None:
        """The mean over the cells of a row that have a score, as in the last column of the paper's figure."""
        scores = [self.score(first, second) for second in self.plan.ops]
        found = [score.mean for score in scores if score is not None]
        return fmean(found) if found else None

    def best(self) -> tuple[str, str] | None:
        """The cell with the highest mean."""
        scored = {pair: score.mean for pair in self._by_pair if (score := self.score(*pair)) is not None}
        return max(scored, key=lambda pair: scored[pair]) if scored else None

    def count(self, *states: CellState) -> int:
        """How many runs are in one of these states."""
        return sum(result.state in states for result in self.results)

    @property
    def complete(self) -> bool:
        """Whether every run is done or has failed."""
        return self.count(CellState.DONE, CellState.FAILED) == len(self.results)

    @property
    def done(self) -> int:
        """How many runs have a result."""
        return self.count(CellState.DONE)

    @property
    def failures(self) -> list[CellResult]:
        return [result for result in self.results if result.state is CellState.FAILED]

    def left_s(self, run_s: float | None) -> float | None:
        """Seconds left, by the runs that are done, else by the estimate of one run; None where neither is there."""
        took = [result.took_s for result in self.results if result.took_s is not None]
        each = fmean(took) if took else run_s
        if each is None:
            return None
        open_ = [result for result in self.results if result.state not in (CellState.DONE, CellState.FAILED)]
        return each * sum(1 - result.share for result in open_)


class StudyReader:
    """Reads a study's runs, each that has ended only once."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._ended: dict[Cell, tuple[object, CellResult]] = {}

    def read(self) -> Table:
        """The table as of now; takes a few milliseconds a run that has not ended."""
        return Table(self.study.plan, [self._result(cell) for cell in self.study.plan.cells()])

    def left_s(self, table: Table, estimate: Estimate | None) -> float | None:
        """Seconds left."""
        return table.left_s(estimate.run_s(self.study.plan, self.study.base) if estimate is not None else None)

    def _result(self, cell: Cell) -> CellResult:
        folder = self.study.run_of(cell)
        stamp = _stamp(folder)
        known = self._ended.get(cell)
        if known is not None and known[0] == stamp:
            return known[1]
        result = read_cell(folder, cell, self.study.plan)
        if result.state in (CellState.DONE, CellState.FAILED):
            self._ended[cell] = stamp, result
        return result


def read_cell(folder: RunFolder, cell: Cell, plan: Plan) -> CellResult:
    """What one run folder says."""
    noted = str(_json(folder.evaluation / FAILURE).get("reason", ""))
    if not folder.events.exists():
        return CellResult(cell, CellState.FAILED if noted else CellState.WAITING, reason=noted)
    history = lifecycle(folder.events)
    summary = history.summary
    now = state(summary, summary.process.alive if summary.process else False, time.time())
    share = history.share_done or 0.0
    if now is RunState.COMPLETED:
        return _measured(folder, cell, plan, history, noted)
    if now in (RunState.FAILED, RunState.CRASHED):
        return CellResult(cell, CellState.FAILED, share=share, reason=summary.reason or noted or "The engine died.")
    if now is RunState.STOPPED:
        return CellResult(cell, CellState.WAITING, share=share)
    return CellResult(cell, CellState.PAUSED if now is RunState.PAUSED else CellState.RUNNING, share=share)


def _measured(folder: RunFolder, cell: Cell, plan: Plan, history: RunHistory, noted: str) -> CellResult:
    loss = history.last("loss")
    if loss is not None and not math.isfinite(loss):
        return CellResult(cell, CellState.FAILED, share=1.0, reason=f"The loss became {loss}: the run has diverged.")
    value, measuring_s = _probe(folder, history) if plan.measure == "probe" else _knn(history)
    if value is None:
        reason = noted or ("No kNN was measured: the data has no labels." if plan.measure == "knn" else "")
        return CellResult(cell, CellState.FAILED if reason else CellState.MEASURING, share=1.0, reason=reason)
    summary = history.summary
    begun = summary.created_t if summary.starts == 1 else None
    took_s = summary.t - begun + measuring_s if begun is not None else None
    return CellResult(cell, CellState.DONE, value, 1.0, took_s)


def _probe(folder: RunFolder, history: RunHistory) -> tuple[float | None, float]:
    found = _json(folder.evaluation / f"probe_{step_name(history.summary.step)}.json")
    value, took_s = found.get("probe"), found.get("took_s")
    seconds = float(took_s) if isinstance(took_s, int | float) else 0.0
    return (float(value) if isinstance(value, int | float) else None), seconds


def _knn(history: RunHistory) -> tuple[float | None, float]:
    measured = [value for step, value in history.evaluated("knn") if step == history.summary.step]
    return (measured[-1] if measured else None), 0.0


def _score(values: list[float]) -> Score | None:
    if not values:
        return None
    return Score(fmean(values), stdev(values) if len(values) > 1 else None, len(values))


def _json(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _stamp(folder: RunFolder) -> tuple[int, ...]:
    stamps = []
    for path in (folder.events, folder.evaluation):
        try:
            stat = path.stat()
            stamps += [stat.st_mtime_ns, stat.st_size]
        except OSError:
            stamps += [0, 0]
    return tuple(stamps)
