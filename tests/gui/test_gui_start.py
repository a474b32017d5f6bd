"""Starting the program: what is loaded by then, and what bad words on the command line are answered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from PySide6.QtGui import QImage

from workbench.app.application import App
from workbench.gui.main import show_map_when_done, start_demo
from workbench.gui.pages.explore.model import Stage
from workbench.gui.window import Window
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import load
from workbench.runs.state import RunState

RUN_MS = 120_000
SHORT = ["budget.unit=steps", "budget.amount=3", "evaluation.bank=200", "evaluation.test=100", "hardware.device=cpu"]
SHOW = """
import json, sys
from workbench.app.application import App
from workbench.gui.main import make_application
from workbench.gui.window import Window

HEAVY = ("torch", "umap", "sklearn", "matplotlib", "numba", "pyarrow")

def loaded():
    return [name for name in HEAVY if name in sys.modules]

qt = make_application()
app = App()
window = Window(app)
window.show()
qt.processEvents()
told = {"at_show": loaded(), "visible": window.isVisible()}
window.start()
shown = []
for page in window.pages:
    window.show_page(page)
    qt.processEvents()
    if window.pages[page].isVisible() and not app.quick_lab.ready:
        shown.append(page)
told |= {"before_the_lab": shown, "after_pages": [name for name in loaded() if name != "pyarrow"]}
print(json.dumps(told))
window.close()
"""

LIVE = """
import sys
from workbench.gui import main
from PySide6.QtCore import QTimer
def break_something():
    raise ValueError("a bug")
make = main.make_application
def noisy():
    qt = make()
    QTimer.singleShot(200, break_something)
    QTimer.singleShot(600, lambda: print("still here", flush=True))
    return qt
main.make_application = noisy
sys.exit(main.main([]))
"""


def run(code: str, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **more}
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def command(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **more}
    return subprocess.run(
        [sys.executable, "-m", "workbench", *words], capture_output=True, text=True, env=environment, timeout=120
    )


def test_the_window_shows_without_the_heavy_libraries_and_its_pages_open_before_the_lab_is_ready():
    out, err = run(SHOW).communicate(timeout=120)
    told = json.loads(out.strip().splitlines()[-1])
    assert told["visible"], err
    assert told["at_show"] == []
    assert told["after_pages"] == []
    assert told["before_the_lab"] == ["data", "views", "objective", "train", "explore"]


def test_an_uncaught_error_leaves_the_window_open_and_ctrl_c_closes_it_with_its_state_saved(tmp_path):
    window = run(LIVE, WORKBENCH_HOME=str(tmp_path))
    assert window.stdout.readline().strip() == "still here"
    window.send_signal(signal.SIGINT)
    _, err = window.communicate(timeout=60)
    assert window.returncode == 130, err
    assert "ValueError: a bug" in err
    assert (tmp_path / "session.toml").exists()
    assert 'layout = ""' not in (tmp_path / "settings.toml").read_text()


@pytest.mark.parametrize(
    ("words", "value", "allowed"),
    [
        (["--page", "explorer", "--out", "a.png"], "explorer", "explore"),
        (["--page", "data", "--out", "a.png", "--theme", "blue"], "blue", "dark"),
        (["--page", "data", "--out", "a.png", "--size", "1600"], "1600", "1600x1000"),
        (["--page", "data", "--out", "a.gif"], "a.gif", ".png"),
        (["--page", "data", "--out", "a.png", "--run", "nowhere"], "nowhere", "run folder"),
        (["--page", "explore", "--out", "a.png", "--embeddings", "nowhere"], "nowhere", "embedding set"),
    ],
)
def test_a_bad_argument_ends_with_code_2_and_names_the_value_and_what_is_allowed(words, value, allowed, tmp_path):
    ended = command("screenshot", *words, WORKBENCH_HOME=str(tmp_path))
    assert ended.returncode == 2
    assert value in ended.stderr
    assert allowed in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only there a display can be missing")
def test_without_a_display_the_window_says_what_to_use_instead(tmp_path):
    nothing = {"QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    ended = command("window", WORKBENCH_HOME=str(tmp_path), **nothing)
    assert ended.returncode == 2
    assert "demo --headless" in ended.stderr


def test_a_screenshot_has_the_asked_size_and_theme_and_leaves_settings_alone(tmp_path):
    out = tmp_path / "pictures" / "objective.png"
    words = ("--page", "objective", "--out", str(out), "--size", "1280x800", "--theme", "dark")
    ended = command("screenshot", *words, WORKBENCH_HOME=str(tmp_path / "home"))
    assert ended.returncode == 0, ended.stderr
    picture = QImage(str(out))
    assert (picture.width(), picture.height()) == (1280, 800)
    assert picture.pixelColor(4, 700).lightness() < 60
    assert not (tmp_path / "home" / "settings.toml").exists()
    assert not (tmp_path / "home" / "session.toml").exists()


@pytest.fixture
def window(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    made = Window(App(tmp_path))
    made.show()
    made.start()
    yield made
    made.close()
    made.deleteLater()


def test_the_demo_trains_its_preset_and_stays_on_the_train_page_when_it_is_stopped(qtbot, window):
    start_demo(window)
    assert window.stack.currentWidget() is window.pages["train"]
    assert window.app.editor.value("name") == "Demo: SimCLR on Fashion-MNIST"
    handle = window.app.current
    qtbot.waitUntil(lambda: handle.state is RunState.RUNNING and handle.history.summary.step > 0, timeout=RUN_MS)
    window.app.stop_current()
    qtbot.waitUntil(lambda: handle.state is RunState.STOPPED, timeout=RUN_MS)
    qtbot.wait(300)
    assert window.stack.currentWidget() is window.pages["train"]


def test_a_run_that_completes_turns_the_demo_to_its_map(qtbot, window):
    app = window.app
    document = load("demo", app.catalogue).document()
    app.editor.replace(override_recipe(document, SHORT, app.catalogue), "make it small")
    window.bridge.run("run.train")
    show_map_when_done(window, app.current)
    assert window.stack.currentWidget() is window.pages["train"]
    explore = window.pages["explore"]
    qtbot.waitUntil(explore.isVisible, timeout=RUN_MS)
    qtbot.waitUntil(lambda: explore.model.stage is Stage.SHOWN, timeout=RUN_MS)
    assert explore.model.place.path == app.current.folder.path.resolve()
    assert len(explore.map.cloud.xy) == 2_000
    qtbot.waitUntil(explore.settled, timeout=RUN_MS)
