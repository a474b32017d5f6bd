"""The numbers of a run as curves: what they are called, and where their samples lie on each axis. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.plugins.specs import MetricSpec
from workbench.runs.history import RunHistory
from workbench.runs.rows import Floats, Steps

Goal = Literal["min", "max", ""]
_GOALS: dict[str, Goal] = {"higher": "max", "lower": "min", "neither": ""}


@dataclass(frozen=True)
class Metric:
    """A logged number: its name in the journal, its title, its axis label, and what it is multiplied with."""

    name: str
    title: str
    label: str
    scale: float = 1.0
    goal: Goal = ""


LOSS = Metric("loss", "Loss", "loss", goal="min")
KNN = Metric("knn", "kNN accuracy", "accuracy (%)", 100.0, "max")
COMMON = (
    Metric("lr", "Learning rate", ""),
    Metric("gradient_norm", "Gradient norm", ""),
    Metric("embedding_std", "Embedding std", ""),
    Metric("effective_rank", "Effective rank", "dimensions"),
    Metric("alignment", "Alignment", "squared distance"),
    Metric("uniformity", "Uniformity", "log potential"),
    Metric("images_per_s", "Images per second", "images/s"),
    Metric("memory_bytes", "Memory", "GB", 1e-9),
)
_NO_CURVES = {"loss", "epoch", "elapsed_s", *(metric.name for metric in COMMON)}


def choices(specs: Iterable[MetricSpec], names: Iterable[str]) -> list[Metric]:
    """What the third panel can show: the objectives' own terms, whatever else was logged, then what every run logs."""
    terms = {spec.name: Metric(spec.name, spec.title, _label(spec), 1.0, _GOALS[spec.better]) for spec in specs}
    for name in names:
        if name not in _NO_CURVES and name not in terms:
            words = name.replace("_", " ")
            terms[name] = Metric(name, words.capitalize(), "")
    return [*terms.values(), *COMMON]


def curve(history: RunHistory, metric: Metric) -> tuple[dict[str, Floats], Floats]:
    """Positions on the axes step, epoch and time, and the values, each (n,)."""
    if metric.name == KNN.name:
        measured = history.evaluated(KNN.name)
        steps = np.array([step for step, _value in measured], np.int64)
        values = np.array([value for _step, value in measured], np.float64)
    else:
        steps, values = history.array(metric.name)
    axes = {
        "step": steps.astype(np.float64),
        "epoch": place(history, steps, "epoch"),
        "time": place(history, steps, "elapsed_s"),
    }
    return axes, values if metric.scale == 1.0 else values * metric.scale


def place(history: RunHistory, steps: Steps, column: str) -> Floats:
    """A column's value at each of these steps, between its rows by interpolation and 0 at step 0; NaN without rows."""
    known, values = history.array(column)
    if not len(known):
        return np.where(steps == 0, 0.0, np.nan)
    if len(known) == len(steps) and np.array_equal(known, steps):
        return values
    if known[0] > 0:
        known, values = np.concatenate([[0], known]), np.concatenate([[0.0], values])
    return np.interp(steps, known, values)


def position(history: RunHistory, step: int) -> dict[str, float]:
    """Where one step lies on each axis."""
    steps = np.array([step], np.int64)
    columns = {"epoch": "epoch", "time": "elapsed_s"}
    return {"step": float(step), **{axis: float(place(history, steps, name)[0]) for axis, name in columns.items()}}


def _label(spec: MetricSpec) -> str:
    """The unit alone: the panel's title says the rest, and a small plot has no room for it twice."""
    return spec.unit
