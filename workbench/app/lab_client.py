"""The front's side of the lab: ask, go on, and be called back on your own thread.

A reader thread takes complete messages off the pipe and puts them on a queue; `poll`, called by the front's timer,
hands them out. No callback ever runs on a foreign thread. Where several questions went out on one channel, only the
answer to the newest is handed out.
"""

from __future__ import annotations

import itertools
import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from numpy.typing import NDArray

from workbench.core.errors import LabError, Problem, RecipeError, WorkbenchError
from workbench.core.wire import Message, read_message, write_message

LOG = logging.getLogger("workbench.lab")
Arrays = Mapping[str, NDArray[Any]]
Done = Callable[[dict[str, Any], Arrays], None]
Failed = Callable[[WorkbenchError], None]
Progress = Callable[[float, str], None]
Partial = Callable[[dict[str, Any], Arrays], None]

KILL_AFTER_S = 1.0
QUICK_DEATHS = 3
QUICK_DEATH_S = 20.0


def _ignore(*_: object) -> None:
    """For callbacks that nobody wants."""


@dataclass
class Ticket:
    """One open question."""

    id: int
    name: str
    channel: str
    done: Done
    failed: Failed
    progress: Progress
    cancelled: Callable[[], None]
    partial: Partial = _ignore
    cancel_sent_at: float | None = field(default=None)


class LabClient:
    """Asks one lab process, which is started at the first question and again after a death.

    Parameters
    ----------
    log_path : where the lab's standard error goes
    command : the program to start; this interpreter's engine by default
    """

    def __init__(self, log_path: Path, command: list[str] | None = None) -> None:
        self._command = command or [sys.executable, "-m", "workbench.engine", "serve"]
        self._log_path = log_path
        self._ids = itertools.count(1)
        self._open: dict[int, Ticket] = {}
        self._newest: dict[str, int] = {}
        self._inbox: queue.SimpleQueue[tuple[int, Message | None]] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._life = 0
        self._deaths: list[float] = []
        self.ready = False

    @property
    def busy(self) -> bool:
        """Whether a question is open."""
        return bool(self._open)

    def start(self) -> None:
        """Start the process, if it does not run; returns at once."""
        if self._process is not None:
            return
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        self._life += 1
        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        stdout = cast(IO[bytes], self._process.stdout)
        threading.Thread(target=self._read, args=(stdout, self._life), name="lab-client", daemon=True).start()

    def ask(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        done: Done,
        failed: Failed = _ignore,
        progress: Progress = _ignore,
        cancelled: Callable[[], None] = _ignore,
        partial: Partial = _ignore,
        channel: str = "",
    ) -> Ticket:
        """Send a question; the callbacks run later, inside `poll`.

        A newer question on the same `channel` makes the older one's answer stale: it is dropped, with no callback.
        `partial` gets results that are not finished, of questions that hand them out, with what is said of them.
        """
        ticket = Ticket(next(self._ids), name, channel, done, failed, progress, cancelled, partial)
        if self._dies_too_often():
            failed(LabError("The lab process died several times in a row.", f"Its log is {self._log_path}."))
            return ticket
        self.start()
        self._open[ticket.id] = ticket
        if channel:
            self._newest[channel] = ticket.id
        self._send({"id": ticket.id, "name": name, "params": dict(params), "channel": channel})
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Ask the lab to stop; if it does not within a second, it is killed and started anew at the next question."""
        if ticket.id in self._open and ticket.cancel_sent_at is None:
            ticket.cancel_sent_at = time.monotonic()
            self._send({"cancel": ticket.id})

    def wish(self, ticket: Ticket, words: str) -> None:
        """Tell an open question's work something that it listens for: "stop" ends it with what there is."""
        if ticket.id in self._open and ticket.cancel_sent_at is None:
            self._send({"wish": words, "id": ticket.id})

    def poll(self) -> None:
        """Hand out what has arrived; never waits."""
        while True:
            try:
                life, message = self._inbox.get_nowait()
            except queue.Empty:
                break
            if life != self._life:
                continue
            if message is None:
                self._buried()
            else:
                self._deliver(message)
        self._kill_the_deaf()

    def close(self) -> None:
        """Stop the process; open questions stay unanswered."""
        self._open.clear()
        if self._process is not None:
            self._end_process()

    def _deliver(self, message: Message) -> None:
        kind = message.head.get("kind")
        if kind == "ready":
            self.ready = True
            return
        ticket = self._open.get(int(message.head["id"]))
        if ticket is None:
            return
        stale = bool(ticket.channel) and self._newest.get(ticket.channel) != ticket.id
        if kind in ("progress", "partial"):
            if not stale and ticket.cancel_sent_at is None:
                _tell(ticket, message)
            return
        del self._open[ticket.id]
        if stale:
            return
        if kind == "done":
            ticket.done(message.head["result"], message.arrays)
        elif kind == "cancelled":
            ticket.cancelled()
        else:
            ticket.failed(_error(message.head))

    def _send(self, head: dict[str, Any]) -> None:
        assert self._process is not None
        try:
            write_message(cast(BinaryIO, self._process.stdin), Message(head))
        except OSError:
            LOG.debug("The lab's pipe is closed; its death is told by the reader.")

    def _read(self, stdout: IO[bytes], life: int) -> None:
        try:
            while (message := read_message(cast(BinaryIO, stdout))) is not None:
                self._inbox.put((life, message))
        except (OSError, EOFError, ValueError):
            LOG.debug("The lab's answers ended inside a message.")
        self._inbox.put((life, None))

    def _kill_the_deaf(self) -> None:
        now = time.monotonic()
        deaf = [t for t in self._open.values() if t.cancel_sent_at and now - t.cancel_sent_at > KILL_AFTER_S]
        if deaf and self._process is not None:
            self._process.kill()

    def _buried(self) -> None:
        """The process is gone: cancelled questions end as cancelled, the others as failed."""
        code = self._end_process()
        wanted = [ticket for ticket in self._open.values() if ticket.cancel_sent_at is None]
        unwanted = [ticket for ticket in self._open.values() if ticket.cancel_sent_at is not None]
        self._open.clear()
        if wanted:
            self._deaths.append(time.monotonic())
        for ticket in unwanted:
            ticket.cancelled()
        for ticket in wanted:
            ticket.failed(
                LabError(
                    f"The lab process died (exit code {code}) while doing {ticket.name!r}.",
                    f"Its log is {self._log_path}.",
                )
            )

    def _end_process(self) -> int:
        assert self._process is not None
        process, self._process, self.ready = self._process, None, False
        _close(process.stdin)
        try:
            code = process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        _close(process.stdout)
        return code

    def _dies_too_often(self) -> bool:
        recent = [at for at in self._deaths if time.monotonic() - at < QUICK_DEATH_S]
        self._deaths = recent
        return len(recent) >= QUICK_DEATHS


def _tell(ticket: Ticket, message: Message) -> None:
    """Hand out what a question says while it is worked on."""
    if message.head["kind"] == "progress":
        ticket.progress(float(message.head["share"]), str(message.head["words"]))
    else:
        said = {key: value for key, value in message.head.items() if key not in ("id", "kind")}
        ticket.partial(said, message.arrays)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except OSError:
            LOG.debug("The lab's pipe broke while closing.")


def _error(head: Mapping[str, Any]) -> WorkbenchError:
    if head.get("error") == "RecipeError":
        return RecipeError([Problem(row["key"], row["message"]) for row in head["problems"]])
    return LabError(str(head.get("message", "")), str(head.get("hint", "")))
