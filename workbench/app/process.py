"""An engine as an operating-system process: starting it, hearing of its end, and ending it with all it has started.

Every engine leads a process group of its own, so that one signal reaches its data-loader workers too.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from workbench.core.errors import RunError
from workbench.runs.state import ProcessId, is_alive


@dataclass(frozen=True)
class Exit:
    """How a child ended: `code` as `subprocess` gives it, negative for a signal."""

    code: int

    def __str__(self) -> str:
        if self.code >= 0:
            return f"exited with code {self.code}"
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-self.code).name}"
        return f"was ended by signal {-self.code}"


class Child:
    """A process that we started, in a session and process group of its own."""

    def __init__(self, command: Sequence[str], console: Path, environment: Mapping[str, str]) -> None:
        try:
            with open(console, "ab") as output:
                self._popen = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env={**os.environ, **environment},
                )
        except OSError as error:
            raise RunError(f"The engine cannot be started: {error}.", "Check the run folder and the disk.") from error
        self.exit: Exit | None = None

    @property
    def pid(self) -> int:
        return self._popen.pid

    def poll(self) -> Exit | None:
        """How it ended, None while it lives. What it leaves behind in its group is ended with it."""
        if self.exit is None and self._is_zombie():
            # a zombie still owns its number, so this group can be nobody else's
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self.exit = Exit(self._popen.wait())
        return self.exit

    def release(self) -> None:
        """Let it live on without us."""
        if self.exit is None:
            self._popen.returncode = 0  # Popen warns when it is forgotten while the process lives: here that is meant

    def _is_zombie(self) -> bool:
        try:
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return self._popen.poll() is not None


class ProcessTree:
    """An engine and what it has started, whoever started it.

    The members are looked up at every signal and remembered by number and start time: those that outlive the engine
    can then be ended without hitting a stranger who has got one of their numbers since.
    """

    def __init__(self, process: ProcessId) -> None:
        self.process = process
        self._members: list[psutil.Process] = []

    @property
    def alive(self) -> bool:
        """Whether the engine itself lives on this machine."""
        return is_alive(self.process.pid, self.process.pid_start, self.process.host) is True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the engine's group, or to it and its descendants where it leads no group."""
        if not self.alive:
            return
        self.remember()
        with suppress(ProcessLookupError, PermissionError):
            if os.getpgid(self.process.pid) == self.process.pid:
                os.killpg(self.process.pid, number)
                return
        for member in self._members:
            with suppress(psutil.Error):
                member.send_signal(number)

    def remember(self) -> None:
        """Look up who belongs to the engine now."""
        pid, members = self.process.pid, set()
        with suppress(psutil.Error):
            leader = psutil.Process(pid)
            members = {leader, *leader.children(recursive=True)}
        for process in psutil.process_iter():
            with suppress(OSError, psutil.Error):
                if os.getpgid(process.pid) == pid:
                    members.add(process)
        self._members = list(members)

    def sweep(self) -> None:
        """End those that were remembered and still live."""
        for member in self._members:
            with suppress(psutil.Error):
                member.kill()
        self._members = []


class Stage(StrEnum):
    """How far stopping has gone."""

    ASKED = "asked"
    TERMINATED = "terminated"
    KILLED = "killed"


class Escalation:
    """Ends an engine that was asked to stop: SIGTERM after `grace_s`, SIGKILL `term_s` later.

    Parameters
    ----------
    tree : the engine, which has been asked already
    clock : monotonic seconds
    """

    def __init__(self, tree: ProcessTree, grace_s: float, term_s: float, clock: Callable[[], float]) -> None:
        self.tree = tree
        self.stage = Stage.ASKED
        self._term_s, self._clock = term_s, clock
        self._next_s = clock() + grace_s
        tree.remember()

    def poll(self) -> bool:
        """Take the next step when it is due; True when the engine and all it had started are gone."""
        if not self.tree.alive:
            self.tree.sweep()
            return True
        if self._clock() >= self._next_s:
            self._go_on()
        return False

    def kill(self) -> None:
        """Skip what is left of the patience."""
        self.stage, self._next_s = Stage.TERMINATED, self._clock()
        self.poll()

    def _go_on(self) -> None:
        self._next_s = self._clock() + self._term_s
        first = self.stage is Stage.ASKED
        self.stage = Stage.TERMINATED if first else Stage.KILLED
        self.tree.signal(signal.SIGTERM if first else signal.SIGKILL)
