"""Docks below the pages make room in a low window, and come back: those that were there, and no others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from workbench.app.application import App
from workbench.gui.dock_room import LOW_PX, DockRoom
from workbench.gui.window import Window
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import add_layout, write_embedding_set

BELOW = Qt.DockWidgetArea.BottomDockWidgetArea
WAIT_MS = 30_000


@pytest.fixture
def window(qtbot):
    made = QMainWindow()
    made.setCentralWidget(QWidget())
    for name in ("activity", "log"):
        dock = QDockWidget(name, made)
        dock.setObjectName(f"dock-{name}")
        dock.setWidget(QWidget())
        made.addDockWidget(BELOW, dock)
    made.resize(900, LOW_PX - 200)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def room(window, desk):
    desk.app.settings = desk.app.settings.replace(docks_kept=())
    return DockRoom(window, docks(window), desk.app)


def docks(window: QMainWindow) -> list[QDockWidget]:
    return window.findChildren(QDockWidget)


def shown(window: QMainWindow) -> list[str]:
    return [dock.windowTitle() for dock in docks(window) if not dock.isHidden()]


def switch(dock: QDockWidget) -> None:
    """Press the dock's line in the View menu."""
    dock.toggleViewAction().trigger()


def test_docks_go_while_a_page_wants_their_height_and_come_back_after_it(window, room):
    room.share(wanted=True)
    assert shown(window) == []
    room.share(wanted=False)
    assert shown(window) == ["activity", "log"]


def test_docks_stay_in_a_window_that_is_high_enough(window, room):
    window.resize(900, LOW_PX)
    room.share(wanted=True)
    assert shown(window) == ["activity", "log"]


def test_docks_come_back_when_the_window_grows(window, room):
    room.share(wanted=True)
    window.resize(900, LOW_PX)
    room.share(wanted=True)
    assert shown(window) == ["activity", "log"]


def test_a_dock_that_the_user_had_closed_stays_closed(window, room):
    docks(window)[0].close()
    room.share(wanted=True)
    room.share(wanted=False)
    assert shown(window) == ["log"]


def test_a_dock_that_the_user_brings_back_stays_the_next_time_too(window, room):
    room.share(wanted=True)
    switch(docks(window)[1])
    room.share(wanted=False)
    room.share(wanted=True)
    assert shown(window) == ["log"]


def test_a_dock_that_the_user_switches_off_beside_a_panel_makes_room_again(window, room):
    room.share(wanted=True)
    switch(docks(window)[1])
    switch(docks(window)[1])
    room.share(wanted=False)
    assert shown(window) == ["activity"]
    switch(docks(window)[1])
    room.share(wanted=True)
    assert shown(window) == []


def test_a_dock_at_the_side_takes_no_height_and_stays(window, room):
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks(window)[0])
    room.share(wanted=True)
    assert shown(window) == ["activity"]


def test_the_map_gets_the_docks_height_while_a_panel_is_open(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    vectors = np.array([[row, row % 3] for row in range(9)], np.float32)
    write_embedding_set(tmp_path / "nine", vectors, pa.table({"id": [str(row) for row in range(9)]}), None, SetMeta())
    add_layout(tmp_path / "nine", "pca", vectors, np.ones(9, np.float32), LayoutInfo(method="pca"))
    window = Window(App(tmp_path))
    window.resize(1280, 800)
    qtbot.addWidget(window)
    window.show()
    window.show_page("explore")
    window.bridge.start()
    page = window.pages["explore"]
    page.open_path(tmp_path / "nine")
    qtbot.waitUntil(lambda: page.desk.opened is not None and page.settled(), timeout=WAIT_MS)
    page.drawer.open_panel("samples")
    qtbot.waitUntil(lambda: page.map.height() > 250, timeout=WAIT_MS)
    assert not window.activity_dock.isVisible()
    window.show_page("train")
    assert window.activity_dock.isVisible()
    window.show_page("explore")
    assert not window.log_dock.isVisible()
    window.close()
    again = Window(App(tmp_path))
    qtbot.addWidget(again)
    again.show()
    assert again.log_dock.isVisible()
    again.close()
