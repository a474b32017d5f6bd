"""A run's story folded into what pages show: curves, measurements, checkpoints, warnings, state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.runs.alarms import Alarm, alarm_of, ended, until
from workbench.runs.events import Event, Kind
from workbench.runs.rows import Column, Floats, MetricRows, Steps, condense, is_number
from workbench.runs.state import Summary, summarise

RAW, RANDOM = "raw pixels", "random init"
"""Names of the two floors that every accuracy is held against: what needs no network, and no training."""


@dataclass(frozen=True)
class Measurement:
    """One evaluation: its values, the floors on the same split, and the settings to repeat it."""

    step: int
    t: float
    values: Mapping[str, float]
    floors: Mapping[str, float]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Notice:
    """A warning, or an alarm."""

    step: int
    t: float
    alarm: bool
    message: str
    hint: str


class RunHistory:
    """Everything that the events of one run say; `fold` adds to it.

    When an engine goes on from a checkpoint at step S, it makes the steps after S again: rows and measurements beyond S
    are dropped. One that begins afresh drops them all.

    Attributes
    ----------
    summary : the run's phase, process, step and budget
    running : payload of the last `running` event: device, precision, threads, parameters
    data : payload of the last `data` event, None before it
    evaluations : in the order of their steps
    checkpoints, embeddings : step -> name of the folder under `checkpoints/` or `embeddings/`
    figures : step -> name of the file under `figures/`, in the order of their steps
    progress : share in [0, 1] and words of what the engine does besides training steps; None while it trains
    notices : warnings and alarms, oldest first
    alarms : those that began, oldest first; each knows whether it is over
    revision : grows with every fold that brought something
    """

    def __init__(self) -> None:
        self.summary = Summary()
        self.running: dict[str, Any] = {}
        self.data: dict[str, Any] | None = None
        self.evaluations: list[Measurement] = []
        self.checkpoints: dict[int, str] = {}
        self.embeddings: dict[int, str] = {}
        self.figures: dict[int, str] = {}
        self.progress: tuple[float, str] | None = None
        self.notices: list[Notice] = []
        self.alarms: list[Alarm] = []
        self.revision = 0
        self._columns: dict[str, Column] = {}

    @property
    def names(self) -> list[str]:
        """The metrics there are, in the order they appeared."""
        return [name for name, column in self._columns.items() if len(column)]

    @property
    def open_alarms(self) -> list[Alarm]:
        """The alarms that go on, oldest first; those of an ended run that it ended with."""
        return [alarm for alarm in self.alarms if alarm.over is None]

    @property
    def share_done(self) -> float | None:
        """The done share of the budget in [0, 1]; None before training began."""
        summary = self.summary
        if summary.steps_total:
            return min(1.0, summary.step / summary.steps_total)
        if summary.budget_s:
            return min(1.0, (self.last("elapsed_s") or 0.0) / summary.budget_s)
        return None

    def array(self, name: str) -> tuple[Steps, Floats]:
        """Steps and values of a metric, each (n,), read-only views without a copy; empty for an unknown name."""
        column = self._columns.get(name) or Column()
        return column.steps, column.values

    def times(self, name: str) -> Floats:
        """Wall time of each of a metric's rows, (n,), seconds since 1970."""
        return (self._columns.get(name) or Column()).times

    def last(self, name: str) -> float | None:
        """The newest value of a metric."""
        column = self._columns.get(name)
        return float(column.values[-1]) if column else None

    def evaluated(self, name: str) -> list[tuple[int, float]]:
        """Step and value of every evaluation that measured `name`."""
        return [(item.step, item.values[name]) for item in self.evaluations if name in item.values]

    def fold(self, events: Iterable[Event]) -> None:
        """Add events, in the order of the journal."""
        self.fold_pieces(condense(events))

    def fold_pieces(self, pieces: Iterable[Event | MetricRows]) -> None:
        """Add events that `condense` has prepared, elsewhere."""
        for piece in pieces:
            self.revision += 1
            if isinstance(piece, MetricRows):
                self._fold_rows(piece)
            else:
                self._fold_event(piece)

    def _fold_rows(self, rows: MetricRows) -> None:
        self.summary = summarise(rows.last, self.summary)
        self.progress = None
        for table in rows.tables:
            for name, values in zip(table.names, table.columns, strict=True):
                column = self._columns.get(name)
                if column is None:
                    column = self._columns[name] = Column()
                column.extend(table.steps, table.times, values)

    def _fold_event(self, event: Event) -> None:
        self.summary = summarise(event, self.summary)
        self.progress = _progress(event)
        match event["kind"]:
            case Kind.RUNNING:
                self.running = _payload(event)
                self._supersede(self.summary.resumed_from)
            case Kind.DATA:
                self.data = _payload(event)
            case Kind.EVALUATION:
                self._fold_measurement(_measurement(event))
            case Kind.CHECKPOINT:
                self.checkpoints[event["step"]] = str(event.get("path", ""))
            case Kind.CHECKPOINT_REMOVED:
                removed = event.get("removed")
                self.checkpoints = {step: name for step, name in self.checkpoints.items() if step != removed}
            case Kind.EMBEDDING:
                self.embeddings[event["step"]] = str(event.get("path", ""))
            case Kind.FIGURES:
                self._fold_figures(event)
            case Kind.WARNING:
                message, hint = str(event.get("message", "")), str(event.get("hint", ""))
                self.notices.append(Notice(event["step"], event["t"], False, message, hint))
            case Kind.ALARM:
                alarm = alarm_of(event)
                self.alarms = [*ended(self.alarms, alarm.step, alarm.id), alarm]
                self.notices.append(Notice(alarm.step, alarm.t, True, alarm.title, f"{alarm.seen} {alarm.means}"))
            case Kind.ALARM_OVER:
                self.alarms = ended(self.alarms, event["step"], str(event.get("id", "")))

    def _fold_measurement(self, measured: Measurement) -> None:
        """Keep one measurement a step: a run that begins again at step 0 measures it again."""
        self.evaluations = [*(item for item in self.evaluations if item.step != measured.step), measured]

    def _fold_figures(self, event: Event) -> None:
        """A set with the same step takes the place of the older one; readers may hold the mapping they were given."""
        removed = event.get("removed")
        gone = {event["step"], *(step for step in removed if type(step) is int)} if isinstance(removed, list) else set()
        kept = {step: name for step, name in self.figures.items() if step not in gone}
        self.figures = dict(sorted({**kept, event["step"]: str(event.get("path", ""))}.items()))

    def _supersede(self, resumed_from: int | None) -> None:
        step = -1 if resumed_from is None else resumed_from
        for column in self._columns.values():
            column.drop_after(step)
        self.evaluations = [item for item in self.evaluations if item.step <= step]
        self.alarms = until(self.alarms, step)
        self.figures = {at: name for at, name in self.figures.items() if at <= step}


def _progress(event: Event) -> tuple[float, str] | None:
    if event["kind"] != Kind.PROGRESS:
        return None
    share, words = event.get("share"), event.get("words")
    shown = words if isinstance(words, str) else ""
    return (min(max(float(share), 0.0), 1.0), shown) if is_number(share) else (0.0, shown)


def _payload(event: Event) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in ("seq", "t", "step", "kind")}


def _measurement(event: Event) -> Measurement:
    settings = event.get("settings")
    return Measurement(
        event["step"],
        event["t"],
        _numbers(event.get("values")),
        _numbers(event.get("floors")),
        settings if isinstance(settings, dict) else {},
    )


def _numbers(mapping: object) -> dict[str, float]:
    """The entries of a mapping that are numbers."""
    if not isinstance(mapping, dict):
        return {}
    return {name: float(x) for name, x in mapping.items() if is_number(x)}
