"""The journal: the engine appends events, anyone may follow."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from workbench.core.errors import RunError, RunFailed
from workbench.runs.events import Event, Kind, decode, encode
from workbench.runs.rows import MetricRows, condense
from workbench.runs.tail import LineTail, last_lines

METRIC_EVENTS_PER_S = 20
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class MetricBuffer:
    """Rows of metrics that wait for the next event; a name that is missing from a row is None there."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.values: dict[str, list[float | None]] = {}

    def add(self, steps: Sequence[int], values: Mapping[str, Sequence[float | None]]) -> None:
        """Append rows; raises ValueError where a column is not as long as `steps`."""
        for name, column in values.items():
            if len(column) != len(steps):
                raise ValueError(f"Metric {name!r} has {len(column)} values for {len(steps)} steps")
        for name in values:
            self.values.setdefault(name, [None] * len(self.steps))
        for name, kept in self.values.items():
            kept.extend(values.get(name, [None] * len(steps)))
        self.steps.extend(steps)

    def clear(self) -> None:
        self.steps, self.values = [], {}


class JournalWriter:
    """The only writer of a run's `events.jsonl`; for one thread of one process (see `EngineLock`).

    Every event is in the file when `emit` returns. Goes on after an existing journal: closes a torn last line and
    counts `seq` on.

    Attributes
    ----------
    last_step : the step of the newest event, of an earlier engine's too; 0 before the first

    Parameters
    ----------
    path : the journal
    wall : seconds since 1970, for the events' `t`
    clock : monotonic seconds, for the spacing of metric events

    Raises
    ------
    RunFailed : the disk is full; already written events are whole
    RunError : the journal cannot be written for another reason
    """

    def __init__(
        self, path: Path, *, wall: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = path
        self._wall, self._clock = wall, clock
        self._rows = MetricBuffer()
        self._last_metrics_s = -float("inf")
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise self._as_run_error(error) from error
        self._close_torn_line()
        last = _last_event(self._fd)
        self._seq = last["seq"] + 1 if last else 0
        self.last_step: int = last["step"] if last else 0

    def emit(self, kind: str, step: int, **payload: Any) -> None:
        """Write one event now, after the metrics that still wait."""
        try:
            self.flush()
        except RunFailed:
            if kind != Kind.ENDED:  # how the run ended matters more than its last rows
                raise
        self._write(kind, step, payload)

    def metrics(self, steps: Sequence[int], values: Mapping[str, Sequence[float | None]]) -> None:
        """Add rows of metrics: written at once, or with the next ones where the last event is under 50 ms old."""
        self._rows.add(steps, values)
        if self._clock() - self._last_metrics_s >= 1 / METRIC_EVENTS_PER_S:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait."""
        if not self._rows.steps:
            return
        rows = {"steps": self._rows.steps, "values": self._rows.values}
        self._write(Kind.METRICS, self._rows.steps[-1], rows)
        self._rows.clear()
        self._last_metrics_s = self._clock()

    def close(self) -> None:
        """Write the rows that wait and let go of the file; emits nothing of its own."""
        try:
            self.flush()
        finally:
            os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, kind: str, step: int, payload: Mapping[str, Any]) -> None:
        t = round(self._wall(), 6)
        self._append(encode({"seq": self._seq, "t": t, "step": int(step), "kind": str(kind), **payload}))
        self._seq += 1
        self.last_step = int(step)

    def _append(self, line: bytes) -> None:
        start = os.fstat(self._fd).st_size
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            with suppress(OSError):  # a reader never takes a line without its newline, so this takes nothing back
                os.ftruncate(self._fd, start)
            raise self._as_run_error(error) from error

    def _close_torn_line(self) -> None:
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            self._append(b"\n")

    def _as_run_error(self, error: OSError) -> RunError:
        if error.errno in _NO_ROOM:
            return RunFailed(
                f"The disk is full: {self.path} cannot grow.", "Free some space, then resume from the last checkpoint."
            )
        return RunError(f"{self.path} cannot be written: {error.strerror}.", "Check the folder and its permissions.")


class JournalReader:
    """The events of a journal, each once, while it grows.

    Attributes
    ----------
    damaged : lines skipped so far because they are no events
    """

    def __init__(self, path: Path) -> None:
        self._tail = LineTail(path)
        self.damaged = 0

    @property
    def restarted(self) -> bool:
        """Whether the last `read` found another file and started over; its events replace all earlier ones."""
        return self._tail.restarted

    @property
    def at_end(self) -> bool:
        """Whether the last `read` left nothing whole to read."""
        return self._tail.at_end

    def read(self, limit_bytes: int = 4 * 1024 * 1024) -> list[Event]:
        """The next events, from about `limit_bytes` of the file; empty when there is no file or nothing new."""
        return list(self._events(limit_bytes))

    def read_pieces(self, limit_bytes: int) -> list[Event | MetricRows]:
        """The next events, condensed for `RunHistory.fold_pieces`.

        Several times faster than `read` on long journals: events do not pile up for the garbage collector to walk.
        """
        return condense(self._events(limit_bytes))

    def _events(self, limit_bytes: int) -> Iterator[Event]:
        lines = self._tail.read(limit_bytes)
        if self._tail.restarted:
            self.damaged = 0
        for line in lines:
            try:
                event = decode(line)
            except ValueError:
                self.damaged += 1
            else:
                yield event


def _last_event(fd: int) -> Event | None:
    size, window = os.fstat(fd).st_size, 64 * 1024
    while size:
        for line in last_lines(fd, window):
            with suppress(ValueError):
                return decode(line)
        if window >= size:
            break
        window *= 4
    return None
