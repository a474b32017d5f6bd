"""Figures of an objective at work as PNG, SVG or PDF by the file's ending, for papers and terminals.

matplotlib is imported when the first figure is drawn, never at start-up.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.app.figure_scale import value_range
from workbench.app.palette import CATEGORICAL_10
from workbench.plugins.specs import FigureSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 144
_LEAST_PICTURE_PX, _HEADING_LETTERS = 112, 12
"""Columns at least so wide, and headings broken so that they fit over them."""
_GAP_PX = 2
_MOST_NUMBERS = 100


def draw_figure(spec: FigureSpec, array: NDArray[Any], title: str, path: Path) -> None:
    """Draw one array under its own title and the run's; raises OSError from the disk."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=_size(spec, array), layout="constrained")
    axes = figure.subplots()
    draw = {"matrix": _matrix, "pictures": _pictures, "bars": _bars, "lines": _lines}[spec.kind]
    draw(axes, spec, array)
    axes.set_xlabel(spec.x)
    axes.set_ylabel(spec.y)
    figure.suptitle(f"{spec.title}\n{title}", fontsize=11)
    figure.savefig(path, dpi=_DPI)


def _size(spec: FigureSpec, array: NDArray[Any]) -> tuple[float, float]:
    """Inches; pictures keep whole pixels."""
    if spec.kind != "pictures":
        return (7.0, 6.2) if spec.kind == "matrix" else (8.0, 4.5)
    height, width = _sheet(array).shape[:2]
    return max(4.0, width / _DPI + 0.4), height / _DPI + 1.2


def _matrix(axes: Axes, spec: FigureSpec, array: NDArray[Any]) -> None:
    from matplotlib.patches import Rectangle

    low, high = value_range(array)
    long = max(array.shape) > 3 * min(array.shape)
    colours = "RdBu_r" if low < 0 else "viridis"
    shown = axes.imshow(array, cmap=colours, vmin=low, vmax=high, aspect="auto" if long else "equal")
    axes.figure.colorbar(shown, ax=axes, shrink=0.8, label=spec.value)
    for row, column in spec.marked(*array.shape):
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="#d62728", linewidth=0.8))
    if array.size <= _MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(array):
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=_ink(shown.to_rgba(value)))
    if len(spec.columns) == array.shape[1]:
        axes.set_xticks(range(array.shape[1]), spec.columns, rotation=90 if max(map(len, spec.columns)) > 4 else 0)
    if len(spec.rows) == array.shape[0]:
        axes.set_yticks(range(array.shape[0]), spec.rows)


def _ink(rgba: Any) -> str:
    """Black on what is light, white on what is dark."""
    return "black" if float(np.dot(rgba[:3], (0.2126, 0.7152, 0.0722))) > 0.5 else "white"


def _pictures(axes: Axes, spec: FigureSpec, array: NDArray[Any]) -> None:
    sheet, columns = _sheet(array), array.shape[1]
    axes.imshow(sheet, interpolation="nearest")
    side = sheet.shape[1] / columns
    names = [fill(name, _HEADING_LETTERS) for name in spec.columns] if len(spec.columns) == columns else []
    axes.set_xticks([(at + 0.5) * side for at in range(len(names))], names, fontsize=8)
    axes.xaxis.tick_top()
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _sheet(array: NDArray[Any]) -> NDArray[np.uint8]:
    """All pictures (rows, columns, h, w, 3) in one, enlarged by a whole factor, white between them."""
    factor = max(1, -(-_LEAST_PICTURE_PX // array.shape[2]))
    large = array.repeat(factor, axis=2).repeat(factor, axis=3)
    framed = np.pad(large, ((0, 0), (0, 0), (_GAP_PX, _GAP_PX), (_GAP_PX, _GAP_PX), (0, 0)), constant_values=255)
    rows, columns, height, width, _ = framed.shape
    return framed.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)


def _bars(axes: Axes, spec: FigureSpec, array: NDArray[Any]) -> None:
    names = next((names for names in (spec.columns, spec.rows) if len(names) == len(array)), ())
    places = _places(spec, len(array))
    axes.bar(
        places, array, width=0.8 * (places[-1] - places[0]) / max(1, len(array) - 1) or 0.8, color=CATEGORICAL_10[0]
    )
    axes.axhline(0, color="#8a8f98", linewidth=0.8)
    if names:
        axes.set_xticks(places, names)


def _places(spec: FigureSpec, count: int) -> NDArray[np.float64]:
    """Where each entry stands on the axis: counted from 1, unless the figure spans a range."""
    return np.linspace(*(spec.span or (1.0, float(count))), count)


def _lines(axes: Axes, spec: FigureSpec, array: NDArray[Any]) -> None:
    names = spec.rows if len(spec.rows) == len(array) else [str(number + 1) for number in range(len(array))]
    for number, (name, row) in enumerate(zip(names, array, strict=True)):
        axes.plot(_places(spec, array.shape[1]), row, color=CATEGORICAL_10[number % 10], label=name)
    if 1 < len(array) <= len(CATEGORICAL_10):
        axes.legend(frameon=False)
