"""The events of a run: one JSON object a line in `events.jsonl`, written by the engine alone.

Every event has `seq` (int, from 0, counts on over resumes), `t` (wall time, seconds since 1970), `step` (optimiser
steps done) and `kind`; the rest depends on the kind:

    kind                payload                                             said
    starting            pid, pid_start, host, version, schema               first thing of every engine process
    progress            share, words                                        what is done besides training steps, such
                                                                            as "Reading data"; share in [0, 1]
    data                train, test                                         what was loaded (`DataInfo.as_json`); test
                                                                            is null where it is the training split
    running             device, precision, threads, parameters,             training begins or goes on. resumed_from:
                        resumed_from, steps_total, budget_s,                the checkpoint's step, null for a fresh run.
                        limits: [{metric, value, sign, after, share}]       limits: where alarms begin, see `alarms`.
                                                                            steps_total is null for a time budget,
                                                                            budget_s (seconds) for one in steps
    metrics             steps: [..], values: {name: [..]}                   rows since the last one; null where a name
                                                                            was not measured at that step
    evaluation          values: {name: x}, floors: {name: x}, settings      a measurement, the floors on the same split,
                                                                            and all that is needed to repeat it
    checkpoint          path                                                name under checkpoints/, already whole
    checkpoint_removed  removed                                             step of one that is kept no longer
    embedding           path                                                name under embeddings/, already whole
    figures             path, names, removed                                file under figures/, already whole; names of
                                                                            its arrays; steps of sets kept no longer
    paused                                                                  waits for resume or stop
    resumed                                                                 goes on
    stopping            reason                                              saves, then ends
    warning             message, hint                                       worth knowing
    alarm               id, metric, value, limit, title, seen,              training goes wrong: what was seen, what it
                        means, try: [{setting, change}]                     means, and settings to change, once
    alarm_over          id                                                  it does so no longer
    ended               state, reason, hint                                 last thing; state is completed, stopped or
                                                                            failed

Kinds that are not listed are kept by the journal and ignored by every reader. JSON has no NaN and no infinity: they are
written as the strings "nan", "inf" and "-inf", and read back as floats in `values` and `floors`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import numpy as np
import orjson

SCHEMA = 1
METRICS_MARK = b'"kind":"metrics"'
"""Occurs in every line that `encode` makes of a metrics event: readers after the lifecycle alone need not parse it."""

Event = dict[str, Any]

_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_LARGEST = 2**53


class Kind(StrEnum):
    """The kinds of events."""

    STARTING = "starting"
    PROGRESS = "progress"
    RUNNING = "running"
    DATA = "data"
    METRICS = "metrics"
    EVALUATION = "evaluation"
    CHECKPOINT = "checkpoint"
    CHECKPOINT_REMOVED = "checkpoint_removed"
    EMBEDDING = "embedding"
    FIGURES = "figures"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPING = "stopping"
    WARNING = "warning"
    ALARM = "alarm"
    ALARM_OVER = "alarm_over"
    ENDED = "ended"


def encode(event: Event) -> bytes:
    """One line with its newline; takes numpy scalars and arrays, and writes non-finite numbers as words."""
    try:
        text = json.dumps(event, separators=(",", ":"), allow_nan=False, default=_plain)
    except ValueError:
        text = json.dumps(_with_words(event), separators=(",", ":"), allow_nan=False, default=_plain)
    return text.encode("ascii") + b"\n"


def decode(line: bytes) -> Event:
    """The event of one line; raises ValueError where the line is damaged or lacks `seq`, `t`, `step` or `kind`."""
    event = orjson.loads(line)
    if not isinstance(event, dict) or not _has_envelope(event):
        raise ValueError("not an event")
    if b'"nan"' in line or b'inf"' in line:
        for key in ("values", "floors"):
            if key in event:
                event[key] = _map(event[key], _from_word)
    return event


def _has_envelope(event: Event) -> bool:
    seq, step, t = event.get("seq"), event.get("step"), event.get("t")
    return (
        type(event.get("kind")) is str
        and type(seq) is int
        and 0 <= seq < _LARGEST
        and type(step) is int
        and 0 <= step < _LARGEST
        and type(t) in (float, int)
        and -1e12 < t < 1e12  # type: ignore[operator]
    )


def _plain(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} {value!r} has no place in an event")


def _with_words(value: object) -> object:
    return _map(value, _to_word)


def _to_word(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return _with_words(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def _from_word(value: object) -> object:
    return _WORDS.get(value, value) if isinstance(value, str) else value


def _map(value: object, leaf: Callable[[object], object]) -> object:
    if isinstance(value, dict):
        return {key: _map(item, leaf) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_map(item, leaf) for item in value]
    return leaf(value)
