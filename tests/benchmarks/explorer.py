"""The map of a million points: every gesture from the change to the painted widget, and ten million in a child process.

    python -m tests.benchmarks.explorer [--points 1000000] [--large 10000000] [--frames 30] [--no-peer] [--json]

Real widgets of 1200x800, offscreen, with the compiled loops loaded; every figure ends when the widget is painted into a
pixmap. A pan draws what came into view, a zoom draws all points. The peer is pyqtgraph's ScatterPlotItem, with the same
points at the same size and the same pan. With --large 0 the child process is left out.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication, QWidget

from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.palette import CATEGORICAL_10, categorical
from workbench.gui.explorer.raster import orbit, painting
from workbench.gui.explorer.raster.glide import glide
from workbench.gui.explorer.raster.lines import LineLayer

WIDTH, HEIGHT = 1200, 800
COLOURS = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", CATEGORICAL_10)
GOALS = {
    "first paint from disk": 1000, "pan": 33, "zoom": 33, "density": 33, "hover": 16, "lasso of half": 150,
    "recolour": 100, "select all": 100, "deselect": 100, "filter": 150, "orbit": 33, "glide": 33, "10,000 lines": 33,
    "pan of the large map": 250, "memory of the large map": 1500,
}  # fmt: skip

Row = dict[str, float | str | None]


def main() -> int:
    """Print a line for each figure: median, 95th percentile, goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=10_000_000)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(large_map(given.large, given.frames)))
        return 0
    rows = in_child(given.large, given.frames) if given.large else []
    rows += measure(given.points, given.frames)
    result: dict[str, Any] = {"points": given.points, "cores": os.cpu_count(), "load_1min": os.getloadavg()[0]}
    if not given.no_peer:
        rows.append(row("peer's pan", timed(*peer_map(*sample(given.points)), max(3, given.frames // 5))))
        ours = next(known for known in rows if known["what"] == "pan")
        result["peer_over_ours"] = float(rows[-1]["median"]) / float(ours["median"])
    result["rows"] = rows
    if given.json:
        print(json.dumps(result))
        return 0
    for known in rows:
        print("{what:>26}  {median:9.1f} {unit}  95 % {p95:9.1f}  goal {goal}".format(**known))
    return 0


def row(what: str, taken: list[float], unit: str = "ms") -> Row:
    """Median and 95th percentile of a figure, with its goal; None where it has none."""
    goal = GOALS.get(what)
    return {"what": what, "unit": unit, "median": statistics.median(taken), "p95": float(np.percentile(taken, 95)),
            "goal": goal}  # fmt: skip


def sample(points: int) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:
    """Ten Gaussian clouds, as an embedding has them."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 10, points, dtype=np.uint16)
    xy = rng.standard_normal((points, 2), dtype=np.float32)
    xy += (rng.normal(size=(10, 2)) * 4).astype(np.float32)[codes]
    return xy, codes


def measure(points: int, frames: int) -> list[Row]:
    """All gestures on one map."""
    painting.warm_up()
    _app = QApplication.instance() or QApplication([])
    xy, codes = sample(points)
    rows = [first_paint(xy, codes)]
    view = shown(xy, codes)
    rows += [row("pan", timed(view, panning(view), frames)), row("zoom", timed(view, zooming(view), frames))]
    view.fit()
    rows += [row("hover", hovering(view, xy, frames)), *gestures(view, xy, codes, max(3, frames // 5))]
    view.set_mode("density")
    rows.append(row("density", timed(view, panning(view), frames)))
    view.set_mode("points")
    rows += moving(view, xy, frames)
    view.close()
    return rows


def shown(xy: NDArray[np.float32], codes: NDArray[np.uint16]) -> MapView:
    """A map of the points in ten colours."""
    view = MapView(COLOURS)
    view.resize(WIDTH, HEIGHT)
    view.set_points(xy)
    view.set_colours(codes, categorical(10))
    view.show()
    return view


def panning(view: MapView) -> Callable[[int], None]:
    """Moves to and fro, mostly to the right."""
    return lambda frame: view.pan_by(7 if frame % 3 else -5, 3 if frame % 2 else -3)


def zooming(view: MapView) -> Callable[[int], None]:
    """A notch in and a notch out at the middle, so that most points stay in view."""
    return lambda frame: view.zoom_at(1.25 if frame % 2 else 0.8, QPointF(WIDTH / 2, HEIGHT / 2))


def timed(widget: QWidget, change: Callable[[int], object], frames: int) -> list[float]:
    """Milliseconds of each change with the painting that follows it."""
    QApplication.processEvents()
    widget.grab()
    taken = []
    for frame in range(frames):
        start = time.perf_counter()
        change(frame)
        widget.grab()
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def hovering(view: MapView, xy: NDArray[np.float32], frames: int) -> list[float]:
    """Milliseconds to find the point under the cursor, all over the map."""
    taken = []
    for index in range(0, len(xy), max(1, len(xy) // (10 * frames))):
        at = view.position_of(index) + QPointF(3, 2)
        start = time.perf_counter()
        view.pick(at)
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def gestures(view: MapView, xy: NDArray[np.float32], codes: NDArray[np.uint16], times: int) -> list[Row]:
    """Lasso, recolour, select all, deselect, filter."""
    rng = np.random.default_rng(1)
    values = rng.random(len(xy), dtype=np.float32)
    others = [codes, (9 - codes).astype(np.uint16)]
    outline = lasso(xy)

    def take(_: int) -> None:
        view.set_selection(view.cloud.inside_polygon(outline))

    def narrow(frame: int) -> None:
        view.set_mask((codes != frame % 10) & (values > 0.5))

    changes: dict[str, Callable[[int], object]] = {
        "lasso of half": take,
        "select all": lambda _: view.set_selection(np.arange(len(xy))),
        "deselect": lambda _: view.set_selection([]),
        "recolour": lambda frame: view.set_colours(others[frame % 2], categorical(10)),
        "filter": narrow,
    }
    rows = []
    for what, change in changes.items():
        taken = []
        for frame in range(times):
            if what == "deselect":
                view.set_selection(np.arange(len(xy)))
            taken += timed(view, lambda _, frame=frame, change=change: change(frame), 1)
        rows.append(row(what, taken))
    view.set_mask(None)
    view.set_selection([])
    return rows


def lasso(xy: NDArray[np.float32]) -> NDArray[np.float64]:
    """An outline of 300 corners around half of the points."""
    middle = xy.mean(axis=0, dtype=np.float64)
    radius = np.median(np.hypot(*(xy - middle).T))
    angle = np.linspace(0, math.tau, 300, endpoint=False)
    return middle + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def moving(view: MapView, xy: NDArray[np.float32], frames: int) -> list[Row]:
    """An orbit, a time-lapse and its trails."""
    depth = np.random.default_rng(2).standard_normal((len(xy), 1), dtype=np.float32)
    xyz = np.concatenate([xy, depth], axis=1)
    about, other = orbit.around(xyz), xy[:, ::-1].copy()

    def turn(frame: int) -> None:
        places, away = orbit.project(xyz, about.turned(0.05 * frame, 0.3))
        view.place_points(places, *orbit.depth_order(away, about.radius))

    turned = row("orbit", timed(view, turn, frames))
    view.set_points(xy)
    glided = row("glide", timed(view, lambda frame: view.place_points(*_way(xy, other, frame / frames)), frames))
    view.set_points(xy[:10_000])
    # As long as a step between two checkpoints: some thirty pixels.
    ends = np.concatenate([xy[:10_000], xy[:10_000] + np.float32(0.5)], axis=1)
    trails = [LineLayer(ends, np.zeros(1, np.uint16), np.array([0x40204060], np.uint32), 1.5)]
    lines = row("10,000 lines", timed(view, lambda _: view.set_underlay(list(trails)), frames))
    return [turned, glided, lines]


def _way(one: NDArray[np.float32], two: NDArray[np.float32], share: float) -> tuple[Any, None, Any]:
    xy, shade = glide(one, two, share)
    return xy, None, shade


def first_paint(xy: NDArray[np.float32], codes: NDArray[np.uint16]) -> Row:
    """From the folder of a set to the painted map, coloured by label, as the Explore page opens it."""
    import pyarrow as pa

    from workbench.gui.pages.explore import colouring, sets
    from workbench.runs.embedding_meta import LayoutInfo
    from workbench.runs.embedding_set import add_layout, write_embedding_set

    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "set"
        label = pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), [f"class {i}" for i in range(10)])
        write_embedding_set(folder, xy, pa.table({"id": pa.array(np.arange(len(xy)).astype(str)), "label": label}))
        add_layout(folder, "pca", xy, np.ones(len(xy), np.float32), LayoutInfo(method="pca"))
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            opened = sets.load(folder)
            colours = colouring.colouring(opened, "label")
            view = MapView(COLOURS)
            view.resize(WIDTH, HEIGHT)
            view.set_points(opened.layout.xy, grid=opened.grid)
            view.set_colours(colours.codes, colours.table)
            view.grab()
            taken.append((time.perf_counter() - start) * 1000)
            view.close()
    return row("first paint from disk", taken)


def in_child(points: int, frames: int) -> list[Row]:
    """The large map in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "tests.benchmarks.explorer", "--child", "--large", str(points)]
    done = subprocess.run([*command, "--frames", str(frames)], capture_output=True, text=True, check=True)
    rows: list[Row] = json.loads(done.stdout)
    return rows


def large_map(points: int, frames: int) -> list[Row]:
    """Pan and zoom, and the most memory that the process ever held."""
    painting.warm_up()
    _app = QApplication([])
    view = shown(*sample(points))
    pan, zoom = timed(view, panning(view), frames), timed(view, zooming(view), max(3, frames // 5))
    view.set_selection(np.ones(points, np.bool_))
    view.grab()
    status = Path("/proc/self/status")
    rows = [row("pan of the large map", pan), row("zoom of the large map", zoom)]
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        rows.append(row("memory of the large map", [int(peak.split()[1]) / 1000], "MB"))
    view.close()
    return rows


def peer_map(xy: NDArray[np.float32], codes: NDArray[np.uint16]) -> tuple[QWidget, Callable[[int], None]]:
    """pyqtgraph's map of the same points, 2 px each as ours are at a million."""
    import pyqtgraph as pg

    plot = pg.PlotWidget(background=COLOURS.background)
    plot.resize(WIDTH, HEIGHT)
    plot.setAspectLocked(True)
    for code, colour in enumerate(CATEGORICAL_10):
        part = xy[codes == code]
        plot.addItem(pg.ScatterPlotItem(part[:, 0], part[:, 1], size=2, symbol="s", pen=None, brush=colour))
    plot.show()
    box = plot.getViewBox()
    box.autoRange()
    box.disableAutoRange()
    step = (box.viewRange()[0][1] - box.viewRange()[0][0]) / WIDTH
    return plot, lambda frame: box.translateBy(x=step * (7 if frame % 2 else -5), y=step * 3)


if __name__ == "__main__":
    sys.exit(main())
