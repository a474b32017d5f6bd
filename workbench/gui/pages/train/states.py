"""Whether the numbers of a run are as they should be. No Qt."""

from __future__ import annotations

from enum import StrEnum

from workbench.runs.alarms import Limit, limits_of
from workbench.runs.history import RANDOM, RunHistory


class Health(StrEnum):
    """What is said of a number: nothing where no limit is known, or none is judged yet."""

    UNKNOWN = ""
    GOOD = "good"
    WATCH = "watch"
    ALARM = "alarm"


LOOKS = {
    Health.GOOD: ("check", "success"),
    Health.WATCH: ("info", "warning"),
    Health.ALARM: ("warning", "danger"),
}
"""State -> icon and colour token; its word is the state itself."""
KNN_GAIN = "knn_gain"
"""What the engine calls the accuracy less that of the encoder before training; see `gain_of`."""
_GENERAL = {"loss", "embedding_std", "effective_rank", "gradient_norm", KNN_GAIN}


def health_of(history: RunHistory, metric: str, value: float | None) -> Health:
    """The state of a run's number: alarmed, beyond a limit for now, or on the right side of all of them."""
    if any(alarm.metric == metric for alarm in history.open_alarms):
        return Health.ALARM
    judged = [limit for limit in limits_of(history.running.get("limits")) if _is_judged(history, limit, metric)]
    if value is None or not judged:
        return Health.UNKNOWN
    return Health.WATCH if any(limit.beyond(value) for limit in judged) else Health.GOOD


def gain_of(history: RunHistory) -> float | None:
    """kNN accuracy less the one of the encoder before training; None before the first measurement after it."""
    measured = history.evaluations[-1] if history.evaluations else None
    if measured is None or not measured.step or not {"knn"} & measured.values.keys():
        return None
    floor = measured.floors.get(RANDOM)
    return None if floor is None else measured.values["knn"] - floor


def knn_health(history: RunHistory) -> Health:
    """The state of the kNN accuracy: what does not beat the encoder before training is not good, alarm or none."""
    gain = gain_of(history)
    state = health_of(history, KNN_GAIN, gain)
    return Health.WATCH if state is Health.GOOD and gain is not None and gain <= 0 else state


def own_metrics(history: RunHistory) -> list[str]:
    """The objective's own numbers that have a limit and were measured, in the order of the limits."""
    limits = limits_of(history.running.get("limits"))
    names = dict.fromkeys(limit.metric for limit in limits if limit.metric not in _GENERAL)
    return [name for name in names if history.last(name) is not None]


def limit_words(history: RunHistory, metric: str) -> str:
    """'alarm below 0.4'."""
    limits = [limit for limit in limits_of(history.running.get("limits")) if limit.metric == metric]
    return ", ".join(f"alarm {'above' if limit.sign > 0 else 'below'} {limit.value:.3g}" for limit in limits)


def _is_judged(history: RunHistory, limit: Limit, metric: str) -> bool:
    done = history.share_done or 0.0
    return limit.metric == metric and history.summary.step >= limit.after and done >= limit.share
