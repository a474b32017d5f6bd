"""The Train page as a user meets it: looking at runs, laying them over each other, steering a live one."""

from __future__ import annotations

import itertools
import math
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from workbench.app.application import App
from workbench.gui.pages.train.page import TrainPage
from workbench.gui.window import Window
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter

FLOORS = {"raw pixels": 0.36, "random init": 0.32}
PATIENCE_MS = 20_000
DEAD_PID = 2**22 + 7


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path)


@pytest.fixture
def window(qtbot: QtBot, app: App) -> Iterator[Window]:
    window = Window(app)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    yield window
    for handle in app.supervisor.handles.values():
        if handle.child is not None and handle.state.live:
            app.supervisor.kill(handle)
    window.close()


def opened(qtbot: QtBot, window: Window) -> TrainPage:
    """The page, on the screen and with its list read."""
    page = window.pages["train"]
    assert isinstance(page, TrainPage)
    window.show()
    window.bridge.start()
    window.show_page("train")
    qtbot.waitUntil(page.settled, timeout=PATIENCE_MS)
    return page


def made(app: App, name: str, steps: int = 60, **settings: object) -> RunFolder:
    """A run folder with a recipe and a journal that has begun."""
    app.editor.set("name", name)
    for key, value in settings.items():
        app.editor.set(key.replace("__", "."), value)
    folder = app.new_run(app.editor.build())
    clock = itertools.count()
    with JournalWriter(folder.events, clock=lambda: float(next(clock))) as journal:
        journal.emit("starting", 0, pid=DEAD_PID, pid_start=1.0, host=socket.gethostname(), version="0", schema=1)
        split = {"samples": 100, "classes": list("abcdefghij"), "skipped": [], "skipped_count": 0}
        skipped = [{"path": "cats/7.png", "reason": "truncated"}]
        journal.emit("data", 0, train={**split, "skipped": skipped, "skipped_count": 1}, test=split)
        journal.emit(
            "running",
            0,
            device="cpu",
            precision="32-true",
            threads=2,
            parameters=1000,
            steps_total=steps,
            resumed_from=None,
            budget_s=None,
            versions={"torch": "2.9"},
        )
        journal.emit("evaluation", 0, values={"knn": 0.32}, floors=FLOORS, settings={})
        for step in range(1, steps + 1):
            journal.metrics(
                [step],
                {
                    "loss": [6 * math.exp(-step / steps)],
                    "epoch": [step / 10],
                    "elapsed_s": [step / 5],
                    "gradient_norm": [1.0],
                    "lr": [0.1],
                    "positive_similarity": [step / steps],
                },
            )
        journal.emit("evaluation", steps, values={"knn": 0.5}, floors=FLOORS, settings={})
        journal.emit("checkpoint", steps, path=f"step_{steps:08d}")
    return folder


def end(folder: RunFolder, state: str = "completed", reason: str = "", hint: str = "") -> RunFolder:
    with JournalWriter(folder.events) as journal:
        journal.emit("ended", journal.last_step, state=state, reason=reason, hint=hint)
    return folder


def click(qtbot: QtBot, page: TrainPage, folder: RunFolder, held: Qt.KeyboardModifier, x: int = 120) -> None:
    rows = page.runs.rows
    row = page.runs.model.row_of(folder.path.resolve())
    place = QPoint(x, rows.visualRect(page.runs.model.index(row)).center().y())
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, held, place)
    qtbot.waitUntil(page.settled, timeout=PATIENCE_MS)


def look_at(qtbot: QtBot, page: TrainPage, folder: RunFolder) -> None:
    click(qtbot, page, folder, Qt.KeyboardModifier.NoModifier)


def lines(page: TrainPage, place: str) -> list[str]:
    return [line.label for line in page.curves.panel(place).view._lines]


def test_train_page_without_runs_says_what_to_do_first(qtbot, window):
    page = opened(qtbot, window)
    assert page.empty.isVisible()
    assert page.empty.heading.text() == "No runs yet"
    assert "Ctrl+Enter" in page.empty.sentence.text()


def test_train_page_shows_loss_knn_and_their_levels_of_the_run_that_is_clicked(qtbot, app, window):
    folder = end(made(app, "first"))
    page = opened(qtbot, window)
    look_at(qtbot, page, folder)
    key = str(folder.path.resolve())
    loss = page.curves.panel("loss").view.series[key]
    assert len(loss.y) == 60
    assert loss.x("epoch")[-1] == pytest.approx(6.0)
    knn = page.curves.panel("knn").view.series[key]
    assert knn.y.tolist() == [32.0, 50.0]
    assert knn.x("time").tolist() == [0.0, 12.0]
    assert lines(page, "loss") == ["chance 6.236"]
    assert lines(page, "knn") == ["raw pixels 36.0%", "random init 32.0%"]
    assert page.header.health.readouts["knn"].value.text() == "50.0%"
    assert "Step 60 of 60" in page.header.facts.full_text()


