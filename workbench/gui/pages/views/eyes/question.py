"""One standing question to the lab: asked after a pause, again when it changes, dropped when nobody looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.app.lab_client import Arrays, Ticket
from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge

PAUSE_MS = 400


class Question(QObject):
    """Goes to the lab for long work, so that no preview ever waits for it.

    A request that is being worked on is cancelled when another takes its place. One that still waits for its turn is
    not: the lab leaves it out by itself, and a cancel that is not heeded would end what is running before it.

    Signals
    -------
    answered((result, arrays)) : the newest answer
    failed(error) : the newest question could not be answered
    moved(share, words) : how far it is
    changed() : it began or ended to be open
    """

    answered = Signal(object)
    failed = Signal(object)
    moved = Signal(float, str)
    changed = Signal()

    def __init__(self, bridge: Bridge, request: str, channel: str, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge, self._request, self._channel = bridge, request, channel
        self._asked: dict[str, Any] | None = None
        self._ticket: Ticket | None = None
        self._generation = 0
        self._open = self._heard = False
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._send)

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._pause.isActive() or self._open

    def ask(self, params: Mapping[str, Any]) -> None:
        """Ask this, unless it is what was asked last."""
        if params == self._asked:
            return
        self._give_up()
        self._asked = dict(params)
        self._pause.start()
        self.changed.emit()

    def drop(self) -> None:
        """Want no answer any more; the same question may be asked again."""
        if self.busy:
            self._asked = None
            self._pause.stop()
            self._give_up()
            self.changed.emit()

    def forget(self) -> None:
        """Ask the next question even where it is the last one again."""
        self._asked = None

    def _give_up(self) -> None:
        if self._open and self._heard and self._ticket is not None:
            self._bridge.app.long_lab.cancel(self._ticket)
        self._close()

    def _close(self) -> None:
        """Whatever is still said of the last question is not listened to."""
        self._generation += 1
        self._ticket, self._open, self._heard = None, False, False

    def _send(self) -> None:
        assert self._asked is not None
        mine, self._open = self._generation, True

        def end(signal: Any, what: object) -> None:
            if mine == self._generation:
                self._close()
                signal.emit(what)
                self.changed.emit()

        def progress(share: float, words: str) -> None:
            if mine == self._generation:
                self._heard = True
                self.moved.emit(share, words)

        def done(result: dict[str, Any], arrays: Arrays) -> None:
            end(self.answered, (result, arrays))

        def failed(error: WorkbenchError) -> None:
            end(self.failed, error)

        lab = self._bridge.app.long_lab
        ticket = lab.ask(self._request, self._asked, done=done, failed=failed, progress=progress, channel=self._channel)
        if mine == self._generation:
            self._ticket = ticket
        self._bridge.hurry()
