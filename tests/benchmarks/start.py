"""From the command to the window on screen: `python -m tests.benchmarks.start [--json]`.

The window opens offscreen in a process of its own, on a fresh workspace the first time and on a used one after that;
the clock runs from the spawn to the end of the first paint. The peer is an empty Qt window, opened in the same way.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

WINDOW = """
import sys, time
from PySide6.QtWidgets import QApplication
qt = QApplication([])
from workbench.app.application import App
from workbench.gui.window import Window
window = Window(App())
window.show()
window.grab()
print(time.time(), flush=True)
window.close()
"""
EMPTY = """
import time
from PySide6.QtWidgets import QApplication, QMainWindow
qt = QApplication([])
window = QMainWindow()
window.show()
window.grab()
print(time.time(), flush=True)
"""


def main() -> int:
    """Print seconds to the first paint: the first start, later ones, an empty window."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "WORKBENCH_HOME": home}
        first = seconds_to_paint(WINDOW, environment)
        later = statistics.median(seconds_to_paint(WINDOW, environment) for _ in range(arguments.rounds))
        empty = statistics.median(seconds_to_paint(EMPTY, environment) for _ in range(arguments.rounds))
    result = {"first_start_s": first, "later_starts_s": later, "empty_qt_window_s": empty, "ratio": later / empty}
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


def seconds_to_paint(program: str, environment: dict[str, str]) -> float:
    """Wall time from the spawn to the printed stamp."""
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return float(done.stdout.splitlines()[-1]) - started


if __name__ == "__main__":
    sys.exit(main())
