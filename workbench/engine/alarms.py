"""Whether a run goes wrong: logged numbers against their limits, smoothed, with patience on the way in and out.

`AlarmWatch` is a pure fold over rows of metrics, without a clock; `AlarmDesk` writes what it finds into the journal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.engine.general_alarms import GENERAL
from workbench.engine.plan import Plan
from workbench.engine.wishes import PhaseReporter
from workbench.objectives.base import Objective
from workbench.plugins.specs import AlarmSpec, evaluate
from workbench.recipes.models import Recipe
from workbench.runs.events import Kind

LEAST_VALUES = 3
"""A number that is measured seldom must lie beyond its limit so often, however many steps passed between."""
HYSTERESIS = 0.25
"""How far beyond its limit, as a share of it, a number must come back before its alarm is over."""
HALF_LIVES = 4
"""Half-lives of the smoothing in a patience: a spike of some steps has faded long before it could be taken for a state.
"""


@dataclass(frozen=True)
class Limit:
    """An alarm's limit in this run.

    sign : 1 where values above it are trouble, -1 where those below it are
    after, share : step, and share of the run, from which it is judged
    """

    spec: AlarmSpec
    value: float
    sign: int
    after: float
    share: float

    def beyond(self, value: float) -> bool:
        return self.sign * (value - self.value) > 0

    def clear(self, value: float) -> bool:
        """Whether a value is well on the right side."""
        return self.sign * (value - self.value) < -HYSTERESIS * abs(self.value)


@dataclass(frozen=True)
class Verdict:
    """An alarm that begins, or one that is over.

    value : the smoothed number that was seen
    """

    limit: Limit
    begins: bool
    step: int
    value: float

    def payload(self) -> dict[str, Any]:
        """What the journal says of it."""
        spec = self.limit.spec
        if not self.begins:
            return {"id": spec.id}
        return {
            "id": spec.id,
            "metric": spec.metric,
            "value": self.value,
            "limit": self.limit.value,
            "title": spec.title,
            "seen": spec.seen,
            "means": spec.means,
            "try": [advice.model_dump() for advice in spec.advice],
        }


class AlarmWatch:
    """Judges rows of metrics in the order of their steps.

    Parameters
    ----------
    specs : what to look out for; a limit over names that are not known is left out
    names : the numbers that limits may speak of
    warmup : share of the run in which nothing is judged
    """

    def __init__(self, specs: Iterable[AlarmSpec], names: Mapping[str, float], warmup: float = 0.0) -> None:
        self.limits = tuple(limit for spec in specs if (limit := limit_of(spec, names, warmup)) is not None)
        self._judges = {limit.spec.id: _Judge(limit) for limit in self.limits}

    def observe(self, step: int, progress: float, values: Mapping[str, float]) -> list[Verdict]:
        """Take one row: the numbers measured at a step, when `progress` in [0, 1] of the run was done."""
        found = []
        for judge in self._judges.values():
            value = values.get(judge.limit.spec.metric)
            if value is not None and math.isfinite(value):
                early = step < judge.limit.after or progress < judge.limit.share
                verdict = judge.take(step, value, early)
                found += [] if verdict is None else [verdict]
        return found


class _Judge:
    """One alarm: the smoothed number, how long it has been where it is, and whether the alarm is on."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.on = False
        self._smooth = math.nan
        self._step = 0
        self._since: int | None = None
        self._values = 0

    def take(self, step: int, value: float, early: bool) -> Verdict | None:
        """The next measurement; a verdict where it makes the alarm begin or end."""
        self._smoothen(step, value)
        turning = self.limit.clear(self._smooth) if self.on else self.limit.beyond(self._smooth)
        if early or not turning:
            self._since, self._values = None, 0
            return None
        self._since = step if self._since is None else self._since
        self._values += 1
        if step - self._since < self.limit.spec.patience or self._values < LEAST_VALUES:
            return None
        self.on, self._since, self._values = not self.on, None, 0
        return Verdict(self.limit, self.on, step, self._smooth)

    def _smoothen(self, step: int, value: float) -> None:
        """An average that forgets with the steps that passed, so that seldom and often measured numbers fare alike."""
        kept = 0.5 ** (HALF_LIVES * max(step - self._step, 1) / max(self.limit.spec.patience, 1))
        self._smooth = value if math.isnan(self._smooth) else kept * self._smooth + (1 - kept) * value
        self._step = step


class AlarmDesk:
    """Shows a run's numbers to its watch, writes what it finds, and pauses where the recipe says so."""

    def __init__(self, watch: AlarmWatch, plan: Plan, phases: PhaseReporter, recipe: Recipe) -> None:
        self._watch, self._plan, self._phases = watch, plan, phases
        self._pauses = recipe.training.on_alarm == "pause"

    @property
    def described(self) -> list[dict[str, Any]]:
        """The limits of this run, for whoever shows the numbers."""
        return [
            {
                "metric": limit.spec.metric,
                "value": limit.value,
                "sign": limit.sign,
                "after": limit.after,
                "share": limit.share,
            }
            for limit in self._watch.limits
        ]

    def rows(self, steps: Sequence[int], values: Mapping[str, Sequence[float]]) -> None:
        """Rows that every step has, as they go to the journal; `elapsed_s` is among them."""
        for place, step in enumerate(steps):
            row = {name: column[place] for name, column in values.items()}
            self._judge(step, row.get("elapsed_s", 0.0), row, steps[-1])

    def measured(self, step: int, elapsed_s: float, values: Mapping[str, float]) -> None:
        """Numbers that are measured now and then."""
        self._judge(step, elapsed_s, values, step)

    def _judge(self, step: int, elapsed_s: float, values: Mapping[str, float], newest: int) -> None:
        for verdict in self._watch.observe(step, self._plan.progress(step, elapsed_s), values):
            kind = Kind.ALARM if verdict.begins else Kind.ALARM_OVER
            self._phases.journal.emit(kind, newest, **verdict.payload())
            self._phases.wishes.paused |= verdict.begins and self._pauses


def watch_of(recipe: Recipe, objective: Objective, queries: int) -> AlarmWatch:
    """What a run looks out for: the alarms of every objective and those of its own; `queries` are those of the kNN."""
    names = {**names_of(objective), "views": recipe.views.count, "queries": queries}
    return AlarmWatch((*GENERAL, *objective.spec.alarms), names, recipe.schedule.warmup)


def limit_of(spec: AlarmSpec, names: Mapping[str, float], warmup: float) -> Limit | None:
    """The limit in a run where `names` are known; None where it needs one that is not."""
    value, after = evaluate(spec.below or spec.above, names), evaluate(spec.after, names)
    if value is None or after is None:
        return None
    return Limit(spec, value, -1 if spec.below else 1, after, max(warmup, spec.share))


def names_of(objective: Objective) -> dict[str, float]:
    """Its settings, what it knows of its surroundings, and the level of its loss at chance."""
    facts = objective.facts
    settings = objective.config.model_dump()
    known = {name: float(value) for name, value in settings.items() if isinstance(value, int | float)}
    known |= {
        "batch_size": facts.batch_size,
        "classes": facts.classes,
        "samples": facts.samples,
        "width": facts.width,
        "steps_per_epoch": facts.steps_per_epoch,
    }
    chance = objective.spec.chance.value(known) if objective.spec.chance else None
    return known if chance is None else {**known, "chance": chance}
