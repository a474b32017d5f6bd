"""`workbench train`: a recipe, trained in a process of its own and watched from here."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from workbench.app.application import App
from workbench.app.supervisor import RunHandle
from workbench.cli.terminal import POLL_S, Terminal
from workbench.core.errors import RunFailed, WorkbenchError
from workbench.core.units import format_duration, parse_duration_s
from workbench.recipes.check import build
from workbench.recipes.models import Recipe
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document
from workbench.runs.alarms import Alarm
from workbench.runs.state import RunState


def run(arguments: argparse.Namespace) -> int:
    """Train; returns 0, 3 when the run failed, 130 when it was interrupted and saved."""
    terminal, app = Terminal(arguments.json), App()
    try:
        recipe = _recipe(app, arguments)
        handle = _start(app, recipe, arguments.run_dir)
        interrupted = watch(app, terminal, handle)
        terminal.result(outcome(handle), _words(handle))
        if interrupted:
            return 130
        if handle.state in (RunState.FAILED, RunState.CRASHED):
            raise RunFailed(handle.history.summary.reason or "The engine died.", handle.history.summary.hint)
        return 0
    finally:
        app.close()


def watch(app: App, terminal: Terminal, handle: RunHandle) -> bool:
    """Show progress until the run has ended; Ctrl-C stops it with a checkpoint. True when it was interrupted."""
    interrupted, told = False, set[tuple[str, int]]()
    while not handle.state.ended:
        try:
            app.poll()
            tell_alarms(terminal, handle, told)
            terminal.progress(progress_words(handle))
            time.sleep(POLL_S)
        except KeyboardInterrupt:
            interrupted = True
            terminal.say("Stopping: the run saves a checkpoint.")
            app.supervisor.stop(handle)
    app.poll()
    tell_alarms(terminal, handle, told)
    return interrupted


def tell_alarms(terminal: Terminal, handle: RunHandle, told: set[tuple[str, int]]) -> None:
    """Say each alarm once; `told` remembers those that were said."""
    for alarm in handle.history.alarms:
        if (alarm.id, alarm.step) not in told:
            told.add((alarm.id, alarm.step))
            terminal.warn(alarm_words(alarm))


def alarm_words(alarm: Alarm) -> str:
    """What was seen, what it means, and what to change."""
    changes = "".join(f"\n  {key}: {change}" for key, change in alarm.advice)
    return f"Alarm at step {alarm.step}: {alarm.title}. {alarm.seen} {alarm.means}{changes}"


def progress_words(handle: RunHandle) -> str:
    """One line: state, step, epoch, loss, pace, kNN."""
    history = handle.history
    step = history.summary.step
    total = f"/{history.summary.steps_total}" if history.summary.steps_total else ""
    parts = [f"{handle.state} step {step}{total}"]
    for name, form in (("epoch", "epoch {:.2f}"), ("loss", "loss {:.4f}"), ("images_per_s", "{:.0f} images/s")):
        value = history.last(name)
        if value is not None:
            parts.append(form.format(value))
    knn = history.evaluated("knn")
    if knn:
        parts.append(f"kNN {knn[-1][1]:.1%}")
    if history.progress is not None:
        parts.append(history.progress[1])
    return "  ".join(parts)


def outcome(handle: RunHandle) -> dict[str, Any]:
    """The run's end as a JSON document."""
    history = handle.history
    knn = history.evaluated("knn")
    last = history.evaluations[-1] if history.evaluations else None
    return {
        "run": str(handle.folder.path),
        "state": str(handle.state),
        "reason": history.summary.reason,
        "step": history.summary.step,
        "loss": history.last("loss"),
        "knn": knn[-1][1] if knn else None,
        "floors": dict(last.floors) if last else {},
        "knn_settings": dict(last.settings) if last else {},
        "elapsed_s": history.last("elapsed_s"),
        "images_per_s": history.last("images_per_s"),
        "alarms": len(history.alarms),
        "open_alarms": [alarm.id for alarm in history.open_alarms],
    }


def _words(handle: RunHandle) -> str:
    end = outcome(handle)
    lines = [f"{end['state']}: {end['run']}"]
    if end["elapsed_s"]:
        lines.append(f"{end['step']} steps in {format_duration(end['elapsed_s'])} of training, loss {end['loss']:.4f}")
    if end["knn"] is not None:
        settings = end["knn_settings"]
        lines.append(knn_words(end["knn"], end["floors"], settings))
    return "\n".join(lines)


def knn_words(knn: float, floors: dict[str, float], settings: dict[str, Any]) -> str:
    """The accuracy beside its floors, and how it was measured."""
    beside = ", ".join(f"{name} {value:.1%}" for name, value in floors.items())
    return (
        f"kNN {knn:.1%} (k = {settings['k']}, T = {settings['temperature']:g}, cosine, bank {settings['bank']}, "
        f"test {settings['test']}); floors: {beside}"
    )


def _recipe(app: App, arguments: argparse.Namespace) -> Recipe:
    overrides = list(arguments.overrides)
    if arguments.device:
        overrides.append(f"hardware.device={arguments.device}")
    if arguments.time_limit:
        overrides += ["budget.unit=seconds", f"budget.amount={parse_duration_s(arguments.time_limit)}"]
    return build(override_recipe(find_document(arguments.recipe), overrides, app.catalogue), app.catalogue)


def _start(app: App, recipe: Recipe, run_dir: Path | None) -> RunHandle:
    if run_dir is None or not run_dir.exists():
        return app.train(recipe, run_dir)
    handle = app.supervisor.attach(app.existing_run(run_dir))
    if handle.state.live:
        raise WorkbenchError(f"The run {run_dir} is already training.", "Watch it in the window, or name another.")
    if app.recipe_of(handle.folder) != recipe:
        raise WorkbenchError(
            f"The run folder {run_dir} holds another recipe.", "Name another folder, or leave out the changes."
        )
    return app.resume(handle)
