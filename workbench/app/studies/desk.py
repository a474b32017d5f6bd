"""A study as a window holds it: started in a process that outlives the window, asked, and read from its folder."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass

from workbench.app.process import Child
from workbench.app.studies.folder import Study
from workbench.app.studies.results import Results, StudyReader
from workbench.core.errors import RunError
from workbench.core.units import format_duration
from workbench.runs.control import Command, ControlWriter


@dataclass(frozen=True)
class Snapshot:
    """A study at one moment.

    working : whether a process works on it; paused : whether that one was asked to wait
    left_s : seconds left, None where nothing tells
    failure : the last line of a worker that ended without a result of its own
    """

    study: Study
    results: Results
    working: bool
    paused: bool
    left_s: float | None
    failure: str = ""

    @property
    def words(self) -> str:
        """'12 of 49 runs, about 20 min left'."""
        done, failed = self.results.done, len(self.results.failures)
        parts = [f"{done + failed} of {len(self.results.runs)} runs"]
        if failed:
            parts.append(f"{failed} failed")
        if self.working and not self.paused and self.left_s is not None:
            parts.append(f"about {format_duration(self.left_s)} left")
        return ", ".join(parts)


class StudyDesk:
    """One study that is watched; not thread-safe, but `read` may run on a thread of its own."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._reader = StudyReader(study)
        self._estimate = study.estimate()
        self._child: Child | None = None

    def start(self) -> None:
        """Start a process that works on it, unless one does; raises RunError where none can be started."""
        if self.working:
            return
        self.study.desk.console.unlink(missing_ok=True)
        ControlWriter(self.study.desk.control).send("resume")
        words = ["study", self.study.plan.kind, "--yes", "--resume", str(self.study.path)]
        command = [sys.executable, "-m", "workbench", *words]
        self._child = Child(command, self.study.desk.console, {"PYTHONUNBUFFERED": "1"})

    def ask(self, command: Command) -> None:
        """Pause or resume it, between two steps of the run at work."""
        ControlWriter(self.study.desk.control).send(command)

    def stop(self) -> None:
        """Let it end, with a checkpoint of the run at work; raises RunError where nothing works on it."""
        process = self.study.worker()
        pid = process.pid if process is not None else self._child.pid if self._child is not None else None
        if pid is None or not self.working:
            raise RunError(f"Nothing works on the study {self.study.name}.")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    @property
    def working(self) -> bool:
        """Whether a process works on it, ours or another one."""
        ours = self._child is not None and self._child.poll() is None
        return ours or self.study.worker() is not None

    def read(self) -> Snapshot:
        """How it stands."""
        working = self.working
        results = self._reader.read()
        failure = "" if working or results.complete else self._last_words()
        left_s = self._reader.left_s(results, self._estimate)
        return Snapshot(self.study, results, working, working and self._paused(), left_s, failure)

    def release(self) -> None:
        """Watch it no longer; what works on it goes on."""
        if self._child is not None:
            self._child.release()

    def _paused(self) -> bool:
        """Whether the last wish was to wait."""
        last = ""
        for line in _lines(self.study):
            with suppress(ValueError):
                last = str(json.loads(line).get("command", last))
        return last == "pause"

    def _last_words(self) -> str:
        """What our worker said when it failed before any run; "" where it did not fail."""
        if self._child is None or self._child.exit is None or self._child.exit.code in (0, 3, 130):
            return ""
        with suppress(OSError):
            lines = self.study.desk.console.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return lines[-1] if lines else str(self._child.exit)
        return str(self._child.exit)


def _lines(study: Study) -> list[str]:
    try:
        return study.desk.control.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
