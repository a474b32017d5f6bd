"""The alarms of a run, as its journal tells them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from workbench.runs.events import Event
from workbench.runs.rows import is_number


@dataclass(frozen=True)
class Alarm:
    """Something that goes wrong in a run.

    metric : the logged number that tells it
    seen, means : what was observed, and what follows from it
    advice : keys of settings to change, each with what to do
    step, t : when it began; t is wall time in seconds since 1970
    over : step at which it was over, None while it goes on
    """

    id: str
    metric: str
    title: str
    seen: str
    means: str
    advice: tuple[tuple[str, str], ...]
    step: int
    t: float
    over: int | None = None


def alarm_of(event: Event) -> Alarm:
    """The alarm that begins with an event; what is damaged is left empty."""
    listed = event.get("try")
    advice = tuple(
        (_text(one.get("setting")), _text(one.get("change")))
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
    )
    id_, metric, title, seen, means = (_text(event.get(name)) for name in ("id", "metric", "title", "seen", "means"))
    return Alarm(id_, metric, title, seen, means, advice, event["step"], float(event["t"]))


def ended(alarms: Iterable[Alarm], step: int, id_: str | None = None) -> list[Alarm]:
    """The same alarms, those of an id (None: all) that go on over at a step."""
    return [replace(alarm, over=step) if alarm.over is None and id_ in (None, alarm.id) else alarm for alarm in alarms]


def until(alarms: Iterable[Alarm], step: int) -> list[Alarm]:
    """What a run that goes on from a step keeps: alarms up to it, all over, because its engine looks anew."""
    kept = [alarm for alarm in alarms if alarm.step <= step]
    return [replace(alarm, over=min(step if alarm.over is None else alarm.over, step)) for alarm in kept]


@dataclass(frozen=True)
class Limit:
    """From where on a number is trouble in a run.

    sign : 1 where values above it are, -1 where those below it are
    after, share : step, and share of the run, from which it is judged
    """

    metric: str
    value: float
    sign: int
    after: float
    share: float

    def beyond(self, value: float) -> bool:
        """Whether a value is trouble."""
        return self.sign * (value - self.value) > 0


def limits_of(payload: object) -> tuple[Limit, ...]:
    """The `limits` of a `running` event; damaged ones are left out."""
    listed = payload if isinstance(payload, list) else []
    return tuple(limit for one in listed if isinstance(one, dict) and (limit := _limit(one)) is not None)


def _limit(one: dict[str, Any]) -> Limit | None:
    value, sign, after, share = (one.get(name) for name in ("value", "sign", "after", "share"))
    if is_number(value) and is_number(after) and is_number(share) and sign in (1, -1):
        return Limit(_text(one.get("metric")), value, int(sign), after, share)
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