def test_train_page_lays_runs_over_each_other_and_drops_a_chance_line_that_they_do_not_share(qtbot, app, window):
    one, same = end(made(app, "one")), end(made(app, "same"))
    other = end(made(app, "other", training__batch_size=128))
    page = opened(qtbot, window)
    look_at(qtbot, page, one)
    click(qtbot, page, same, Qt.KeyboardModifier.ControlModifier)
    view = page.curves.panel("loss").view
    keys = [str(folder.path.resolve()) for folder in (one, same, other)]
    qtbot.waitUntil(lambda: set(view.series) == set(keys[:2]))
    assert app.current.folder.path.resolve() == one.path.resolve()
    assert lines(page, "loss") == ["chance 6.236"]
    click(qtbot, page, other, Qt.KeyboardModifier.NoModifier, x=15)
    qtbot.waitUntil(lambda: set(view.series) == set(keys))
    assert lines(page, "loss") == []
    assert len({series.style.colour for series in view.series.values()}) == 3
    colour = view.series[keys[1]].style.colour
    click(qtbot, page, other, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: set(view.series) == set(keys[:2]))
    assert view.series[keys[1]].style.colour == colour


def test_train_page_x_axis_and_smoothing_are_shared_but_knn_is_never_smoothed(qtbot, app, window):
    folder = end(made(app, "first"))
    page = opened(qtbot, window)
    look_at(qtbot, page, folder)
    lead = page.curves.panel("loss")
    lead.axis_box.setFocus()
    qtbot.keyClick(lead.axis_box, Qt.Key.Key_Down)
    lead.slider.setValue(200)
    options = [page.curves.panel(place).view.options for place in ("loss", "knn", "other")]
    assert [one.axis for one in options] == ["epoch"] * 3
    assert [one.smoothing for one in options] == [pytest.approx(0.99), 0.0, pytest.approx(0.99)]
    assert app.settings.smoothing == pytest.approx(0.99)


def test_train_page_third_panel_shows_the_metric_that_is_chosen(qtbot, app, window):
    folder = end(made(app, "first"))
    page = opened(qtbot, window)
    look_at(qtbot, page, folder)
    chooser, view = page.curves.chooser, page.curves.panel("other").view
    assert chooser.currentText() == "Positive similarity"
    chooser.setFocus()
    chooser.setCurrentIndex(chooser.findData("gradient_norm"))
    assert view.title == "Gradient norm"
    assert set(view.series[str(folder.path.resolve())].y) == {1.0}


def test_train_page_filter_leaves_the_runs_that_match(qtbot, app, window):
    end(made(app, "warm"))
    end(made(app, "cold"), "failed", "The loss became NaN.")
    page = opened(qtbot, window)
    qtbot.keyClicks(page.runs.search, "failed")
    qtbot.waitUntil(lambda: page.runs.model.rowCount() == 1)
    assert page.runs.model.index(0).data() == "cold"


def test_train_page_says_why_a_run_failed_and_offers_to_resume(qtbot, app, window):
    folder = end(made(app, "bad"), "failed", "The loss became NaN at step 60.", "Lower the learning rate.")
    page = opened(qtbot, window)
    look_at(qtbot, page, folder)
    notice = page.header.notice
    assert notice.isVisible()
    assert notice.message.text() == "The loss became NaN at step 60."
    assert notice.hint.text() == "Lower the learning rate."
    assert notice.action.text() == "Resume"
    assert page.header.buttons["run.resume"].isEnabled()
    assert not page.header.buttons["run.pause"].isEnabled()
    assert page.header.buttons["run.pause"].toolTip() == "The run is failed."


def test_train_page_shows_a_run_whose_engine_is_dead_as_crashed(qtbot, app, window):
    folder = made(app, "dead")
    page = opened(qtbot, window)
    look_at(qtbot, page, folder)
    qtbot.waitUntil(lambda: page.header.state.text() == "Crashed", timeout=PATIENCE_MS)
    assert "died" in page.header.notice.message.text()


def test_train_page_inspector_tells_what_differs_and_takes_the_recipe_over(qtbot, app, window):
    folder = end(made(app, "first"))
    app.editor.set("training.batch_size", 64)
    page = opened(qtbot, window)
    look_at(qtbot, page, folder)
    tables = page.facts.tables
    assert "training.batch_size 256 → 64" in tables["diff"].words()
    assert "cats/7.png truncated" in tables["data"].words()
    assert "torch 2.9" in tables["versions"].words()
    assert "step 60" in tables["checkpoints"].words()
    qtbot.mouseClick(page.facts.take_over, Qt.MouseButton.LeftButton)
    assert app.editor.value("training.batch_size") == 256
    qtbot.waitUntil(lambda: "the same" in tables["diff"].words())


def test_train_page_menu_copies_the_folder_and_refuses_to_resume_what_is_complete(qtbot, app, window):
    folder = end(made(app, "first"))
    page = opened(qtbot, window)
    menu = page.menu_of(page._item(folder.path.resolve()))
    actions = {action.text(): action for action in menu.actions() if action.text()}
    actions["Copy folder path"].trigger()
    assert QApplication.clipboard().text() == str(folder.path)
    assert not actions["Resume"].isEnabled()
    menu.deleteLater()


