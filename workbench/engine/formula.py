"""Formulas as outlines: set once with matplotlib's mathtext, drawn by the window in any colour and size."""

from __future__ import annotations

import numpy as np

Box = tuple[float, float, float, float]


def outline(tex: str, size_pt: float = 16.0) -> tuple[str, Box]:
    """A formula as SVG path data and its box (left, top, right, bottom), in points, y downwards, baseline at 0.

    Raises ValueError for TeX that mathtext does not know.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    with np.errstate(all="ignore"):
        path = TextPath((0, 0), f"${tex}$", size=size_pt, prop=FontProperties(math_fontfamily="stix"))
    letters = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
    commands = []
    for points, code in path.iter_segments(simplify=False):
        if code == Path.CLOSEPOLY:
            commands.append("Z")
            continue
        xy = np.asarray(points).reshape(-1, 2) * (1, -1)
        commands.append(letters[code] + " ".join(f"{value:.1f}" for value in xy.ravel()))
    extents = path.get_extents()
    box = (extents.x0, -extents.y1, extents.x1, -extents.y0)
    return "".join(commands), tuple(round(float(edge), 1) for edge in box)  # type: ignore[return-value]
