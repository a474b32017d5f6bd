"""Curves with strokes beside them that are no curves of their own: error bars, the place of a mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from workbench.gui.curves.scene import Curve
from workbench.gui.curves.series import Shown
from workbench.gui.curves.view import CurveView


class MarkedView(CurveView):
    """A plot in which a curve brings further strokes that come and go with it."""

    _marks: dict[str, Curve] | None = None

    def set_mark(self, key: str, x: ArrayLike, y: ArrayLike, *, dashed: bool = False) -> None:
        """Strokes of a curve in its colour: (N,) places, NaN between strokes; raises KeyError for an unknown one."""
        across, up = np.asarray(x, np.float64), np.asarray(y, np.float64)
        shown = Shown(across, up, up, np.zeros(0), 0)
        marks = self._marks = self._marks or {}
        marks[key] = Curve(self.series[key].style.colour, dashed, shown, False, None)

    def remove(self, key: str) -> None:
        super().remove(key)
        if self._marks:
            self._marks.pop(key, None)

    def redraw(self) -> None:
        super().redraw()
        marks = self._marks or {}
        seen = [mark for key, mark in marks.items() if key in self.series and self.series[key].visible]
        self.plot.set_curves([*self.plot.curves, *seen])


def error_bars(x: Sequence[float], y: Sequence[float], error: Sequence[float]) -> tuple[ArrayLike, ArrayLike]:
    """One upright stroke from y - error to y + error at each x, as `MarkedView.set_mark` takes them."""
    at, middle, half = (np.asarray(values, np.float64) for values in (x, y, error))
    gap = np.full(len(at), np.nan)
    return np.repeat(at, 3), np.stack([middle - half, middle + half, gap], axis=1).ravel()
