"""The filter of the Explore page by keyboard: completions, errors at their place, counts, undo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from workbench.gui.pages.explore.page import ExplorePage
from workbench.gui.theme import current_theme
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import Neighbours, add_layout, store_neighbours, write_embedding_set

COUNT, WAIT_MS = 300, 60_000
LABELS = ("cat", "dog", "bird")


def write_set(folder: Path) -> None:
    """Points on a circle, each third one a cat; row i has loss i / 300 and the points before and behind it near."""
    angle = np.linspace(0, 2 * np.pi, COUNT, endpoint=False)
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    rows = np.arange(COUNT)
    table = {"id": [f"p{row}" for row in rows], "label": [LABELS[row % 3] for row in rows], "loss": rows / COUNT}
    write_embedding_set(folder, vectors, pa.table(table), None, SetMeta(title="circle"))
    add_layout(folder, "pca", vectors, np.ones(COUNT, np.float32), LayoutInfo(method="pca", trust_mean=1.0))
    near = np.stack([(rows + 1) % COUNT, (rows - 1) % COUNT], axis=1)
    store_neighbours(folder, Neighbours(near, np.full((COUNT, 2), 0.1, np.float32)))


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk):
    """The application's one worker thread lives as long as the application, which all tests here share."""
    desk.app.list_runs()


@pytest.fixture
def page(desk, qtbot, tmp_path):
    folder = tmp_path / "circle"
    write_set(folder)
    made = ExplorePage(desk)
    made.resize(920, 600)
    made.show()
    made.open_path(folder)
    qtbot.waitUntil(lambda: made.desk.opened is not None and made.desk.opened.folder == folder, timeout=WAIT_MS)
    settle(qtbot, made)
    yield made
    settle(qtbot, made)
    for widget in (made, made.details):
        widget.close()
        widget.deleteLater()


def settle(qtbot, page) -> None:
    qtbot.wait(180)  # typing rests for 150 ms
    qtbot.waitUntil(page.settled, timeout=WAIT_MS)
    qtbot.wait(20)


def type_filter(qtbot, page, text: str) -> None:
    field = page.filter_bar.field
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    settle(qtbot, page)


def shown(page) -> list[int]:
    visible = page.map.cloud.visible
    return list(range(COUNT)) if visible is None else np.flatnonzero(visible).tolist()


def test_typing_a_filter_leaves_its_points_on_the_map_and_counts_them(page, qtbot):
    assert page.filter_bar.count.text() == "300 points"
    type_filter(qtbot, page, "label = cat and loss < 0.5")
    assert shown(page) == list(range(0, 150, 3))
    assert page.filter_bar.count.text() == "50 of 300 shown"


def test_escape_closes_the_list_and_then_shows_all_points_again(page, qtbot):
    type_filter(qtbot, page, "label = cat and ")
    field = page.filter_bar.field
    assert field.popup.isVisible()
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not field.popup.isVisible()
    assert field.text()
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    settle(qtbot, page)
    assert field.text() == ""
    assert shown(page) == list(range(COUNT))


def test_tab_takes_the_first_completion_of_column_and_value(page, qtbot):
    field = page.filter_bar.field
    type_filter(qtbot, page, "lab")
    assert field.popup.topLevelItem(0).text(0) == "label"
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert field.text() == "label "
    qtbot.keyClicks(field, "= do")
    settle(qtbot, page)
    assert (field.popup.topLevelItem(0).text(0), field.popup.topLevelItem(0).text(1)) == ("dog", "100 points")
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    settle(qtbot, page)
    assert field.text() == "label = dog "
    assert shown(page) == list(range(1, COUNT, 3))
    assert field.hasFocus()


def test_enter_takes_the_completion_of_an_unfinished_filter_and_sets_a_finished_one(page, qtbot):
    field = page.filter_bar.field
    type_filter(qtbot, page, "label = bi")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == "label = bird "
    settle(qtbot, page)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == "label = bird "
    assert not field.popup.isVisible()


def test_down_chooses_the_next_completion(page, qtbot):
    field = page.filter_bar.field
    type_filter(qtbot, page, "label = ")
    names = [field.popup.topLevelItem(at).text(0) for at in range(3)]
    qtbot.keyClick(field, Qt.Key.Key_Down)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == f"label = {names[1]} "


def test_an_error_is_told_and_underlined_at_its_character_and_leaves_the_filter_in_force(page, qtbot):
    type_filter(qtbot, page, "loss < 0.5")
    type_filter(qtbot, page, "los < 0.5 and label = cat")
    field = page.filter_bar.field
    assert page.filter_bar.words.text().startswith("Character 1: ")
    assert "'loss'" in page.filter_bar.words.text()
    assert page.filter_bar.words.isVisible()
    assert len(shown(page)) == 150
    below = field.cursorRect().bottom()
    image = field.grab().toImage()
    red = QColor(current_theme().danger)
    reddish = [
        x for x in range(image.width()) if any(image.pixelColor(x, y).name() == red.name() for y in (below - 1, below))
    ]
    left, right = (field._x_of(at) for at in (0, 3))
    assert abs(min(reddish) - left) <= 2
    assert abs(max(reddish) - right) <= 2


def test_a_value_that_no_point_has_is_told_with_the_nearest(page, qtbot):
    type_filter(qtbot, page, "label = catt")
    assert page.filter_bar.count.text() == "0 of 300 shown"
    assert "Did you mean 'cat'?" in page.filter_bar.words.text()


def test_undo_takes_the_filter_back_into_the_field(page, qtbot):
    type_filter(qtbot, page, "label = cat")
    assert page.steps().undo_words == "filter by label = cat"
    qtbot.mouseClick(page.filter_bar.undo_button, Qt.MouseButton.LeftButton)
    settle(qtbot, page)
    assert page.filter_bar.field.text() == ""
    assert shown(page) == list(range(COUNT))
    qtbot.mouseClick(page.filter_bar.redo_button, Qt.MouseButton.LeftButton)
    settle(qtbot, page)
    assert page.filter_bar.field.text() == "label = cat"
    assert shown(page) == list(range(0, COUNT, 3))


def test_legend_filter_and_isolated_points_are_shown_together(page, qtbot):
    explorer = page.desk.explorer
    page.desk.select(range(60))
    qtbot.mouseClick(page.filter_bar.isolate_button, Qt.MouseButton.LeftButton)
    type_filter(qtbot, page, "loss >= 0.1")
    explorer.apply("hide cats", hidden=frozenset({"cat"}))
    settle(qtbot, page)
    assert shown(page) == [row for row in range(30, 60) if row % 3]
    code = next(code for code, row in enumerate(page.legend.content.categories) if row.name == "cat")
    assert page.legend.hidden == frozenset({code})
    qtbot.mouseClick(page.filter_bar.isolate_button, Qt.MouseButton.LeftButton)
    assert shown(page) == [row for row in range(30, COUNT) if row % 3]
