"""Metrics as columns: many events condensed into few, and columns that grow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from workbench.runs.events import Event, Kind

Steps = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Table:
    """Rows that measured the same names; lists as they stood in the events, a column for every name."""

    names: tuple[str, ...]
    steps: list[Any]
    times: list[float]
    columns: list[list[Any]]


class MetricRows:
    """What a series of metrics events with nothing between them says.

    Attributes
    ----------
    tables : in the order of the events
    last : the last of those events, for the summary
    """

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self.last: Event = {}

    def add(self, event: Event) -> None:
        """Append one metrics event; columns that are not as long as its steps are left out."""
        self.last = event
        steps, values = event.get("steps"), event.get("values")
        if not isinstance(steps, list) or not isinstance(values, dict):
            return
        count, columns = len(steps), values.values()
        if not (set(map(type, columns)) <= {list} and set(map(len, columns)) <= {count}):
            values = {name: col for name, col in values.items() if type(col) is list and len(col) == count}
        names = tuple(values)
        if not self.tables or self.tables[-1].names != names:
            self.tables.append(Table(names, [], [], [[] for _ in names]))
        table = self.tables[-1]
        table.steps += steps
        table.times += [event["t"]] * count
        for kept, column in zip(table.columns, values.values(), strict=True):
            kept += column


def condense(events: Iterable[Event]) -> list[Event | MetricRows]:
    """The same story in fewer pieces: neighbouring metrics events become one `MetricRows`."""
    pieces: list[Event | MetricRows] = []
    rows: MetricRows | None = None
    for event in events:
        if event["kind"] != Kind.METRICS:
            pieces.append(event)
            rows = None
            continue
        if rows is None:
            rows = MetricRows()
            pieces.append(rows)
        rows.add(event)
    return pieces


class Column:
    """One metric over the run; grows in place, and what it has handed out stays as it was."""

    def __init__(self) -> None:
        self._steps: Steps = np.empty(256, np.int64)
        self._times: Floats = np.empty(256, np.float64)
        self._values: Floats = np.empty(256, np.float64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def steps(self) -> Steps:
        return _frozen(self._steps[: self._count])

    @property
    def times(self) -> Floats:
        return _frozen(self._times[: self._count])

    @property
    def values(self) -> Floats:
        return _frozen(self._values[: self._count])

    def extend(self, steps: list[Any], times: list[float], values: list[Any]) -> None:
        """Append rows; those without a number (null, or damaged) are left out."""
        if not (set(map(type, steps)) <= {int} and set(map(type, values)) <= {int, float}):
            self._extend_usable(steps, times, values)
            return
        try:
            new_steps, new_values = np.array(steps, np.int64), np.array(values, np.float64)
        except OverflowError:
            self._extend_usable(steps, times, values)
            return
        end = self._count + len(times)
        self._reserve(end)
        self._steps[self._count : end] = new_steps
        self._times[self._count : end] = times
        self._values[self._count : end] = new_values
        self._count = end

    def drop_after(self, step: int) -> None:
        """Forget the rows of later steps."""
        keep = self.steps <= step
        if not keep.all():
            # indexing copies: views handed out before keep the old rows
            self._steps, self._times, self._values = self.steps[keep], self.times[keep], self.values[keep]
            self._count = len(self._steps)

    def _extend_usable(self, steps: list[Any], times: list[float], values: list[Any]) -> None:
        keep = [i for i, value in enumerate(values) if _is_step(steps[i]) and is_number(value)]
        self.extend([steps[i] for i in keep], [times[i] for i in keep], [values[i] for i in keep])

    def _reserve(self, size: int) -> None:
        if size > len(self._steps):
            room = max(size, 2 * len(self._steps)) - self._count
            self._steps = np.concatenate([self.steps, np.empty(room, np.int64)])
            self._times = np.concatenate([self.times, np.empty(room)])
            self._values = np.concatenate([self.values, np.empty(room)])


def is_number(value: object) -> TypeGuard[float]:
    """Whether it came from JSON as a number that a float can hold; truth values are none."""
    return type(value) is float or (type(value) is int and abs(value) < 2**1023)


def _is_step(value: object) -> bool:
    return type(value) is int and abs(value) < 2**63


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
