"""The Train page's time-lapse: the newest moment, any other by slider or Play, and guidance where there is none."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from workbench.app.application import App
from workbench.gui.bridge import Bridge
from workbench.gui.pages.train.at_work import AtWork
from workbench.gui.pages.train.page import TrainPage
from workbench.recipes.presets import load
from workbench.runs.figures import write_figures
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter

PATIENCE_MS = 40_000
PRESET, OBJECTIVE = "swav-cifar10", "swav"


@pytest.fixture
def bridge(qtbot, tmp_path: Path) -> Iterator[Bridge]:
    app = App(tmp_path)
    made = Bridge(app)
    made.start()
    yield made
    made.stop()
    app.close()


@pytest.fixture
def work(qtbot, bridge: Bridge) -> AtWork:
    made = AtWork(bridge)
    qtbot.addWidget(made)
    made.resize(700, 420)
    made.show()
    return made


def begun(app: App) -> RunFolder:
    folder = app.new_run(load(PRESET, app.catalogue))
    with JournalWriter(folder.events) as journal:
        journal.emit("starting", 0, pid=2**22 + 7, pid_start=1.0, host=socket.gethostname(), version="0", schema=1)
        journal.emit("running", 0, device="cpu", steps_total=100, resumed_from=None)
    return folder


def keep(folder: RunFolder, *steps: int) -> None:
    """Figures in which the share of the first prototype is a hundredth of the step."""
    with JournalWriter(folder.events) as journal:
        for step in steps:
            arrays = {
                "usage": np.array([step / 100, 0.1], np.float32),
                "nearest": np.full((2, 3, 8, 8, 3), step, np.uint8),
            }
            path = write_figures(folder, step, arrays)
            journal.emit("figures", step, path=path.name, names=list(arrays), removed=[])


def look(qtbot, bridge: Bridge, work: AtWork, folder: RunFolder, document: dict | None = None) -> None:
    """Watch a run as the page does: shown anew at every change."""
    handle = bridge.app.supervisor.attach(folder)
    spec = bridge.app.catalogue.objective(OBJECTIVE).spec
    bridge.changed.connect(lambda _topic: work.show_run(handle, spec, document or {}))
    qtbot.waitUntil(lambda: handle.loaded, timeout=PATIENCE_MS)
    work.show_run(handle, spec, document or {})
    qtbot.waitUntil(lambda: not work.reading, timeout=PATIENCE_MS)


def share(work: AtWork) -> float:
    drawing = work.browser.view.drawing
    return round(float(drawing.values[0]), 3) if drawing is not None else -1.0


def test_the_newest_moment_is_shown_and_followed_while_the_slider_is_at_its_end(qtbot, bridge, work):
    folder = begun(bridge.app)
    keep(folder, 0, 40)
    look(qtbot, bridge, work, folder)
    assert share(work) == 0.4
    assert work.words.text() == "step 40  ·  2 of 2"
    assert list(work.browser.buttons) == ["usage", "nearest"]
    keep(folder, 60)
    qtbot.waitUntil(lambda: share(work) == 0.6, timeout=PATIENCE_MS)
    work.slider.setValue(0)
    qtbot.waitUntil(lambda: share(work) == 0.0, timeout=PATIENCE_MS)
    keep(folder, 80)
    qtbot.waitUntil(lambda: work.slider.maximum() == 3, timeout=PATIENCE_MS)
    assert work.words.text() == "step 0  ·  1 of 4"


def test_play_goes_from_the_untrained_network_to_the_newest_step_on_one_scale_and_stops(qtbot, bridge, work):
    folder = begun(bridge.app)
    keep(folder, 0, 20, 40)
    look(qtbot, bridge, work, folder)
    seen = []
    work.slider.valueChanged.connect(seen.append)
    work.play.click()
    qtbot.waitUntil(lambda: share(work) == 0.0, timeout=PATIENCE_MS)
    assert work.browser.view.drawing.ends == (0.0, 0.5)
    qtbot.waitUntil(lambda: not work.play.isChecked(), timeout=PATIENCE_MS)
    assert seen == [0, 1, 2]
    qtbot.waitUntil(lambda: share(work) == 0.4, timeout=PATIENCE_MS)


def test_playing_ends_when_the_page_is_left(qtbot, bridge, work):
    folder = begun(bridge.app)
    keep(folder, 0, 20)
    look(qtbot, bridge, work, folder)
    work.play.click()
    work.hide()
    assert not work.play.isChecked()


def test_a_file_that_is_gone_is_said_and_the_other_moments_stay(qtbot, bridge, work):
    folder = begun(bridge.app)
    keep(folder, 0, 20)
    (folder.figures / "step_00000020.npz").unlink()
    look(qtbot, bridge, work, folder)
    assert "cannot be read" in work.browser.description.text()
    work.slider.setValue(0)
    qtbot.waitUntil(lambda: share(work) == 0.0, timeout=PATIENCE_MS)


@pytest.mark.parametrize(
    ("document", "title"), [({}, "No figures yet"), ({"checkpoints": {"figures": False}}, "This run keeps no figures")]
)
def test_a_run_without_figures_says_why(qtbot, bridge, work, document, title):
    look(qtbot, bridge, work, begun(bridge.app), document)
    assert work.empty.isVisible()
    assert work.empty.heading.text() == title


def test_nothing_is_read_while_the_curves_are_looked_at(qtbot, bridge):
    folder = begun(bridge.app)
    keep(folder, 0)
    page = TrainPage(bridge)
    for widget in (page, page.inspector()):
        qtbot.addWidget(widget)
    page.resize(1000, 700)
    page.show()
    page.shown.look_at(folder)
    page.refresh(set())
    qtbot.waitUntil(page.settled, timeout=PATIENCE_MS)
    assert page.at_work._asked is None
    page.open_section("at-work")
    qtbot.waitUntil(lambda: share(page.at_work) == 0.0, timeout=PATIENCE_MS)
