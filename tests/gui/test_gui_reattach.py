"""A window that is killed takes nothing with it: the run goes on, and the next start finds it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from workbench.app.application import App
from workbench.runs.state import RunState

FRONT = """
import sys
from PySide6.QtWidgets import QApplication
from workbench.app.application import App
from workbench.gui.window import Window
from workbench.recipes.overrides import override_recipe

qt = QApplication([])
app = App()
small = ["budget.unit=steps", "budget.amount=300", "training.batch_size=32", "evaluation.every_epochs=0",
         "evaluation.bank=200", "evaluation.test=100", "checkpoints.every_epochs=0.5", "checkpoints.embed=false",
         "hardware.device=cpu", "hardware.threads=1"]
app.editor.replace(override_recipe(app.editor.document, small, app.catalogue), "make it small")
window = Window(app)
window.show()
window.start()
window.bridge.run("run.train")
print(app.current.folder.path, flush=True)
qt.exec()
"""


def wait_until(condition, app, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        app.poll()
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def test_a_killed_window_leaves_its_run_and_the_next_start_reattaches_with_every_step(tmp_path):
    front = subprocess.Popen([sys.executable, "-c", FRONT], stdout=subprocess.PIPE, text=True)
    run = front.stdout.readline().strip()
    events = Path(run) / "events.jsonl"
    end = time.monotonic() + 60
    while not (events.exists() and b'"metrics"' in events.read_bytes()):
        assert time.monotonic() < end, "the run did not begin"
        time.sleep(0.05)
    front.send_signal(signal.SIGKILL)
    front.wait()

    app = App()
    started = time.monotonic()
    app.attach_live_runs()
    assert app.current is not None
    handle = app.current
    wait_until(lambda: handle.loaded and handle.state.live, app, "the run to be found")
    assert time.monotonic() - started < 2
    assert str(handle.folder.path) == run
    wait_until(lambda: handle.state.ended, app, "the end of the run", 240)
    assert handle.state is RunState.COMPLETED
    assert handle.history.array("loss")[0].tolist() == list(range(1, 301))
    app.close()
