"""What a plot shows, in the coordinates of its axes: curves, levels and the ranges that hold them. No widget here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.gui.curves.series import Shown
from workbench.gui.curves.ticks import Axis
from workbench.gui.explorer.colours import PlotColours

FloatArray = NDArray[np.float64]
_DURATIONS = ((2 * 86400.0, 86400.0, "d"), (2 * 3600.0, 3600.0, "h"), (120.0, 60.0, "min"))


@dataclass(frozen=True)
class ReferenceLine:
    """A horizontal line: what chance, raw pixels or a random encoder reach.

    below : its label stands under the line, so that those of two near lines do not meet
    """

    value: float
    label: str
    below: bool = False


@dataclass(frozen=True)
class Mark:
    """A moment of a run: a thin vertical line, whose words are read under the cursor.

    at : axis key -> position; not drawn over an axis that is missing
    ends : whether something ended then, which has a dashed line
    """

    at: Mapping[str, float]
    label: str
    colour: str
    ends: bool = False


@dataclass(frozen=True)
class Upright:
    """A mark at its place on the axis."""

    at: float
    label: str
    colour: str
    ends: bool


@dataclass(frozen=True)
class Level:
    """A reference line at its place on the axis."""

    at: float
    label: str
    below: bool


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve as it is to be drawn.

    Attributes
    ----------
    smooths : whether the values as they are show faintly behind the smoothed ones
    best : place of the star, None for none
    """

    colour: str
    dashed: bool
    shown: Shown
    smooths: bool
    best: tuple[float, float] | None


@dataclass(frozen=True)
class Ground:
    """All of a plot but its curves; equal grounds look alike."""

    x: Axis
    y: Axis
    levels: tuple[Level, ...]
    colours: PlotColours
    marks: tuple[Upright, ...] = ()


def duration_unit(span_s: float) -> tuple[float, str]:
    """Seconds in the unit that suits a span of time, and the unit's name."""
    return next(((seconds, name) for limit, seconds, name in _DURATIONS if span_s >= limit), (1.0, "s"))


def extent(arrays: Sequence[FloatArray], clip: bool) -> tuple[float, float] | None:
    """Smallest and largest finite value of all arrays, or their 1st and 99th percentile; None without any."""
    ranges = []
    for array in arrays:
        finite = array[np.isfinite(array)]
        if len(finite):
            ranges.append(np.percentile(finite, [1, 99]) if clip else (finite.min(), finite.max()))
    if not ranges:
        return None
    return float(min(low for low, _ in ranges)), float(max(high for _, high in ranges))


def padded(low: float, high: float, share: float) -> tuple[float, float]:
    """The range with a margin on both sides; a single value gets a range around it."""
    margin = (high - low) * share if high > low else max(abs(low) * 0.1, 1e-6)
    return low - margin, high + margin


def grown(
    present: tuple[float, float], data: tuple[float, float], wanted: tuple[float, float], slack: float, head: float
) -> tuple[float, float]:
    """A range that holds the data and changes seldom: growing data then finds its axes already drawn.

    Parameters
    ----------
    wanted : the range that would fit the data; the present one stays while it is at most `slack` of its width wider
    head : share of the wanted width that is added at an end that the data has passed
    """
    (low, high), width = wanted, wanted[1] - wanted[0]
    passed_low, passed_high = data[0] < present[0], data[1] > present[1]
    if not (passed_low or passed_high) and present[1] - present[0] <= (1 + slack) * width:
        return present
    return low - head * width * passed_low, high + head * width * passed_high
