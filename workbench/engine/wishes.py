"""What the user asked of a running engine, from the control file and from signals."""

from __future__ import annotations

import signal
import time
from typing import Any

from workbench.core.errors import Cancelled
from workbench.runs.control import ControlReader
from workbench.runs.journal import JournalWriter

POLL_EVERY_S = 0.05


class Wishes:
    """The open requests: read with `poll`, taken off by the loop when it has done them."""

    def __init__(self, control: ControlReader) -> None:
        self._control = control
        self._polled_at = 0.0
        self.stop_reason = ""
        self.save_on_stop = True
        self.paused = False
        self.checkpoint = False
        self.snapshot = False

    def listen_to_signals(self) -> None:
        """SIGTERM stops with a checkpoint, as the window's Stop does."""
        signal.signal(signal.SIGTERM, lambda *_: self._stop("SIGTERM", save=True))
        signal.signal(signal.SIGINT, lambda *_: self._stop("SIGINT", save=True))

    @property
    def stopping(self) -> bool:
        return bool(self.stop_reason)

    def poll(self) -> None:
        """Read new commands: one `stat`, at most twenty times a second."""
        now = time.monotonic()
        if now - self._polled_at < POLL_EVERY_S:
            return
        self._polled_at = now
        for command in self._control.poll():
            self._take(command)

    def _take(self, command: dict[str, Any]) -> None:
        match command.get("command"):
            case "stop":
                self._stop("asked by the user", save=bool(command.get("save", True)))
            case "pause":
                self.paused = True
            case "resume":
                self.paused = False
            case "checkpoint":
                self.checkpoint = True
            case "snapshot":
                self.snapshot = True

    def _stop(self, reason: str, save: bool) -> None:
        self.stop_reason, self.save_on_stop = reason, save


class PhaseReporter:
    """Progress of what is not a training step (reading data, measuring), at most four times a second."""

    def __init__(self, journal: JournalWriter, wishes: Wishes) -> None:
        self.journal, self.wishes = journal, wishes
        self._said_at = 0.0
        self.step = 0

    def listen(self, share: float, words: str) -> None:
        """Report nothing, but raise Cancelled when the user wants to stop."""
        self.wishes.poll()
        if self.wishes.stopping:
            raise Cancelled()

    def __call__(self, share: float, words: str) -> None:
        """Report, and raise Cancelled when the user wants to stop."""
        self.listen(share, words)
        now = time.monotonic()
        if share >= 1 or now - self._said_at >= 0.25:
            self._said_at = now
            self.journal.emit("progress", self.step, share=round(share, 4), words=words)
