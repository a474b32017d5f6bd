"""What is known of a selection: how many, of which labels, and what its numbers are like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.app.explorer.columns import LABEL, Columns
from workbench.app.explorer.points import PointSet


@dataclass(frozen=True)
class LabelCount:
    """How often a label is met.

    name : "" stands for points without a label
    share : of the selection, in (0, 1]
    whole : share in the whole set, in (0, 1]
    lift : share / whole; above 1 where the selection has more of it than the set
    """

    name: str
    count: int
    share: float
    whole: float
    lift: float


@dataclass(frozen=True)
class NumberFacts:
    """A column of numbers over a selection.

    count : points with a finite number; the others are left out
    sd : of a sample (divided by count - 1); None under two numbers
    mean, min, median, max : None where there is no number
    """

    name: str
    title: str
    count: int
    mean: float | None = None
    sd: float | None = None
    min: float | None = None
    median: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class Statistics:
    """What is known of a selection.

    total : points of the set
    labels : the most frequent first, at most as many as were asked for
    more_labels : how many more there are
    """

    count: int
    total: int
    labels: tuple[LabelCount, ...]
    more_labels: int
    numbers: tuple[NumberFacts, ...]


def describe(columns: Columns, points: PointSet, label: str = LABEL, most: int = 100) -> Statistics:
    """Counts and numbers of a selection.

    Parameters
    ----------
    label : column whose values are counted; nothing is counted where the set has none of that name
    most : how many labels are told
    """
    rows = points.rows
    labels, more = _labels(columns, label, rows, most) if label in columns.names else ((), 0)
    numbers = tuple(_facts(columns, name, rows) for name in columns.names if columns.compared_as(name) == "number")
    return Statistics(points.count, points.total, labels, more, numbers)


def _labels(columns: Columns, label: str, rows: NDArray[np.int64], most: int) -> tuple[tuple[LabelCount, ...], int]:
    words = columns.words(label)
    # Code -1, no label, is counted first.
    counts = np.bincount(words.codes[rows] + 1, minlength=len(words.values) + 1)
    missing = len(words.codes) - int(words.counts.sum())
    everywhere = np.concatenate([[missing], words.counts])
    met = np.flatnonzero(counts)
    ranked = met[np.argsort(-counts[met], kind="stable")][:most]
    names = [words.values[int(at) - 1].as_py() if at else "" for at in ranked]
    shares, wholes = counts[ranked] / max(1, len(rows)), everywhere[ranked] / max(1, len(columns))
    told = zip(
        names, counts[ranked].tolist(), shares.tolist(), wholes.tolist(), (shares / wholes).tolist(), strict=True
    )
    return tuple(LabelCount(*one) for one in told), len(met) - len(ranked)


def _facts(columns: Columns, name: str, rows: NDArray[np.int64]) -> NumberFacts:
    values: NDArray[np.floating[Any]] = columns.numbers(name)[rows].astype(np.float64)
    values = values[np.isfinite(values)]
    title, count = columns.title(name), len(values)
    if not count:
        return NumberFacts(name, title, 0)
    sd = float(values.std(ddof=1)) if count > 1 else None
    low, middle, high = (float(found) for found in (values.min(), np.median(values), values.max()))
    return NumberFacts(name, title, count, float(values.mean()), sd, low, middle, high)
