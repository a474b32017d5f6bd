"""A pan frame of a million points: our map against pyqtgraph's ScatterPlotItem, both as real widgets, offscreen.

    python -m tests.benchmarks.scatter [--points 1000000] [--frames 30] [--json]

Both show the same points, in ten colours, 3x3 pixels each, in a widget of 1000x800; each frame pans by a few pixels and
is painted to the end into a pixmap.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QApplication, QWidget

from workbench.gui.explorer import raster
from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.palette import CATEGORICAL_10, categorical

WIDTH, HEIGHT, SIZE_PX = 1000, 800, 3
COLOURS = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", CATEGORICAL_10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    app = QApplication.instance() or QApplication([])
    result = measure(given.points, given.frames)
    app.processEvents()
    if given.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:>24}  {value:.4g}")


def measure(points: int, frames: int) -> dict[str, float]:
    """Median and 95th percentile of a pan frame in ms, for us and for the peer, and the ratio of the medians."""
    xy, codes = sample(points)
    raster.warm_up()
    ours = timed(*our_map(xy, codes), frames)
    peer = timed(*peer_map(xy, codes), max(3, frames // 5))
    return {
        "points": points,
        "cores": float(os.cpu_count() or 1),
        "load_1min": os.getloadavg()[0],
        "ours_ms": statistics.median(ours),
        "ours_p95_ms": float(np.percentile(ours, 95)),
        "ours_best_ms": min(ours),
        "peer_ms": statistics.median(peer),
        "peer_best_ms": min(peer),
        "peer_over_ours": statistics.median(peer) / statistics.median(ours),
    }


def sample(points: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Ten Gaussian clouds, as an embedding has them."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 10, points).astype(np.uint8)
    centres = rng.normal(size=(10, 2)) * 4
    return (centres[codes] + rng.normal(size=(points, 2))).astype(np.float32), codes


def our_map(xy: NDArray[np.float32], codes: NDArray[np.uint8]) -> tuple[QWidget, Callable[[int], None]]:
    view = MapView(COLOURS)
    view.resize(WIDTH, HEIGHT)
    view.set_points(xy)
    view.set_colours(codes, categorical(10))
    view.set_point_size(SIZE_PX)
    view.show()
    return view, lambda frame: view.pan_by(7 if frame % 2 else -5, 3)


def peer_map(xy: NDArray[np.float32], codes: NDArray[np.uint8]) -> tuple[QWidget, Callable[[int], None]]:
    import pyqtgraph as pg

    plot = pg.PlotWidget(background=COLOURS.background)
    plot.resize(WIDTH, HEIGHT)
    plot.setAspectLocked(True)
    for code, colour in enumerate(CATEGORICAL_10):
        part = xy[codes == code]
        plot.addItem(pg.ScatterPlotItem(part[:, 0], part[:, 1], size=SIZE_PX, symbol="s", pen=None, brush=colour))
    plot.show()
    box = plot.getViewBox()
    box.autoRange()
    box.disableAutoRange()
    step = (box.viewRange()[0][1] - box.viewRange()[0][0]) / WIDTH
    return plot, lambda frame: box.translateBy(x=step * (7 if frame % 2 else -5), y=step * 3)


def timed(widget: QWidget, pan: Callable[[int], None], frames: int) -> list[float]:
    """Milliseconds of each frame: the pan and the painting that follows it."""
    QApplication.processEvents()
    widget.grab()
    taken = []
    for frame in range(frames):
        start = time.perf_counter()
        pan(frame)
        widget.grab()
        taken.append((time.perf_counter() - start) * 1000)
    widget.close()
    return taken


if __name__ == "__main__":
    main()
