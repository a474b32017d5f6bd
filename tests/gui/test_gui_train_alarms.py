"""Alarms on the Train page: told, put aside, led to their settings, marked in the list; numbers have a state."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from workbench.app.application import App
from workbench.gui.pages.train.curves import alarm_marks
from workbench.gui.pages.train.page import TrainPage
from workbench.gui.pages.train.row import ITEM
from workbench.gui.pages.train.states import Health, health_of, knn_health
from workbench.gui.window import Window
from workbench.runs.folder import RunFolder
from workbench.runs.history import RunHistory
from workbench.runs.journal import JournalWriter

PATIENCE_MS = 20_000
LIMITS = [
    {"metric": "embedding_std", "value": 0.02, "sign": -1, "after": 0, "share": 0.1},
    {"metric": "output_std", "value": 0.4, "sign": -1, "after": 0, "share": 0.1},
    {"metric": "knn_gain", "value": -0.05, "sign": -1, "after": 0, "share": 0.1},
]
ALARM = {
    "id": "outputs_alike",
    "metric": "output_std",
    "title": "The outputs collapse",
    "seen": "All point the same way.",
    "means": "Nothing is learned.",
    "try": [
        {"setting": "objective.temperature", "change": "lower it"},
        {"setting": "optimiser.lr", "change": "lower it"},
        {"setting": "training.batch_size", "change": "raise it"},
    ],
}


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path)


@pytest.fixture
def page(qtbot: QtBot, app: App) -> Iterator[TrainPage]:
    """The Train page of a window that looks at a run with an alarm."""
    app.current = app.supervisor.attach(alarmed(app))
    window = Window(app)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    window.bridge.start()
    window.show_page("train")
    page = window.pages["train"]
    assert isinstance(page, TrainPage)
    qtbot.waitUntil(page.settled, timeout=PATIENCE_MS)
    yield page
    window.close()


def alarmed(app: App) -> RunFolder:
    """A run of 40 steps, of which step 30 raised an alarm."""
    app.editor.set("name", "collapsed")
    folder = app.new_run(app.editor.build())
    clock = itertools.count()
    with JournalWriter(folder.events, clock=lambda: float(next(clock))) as journal:
        journal.emit("starting", 0, pid=2**22 + 7, pid_start=1.0, host=socket.gethostname(), version="0", schema=1)
        journal.emit("running", 0, steps_total=40, resumed_from=None, device="cpu", limits=LIMITS)
        for step in range(1, 41):
            journal.metrics(
                [step], {"loss": [1.0], "embedding_std": [0.01], "output_std": [0.2], "elapsed_s": [float(step)]}
            )
            if step == 30:
                journal.emit("alarm", step, **ALARM)
        floors = {"random init": 0.3}
        journal.emit("evaluation", 40, values={"knn": 0.4}, floors=floors, settings={})
        journal.emit("ended", 40, state="completed", reason="", hint="")
    return folder


def test_an_alarm_is_a_line_that_opens_to_what_was_seen_what_it_means_and_what_to_change(
    qtbot: QtBot, page: TrainPage
) -> None:
    banner = page.header.banner
    assert banner.isVisible()
    assert banner.title.full_text() == "The outputs collapse (step 30)"
    assert not banner.words.isVisible()
    qtbot.mouseClick(banner.more, Qt.MouseButton.LeftButton)
    assert banner.words.isVisible()
    assert banner.words.text() == "All point the same way. Nothing is learned."
    told = "objective.temperature: lower it; optimiser.lr: lower it; training.batch_size: raise it"
    assert banner.advice.accessibleName() == told
    assert banner.accessibleName().startswith("Alarm: The outputs collapse")


@pytest.mark.parametrize(
    ("place", "key", "section", "field"),
    [
        (1, "objective.temperature", "objective", "temperature"),
        (2, "optimiser.lr", "training", "lr"),
        (3, "training.batch_size", "training", "batch_size"),
    ],
)
def test_a_setting_of_an_alarm_is_reached_by_keyboard_and_leads_to_its_field(
    qtbot: QtBot, page: TrainPage, place: int, key: str, section: str, field: str
) -> None:
    window = page.window()
    assert isinstance(window, Window)
    page.header.banner.more.setFocus(Qt.FocusReason.OtherFocusReason)
    qtbot.keyClick(page.header.banner.more, Qt.Key.Key_Space)
    page.header.banner.advice.setFocus(Qt.FocusReason.OtherFocusReason)
    for _ in range(place):
        qtbot.keyClick(page.header.banner.advice, Qt.Key.Key_Tab)
    qtbot.keyClick(page.header.banner.advice, Qt.Key.Key_Return)
    target = window.pages["objective"]
    assert target.isVisible()
    panel = target.panels[section]
    form = panel.settings.form if section == "objective" else panel.forms[key.split(".")[0]].form
    qtbot.waitUntil(lambda: form.row(field).isAncestorOf(window.focusWidget()), timeout=PATIENCE_MS)


def test_the_curves_are_marked_where_an_alarm_began_and_say_it_under_the_mouse(qtbot: QtBot, page: TrainPage) -> None:
    assert page.curves is not None
    view = page.curves.panel("loss").view
    qtbot.waitUntil(lambda: len(view.plot.ground.marks) == 1, timeout=PATIENCE_MS)
    (mark,) = view.plot.ground.marks
    assert (mark.at, mark.ends) == (30.0, False)
    at = QPoint(round(view.plot.to_pixel(mark.at, 0.0).x()), round(view.plot.area.center().y()))
    qtbot.mouseMove(view.plot, at)
    qtbot.waitUntil(lambda: view.hover.readout.head == "Step 30  ·  The outputs collapse: alarm")


def test_a_mark_lies_on_each_axis_and_an_alarm_that_is_over_has_two() -> None:
    history = RunHistory()
    rows = {"kind": "metrics", "seq": 1, "t": 1.0, "step": 20, "steps": [10, 20]}
    values = {"loss": [1.0, 1.0], "epoch": [1.0, 2.0], "elapsed_s": [5.0, 10.0]}
    begun = {"kind": "alarm", "seq": 2, "t": 1.0, "step": 10, **ALARM}
    over = {"kind": "alarm_over", "seq": 3, "t": 2.0, "step": 15, "id": ALARM["id"]}
    history.fold([{**rows, "values": values}, begun, over])
    began, ended = alarm_marks(history, "#f0c36c")
    assert began.at == {"step": 10.0, "epoch": 1.0, "time": 5.0}
    assert ended.at == {"step": 15.0, "epoch": 1.5, "time": 7.5}
    assert (began.ends, ended.ends) == (False, True)


def test_three_plots_have_room_beside_an_alarm_in_the_smallest_window(qtbot: QtBot, page: TrainPage) -> None:
    page.window().resize(1280, 800)
    assert page.header.banner.isVisible()
    assert page.curves is not None
    qtbot.waitUntil(lambda: page.curves.panel("loss").view.plot.area.height() > 60, timeout=PATIENCE_MS)
    for place in ("loss", "knn", "other"):
        assert page.curves.panel(place).view.plot.area.height() > 60


def test_an_alarm_that_is_put_aside_stays_away(qtbot: QtBot, page: TrainPage) -> None:
    qtbot.mouseClick(page.header.banner.close_button, Qt.MouseButton.LeftButton)
    assert not page.header.banner.isVisible()
    page.header.show_run(page.app.current, "collapsed", None)
    assert not page.header.banner.isVisible()


def test_numbers_have_a_state_in_words_and_as_an_icon(page: TrainPage) -> None:
    strip = page.header.health
    assert strip.readouts["loss"].health is Health.UNKNOWN
    assert strip.readouts["knn"].health is Health.GOOD
    assert strip.readouts["embedding_std"].health is Health.WATCH
    assert strip.own[0].health is Health.ALARM
    assert strip.own[0].isVisible()
    assert not strip.own[1].isVisible()
    assert strip.own[0].state.text() == "alarm"
    assert strip.own[0].glyph.isVisible()
    assert strip.own[0].accessibleName() == "Output std 0.20, alarm, alarm below 0.4"


def test_the_list_marks_a_run_with_an_alarm(page: TrainPage) -> None:
    index = page.runs.model.index(0)
    assert index.data(ITEM).alarm == "The outputs collapse"
    assert "alarm: The outputs collapse" in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_a_number_is_not_judged_before_its_share_of_the_run() -> None:
    history = RunHistory()
    running = {"kind": "running", "seq": 0, "t": 0.0, "step": 0, "steps_total": 100, "limits": LIMITS}
    rows = {"kind": "metrics", "seq": 1, "t": 1.0, "step": 5, "steps": [5], "values": {"embedding_std": [0.01]}}
    history.fold([running, rows])
    assert health_of(history, "embedding_std", 0.01) is Health.UNKNOWN
    history.fold([{**rows, "seq": 2, "step": 10, "steps": [10]}])
    assert health_of(history, "embedding_std", 0.01) is Health.WATCH


@pytest.mark.parametrize(("knn", "state"), [(0.4, Health.GOOD), (0.3, Health.WATCH), (0.1, Health.WATCH)])
def test_an_accuracy_that_does_not_beat_the_untrained_encoder_is_not_good(knn: float, state: Health) -> None:
    history = RunHistory()
    running = {"kind": "running", "seq": 0, "t": 0.0, "step": 0, "steps_total": 100, "limits": LIMITS}
    rows = {"kind": "metrics", "seq": 1, "t": 1.0, "step": 50, "steps": [50], "values": {"loss": [1.0]}}
    measured = {"kind": "evaluation", "seq": 2, "t": 2.0, "step": 50, "values": {"knn": knn}, "settings": {}}
    history.fold([running, rows, {**measured, "floors": {"random init": 0.3}}])
    assert knn_health(history) is state
