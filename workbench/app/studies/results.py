"""What a study has found so far, read from its run folders and from nothing else."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from statistics import fmean, stdev

from workbench.app.studies.estimate import Estimate
from workbench.app.studies.folder import Study
from workbench.app.studies.plan import Cell, Measure
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
class Reading:
    """One measurement of an encoder.

    value : accuracy in [0, 1]
    floors : what needs no training, by name (`runs.history.RAW`, `RANDOM`), measured alike
    """

    value: float
    floors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CellResult:
    """One run of a study.

    value : accuracy in [0, 1] by the plan's measure, where it is done
    readings : every measurement there is
    share : done share of its training budget, in [0, 1]
    took_s : wall time from its start to its measurement; None where it is not done, or was interrupted
    steps : optimiser steps it made, with which a run under a time budget can be repeated; None where it is not done
    reason : why it failed
    """

    cell: Cell
    state: CellState = CellState.WAITING
    value: float | None = None
    share: float = 0.0
    took_s: float | None = None
    steps: int | None = None
    reason: str = ""
    readings: Mapping[Measure, Reading] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """The runs of one cell: mean accuracy in [0, 1], standard deviation over seeds (None for one), how many."""

    mean: float
    std: float | None
    count: int


class Results:
    """Every run of a study as it stands."""

    def __init__(self, runs: Sequence[CellResult]) -> None:
        self.runs = tuple(runs)

    def count(self, *states: CellState) -> int:
        """How many runs are in one of these states."""
        return sum(run.state in states for run in self.runs)

    @property
    def complete(self) -> bool:
        """Whether every run is done or has failed."""
        return self.count(CellState.DONE, CellState.FAILED) == len(self.runs)

    @property
    def done(self) -> int:
        """How many runs have a result."""
        return self.count(CellState.DONE)

    @property
    def failures(self) -> list[CellResult]:
        return [run for run in self.runs if run.state is CellState.FAILED]

    def left_s(self, run_s: float | None) -> float | None:
        """Seconds left, by the runs that are done, else by the estimate of one run; None where neither is there."""
        took = [run.took_s for run in self.runs if run.took_s is not None]
        each = fmean(took) if took else run_s
        if each is None:
            return None
        open_ = [run for run in self.runs if run.state not in (CellState.DONE, CellState.FAILED)]
        return each * sum(1 - run.share for run in open_)


class StudyReader:
    """Reads a study's runs, each that has ended only once."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._ended: dict[Cell, tuple[object, CellResult]] = {}

    def read(self) -> Results:
        """The results as of now; takes a few milliseconds a run that has not ended."""
        return Results([self._result(cell) for cell in self.study.plan.cells()])

    def left_s(self, results: Results, estimate: Estimate | None) -> float | None:
        """Seconds left."""
        return results.left_s(estimate.run_s(self.study.plan, self.study.base) if estimate is not None else None)

    def _result(self, cell: Cell) -> CellResult:
        folder = self.study.run_of(cell)
        stamp = _stamp(folder)
        known = self._ended.get(cell)
        if known is not None and known[0] == stamp:
            return known[1]
        result = read_cell(folder, cell, self.study.plan.measure)
        if result.state in (CellState.DONE, CellState.FAILED):
            self._ended[cell] = stamp, result
        return result


def read_cell(folder: RunFolder, cell: Cell, measure: Measure) -> CellResult:
    """What one run folder says."""
    noted = str(_json(folder.evaluation / FAILURE).get("reason", ""))
    history = lifecycle(folder.events) if folder.events.exists() else RunHistory()
    summary = history.summary
    if not summary.starts:  # an engine may die before it has written a line
        return CellResult(cell, CellState.FAILED if noted else CellState.WAITING, reason=noted)
    now = state(summary, summary.process.alive if summary.process else False, time.time())
    share = history.share_done or 0.0
    if now is RunState.COMPLETED:
        return _measured(folder, cell, measure, history, noted)
    if now in (RunState.FAILED, RunState.CRASHED):
        return CellResult(cell, CellState.FAILED, share=share, reason=summary.reason or noted or "The engine died.")
    if now is RunState.STOPPED:
        return CellResult(cell, CellState.WAITING, share=share)
    return CellResult(cell, CellState.PAUSED if now is RunState.PAUSED else CellState.RUNNING, share=share)


def _measured(folder: RunFolder, cell: Cell, measure: Measure, history: RunHistory, noted: str) -> CellResult:
    loss = history.last("loss")
    if loss is not None and not math.isfinite(loss):
        return CellResult(cell, CellState.FAILED, share=1.0, reason=f"The loss became {loss}: the run has diverged.")
    probe, measuring_s = _probe(folder, history)
    found: dict[Measure, Reading | None] = {"knn": _knn(history), "probe": probe}
    readings: dict[Measure, Reading] = {name: reading for name, reading in found.items() if reading is not None}
    if measure not in readings:
        reason = noted or ("No kNN was measured: the data has no labels." if measure == "knn" else "")
        return CellResult(cell, CellState.FAILED if reason else CellState.MEASURING, share=1.0, reason=reason)
    summary = history.summary
    begun = summary.created_t if summary.starts == 1 else None
    took_s = summary.t - begun + (measuring_s if measure == "probe" else 0.0) if begun is not None else None
    return CellResult(cell, CellState.DONE, readings[measure].value, 1.0, took_s, steps=summary.step, readings=readings)


def _probe(folder: RunFolder, history: RunHistory) -> tuple[Reading | None, float]:
    """The linear probe of the run's last step, and the seconds it took."""
    found = _json(folder.evaluation / f"probe_{step_name(history.summary.step)}.json")
    value, took_s, floors = found.get("probe"), found.get("took_s"), found.get("floors")
    seconds = float(took_s) if isinstance(took_s, int | float) else 0.0
    if not isinstance(value, int | float):
        return None, seconds
    return Reading(float(value), dict(floors) if isinstance(floors, dict) else {}), seconds


def _knn(history: RunHistory) -> Reading | None:
    last = [found for found in history.evaluations if found.step == history.summary.step and "knn" in found.values]
    return Reading(last[-1].values["knn"], dict(last[-1].floors)) if last else None


def score_of(runs: Sequence[CellResult]) -> Score | None:
    """What those of them that are done say together."""
    values = [run.value for run in runs if run.value is not None]
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
