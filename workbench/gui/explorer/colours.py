"""The colours that the canvases take from the theme."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from workbench.gui.theme import Theme


@dataclass(frozen=True)
class PlotColours:
    """Colours of a canvas as "#rrggbb"; `palette` are the colours of categories and series, in order."""

    background: str
    foreground: str
    grid: str
    muted: str
    accent: str
    palette: tuple[str, ...]

    def argb(self, name: str) -> int:
        """One of the named colours as an opaque ARGB word."""
        return int(QColor(getattr(self, name)).rgba())


def of_theme(theme: Theme) -> PlotColours:
    """A canvas that lies on the theme's surface."""
    return PlotColours(theme.surface, theme.text, theme.border, theme.muted, theme.accent, theme.palette)


def rgba_table(names: tuple[str, ...] | list[str]) -> NDArray[np.uint8]:
    """(K, 4) uint8 of "#rrggbb" colours, opaque."""
    rows = [[int(name[i : i + 2], 16) for i in (1, 3, 5)] + [255] for name in names]
    return np.array(rows, np.uint8).reshape(-1, 4)


def mixed(table: NDArray[np.uint8], background: str, share: float) -> NDArray[np.uint8]:
    """The (K, 4) colours with only `share` (0..1) of their own left over the background."""
    own, below = table.astype(float), rgba_table([background]).astype(float)
    result = np.rint(own * share + below * (1 - share))
    result[:, 3] = table[:, 3]
    return np.asarray(result, np.uint8)
