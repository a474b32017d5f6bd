"""The panel Structure on the Explore page: lists that the real lab finds, and that select on the map."""

from __future__ import annotations

import csv
import random
import time
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from explore_pages import settle
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QImage

from workbench.app.listings import ListedColumn
from workbench.gui.pages.explore.page import ExplorePage
from workbench.gui.pages.explore.panels.structure.found import Found, cell_words
from workbench.gui.pages.explore.panels.structure.kinds import KINDS
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import add_layout, write_embedding_set

PER_CLASS, COUNT, WAIT_MS = 40, 120, 60_000
LABELS = ("cat", "dog", "bird")
WRONG, FAR, TRIPLE, PAIR = 3, 119, (5, 6, 7), (50, 51)
LEFT = Qt.MouseButton.LeftButton
Role = Qt.ItemDataRole


def vectors() -> np.ndarray:
    """Three clouds far apart; a point far from all, three and two that are almost the same."""
    rng = np.random.default_rng(3)
    centres = np.repeat(np.eye(3, 6) * 30, PER_CLASS, axis=0)
    points = centres + rng.normal(size=(COUNT, 6))
    points[FAR] = (90, 90, -90, 90, 90, 90)
    for group in (TRIPLE, PAIR):
        points[list(group)] = points[group[0]] + 1e-4 * rng.normal(size=(len(group), 6))
    return points.astype(np.float32)


def label_of(row: int) -> str:
    """The label that the set holds; that of one sample is wrong."""
    return "dog" if row == WRONG else LABELS[row // PER_CLASS]


def picture_of(row: int) -> np.ndarray:
    """A picture that tells its sample's row."""
    return np.full((4, 4, 3), (row, 255 - row, 90), np.uint8)


def write_set(folder, *, labels: bool = True, pictures: bool = True) -> None:
    table = {"id": [f"p{row}" for row in range(COUNT)], "size": [row / 7 for row in range(COUNT)]}
    if labels:
        table["label"] = [label_of(row) for row in range(COUNT)]
    shown = np.stack([picture_of(row) for row in range(COUNT)]) if pictures else None
    write_embedding_set(folder, vectors(), pa.table(table), shown, SetMeta(title="clouds", metric="euclidean"))
    info = LayoutInfo(method="pca", trust_mean=1.0)
    add_layout(folder, "pca", vectors()[:, :2], np.ones(COUNT, np.float32), info)


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk):
    """The application's one worker thread lives as long as the application, which all tests here share."""
    desk.app.list_runs()


@pytest.fixture
def page(desk, qtbot, tmp_path):
    made = ExplorePage(desk)
    made.resize(920, 760)
    made.show()
    write_set(tmp_path / "clouds")
    show(qtbot, made, tmp_path / "clouds")
    made.drawer.open_panel("structure")
    settle(qtbot, made)
    yield made
    settle(qtbot, made)
    for widget in (made, made.details):
        widget.close()
        widget.deleteLater()


@pytest.fixture
def panel(page):
    return page.drawer.panel


def show(qtbot, page, folder) -> None:
    page.open_path(folder)
    qtbot.waitUntil(lambda: page.desk.opened is not None and page.desk.opened.folder == folder, timeout=WAIT_MS)
    settle(qtbot, page)


def find(qtbot, page, kind: str, **settings) -> None:
    """Choose a kind, set it up and press Find."""
    panel = page.drawer.panel
    panel.kinds.choose(kind)
    for name, value in settings.items():
        panel.asking.strip.edited.emit((name, value))
    qtbot.mouseClick(panel.asking.button, LEFT)
    settle(qtbot, page)


def row_of(panel, at: int) -> int:
    """The sample that a table row says it shows."""
    return int(cell(panel, at, "Id")[1:])


def titles(panel) -> list[str]:
    model = panel.results.model
    return [model.headerData(at, Qt.Orientation.Horizontal) for at in range(model.columnCount())]


def cell(panel, at: int, title: str) -> str:
    model = panel.results.model
    return model.data(model.index(at, titles(panel).index(title)))


def column(panel, title: str) -> list[str]:
    return [cell(panel, at, title) for at in range(panel.results.model.rowCount())]


