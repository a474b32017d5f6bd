"""Points dragged from lists onto a sum, with the widgets' own data and real drop events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from explore_pages import explore_pages, settle
from PySide6.QtCore import QEvent, QItemSelectionModel, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from workbench.gui.pages.explore.dragging import POINTS, looked_at_data, points_data
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import add_layout, write_embedding_set

WAIT_MS = 60_000
COUNT = 40
LEFT = Qt.MouseButton.LeftButton
ALT, PLAIN = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier
WORDS = ["king", "man", "woman", "new york", *(f"word{row}" for row in range(4, COUNT))]


def write(folder: Path, *, pictures: bool) -> None:
    vectors = np.random.default_rng(1).normal(size=(COUNT, 6)).astype(np.float32)
    thumbnails = np.tile(np.arange(COUNT, dtype=np.uint8)[:, None, None, None], (1, 4, 4, 3)) if pictures else None
    write_embedding_set(folder, vectors, pa.table({"id": WORDS}), thumbnails, SetMeta(title=folder.name))
    add_layout(folder, "pca", vectors[:, :2], np.ones(COUNT, np.float32), LayoutInfo(method="pca", trust_mean=1.0))


@pytest.fixture(scope="module")
def sets(desk, tmp_path_factory):
    home = tmp_path_factory.mktemp("dragging")
    write(home / "words", pictures=False)
    write(home / "pictures", pictures=True)
    desk.app.list_runs()
    return home


@pytest.fixture
def open_page(desk, qtbot, sets):
    with explore_pages(desk, qtbot) as opened:

        def with_panel(name: str, panel: str = "arithmetic"):
            page = opened(sets / name, 760)
            page.drawer.open_panel(panel)
            page.desk.look_at(0)
            settle(qtbot, page)
            return page

        yield with_panel


def drop(field, data: QMimeData, modifiers: Qt.KeyboardModifier = PLAIN) -> bool:
    """Drag these over the field and let go; whether it took them."""
    action = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    entered = QDragEnterEvent(QPoint(5, 5), action, data, LEFT, modifiers)
    QApplication.sendEvent(field, entered)
    dropped = QDropEvent(QPointF(5, 5), action, data, LEFT, modifiers)
    QApplication.sendEvent(field, dropped)
    return entered.isAccepted() and dropped.isAccepted()


def table_data(page, row: int) -> QMimeData:
    model = page.drawer.panel.rows
    at = model.rows.tolist().index(row)
    assert model.flags(model.index(at, 0)) & Qt.ItemFlag.ItemIsDragEnabled
    return model.mimeData([model.index(at, column) for column in range(model.columnCount())])


@pytest.mark.parametrize(("name", "text"), [("words", '"new york"'), ("pictures", "#3")])
def test_rows_of_the_table_are_dragged_as_words_or_as_numbers_of_pictures(open_page, qtbot, name, text):
    page = open_page(name, "samples")
    data = table_data(page, 3)
    assert data.text() == text
    line = page.details.neighbours.line
    assert drop(line, data)
    assert line.text() == text
    settle(qtbot, page)


def test_a_dropped_point_is_added_and_with_alt_taken_away_and_the_sum_is_asked(open_page, qtbot):
    page = open_page("words")
    tool = page.drawer.panel.sum
    for row, modifiers in ((0, PLAIN), (1, ALT), (2, PLAIN), (3, ALT)):
        assert drop(tool.line, points_data(page.desk.explorer, [row]), modifiers)
    assert tool.line.text() == 'king - man + woman - "new york"'
    settle(qtbot, page)
    assert len(tool.answers.list.entries) == 10
    tool.line.setText("")
    drop(tool.line, points_data(page.desk.explorer, [1]), ALT)
    assert tool.line.text() == "- man"
    settle(qtbot, page)


def test_lines_of_neighbours_are_dragged_as_the_points_they_show(open_page):
    page = open_page("words")
    found = page.details.neighbours.list
    index = found.names.model().index(2, 0)
    found.names.selectionModel().select(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    assert found.names.model().mimeData([index]).text() == WORDS[found.entries[2].row].replace("new york", '"new york"')


def test_pictures_of_neighbours_are_dragged_as_the_points_they_show(open_page, qtbot):
    page = open_page("pictures")
    found = page.details.neighbours.list
    line = page.drawer.panel.sum.line
    assert drop(line, found.grid.points_data(2))
    assert line.text() == f"#{found.entries[2].row}"
    settle(qtbot, page)


def test_a_picture_is_chosen_when_it_is_let_go_and_not_when_it_was_pressed(open_page, qtbot):
    page = open_page("pictures")
    grid, chosen = page.details.neighbours.list.grid, []
    grid.chosen.connect(chosen.append)
    row = page.details.neighbours.list.entries[1].row
    qtbot.mousePress(grid, LEFT, pos=grid.cell(1).center())
    assert chosen == []
    qtbot.mouseRelease(grid, LEFT, pos=grid.cell(1).center())
    assert chosen == [row]
    settle(qtbot, page)


def test_a_picture_that_is_dragged_away_is_not_chosen(open_page, qtbot):
    page = open_page("pictures")
    grid, chosen = page.details.neighbours.list.grid, []
    grid.chosen.connect(chosen.append)
    start = grid.cell(1).center()
    away = QPointF(start + QPoint(40, 0))
    qtbot.mousePress(grid, LEFT, pos=start)
    moved = QMouseEvent(QEvent.Type.MouseMove, away, grid.mapToGlobal(away), LEFT, LEFT, PLAIN)
    QApplication.sendEvent(grid, moved)
    qtbot.mouseRelease(grid, LEFT, pos=start)
    assert chosen == []


def test_the_looked_at_sample_of_the_inspector_is_dragged(open_page):
    page = open_page("words")
    assert looked_at_data(page.desk.explorer).text() == "king"
    page.desk.look_at(None)
    assert not looked_at_data(page.desk.explorer).hasFormat(POINTS)


def test_points_of_another_set_and_spoilt_data_are_not_taken(open_page, qtbot, sets):
    page = open_page("pictures")
    other = points_data(page.desk.explorer, [3])
    page.open_path(sets / "words")
    qtbot.waitUntil(lambda: page.desk.opened is not None and page.desk.opened.folder.name == "words", timeout=WAIT_MS)
    settle(qtbot, page)
    line = page.drawer.panel.sum.line
    other.removeFormat("text/plain")
    assert not drop(line, other)
    for spoilt in (b"", b"[]", b"{}", b'{"set": 1, "rows": 2}', b"\xff"):
        data = QMimeData()
        data.setData(POINTS, spoilt)
        assert not drop(line, data)
    assert line.text() == ""


def test_text_is_dropped_on_the_line_as_ever(open_page, qtbot):
    page = open_page("words")
    data = QMimeData()
    data.setText("king")
    line = page.drawer.panel.sum.line
    assert drop(line, data)
    assert line.text() == "king"
    settle(qtbot, page)


def test_a_point_dropped_on_a_line_of_one_point_takes_its_place(open_page, qtbot):
    page = open_page("words")
    field = next(iter(page.drawer.panel.analogy.fields.values()))
    field.set_text("woman")
    assert drop(field.line, points_data(page.desk.explorer, [0, 1]), ALT)
    assert field.text == "king"
    settle(qtbot, page)
