"""Undo and redo over states that never change themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

STEPS = 200
MERGED_S = 1.0

State = TypeVar("State")


@dataclass(frozen=True)
class Step(Generic[State]):
    """One step: the state on its other side, and what it did, in words."""

    state: State
    words: str


class History(Generic[State]):
    """What can be taken back and done again; 200 steps at most, the oldest are forgotten.

    Parameters
    ----------
    clock : seconds that never run backwards
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._undo: list[Step[State]] = []
        self._redo: list[Step[State]] = []
        self._key, self._at = "", 0.0

    @property
    def undo_words(self) -> str:
        """What Undo would take back, to be put behind that word; empty where there is nothing."""
        return self._undo[-1].words if self._undo else ""

    @property
    def redo_words(self) -> str:
        """What Redo would do again; empty where there is nothing."""
        return self._redo[-1].words if self._redo else ""

    def __len__(self) -> int:
        return len(self._undo)

    def add(self, before: State, words: str, key: str = "") -> None:
        """Note a step and forget what was undone.

        Steps of one key that follow each other within a second are one, so that dragging a slider is one step.

        Parameters
        ----------
        before : the state that the step changed
        words : what it did: "select 512 points"
        key : "" for a step that stands alone
        """
        now = self._clock()
        merged = bool(key and key == self._key and self._undo) and now - self._at <= MERGED_S
        if merged:
            self._undo[-1] = Step(self._undo[-1].state, words)
        else:
            self._undo.append(Step(before, words))
            del self._undo[:-STEPS]
        self._redo.clear()
        self._key, self._at = key, now

    def undo(self, present: State) -> State | None:
        """The state before the last step; None where there is none."""
        return self._travel(self._undo, self._redo, present)

    def redo(self, present: State) -> State | None:
        """The state after the last step that was undone; None where there is none."""
        return self._travel(self._redo, self._undo, present)

    def _travel(self, source: list[Step[State]], target: list[Step[State]], present: State) -> State | None:
        self._key = ""
        if not source:
            return None
        step = source.pop()
        target.append(Step(present, step.words))
        return step.state
