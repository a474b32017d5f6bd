"""From a change of a pipeline to the painted views: how long the Views page takes for 64 samples.

    python -m tests.benchmarks.preview [--json] [--samples 64] [--changes 40]

The real window, offscreen, with the real lab. Each change moves a setting of the SimCLR pipeline as a slider does; time
runs from the change to the end of the painting of the answer. A change is made only after the last one was painted, so
that none is skipped. CIFAR-10's test pictures where they are at hand (WORKBENCH_TEST_DATA), else the bundled ones.
Goal: 100 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

GOAL_MS = 100
ROOT = Path(__file__).resolve().parents[2]
WARM = 5


def main() -> int:
    """Print the median, the 90 % and the worst of all changes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--changes", type=int, default=40)
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["WORKBENCH_HOME"] = home
        took_ms = sorted(measure(Path(home), arguments.samples, arguments.changes))
    result = {
        "samples": arguments.samples,
        "changes": len(took_ms),
        "median_ms": round(statistics.median(took_ms), 1),
        "ninth_decile_ms": round(took_ms[int(0.9 * (len(took_ms) - 1))], 1),
        "worst_ms": round(took_ms[-1], 1),
        "goal_ms": GOAL_MS,
    }
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


def measure(home: Path, samples: int, changes: int) -> list[float]:
    """Milliseconds of each change."""
    from PySide6.QtWidgets import QApplication

    from workbench.app.application import App
    from workbench.gui.window import Window

    qt = QApplication([])
    app = App(home)
    choose_data(app)
    window = Window(app)
    window.resize(1280, 800)
    window.show()
    window.start()
    window.show_page("views")
    page = window.pages["views"]
    until(qt, page.settled)
    page.preview.bar.count.setCurrentIndex(page.preview.bar.count.findData(samples))
    page.preview.bar.changed.emit(None)
    until(qt, page.settled)
    assert page.preview.grid.samples() == samples
    took = [change(qt, app, page, number) for number in range(WARM + changes)]
    window.close()
    return took[WARM:]


def choose_data(app: Any) -> None:
    """SimCLR's views on CIFAR-10 or on what is bundled."""
    folder = (ROOT / os.environ.get("WORKBENCH_TEST_DATA", "../shared/data")).resolve()
    if (folder / "cifar10_jpeg_test.npz").exists():
        app.editor.choose("data", "cifar-npz")
        app.editor.set("data.path", str(folder))
        app.editor.use_views_preset("simclr-cifar")


def change(qt: Any, app: Any, page: Any, number: int) -> float:
    """Milliseconds from a moved setting to its painted views."""
    began = time.perf_counter()
    app.editor.set("views.branches.0.ops.0.scale", [0.1 + 0.01 * (number % 40), 1.0])
    until(qt, lambda: page.preview.waiting)
    until(qt, page.settled)
    page.preview.grid.repaint()
    return 1000 * (time.perf_counter() - began)


def until(qt: Any, condition: Any, patience_s: float = 120.0) -> None:
    """Let the event loop turn until the condition holds."""
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, "the page never settled"
        qt.processEvents()
        time.sleep(0.0005)


if __name__ == "__main__":
    sys.exit(main())
