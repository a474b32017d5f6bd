"""What state a run is in: a pure function of its events, and of whether its process is alive.

queued -> starting -> running <-> paused -> stopping -> completed | stopped | failed     said by the engine
                                                        crashed                          it died without a word
                                                        orphaned                         on another machine, silent
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import psutil

from workbench.runs.events import Event, Kind

ORPHANED_AFTER_S = 120.0
_START_TOLERANCE_S = 2.0


class RunState(StrEnum):
    """The states of a run."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    CRASHED = "crashed"
    ORPHANED = "orphaned"

    @property
    def live(self) -> bool:
        """Whether an engine is at work."""
        return self in _LIVE

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self not in _LIVE and self is not RunState.QUEUED


_LIVE = {RunState.STARTING, RunState.RUNNING, RunState.PAUSED, RunState.STOPPING}
_OUTCOMES = {state.value: state for state in (RunState.COMPLETED, RunState.STOPPED, RunState.FAILED)}
_PHASES = {
    Kind.RUNNING: RunState.RUNNING,
    Kind.PAUSED: RunState.PAUSED,
    Kind.RESUMED: RunState.RUNNING,
    Kind.STOPPING: RunState.STOPPING,
}


@dataclass(frozen=True)
class ProcessId:
    """A process as the journal names it: the number alone may be another's by now, its start time tells.

    pid_start : seconds since 1970, as psutil gives it
    """

    pid: int
    pid_start: float
    host: str

    @property
    def alive(self) -> bool | None:
        """See `is_alive`."""
        return is_alive(self.pid, self.pid_start, self.host)


@dataclass(frozen=True)
class Summary:
    """What the events say, folded.

    phase : the state by the events alone, which cannot know of a crash
    reason, hint : why the run is stopping or has ended
    process : the engine of the last `starting`
    starts : how many engines have worked on this run
    step, t : of the last event; t is wall time in seconds, 0 before the first
    created_t : wall time of the first `starting`
    steps_total : None for a time budget, or before training began
    budget_s : seconds of training that a time budget allows; None for a budget in steps
    resumed_from : the step that the last engine went on from, None where it began afresh
    """

    phase: RunState = RunState.QUEUED
    reason: str = ""
    hint: str = ""
    process: ProcessId | None = None
    starts: int = 0
    step: int = 0
    t: float = 0.0
    created_t: float | None = None
    steps_total: int | None = None
    budget_s: float | None = None
    resumed_from: int | None = None


def summarise(event: Event, summary: Summary) -> Summary:
    """The summary after one more event. Takes any event that `decode` lets through, whatever its payload."""
    kind = event["kind"]
    if kind == Kind.STARTING:
        return _started(event, summary)
    if summary.phase.ended:
        return summary
    seen = replace(summary, step=event["step"], t=float(event["t"]))
    if kind == Kind.RUNNING:
        total, resumed = _number(event, "steps_total"), _number(event, "resumed_from")
        seen = replace(
            seen,
            steps_total=None if total is None else int(total),
            budget_s=_number(event, "budget_s"),
            resumed_from=None if resumed is None else int(resumed),
        )
    if kind == Kind.ENDED:
        outcome = _OUTCOMES.get(_text(event, "state"), RunState.FAILED)
        return replace(seen, phase=outcome, reason=_text(event, "reason"), hint=_text(event, "hint"))
    if kind == Kind.STOPPING:
        seen = replace(seen, reason=_text(event, "reason"))
    if kind in _PHASES and summary.phase is not RunState.STOPPING:
        return replace(seen, phase=_PHASES[Kind(kind)])
    return seen


def summarise_all(events: Iterable[Event], summary: Summary | None = None) -> Summary:
    """The summary after all these events."""
    summary = summary or Summary()
    for event in events:
        summary = summarise(event, summary)
    return summary


def state(summary: Summary, alive: bool | None, now: float) -> RunState:
    """The state of a run.

    Parameters
    ----------
    summary : what its events say
    alive : whether its process lives; None where that cannot be known (another machine)
    now : wall time, seconds since 1970
    """
    if not summary.phase.live or alive is True:
        return summary.phase
    if alive is False:
        return RunState.CRASHED
    return RunState.ORPHANED if now - summary.t > ORPHANED_AFTER_S else summary.phase


def this_process() -> ProcessId:
    """The identity that the engine writes in its `starting` event and its lock."""
    return ProcessId(os.getpid(), psutil.Process().create_time(), socket.gethostname())


def is_alive(pid: int, pid_start: float, host: str) -> bool | None:
    """Whether that very process lives: same number and same start. A zombie is dead; None on another host."""
    if host != socket.gethostname():
        return None
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - pid_start) <= _START_TOLERANCE_S
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.AccessDenied:
        return True
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        return False


def _started(event: Event, summary: Summary) -> Summary:
    pid, pid_start = _number(event, "pid"), _number(event, "pid_start")
    process = None
    if pid is not None and pid_start is not None:
        process = ProcessId(int(pid), float(pid_start), _text(event, "host"))
    t = float(event["t"])
    return Summary(
        phase=RunState.STARTING,
        process=process,
        starts=summary.starts + 1,
        step=event["step"],
        t=t,
        created_t=t if summary.created_t is None else summary.created_t,
        steps_total=summary.steps_total,
        budget_s=summary.budget_s,
        resumed_from=summary.resumed_from,
    )


def _number(event: Event, key: str) -> float | None:
    value: Any = event.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53
    return value if usable and math.isfinite(value) else None


def _text(event: Event, key: str) -> str:
    value = event.get(key, "")
    return value if isinstance(value, str) else ""
