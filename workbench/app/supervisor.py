"""Runs as the front ends hold them: started, re-attached, asked, stopped, and never a phantom "running".

The front polls from its own timer; a thread of its own reads the journals. Closing the supervisor leaves every run
alive: the next one finds it by its folder.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from workbench.app.process import Child, Escalation, Exit, ProcessTree
from workbench.core.errors import RunError
from workbench.runs.control import Command, ControlWriter
from workbench.runs.feed import Chunk, JournalFeed, Source
from workbench.runs.folder import RunFolder
from workbench.runs.history import RunHistory
from workbench.runs.lock import holder, live_runs
from workbench.runs.state import ProcessId, RunState, state

ENGINE = (sys.executable, "-m", "workbench.engine", "train")
GRACE_S = 60.0
TERM_S = 30.0
_FOLD_BUDGET_S = 0.02


class RunHandle:
    """One run that is watched; read it, and ask the supervisor for changes.

    Attributes
    ----------
    folder : where it lives
    history : what its events have said so far
    state : as of the last poll
    loaded : whether the journal has been read to its end once; until then `history` is a beginning
    child : its engine, where this supervisor started it
    damaged : lines of the journal that could not be read
    """

    def __init__(self, folder: RunFolder, source: Source) -> None:
        self.folder = folder
        self.history = RunHistory()
        self.state = RunState.QUEUED
        self.loaded = False
        self.child: Child | None = None
        self.damaged = 0
        self._source = source
        self._answered = 0
        self._escalation: Escalation | None = None
        self._death: tuple[object, int] | None = None
        self._unheard = False
        self._silent_after = -1

    @property
    def stopping(self) -> str:
        """How far stopping has gone: "", "asked", "terminated" or "killed"."""
        return self._escalation.stage.value if self._escalation else ""

    @property
    def reason(self) -> str:
        """Why the run ended, or is about to; "" where there is nothing to say."""
        process = self.history.summary.process
        if self.state is RunState.ORPHANED:
            where = process.host if process else "another machine"
            return f"No word from {where} for more than two minutes."
        if self.state is not RunState.CRASHED:
            return self.history.summary.reason
        ended = self.child.exit if self.child else None
        if ended is None:
            return "The engine died without saying why."
        return f"The engine {ended}. {self._last_words() if ended.code > 0 else ''}".rstrip()

    @property
    def hint(self) -> str:
        """What to do about `reason`."""
        if self.state is RunState.CRASHED:
            return f"{self.folder.console} holds its last words. Resume goes on from the last checkpoint."
        return self.history.summary.hint

    def _last_words(self) -> str:
        try:
            with open(self.folder.console, "rb") as file:
                file.seek(max(0, file.seek(0, 2) - 4096))
                lines = file.read().decode(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


class RunSupervisor:
    """Starts engines, follows their journals, and ends them.

    Parameters
    ----------
    runs_dir : the workspace's runs, where `attach_live` looks
    command : what trains a run folder; its path, and "--resume", are appended
    grace_s : patience after Stop before SIGTERM: a checkpoint may have to be written, a measurement to end
    term_s : patience after SIGTERM before SIGKILL
    wall, clock : seconds since 1970, and monotonic seconds
    """

    def __init__(
        self,
        runs_dir: Path,
        *,
        command: Sequence[str] = ENGINE,
        grace_s: float = GRACE_S,
        term_s: float = TERM_S,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.runs_dir = runs_dir
        self.handles: dict[Path, RunHandle] = {}
        self._command = tuple(command)
        self._grace_s, self._term_s = grace_s, term_s
        self._wall, self._clock = wall, clock
        self._feed = JournalFeed()
        self._by_source: dict[Source, RunHandle] = {}

    # -- which runs ------------------------------------------------------------------------------------------------

    def attach(self, folder: RunFolder) -> RunHandle:
        """Watch a run, alive or dead; the same handle for the same folder. Raises RunError where there is no folder."""
        key = folder.path.resolve()
        if key in self.handles:
            return self.handles[key]
        if not key.is_dir():
            raise RunError(f"There is no run folder {folder.path}.", "It may have been moved or deleted.")
        source = self._feed.follow(folder.events)
        handle = self.handles[key] = self._by_source[source] = RunHandle(folder, source)
        return handle

    def attach_live(self) -> list[RunHandle]:
        """Watch every run of the workspace whose engine is alive on this machine."""
        return [self.attach(folder) for folder in live_runs(self.runs_dir)]

    def detach(self, handle: RunHandle) -> None:
        """Watch it no longer; a live engine goes on."""
        self._feed.leave(handle._source)
        self._by_source.pop(handle._source, None)
        self.handles.pop(handle.folder.path.resolve(), None)
        if handle.child:
            handle.child.release()

    def start(self, folder: RunFolder, resume: bool = False) -> RunHandle:
        """Start an engine on a run folder; raises RunError where one is at work or none can be started."""
        handle = self.attach(folder)
        other = holder(folder)
        if handle.state.live or (other is not None and other.alive):
            raise RunError(f"The run {folder.name} is already being trained.", "Stop it first.")
        command = [*self._command, str(folder.path), *(["--resume"] if resume else [])]
        handle.child = Child(command, folder.console, {"PYTHONUNBUFFERED": "1"})
        handle.state, handle._unheard, handle._silent_after = RunState.STARTING, True, -1
        return handle

    # -- asking ----------------------------------------------------------------------------------------------------

    def pause(self, handle: RunHandle) -> None:
        """Ask the engine to wait after its step."""
        self._send(handle, "pause")

    def resume(self, handle: RunHandle) -> None:
        """Ask a paused engine to go on. (`start` with `resume` is for a run that has ended.)"""
        self._send(handle, "resume")

    def checkpoint(self, handle: RunHandle) -> None:
        """Ask for a checkpoint now."""
        self._send(handle, "checkpoint")

    def snapshot(self, handle: RunHandle) -> None:
        """Ask for an embedding of the test split now."""
        self._send(handle, "snapshot")

    def stop(self, handle: RunHandle, save: bool = True) -> None:
        """Ask the engine to end; where it does not, its process group is terminated and then killed."""
        self._send(handle, "stop", save=save)
        self._escalate(handle)

    def kill(self, handle: RunHandle) -> None:
        """End the engine and all it has started at once; earlier checkpoints stay. Raises RunError where none lives."""
        self._require_live(handle)
        escalation = self._escalate(handle)
        if escalation is None:
            raise RunError(f"The run {handle.folder.name} is on another machine.", "End its engine there.")
        escalation.kill()

    def _send(self, handle: RunHandle, command: Command, **arguments: bool) -> None:
        self._require_live(handle)
        ControlWriter(handle.folder.control).send(command, **arguments)

    def _require_live(self, handle: RunHandle) -> None:
        if not handle.state.live:
            raise RunError(f"The run {handle.folder.name} is {handle.state}: no engine is at work on it.")

    def _escalate(self, handle: RunHandle) -> Escalation | None:
        process = _engine(handle)
        if handle._escalation is None and process is not None:
            tree = ProcessTree(process)
            handle._escalation = Escalation(tree, self._grace_s, self._term_s, self._clock)
        return handle._escalation

    # -- watching --------------------------------------------------------------------------------------------------

    def poll(self) -> list[RunHandle]:
        """Fold what was read since the last call; the runs that changed. For a timer: takes a few milliseconds."""
        changed: dict[RunHandle, None] = {}
        until = self._clock() + _FOLD_BUDGET_S
        while (chunk := self._feed.take()) is not None:
            handle = self._by_source.get(chunk.source)
            if handle is not None and _fold(handle, chunk):
                changed[handle] = None
            if self._clock() > until:
                break
        for handle in self.handles.values():
            if self._watch(handle):
                changed[handle] = None
        return list(changed)

    def close(self) -> None:
        """Watch no longer; the runs go on."""
        self._feed.close()
        for handle in self.handles.values():
            if handle.child:
                handle.child.release()

    def _watch(self, handle: RunHandle) -> bool:
        before = handle.state, handle.stopping
        exited = handle.child.poll() if handle.child else None
        if handle._escalation and handle._escalation.poll():
            handle._escalation = None
        handle.state = self._judge(handle, exited)
        return before != (handle.state, handle.stopping)

    def _judge(self, handle: RunHandle, exited: Exit | None) -> RunState:
        unheard = self._judge_unheard(handle, exited)
        if unheard is not None:
            return unheard
        summary = handle.history.summary
        if not handle.loaded:
            return handle.state
        if not summary.phase.live:
            return summary.phase
        alive = summary.process.alive if summary.process else False
        if alive is False and not self._has_last_word(handle, summary.process):
            return handle.state
        return state(summary, alive, self._wall())

    def _judge_unheard(self, handle: RunHandle, exited: Exit | None) -> RunState | None:
        """The state while our engine has not said `starting`, or after it died without; None where that is not so."""
        child, summary = handle.child, handle.history.summary
        if child is not None and handle._unheard:
            if summary.process is not None and summary.process.pid == child.pid:
                handle._unheard = False
            elif exited is None:
                return RunState.STARTING
            elif not self._has_last_word(handle, child):
                return handle.state
            else:
                handle._unheard, handle._silent_after = False, summary.starts
        return RunState.CRASHED if handle._silent_after == summary.starts else None

    def _has_last_word(self, handle: RunHandle, dead: object) -> bool:
        """Whether all that a dead engine wrote has been folded: it may have said how it ended just before."""
        if handle._death is None or handle._death[0] != dead:
            handle._death = (dead, self._feed.ask(handle._source))
        return handle._answered >= handle._death[1]


def _fold(handle: RunHandle, chunk: Chunk) -> bool:
    """Add a chunk; whether there is something new to show."""
    if chunk.restarted:
        handle.history = RunHistory()
    handle.history.fold_pieces(chunk.pieces)
    was_loaded, handle.loaded = handle.loaded, handle.loaded or chunk.answered > 0
    handle._answered, handle.damaged = chunk.answered, chunk.damaged
    return bool(chunk.pieces) or chunk.restarted or handle.loaded != was_loaded


def _engine(handle: RunHandle) -> ProcessId | None:
    """The engine at work on this machine."""
    if handle.child is not None and handle.child.exit is None:
        try:
            started = psutil.Process(handle.child.pid).create_time()
        except psutil.NoSuchProcess:
            return None
        return ProcessId(handle.child.pid, started, socket.gethostname())
    process = handle.history.summary.process
    return process if process is not None and process.alive else None
