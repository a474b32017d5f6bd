"""Where the marks of an axis lie and what is written at them. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 5.0, 10.0)
_NEAR = 0.8
"""A round step may be this much smaller than the room asks for: the next one is at least twice as wide."""
_PLAIN_BELOW, _MOST_DECIMALS = 1e7, 5
_LOG_MARKS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0))
_MOST_DECADES = 300.0


@dataclass(frozen=True)
class Axis:
    """One axis of a plot.

    Attributes
    ----------
    low, high : ends in the axis' coordinates, which are decimal logarithms where `log` is set
    title : the label, with its unit in brackets
    scale : what positions are multiplied with before they are written, such as 1/3600 for seconds in hours
    """

    low: float
    high: float
    title: str = ""
    log: bool = False
    scale: float = 1.0


@dataclass(frozen=True)
class Tick:
    """A mark at a place in the axis' coordinates."""

    at: float
    text: str


def ticks(axis: Axis, most: int) -> list[Tick]:
    """About `most` marks at round numbers, in ascending order; none on an axis without a width."""
    if not (axis.high > axis.low and math.isfinite(axis.high - axis.low)):
        return []
    if axis.log and axis.low > -_MOST_DECADES and axis.high < _MOST_DECADES:
        return _of_decades(axis.low, axis.high, max(most, 2))
    texts = _round_numbers(axis.low * axis.scale, axis.high * axis.scale, max(most, 2))
    return [Tick(value / axis.scale, text) for value, text in texts]


def _round_numbers(low: float, high: float, most: int) -> list[tuple[float, str]]:
    rough = (high - low) / most
    decade = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * decade for factor in _STEPS if factor * decade >= rough * _NEAR)
    numbers = [index * step for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    return [(number, _written(number, step)) for number in numbers]


def _written(number: float, step: float) -> str:
    """A number with the decimals that its distance to the next one needs."""
    place = math.floor(math.log10(step) + 1e-9)
    decimals = max(0, -place)
    if number and (abs(number) >= _PLAIN_BELOW or decimals > _MOST_DECIMALS):
        digits = 1 + math.floor(math.log10(abs(number)) + 1e-9) - place
        return f"{number:.{min(max(digits, 1), 15)}g}"
    if decimals > _MOST_DECIMALS:
        return "0"
    return f"{number + 0.0:,.{decimals}f}"


def _of_decades(low: float, high: float, most: int) -> list[Tick]:
    """Powers of ten, thinned out or with the marks between them as there is room; round numbers within one decade."""
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    if last - first >= most:
        every = math.ceil((last - first + 1) / most)
        return [Tick(float(power), f"{10.0**power:,g}") for power in range(first, last + 1) if power % every == 0]
    for marks in reversed(_LOG_MARKS):
        found = _between(low, high, marks)
        if 2 <= len(found) <= most + 1:
            return found
    values = _round_numbers(10.0**low, 10.0**high, most)
    return [Tick(math.log10(value), text) for value, text in values if value > 0]


def _between(low: float, high: float, marks: tuple[float, ...]) -> list[Tick]:
    powers = range(math.floor(low), math.floor(high) + 1)
    places = [(power + math.log10(mark), mark * 10.0**power) for power in powers for mark in marks]
    return [Tick(at, f"{value:,g}") for at, value in places if low - 1e-9 <= at <= high + 1e-9]
