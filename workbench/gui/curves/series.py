"""The data of one curve: samples on several x axes, its smoothed form and its best value. No widget here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.app.smooth import smooth

FloatArray = NDArray[np.float64]
Goal = Literal["min", "max", ""]


@dataclass(frozen=True)
class SeriesStyle:
    """How a curve is called and drawn; `goal` says which value is the best one, "" where none is."""

    title: str
    colour: str
    goal: Goal = ""
    dashed: bool = False


@dataclass(frozen=True)
class CurveOptions:
    """How all curves are shown.

    axis : key of the x axis
    smoothing : weight of the moving average, 0 <= w < 1
    log_x, log_y : logarithmic axes
    clip : fit the y axis to the inner 98 % of the values
    """

    axis: str = "step"
    smoothing: float = 0.6
    log_x: bool = False
    log_y: bool = False
    clip: bool = False


@dataclass
class Shown:
    """A curve in the coordinates of the axes (logarithms taken); x does not decrease.

    raw, smoothed : (M,), NaN where there is a gap
    flags : x of the samples whose value is not finite
    lost : how many finite values a logarithmic axis cannot show
    """

    x: FloatArray
    raw: FloatArray
    smoothed: FloatArray
    flags: FloatArray
    lost: int


@dataclass
class Series:
    """Samples of one curve; what is appended is joined only when it is next looked at."""

    style: SeriesStyle
    visible: bool = True
    _x: dict[str, list[FloatArray]] = field(default_factory=dict)
    _y: list[FloatArray] = field(default_factory=list)
    _shown: tuple[CurveOptions, Shown] | None = None
    _smoothed: tuple[float, FloatArray] | None = None

    def append(self, x: Mapping[str, ArrayLike], y: ArrayLike) -> None:
        """Add samples; raises ValueError where the axes differ from the ones before or their lengths from y's."""
        values = np.atleast_1d(np.asarray(y, np.float64)).ravel()
        columns = {axis: np.atleast_1d(np.asarray(at, np.float64)).ravel() for axis, at in x.items()}
        if self._y and columns.keys() != self._x.keys():
            raise ValueError(f"The curve {self.style.title!r} has the axes {list(self._x)}, not {list(columns)}.")
        for axis, at in columns.items():
            if len(at) != len(values):
                raise ValueError(f"{len(at)} positions on {axis!r} do not fit {len(values)} values.")
        for axis, at in columns.items():
            self._x.setdefault(axis, []).append(at)
        self._y.append(values)
        self._shown = self._smoothed = None

    @property
    def axes(self) -> list[str]:
        return list(self._x)

    @property
    def y(self) -> FloatArray:
        """All values (N,) in the order in which they came."""
        return _joined(self._y)

    def x(self, axis: str) -> FloatArray:
        """The positions (N,) on an axis; NaN throughout where the curve has no such axis."""
        return _joined(self._x[axis]) if axis in self._x else np.full(len(self.y), np.nan)

    def smoothed(self, weight: float) -> FloatArray:
        """The moving average (N,) of the values in the order in which they came."""
        if self._smoothed is None or self._smoothed[0] != weight:
            self._smoothed = (weight, smooth(self.y, weight))
        return self._smoothed[1]

    def shown(self, options: CurveOptions) -> Shown:
        """The curve as the axes need it."""
        if self._shown is None or self._shown[0] != options:
            self._shown = (options, self._transformed(options))
        return self._shown[1]

    def best(self, axis: str) -> tuple[float, float] | None:
        """Position and value of the best sample, the first of equals; None without a goal or a finite value."""
        x, y = self.x(axis), self.y
        usable = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if not self.style.goal or not len(usable):
            return None
        pick = np.argmin if self.style.goal == "min" else np.argmax
        at = usable[int(pick(y[usable]))]
        return float(x[at]), float(y[at])

    def at(self, axis: str, position: float) -> int | None:
        """Index of the sample nearest to a position, within the curve's extent; None outside of it."""
        x = self.x(axis)
        usable = np.flatnonzero(np.isfinite(x))
        if not len(usable) or not x[usable].min() <= position <= x[usable].max():
            return None
        return int(usable[int(np.abs(x[usable] - position).argmin())])

    def _transformed(self, options: CurveOptions) -> Shown:
        x, y, smoothed = self.x(options.axis), self.y, self.smoothed(options.smoothing)
        order: slice | NDArray[np.intp] = slice(None)
        if not (np.diff(x) >= 0).all():
            order = np.argsort(x, kind="stable")
        x, y, smoothed = x[order], y[order], smoothed[order]
        drawable = np.isfinite(x) & ((x > 0) if options.log_x else True)
        x, y, smoothed = x[drawable], y[drawable], smoothed[drawable]
        lost = int((~drawable).sum())
        finite = np.isfinite(y)
        if options.log_x:
            x = np.log10(x)
        flags = x[~finite]
        y = np.where(finite, y, np.nan)
        if options.log_y:
            lost += int((y <= 0).sum())
            y, smoothed = _log(y), _log(smoothed)
        return Shown(x, y, smoothed, flags, lost)


def logged(value: float, log: bool) -> float:
    """A position or value in the coordinate of its axis; NaN where a logarithmic axis has no place for it."""
    if not log:
        return value
    return math.log10(value) if value > 0 else math.nan


def _joined(chunks: list[FloatArray]) -> FloatArray:
    if len(chunks) > 1:
        chunks[:] = [np.concatenate(chunks)]
    return chunks[0] if chunks else np.zeros(0)


def _log(values: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log10(values), np.nan)
