"""The window while a run trains: how long its event loop waits, and what it costs the training.

    python -m tests.benchmarks.window [--json] [--seconds 60]

A real engine trains and streams its events; the real window, offscreen, shows its curves. A timer that should fire
every 10 ms measures the event loop's lag. Then the same training is timed with and without a window, in turns.
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
from itertools import pairwise
from pathlib import Path

TICK_MS = 10
SETTLE_S = 8
OVERRIDES = [
    "training.batch_size=32",
    "evaluation.every_epochs=0",
    "checkpoints.every_epochs=1000",
    "checkpoints.embed=false",
    "hardware.device=cpu",
]


def main() -> int:
    """Print lag percentiles and the window's cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--watch", type=Path, help="(internal) open the window on this run and measure its lag")
    parser.add_argument("--quiet", action="store_true", help="(internal) watch without measuring the lag")
    parser.add_argument(
        "--rounds", type=int, default=4, help="turns with and without a window; 0 measures the lag alone"
    )
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if arguments.watch:
        print(json.dumps(watch(arguments.watch, arguments.seconds, not arguments.quiet)))
        return 0
    with tempfile.TemporaryDirectory() as home:
        os.environ["WORKBENCH_HOME"] = home
        result = {**lag(Path(home), arguments.seconds), **cost(Path(home), arguments.seconds / 3, arguments.rounds)}
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


def lag(home: Path, seconds: float) -> dict[str, float]:
    """Event-loop lag of a window that watches a live run, with the events it was sent a second."""
    folder, engine = start_engine(home, f"budget.amount={seconds + 30}")
    try:
        return run_watcher(folder, seconds)
    finally:
        engine.kill()
        engine.wait()


def cost(home: Path, seconds: float, rounds: int) -> dict[str, float]:
    """Training speed with a window as a share of the speed without: one run, watched in turns, medians."""
    if not rounds:
        return {}
    folder, engine = start_engine(home, "budget.amount=100000")
    spans: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    cores = []
    try:
        time.sleep(2 * SETTLE_S)
        for _ in range(rounds):
            begin = time.time()
            time.sleep(seconds)
            spans[False].append((begin, time.time()))
            watched = run_watcher(folder, seconds, "--quiet")
            spans[True].append((watched["from_t"], watched["to_t"]))
            cores.append(watched["window_cores"])
    finally:
        engine.kill()
        engine.wait()
    alone, watched_pace = (steps_per_s(folder, spans[key]) for key in (False, True))
    return {
        "steps_per_s_alone": alone,
        "steps_per_s_watched": watched_pace,
        "slower_by": 1 - watched_pace / alone,
        "window_cores_beside": statistics.median(cores),
    }


def start_engine(home: Path, *overrides: str):
    """A run folder with a live engine."""
    from workbench.plugins.catalogue import builtin_catalogue
    from workbench.recipes.check import build
    from workbench.recipes.overrides import override_recipe
    from workbench.recipes.presets import find_document
    from workbench.recipes.toml_io import write_toml
    from workbench.runs.folder import RunFolder

    catalogue = builtin_catalogue()
    wanted = ["budget.unit=seconds", *overrides, *OVERRIDES]
    recipe = build(override_recipe(find_document("simclr-fashion-mnist"), wanted, catalogue), catalogue)
    folder = RunFolder.create(home / "runs", "bench", write_toml(recipe))
    with open(folder.console, "wb") as console:
        command = [sys.executable, "-m", "workbench.engine", "train", str(folder.path)]
        engine = subprocess.Popen(command, stdout=console, stderr=console)
    return folder, engine


def run_watcher(folder, seconds: float, *options: str) -> dict[str, float]:
    """Measure in a process of its own, as the window is."""
    watched = ("--watch", str(folder.path), "--seconds", str(seconds), *options)
    command = [sys.executable, "-m", "tests.benchmarks.window", *watched]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def watch(run: Path, seconds: float, ticking: bool) -> dict[str, float]:
    """Open the window on a run's curves for so long; `ticking` measures the event loop, and costs a little itself."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from workbench.app.application import App
    from workbench.gui.window import Window

    qt = QApplication([])
    app = App()
    window = Window(app)
    window.show()
    window.start()
    app.current = app.supervisor.attach(app.existing_run(run))
    window.show_page("train")
    pump = QEventLoop()
    QTimer.singleShot(SETTLE_S * 1000, pump.quit)
    pump.exec()

    ticks: list[float] = []
    seen = app.current.history.revision
    timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    if ticking:
        timer.start()
    busy, begin = time.process_time(), time.time()
    QTimer.singleShot(int(seconds * 1000), pump.quit)
    pump.exec()
    timer.stop()
    busy = (time.process_time() - busy) / seconds
    events = (app.current.history.revision - seen) / seconds
    window.close()
    qt.processEvents()
    if not ticking:
        return {"window_cores": busy, "from_t": begin, "to_t": begin + seconds}
    waits = sorted(max(0.0, 1000 * (after - before) - TICK_MS) for before, after in pairwise(ticks))
    return {
        "lag_p50_ms": waits[len(waits) // 2],
        "lag_p99_ms": waits[int(0.99 * len(waits))],
        "lag_max_ms": waits[-1],
        "events_per_s": events,
        "window_cores": busy,
        "seconds": seconds,
    }


def steps_per_s(folder, spans: list[tuple[float, float]]) -> float:
    """Median pace of a run over spans of wall time."""
    from workbench.runs.history import RunHistory
    from workbench.runs.journal import JournalReader

    history, reader = RunHistory(), JournalReader(folder.events)
    while events := reader.read():
        history.fold(events)
    times = history.times("loss")
    return statistics.median(((times >= begin) & (times < end)).sum() / (end - begin) for begin, end in spans)


if __name__ == "__main__":
    sys.exit(main())
