"""The arithmetic of sliders and steps: linear and logarithmic, rounded to numbers that people would write. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

from workbench.gui.forms.schema import FieldSpec

STEPS = 400
"""Positions of a slider; enough for one a pixel at common widths."""


@dataclass(frozen=True)
class Scale:
    """Maps a setting's values to shares in [0, 1] and back; `lower` and `upper` are the ends that can be reached."""

    lower: float
    upper: float
    log: bool = False
    integral: bool = False

    def share(self, value: float) -> float:
        """Where a value lies between the ends; values beyond them lie at the ends."""
        value = min(max(value, self.lower), self.upper)
        if self.log:
            return math.log(value / self.lower) / math.log(self.upper / self.lower)
        return (value - self.lower) / (self.upper - self.lower)

    def value(self, share: float) -> float:
        """The round value at a share; the ends are exact."""
        if share <= 0:
            return self._typed(self.lower)
        if share >= 1:
            return self._typed(self.upper)
        if self.log:
            ratio = self.upper / self.lower
            digits = 2 if ratio >= 100 else 3
            return self._typed(_clamp(float(f"{self.lower * ratio**share:.{digits}g}"), self.lower, self.upper))
        step = nice((self.upper - self.lower) / STEPS)
        raw = self.lower + share * (self.upper - self.lower)
        return self._typed(_clamp(float(f"{round(raw / step) * step:.10g}"), self.lower, self.upper))

    def _typed(self, value: float) -> float:
        return round(value) if self.integral else float(value)


def scale_of(spec: FieldSpec) -> Scale | None:
    """The scale of a setting with two bounds, None for any other; an open end is moved in by one slider step."""
    if not spec.bounded or spec.lower is None or spec.upper is None:
        return None
    lower, upper = float(spec.lower), float(spec.upper)
    if spec.log and upper > 0:
        return Scale(lower if lower > 0 else _log_floor(spec, upper), upper, log=True, integral=spec.integral)
    step = 1.0 if spec.integral else nice((upper - lower) / STEPS)
    lower += step if spec.lower_open else 0.0
    upper -= step if spec.upper_open else 0.0
    return Scale(lower, upper, integral=spec.integral) if lower < upper else None


def _log_floor(spec: FieldSpec, upper: float) -> float:
    """A logarithm has no zero: start four decades under the top, or two under the default where that is lower."""
    if spec.integral:
        return 1.0
    default = spec.default if isinstance(spec.default, (int, float)) else 0.0
    return min(upper * 1e-4, default / 100) if default > 0 else upper * 1e-4


def stepped(spec: FieldSpec, value: float, steps: int) -> float:
    """The value `steps` arrow presses away, never beyond the bounds."""
    if spec.log and value > 0:
        moved = float(f"{value * 10 ** (steps / 20):.2g}")
        moved = moved if moved != value else value * (1.1 if steps > 0 else 1 / 1.1)
        if spec.integral:
            moved = max(round(moved), value + 1) if steps > 0 else min(round(moved), value - 1)
    else:
        size = _step_size(spec, value)
        moved = float(f"{(round(value / size) + steps) * size:.10g}")
    return _within(spec, value, round(moved) if spec.integral else moved)


def _within(spec: FieldSpec, value: float, moved: float) -> float:
    """`moved`, or the bound it would pass; an open bound cannot be reached, so there the value stays."""
    if spec.lower is not None and (moved < spec.lower or (spec.lower_open and moved <= spec.lower)):
        return value if spec.lower_open else spec.lower
    if spec.upper is not None and (moved > spec.upper or (spec.upper_open and moved >= spec.upper)):
        return value if spec.upper_open else spec.upper
    return moved


def _step_size(spec: FieldSpec, value: float) -> float:
    if spec.bounded and spec.lower is not None and spec.upper is not None:
        size = nice((spec.upper - spec.lower) / 100)
    else:
        size = 10.0 ** (math.floor(math.log10(abs(value))) - 1) if value else (1.0 if spec.integral else 0.1)
    return max(1.0, round(size)) if spec.integral else size


def nice(size: float) -> float:
    """The nearest 1, 2 or 5 times a power of ten at or below `size`."""
    power = 10.0 ** math.floor(math.log10(size))
    for factor in (5.0, 2.0):
        if size >= factor * power:
            return factor * power
    return power


def _clamp(value: float, lower: float, upper: float) -> float:
    return min(max(value, lower), upper)


def number_text(value: float) -> str:
    """A number as people write it: '0.2', '1e-6', '4096'; up to twelve digits are kept."""
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e12):
        return str(int(value))
    text = f"{value:.12g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def parse_number(text: str, integral: bool) -> float | None:
    """The number in a text, or None; an integer where that is meant and exact ('1e3' is 1000)."""
    try:
        value = float(text.strip().replace("−", "-"))
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return int(value) if integral and value.is_integer() else value
