"""Time that runs: which place among the checkpoints is shown now."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

FRAME_MS = 16
_GO_S = 0.35
"""How long it takes to go to a checkpoint that was asked for."""


class Player(QObject):
    """Moves a place from 0 (the first checkpoint) to `last`, one checkpoint in 1 / `speed` seconds.

    Signals
    -------
    running_changed() : it began to play, or no longer does

    Attributes
    ----------
    last : number of the last checkpoint; -1 while there is none
    speed : checkpoints a second
    loops : whether it begins again after the last
    animates : whether it goes to a checkpoint step by step; at once otherwise
    """

    running_changed = Signal()

    def __init__(self, show: Callable[[float], None], parent: QObject) -> None:
        """`show` takes each new place."""
        super().__init__(parent)
        self.last, self.speed, self.loops, self.animates = -1, 1.0, True, True
        self.place = 0.0
        self._show = show
        self._goal: float | None = None
        self._pace = 0.0
        self._seen_s = 0.0
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        return self._timer.isActive() and self._goal is None

    @property
    def moving(self) -> bool:
        """Whether it plays or is on its way to a checkpoint."""
        return self._timer.isActive()

    def play(self) -> None:
        """Go on from here; from the first where it stands at the last."""
        if self.last < 1:
            return
        if self.place >= self.last:
            self.put(0.0)
        self._goal = None
        self._start()

    def pause(self) -> None:
        """Stay at the nearest checkpoint."""
        if self.playing:
            self.go(round(self.place))

    def go(self, checkpoint: int) -> None:
        """Move to a checkpoint."""
        goal = float(min(max(checkpoint, 0), max(self.last, 0)))
        if not self.animates or goal == self.place:
            self.put(goal)
            return
        self._goal, self._pace = goal, abs(goal - self.place) / _GO_S
        self._start()

    def put(self, place: float) -> None:
        """Be somewhere at once, and stay there."""
        self.stop()
        self.place = min(max(place, 0.0), float(max(self.last, 0)))
        self._show(self.place)

    def stop(self) -> None:
        """Stay where it is."""
        self._goal = None
        if self._timer.isActive():
            self._timer.stop()
            self.running_changed.emit()

    def _start(self) -> None:
        self._seen_s = time.monotonic()
        self._timer.start()
        self.running_changed.emit()

    def _tick(self) -> None:
        now = time.monotonic()
        passed, self._seen_s = now - self._seen_s, now
        if self._goal is not None:
            way = self._goal - self.place
            step = self._pace * passed
            if step >= abs(way):
                self.put(self._goal)
                return
            self.place += step if way > 0 else -step
        else:
            self.place += self.speed * passed
            if self.place >= self.last and not self.loops:
                self.put(float(self.last))
                return
            # The last checkpoint is shown for as long as the way to another takes.
            if self.place >= self.last + 1:
                self.place = 0.0
        self._show(min(self.place, float(self.last)))
