"""Metrics from the device to the journal, with one synchronisation a flush and no step left out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from workbench.core.errors import RunFailed
from workbench.runs.journal import JournalWriter

FLUSH_EVERY_S = 0.05


class MetricSink:
    """Collects each step's scalars on the device and writes them in at most twenty events a second.

    Parameters
    ----------
    seen : called with the rows of every flush, their steps and their values by name

    A loss that is not finite raises RunFailed at the next flush, after the rows that led to it were written.
    """

    def __init__(self, journal: JournalWriter, seen: Callable[[list[int], dict[str, list[float]]], None]) -> None:
        self._journal, self._seen = journal, seen
        self._steps: list[int] = []
        self._known: list[Mapping[str, float]] = []
        self._scalars: list[Mapping[str, Tensor]] = []
        self._flushed_at = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to flush."""
        return time.monotonic() - self._flushed_at >= FLUSH_EVERY_S

    def add(self, step: int, scalars: Mapping[str, Tensor], known: Mapping[str, float]) -> None:
        """Keep one step: `scalars` stay on their device, `known` are already numbers."""
        self._steps.append(step)
        self._scalars.append(scalars)
        self._known.append(known)

    def flush(self) -> None:
        """Write what was kept."""
        self._flushed_at = time.monotonic()
        if not self._steps:
            return
        names = list(self._scalars[0])
        table = torch.stack([torch.stack([row[name].float() for name in names]) for row in self._scalars]).cpu()
        values = {name: column.tolist() for name, column in zip(names, table.T, strict=True)}
        values |= {name: [row[name] for row in self._known] for name in self._known[0]}
        steps = self._steps
        self._steps, self._known, self._scalars = [], [], []
        self._journal.metrics(steps, values)
        self._seen(steps, values)
        self._journal.flush()
        _refuse_non_finite(steps, values["loss"])


def _refuse_non_finite(steps: list[int], losses: list[float]) -> None:
    for step, loss in zip(steps, losses, strict=True):
        if not math.isfinite(loss):
            raise RunFailed(
                f"The loss became {loss} at step {step}.",
                "Lower optimiser.lr, lengthen schedule.warmup or set training.clip_norm; "
                "the last checkpoint is intact.",
            )
