"""The window while a run trains: how long its event loop waits, what a redraw takes, and what it costs the training.

    python -m tests.benchmarks.window [--json] [--seconds 60]

A real engine trains and streams its events; the real window, offscreen, shows its curves. A timer that should fire
every 10 ms measures the event loop's lag. Then the same training is timed with and without a window, in turns.

A redraw is that of the whole Train page at 1280 x 800 with four runs of 2,000 steps that all have grown, in processor
time of the window's thread, which other programs on the machine lengthen little. Goal: 8 ms.
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
from itertools import pairwise
from pathlib import Path

TICK_MS = 10
SETTLE_S = 8
REDRAWS, RUNS, STEPS, NEW_STEPS = 20, 4, 2000, 20
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
    parser.add_argument("--redraws", action="store_true", help="measure a redraw alone")
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
        result = redraw(Path(home))
        if not arguments.redraws:
            result |= lag(Path(home), arguments.seconds) | cost(Path(home), arguments.seconds / 3, arguments.rounds)
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


def redraw(home: Path) -> dict[str, float]:
    """Milliseconds of the window's thread for showing the Train page once more, the median of `REDRAWS`."""
    from PySide6.QtWidgets import QApplication

    from workbench.app.application import App
    from workbench.gui.window import Window

    qt = QApplication([])
    app = App(home)
    for number in range(RUNS):
        written_run(app, f"run {number}")
    window = Window(app)
    window.resize(1280, 800)
    window.show()
    window.start()
    window.show_page("train")
    page = window.pages["train"]
    settle(qt, page)
    for position, item in enumerate(list(page._items())):
        (page._overlay if position else page._look_at)(item.key)
        settle(qt, page)
    window.bridge.stop()
    taken = [redraw_once(qt, app, page, STEPS + number * NEW_STEPS) for number in range(REDRAWS + 2)][2:]
    window.close()
    qt.processEvents()
    return {"redraw_ms": 1000 * statistics.median(taken), "redraw_max_ms": 1000 * max(taken), "redraw_goal_ms": 8.0}


def redraw_once(qt, app, page, step: int) -> float:
    """Seconds of this thread's processor time to take in and paint `NEW_STEPS` more steps of every run."""
    for handle in app.supervisor.handles.values():
        handle.history.fold([metrics(step + new + 1) for new in range(NEW_STEPS)])
    qt.processEvents()
    started = time.thread_time()
    page._show()
    for place in ("loss", "knn", "other"):
        page.curves.panel(place).view.redraw()
    qt.processEvents()
    return time.thread_time() - started


def settle(qt, page) -> None:
    """Let the page read what it waits for."""
    until = time.monotonic() + 2
    while time.monotonic() < until or not page.settled():
        qt.processEvents()
        time.sleep(0.005)


def written_run(app, name: str):
    """A run folder whose journal says that it trains on another machine."""
    from workbench.runs.journal import JournalWriter

    app.editor.set("name", name)
    folder = app.new_run(app.editor.build())
    with JournalWriter(folder.events) as journal:
        journal.emit("starting", 0, pid=1, pid_start=1.0, host="elsewhere", version="0", schema=1)
        journal.emit("running", 0, device="cuda:0", steps_total=2 * STEPS, resumed_from=None)
        for step in range(1, STEPS + 1):
            journal.metrics([step], metrics(step)["values"])
            if step % (STEPS // 10) == 0:
                journal.emit(
                    "evaluation", step, values={"knn": step / STEPS / 2}, floors={"raw pixels": 0.3}, settings={}
                )
    return folder


def metrics(step: int) -> dict:
    """An event with a noisy falling loss and a noisy rising similarity."""
    noise = math.sin(12.9898 * step) * 43758.5453 % 1 - 0.5
    values = {"loss": 6 * math.exp(-step / STEPS) + 0.3 * noise, "epoch": step / 100, "elapsed_s": step / 20}
    values["positive_similarity"] = step / STEPS / 3 + 0.1 * noise
    columns = {name: [value] for name, value in values.items()}
    return {"seq": step, "t": float(step), "step": step, "kind": "metrics", "steps": [step], "values": columns}


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