def test_train_page_does_nothing_while_hidden(qtbot, app, window):
    folder = end(made(app, "first"))
    page = opened(qtbot, window)
    look_at(qtbot, page, folder)
    window.show_page("objective")
    qtbot.wait(500)
    with JournalWriter(folder.events) as journal:
        journal.emit("warning", 60, message="Look here.", hint="")
    before = page.facts.tables["notices"].words()
    qtbot.waitUntil(lambda: len(app.current.history.notices) == 1, timeout=PATIENCE_MS)
    qtbot.wait(2 * 350)
    assert page.facts.tables["notices"].words() == before
    window.show_page("train")
    qtbot.waitUntil(lambda: "Look here." in page.facts.tables["notices"].words())


def test_train_page_opens_200_000_events_in_short_turns(qtbot, app, window):
    """Measured in the main thread's own processor time, which other programs on the machine do not lengthen."""
    folder = app.new_run(app.editor.build())
    clock = itertools.count()
    with JournalWriter(folder.events, clock=lambda: float(next(clock))) as journal:
        journal.emit("running", 0, device="cpu", steps_total=200_000, resumed_from=None)
        for step in range(1, 200_001):
            journal.metrics([step], {"loss": [6.0 - step / 1e5], "epoch": [step / 31], "elapsed_s": [step / 20]})
        journal.emit("ended", 200_000, state="completed", reason="", hint="")
    small = end(made(app, "small"))
    page = opened(qtbot, window)
    look_at(qtbot, page, small)  # makes the plots, which is no matter of the journal's length
    page._look_at(folder.path.resolve())
    turns, deadline = [], time.monotonic() + 60
    while not (page.settled() and app.current.loaded) and time.monotonic() < deadline:
        began = time.thread_time()
        QApplication.processEvents()
        turns.append(time.thread_time() - began)
        time.sleep(0.001)
    assert len(page.curves.panel("loss").view.series[str(folder.path.resolve())].y) == 200_000
    assert max(turns) < 0.1


def test_train_page_follows_pauses_resumes_and_stops_a_live_run(qtbot, app, window):
    app.editor.set_many(
        {
            "name": "live",
            "budget": {"unit": "steps", "amount": 5000.0},
            "training.batch_size": 32,
            "evaluation": {"every_epochs": 0.0, "bank": 200, "test": 50, "k": 5},
            "hardware.threads": 1,
        },
        "a short run",
    )
    page = opened(qtbot, window)
    qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: app.current is not None and page.header.state.text() == "Running", timeout=60_000)
    qtbot.waitUntil(lambda: page.curves is not None, timeout=PATIENCE_MS)
    key = str(app.current.folder.path.resolve())
    series = page.curves.panel("loss").view.series
    qtbot.waitUntil(lambda: key in series and len(series[key].y) > 3, timeout=PATIENCE_MS)
    assert psutil.pid_exists(app.current.child.pid)
    assert app.current.child.pid != os.getpid()
    buttons = page.header.buttons
    for command, state in (("run.pause", "Paused"), ("run.resume", "Running"), ("run.stop", "Stopped")):
        qtbot.waitUntil(buttons[command].isEnabled, timeout=PATIENCE_MS)
        qtbot.mouseClick(buttons[command], Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda state=state: page.header.state.text() == state, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: "step" in page.facts.tables["checkpoints"].words(), timeout=PATIENCE_MS)
    item = page._item(Path(key))
    assert (item.name, str(item.state)) == ("live", "stopped")


def test_train_page_opens_a_torn_run_of_a_newer_program_and_says_what_is_missing(qtbot, app, window):
    folder = end(made(app, "strange", steps=60))
    folder.recipe.write_text(folder.recipe.read_text().replace("schema = 1", "schema = 9"))
    with open(folder.events, "ab") as events:
        events.write(b'{"seq": 999, "t": 1.0, "step": 60, "kind": "hologram", "x": 1}\n{"seq": 1000, "t"')
    page = opened(qtbot, window)
    click(qtbot, page, folder, Qt.KeyboardModifier.NoModifier)
    qtbot.waitUntil(page.settled, timeout=PATIENCE_MS)
    assert len(app.current.history.array("loss")[0]) == 60
    words = [found.text() for found in page.facts.findChildren(QLabel) if found.isVisibleTo(page.facts)]
    assert any("written by a newer program" in text for text in words)
    assert "missing or incomplete on disk" in words


def test_train_page_tells_runs_of_one_name_apart_by_their_number(qtbot, app, window):
    first, second = end(made(app, "twin")), end(made(app, "twin"))
    end(made(app, "single"))
    page = opened(qtbot, window)
    words = {item.folder.path: item.words for item in page._items()}
    assert words[first.path].startswith("#1 · Completed")
    assert words[second.path].startswith("#2 · Completed")
    assert sum(text.startswith("Completed") for text in words.values()) == 1
    qtbot.keyClicks(page.runs.search, "twin #2")
    qtbot.waitUntil(lambda: page.runs.model.rowCount() == 1)