def select_rows(qtbot, page, *rows: int) -> None:
    """Select table rows as a click and further ones with Ctrl do."""
    model, flags = page.drawer.panel.results.model, QItemSelectionModel.SelectionFlag
    selection = page.drawer.panel.table.selectionModel()
    for at, row in enumerate(rows):
        how = flags.Select if at else flags.ClearAndSelect
        selection.select(model.index(row, 0), how | flags.Rows)
    settle(qtbot, page)


def sort_by(qtbot, page, title: str, times: int = 1) -> None:
    """Click on a heading."""
    panel = page.drawer.panel
    heading = panel.table.horizontalHeader()
    at = titles(panel).index(title)
    panel.table.scrollTo(panel.results.model.index(0, at))
    for _ in range(times):
        where = QPoint(heading.sectionViewportPosition(at) + 12, heading.height() // 2)
        qtbot.mouseClick(heading.viewport(), LEFT, pos=where)
        settle(qtbot, page)


def selected(page) -> list[int]:
    return page.desk.explorer.selected_rows.tolist()


def marked(panel) -> list[int]:
    return panel.results.model.marked_rows().tolist()


def mean_distance(row: int, k: int) -> float:
    points = vectors().astype(np.float64)
    away = [float(np.sqrt(((points[row] - other) ** 2).sum())) for at, other in enumerate(points) if at != row]
    return sum(sorted(away)[:k]) / k


def test_each_kind_says_what_it_finds_and_what_to_press_before_anything_is_found(page, panel):
    for at in range(panel.kinds.count()):
        panel.kinds.setCurrentRow(at)
        assert panel.results.hint.text() == f"{panel.kinds.kind.sentence} Press Find to list them here."
        assert panel.kinds.item(at).toolTip() == panel.kinds.kind.sentence
        assert not panel.table.isVisible()


def test_outliers_are_listed_with_scores_that_equal_a_plain_loop(page, panel, qtbot):
    find(qtbot, page, "outliers", k=5)
    assert panel.results.words.full_text().startswith("120 points by mean euclidean distance to 5 neighbours")
    listed = [row_of(panel, at) for at in range(COUNT)]
    wanted = sorted(range(COUNT), key=lambda row: -mean_distance(row, 5))
    assert listed[0] == FAR
    assert listed == wanted
    told = [float(text) for text in column(panel, "Mean distance to its neighbours")]
    assert told == pytest.approx([mean_distance(row, 5) for row in wanted], rel=2e-3)


def test_pictures_ids_and_labels_stay_with_their_rows_through_every_sort(page, panel, qtbot):
    find(qtbot, page, "outliers")
    rng = random.Random(1)
    for _ in range(6):
        sort_by(qtbot, page, rng.choice(["Id", "Label", "Local outlier factor"]), rng.choice([1, 2]))
        at = rng.randrange(COUNT)
        panel.table.scrollTo(panel.results.model.index(at, 0))
        panel.table.viewport().grab()
        settle(qtbot, page)
        model, row = panel.results.model, row_of(panel, at)
        image = model.data(model.index(at, 0), Role.DecorationRole)
        assert isinstance(image, QImage)
        assert image.pixelColor(1, 1).red() == row
        assert cell(panel, at, "Label") == label_of(row)
        seen = panel.table.visualRect(model.index(at, 0)).center()
        assert panel.table.viewport().grab().toImage().pixelColor(seen).red() == row


def test_headings_sort_up_then_down_then_as_found(page, panel, qtbot):
    find(qtbot, page, "outliers")
    found = column(panel, "Id")
    sort_by(qtbot, page, "Id")
    assert column(panel, "Id") == [f"p{row}" for row in range(COUNT)]
    sort_by(qtbot, page, "Id")
    assert column(panel, "Id") == [f"p{row}" for row in reversed(range(COUNT))]
    sort_by(qtbot, page, "Id")
    assert column(panel, "Id") == found


def test_selected_rows_are_selected_on_the_map_and_stay_so_when_sorted(page, panel, qtbot):
    find(qtbot, page, "outliers")
    select_rows(qtbot, page, 0, 4, 5)
    wanted = sorted(row_of(panel, at) for at in (0, 4, 5))
    assert selected(page) == wanted
    assert page.map.cloud.selected.tolist() == wanted
    sort_by(qtbot, page, "Id")
    assert [row_of(panel, at) for at in marked(panel)] == wanted
    select_rows(qtbot, page, 2)
    assert selected(page) == [2]


def test_points_selected_on_the_map_are_marked_in_the_list_and_control_adds_to_them(page, panel, qtbot):
    find(qtbot, page, "suspects")
    sort_by(qtbot, page, "Id")
    page.desk.select([WRONG, 70, 71])
    settle(qtbot, page)
    assert [row_of(panel, at) for at in marked(panel)] == [WRONG]
    find(qtbot, page, "outliers")
    assert sorted(row_of(panel, at) for at in marked(panel)) == [WRONG, 70, 71]
    flags = QItemSelectionModel.SelectionFlag
    panel.table.selectionModel().select(panel.results.model.index(0, 0), flags.Select | flags.Rows)
    settle(qtbot, page)
    assert selected(page) == [WRONG, 70, 71, FAR]


def test_a_selection_that_changed_while_the_drawer_was_closed_is_marked_when_it_opens(page, panel, qtbot):
    find(qtbot, page, "outliers")
    page.drawer.close_panel()
    page.desk.select([8])
    page.drawer.open_panel("structure")
    assert [row_of(panel, at) for at in marked(panel)] == [8]


def test_a_double_click_and_enter_look_at_a_row_and_fly_there(page, panel, qtbot):
    find(qtbot, page, "outliers")
    where = panel.table.visualRect(panel.results.model.index(1, 1)).center()
    qtbot.mouseClick(panel.table.viewport(), LEFT, pos=where)
    qtbot.mouseDClick(panel.table.viewport(), LEFT, pos=where)
    assert page.desk.explorer.focus == row_of(panel, 1)
    qtbot.keyClick(panel.table, Qt.Key.Key_Home)
    panel.table.setCurrentIndex(panel.results.model.index(0, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    settle(qtbot, page)
    assert page.desk.explorer.focus == FAR
    qtbot.waitUntil(lambda: abs(page.map.position_of(FAR).x() - page.map.width() / 2) < 1, timeout=WAIT_MS)


def test_all_listed_points_are_selected_by_the_button_and_by_control_a(page, panel, qtbot):
    find(qtbot, page, "duplicates")
    qtbot.mouseClick(panel.results.select_all, LEFT)
    assert selected(page) == [*TRIPLE, *PAIR]
    page.desk.select([])
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert selected(page) == [*TRIPLE, *PAIR]


def test_the_list_is_saved_as_csv_with_ids_labels_and_names(page, panel, qtbot, tmp_path):
    class Face:
        def ask_save(self, *_):
            return tmp_path / "out.csv"

    find(qtbot, page, "suspects")
    page.bridge.face, before = Face(), page.bridge.face
    qtbot.mouseClick(panel.results.save, LEFT)
    settle(qtbot, page)
    page.bridge.face = before
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["id"] == f"p{WRONG}"
    assert (rows[0]["label"], rows[0]["suggested"]) == ("dog", "cat")
    assert page.app.notice.message == f"{len(rows)} rows are in out.csv."


@pytest.mark.parametrize(("kind", "settings"), [("hdbscan", {"min_cluster_size": 20}), ("kmeans", {"clusters": 3})])
def test_clusters_become_a_column_with_names_that_the_map_is_coloured_by(page, panel, qtbot, kind, settings):
    find(qtbot, page, kind, **settings)
    explorer = page.desk.explorer
    assert explorer.state.colour == "cluster"
    cells = explorer.columns.cells("cluster", np.arange(COUNT))
    assert len({cells[row] for row in range(PER_CLASS)}) == 1
    assert len(set(cells) - {""}) == 3
    legend = {row.name: row.count for row in page.legend.content.categories if row.name != "no value"}
    assert legend == Counter(name for name in cells if name)
    assert sorted(column(panel, "Cluster")) == sorted(legend)
    page.map.grab()
    settle(qtbot, page)
    page.map.grab()
    assert set(panel.labels.boxes) <= set(legend)
    assert panel.labels.boxes


def test_a_cluster_is_selected_whole_and_marked_only_when_all_of_it_is(page, panel, qtbot):
    find(qtbot, page, "kmeans", clusters=3)
    cells = page.desk.explorer.columns.cells("cluster", np.arange(COUNT))
    select_rows(qtbot, page, 1)
    members = [row for row in range(COUNT) if cells[row] == cell(panel, 1, "Cluster")]
    assert selected(page) == members
    assert marked(panel) == [1]
    page.desk.select(members[1:])
    assert marked(panel) == []


def test_names_of_clusters_leave_the_map_when_it_is_coloured_otherwise_or_shows_another_set(
    page, panel, qtbot, tmp_path
):
    find(qtbot, page, "kmeans", clusters=3)
    assert panel.labels._belongs(page.map)
    page.desk.explorer.apply("colour by label", colour="label")
    assert not panel.labels._belongs(page.map)
    page.desk.explorer.undo()
    assert panel.labels._belongs(page.map)
    page.drawer.close_panel()
    write_set(tmp_path / "other")
    show(qtbot, page, tmp_path / "other")
    assert not panel.labels._belongs(page.map)


def test_classes_are_listed_with_their_nearest_and_a_cell_of_the_heat_map_selects_two(page, panel, qtbot):
    find(qtbot, page, "centroids")
    assert sorted(column(panel, "Class")) == sorted(LABELS)
    matrix = panel.results.matrix
    order = [matrix._names.index(name) for name in ("cat", "bird")]
    where = matrix.place_of(*order).center().toPoint()
    qtbot.mouseClick(matrix, LEFT, pos=where)
    assert selected(page) == [row for row in range(COUNT) if label_of(row) in ("cat", "bird")]
    means = {name: vectors()[[label_of(row) == name for row in range(COUNT)]].mean(axis=0) for name in LABELS}
    apart = float(np.linalg.norm(means["cat"] - means["bird"]))
    assert matrix.words().startswith("cat to bird: ")
    assert matrix._distance[order[0], order[1]] == pytest.approx(apart, rel=1e-3)
    assert sorted(cell(panel, at, "Class") for at in marked(panel)) == ["bird", "cat"]


def test_a_suspect_is_shown_with_its_label_the_suggested_one_and_its_true_neighbours(page, panel, qtbot):
    find(qtbot, page, "suspects")
    panel.table.setCurrentIndex(panel.results.model.index(0, 0))
    settle(qtbot, page)
    card = panel.results.beside.suspect
    assert row_of(panel, 0) == WRONG
    assert [value.full_text() for _, value in card.facts] == ["dog", "cat (100%)"]
    assert np.array_equal(card.picture._pictures[0].pixels, picture_of(WRONG))
    away = np.linalg.norm(vectors().astype(np.float64) - vectors()[WRONG], axis=1)
    wanted = [int(row) for row in np.argsort(away, kind="stable") if row != WRONG][:15]
    assert [picture.key for picture in card.grid._pictures] == wanted
    assert [picture.caption for picture in card.grid._pictures] == ["cat"] * 15


def test_near_duplicates_come_in_groups_and_a_group_is_selected_by_its_button(page, panel, qtbot):
    find(qtbot, page, "duplicates")
    assert [row_of(panel, at) for at in range(5)] == [*TRIPLE, *PAIR]
    assert column(panel, "Points in it") == ["3", "3", "3", "2", "2"]
    panel.table.setCurrentIndex(panel.results.model.index(1, 0))
    card = panel.results.beside.group
    assert [picture.key for picture in card.grid._pictures] == [TRIPLE[0], TRIPLE[2]]
    card.button.click()
    assert selected(page) == list(TRIPLE)


def test_a_set_without_labels_says_why_classes_cannot_be_compared_and_still_finds_the_rest(
    page, panel, qtbot, tmp_path
):
    write_set(tmp_path / "bare", labels=False, pictures=False)
    find(qtbot, page, "suspects")
    show(qtbot, page, tmp_path / "bare")
    for kind in ("centroids", "suspects"):
        panel.kinds.choose(kind)
        assert panel.results.hint.text().startswith("This set has no labels")
        assert not panel.asking.isVisible()
    find(qtbot, page, "duplicates")
    assert titles(panel)[:2] == ["#", "Id"]
    assert [row_of(panel, at) for at in range(5)] == [*TRIPLE, *PAIR]
    panel.table.setCurrentIndex(panel.results.model.index(3, 0))
    names = panel.results.beside.group.names
    assert names.count() == 1
    assert names.item(0).text().endswith(f"p{PAIR[1]}")


def test_a_setting_out_of_range_turns_red_and_cannot_be_looked_for(page, panel, qtbot):
    panel.kinds.choose("kmeans")
    box = panel.asking.strip.editor("clusters").targets()[0]
    box.selectAll()
    qtbot.keyClicks(box, "0")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.property("problem")
    assert not panel.asking.button.isEnabled()
    assert panel.asking.button.toolTip() == box.toolTip() != ""
    box.selectAll()
    qtbot.keyClicks(box, "4")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert panel.asking.button.isEnabled()


def test_a_refused_search_leaves_what_was_found_before_and_tells_why(page, panel, qtbot):
    find(qtbot, page, "kmeans", clusters=3)
    before = column(panel, "Cluster")
    find(qtbot, page, "kmeans", clusters=COUNT + 1)
    assert page.app.notice.message == "120 points cannot form 121 clusters."
    assert column(panel, "Cluster") == before
    assert panel.asking.button.text() == "Find"


def test_find_turns_into_cancel_and_cancelling_lists_nothing(page, panel, qtbot):
    panel.kinds.choose("hdbscan")
    qtbot.mouseClick(panel.asking.button, LEFT)
    assert panel.asking.button.text() == "Cancel"
    assert panel.results.progress.isVisible()
    qtbot.mouseClick(panel.asking.button, LEFT)
    settle(qtbot, page)
    assert panel.asking.button.text() == "Find"
    assert not panel.results.progress.isVisible()
    assert panel.results.found is None


def test_what_was_found_in_a_set_is_gone_with_it_and_a_late_answer_too(page, panel, qtbot, tmp_path):
    find(qtbot, page, "outliers")
    write_set(tmp_path / "other")
    panel.kinds.choose("kmeans")
    panel.look()
    show(qtbot, page, tmp_path / "other")
    assert panel.results.found is None
    assert "cluster" not in page.desk.explorer.columns.names
    panel.kinds.choose("outliers")
    assert panel.results.found is None


def test_marking_every_row_of_a_long_list_takes_no_time_that_is_noticed(page, panel, qtbot):
    """Qt's heading would look at each row to see whether its column is selected."""
    many = 200_000
    columns = [{"name": "score", "title": "Score"}]
    arrays = {"rows": np.arange(many) % COUNT, "score": np.linspace(0, 1, many)}
    result = {"title": "Many", "words": "Many.", "columns": columns}
    kind = next(kind for kind in KINDS if kind.id == "outliers")
    panel.results.show_found(Found.of(kind, result, arrays, page.desk.opened.stored), "")
    panel.table.show_marks(np.arange(many) < 3)
    qtbot.wait(50)
    began = time.perf_counter()
    panel.table.show_marks(np.ones(many, bool))
    panel.table.horizontalHeader().viewport().repaint()
    panel.table.viewport().repaint()
    assert time.perf_counter() - began < 0.5
    assert len(marked(panel)) == many
    panel.results.show_found(None, "")


def test_an_answer_gets_all_the_room_below_the_settings_at_once(page, panel, qtbot):
    find(qtbot, page, "suspects")
    results, found = panel.results, panel.results.found
    results.show_found(None, "Press Find")
    settle(qtbot, page)
    results.show_found(found, "")
    bottom = panel.table.mapTo(results, panel.table.rect().bottomLeft()).y()
    assert results.height() - bottom <= 2


def test_a_value_that_rounds_to_nothing_has_no_sign():
    assert cell_words(ListedColumn("x", "X", "", None, np.array([-0.0])), 0) == "0"


def test_found_clusters_are_named_once_on_the_map(page, panel, qtbot):
    find(qtbot, page, "kmeans", clusters=3)
    page.map.grab()
    settle(qtbot, page)
    page.map.grab()
    assert panel.labels.boxes
    assert not page.map_part.overlays.names.boxes
    page.desk.explorer.apply("colour by label", colour="label")
    settle(qtbot, page)
    page.map.grab()
    assert page.map_part.overlays.names.boxes


def test_an_answer_without_rows_says_what_to_do_next(page, panel, qtbot):
    find(qtbot, page, "duplicates", threshold=1e-12)
    assert panel.results.hint.isVisible()
    assert "press Find again" in panel.results.hint.text()
