"""The neighbours in the inspector of the Explore page, with the real lab."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from explore_pages import explore_pages, settle
from PySide6.QtCore import Qt

from workbench.gui.pages.explore.found_neighbours import HUB, MUTUAL, TORN
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import Neighbours, add_layout, store_neighbours, write_embedding_set

WAIT_MS = 60_000
COUNT, K = 400, 6
LEFT = Qt.MouseButton.LeftButton
VECTORS = np.random.default_rng(3).normal(0.3, 1, (COUNT, 24)).astype(np.float32)
EXACT = VECTORS.astype(np.float64)
UNIT = EXACT / np.linalg.norm(EXACT, axis=1, keepdims=True)


def cosine(query: np.ndarray) -> np.ndarray:
    return 1 - UNIT @ query / np.linalg.norm(query)


def nearest(distances: np.ndarray, without: list[int], count: int) -> list[int]:
    order = np.argsort(distances, kind="stable")
    return [int(row) for row in order if row not in without][:count]


GRAPH = np.array([nearest(cosine(UNIT[row]), [row], K) for row in range(COUNT)])


def write_set(folder: Path, *, pictures: bool) -> None:
    """The map shows the first two of 24 dimensions, and so tears most neighbours away."""
    table = {"id": [f"name{row}" for row in range(COUNT)], "label": [("a", "b")[row % 2] for row in range(COUNT)]}
    thumbnails = np.zeros((COUNT, 4, 4, 3), np.uint8)
    thumbnails[..., 0], thumbnails[..., 1] = (
        np.arange(COUNT)[:, None, None] // 256,
        np.arange(COUNT)[:, None, None] % 256,
    )
    meta = SetMeta(title="cloud", metric="cosine")
    write_embedding_set(folder, VECTORS, pa.table(table), thumbnails if pictures else None, meta)
    add_layout(folder, "pca", VECTORS[:, :2], np.ones(COUNT, np.float32), LayoutInfo(method="pca", trust_mean=0.1))
    distances = np.take_along_axis(1 - UNIT @ UNIT.T, GRAPH, axis=1).astype(np.float32)
    store_neighbours(folder, Neighbours(GRAPH, distances))


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    home = tmp_path_factory.mktemp("sets")
    write_set(home / "pictures", pictures=True)
    write_set(home / "words", pictures=False)
    return home


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk):
    """The application's one worker thread lives as long as the application, which all tests here share."""
    desk.app.list_runs()


@pytest.fixture
def open_page(desk, qtbot, sets):
    with explore_pages(desk, qtbot) as opened:
        yield lambda name="pictures": opened(sets / name)
    desk.app.select(sets / "words", None)


def look_at(qtbot, page, row: int) -> None:
    page.desk.look_at(row)
    settle(qtbot, page)


def set_count(qtbot, page, count: int) -> None:
    box = page.details.neighbours.count
    box.selectAll()
    qtbot.keyClicks(box, str(count))
    qtbot.keyClick(box, Qt.Key.Key_Return)
    settle(qtbot, page)


def rows(page) -> list[int]:
    return [entry.row for entry in page.details.neighbours.list.entries]


def test_the_looked_at_samples_true_neighbours_are_listed_with_their_own_pictures(open_page, qtbot):
    page = open_page()
    look_at(qtbot, page, 7)
    found = page.details.neighbours.list.entries
    wanted = nearest(cosine(UNIT[7]), [7], 12)
    assert rows(page) == wanted
    assert [int(entry.picture[0, 0, 0]) * 256 + int(entry.picture[0, 0, 1]) for entry in found] == wanted
    assert [float(entry.value) for entry in found] == pytest.approx(cosine(UNIT[7])[wanted], abs=6e-4)


@pytest.mark.parametrize(("at", "metric"), [(1, "euclidean"), (2, "dot")])
def test_number_and_metric_can_be_changed_and_the_map_follows(open_page, qtbot, at, metric):
    page = open_page()
    look_at(qtbot, page, 7)
    set_count(qtbot, page, 40)
    page.details.neighbours.metrics.setCurrentIndex(at)
    settle(qtbot, page)
    distances = np.linalg.norm(EXACT - EXACT[7], axis=1) if metric == "euclidean" else -EXACT @ EXACT[7]
    wanted = nearest(distances, [7], 40)
    assert rows(page) == wanted
    assert sorted(page.map.cloud.highlighted.tolist()) == sorted(wanted)
    page.steps().undo()
    settle(qtbot, page)
    assert page.details.neighbours.metrics.chosen == "cosine"
    assert rows(page) == nearest(cosine(UNIT[7]), [7], 40)


def test_neighbours_that_the_map_tore_away_are_marked_and_counted(open_page, qtbot):
    page = open_page()
    look_at(qtbot, page, 7)
    away = np.linalg.norm(VECTORS[:, :2] - VECTORS[7, :2], axis=1)
    near = set(nearest(away, [7], 12))
    torn = [row for row in rows(page) if row not in near]
    marked = [entry.row for entry in page.details.neighbours.list.entries if TORN in entry.marks]
    assert marked == torn
    assert page.details.neighbours.elsewhere.text() == f"{len(torn)} of 12 lie elsewhere on the map."


def test_mutual_neighbours_and_hubs_are_marked(open_page, qtbot):
    page = open_page()
    named = np.bincount(GRAPH.ravel(), minlength=COUNT)
    hub = int(named.argmax())
    row = int(np.flatnonzero((hub == GRAPH).any(axis=1))[0])
    assert named[hub] >= 3 * K
    look_at(qtbot, page, row)
    set_count(qtbot, page, K)
    found = page.details.neighbours.list.entries
    mutual = [other for other in GRAPH[row].tolist() if row in GRAPH[other]]
    assert [entry.row for entry in found if MUTUAL in entry.marks] == mutual
    hubs = [other for other in GRAPH[row].tolist() if named[other] >= 3 * K]
    assert [entry.row for entry in found if HUB in entry.marks] == hubs
    told = next(entry.tip for entry in found if entry.row == hub)
    assert f"among the {K} nearest of {named[hub]} points" in told


def test_the_mean_of_the_selection_is_a_query_without_its_own_points(open_page, qtbot):
    page = open_page()
    chosen = [3, 50, 77]
    page.details.neighbours.query.setCurrentIndex(1)
    page.desk.select(chosen)
    settle(qtbot, page)
    assert rows(page) == nearest(cosine(UNIT[chosen].mean(axis=0)), chosen, 12)
    assert not page.details.neighbours.elsewhere.isVisible()


def test_a_typed_word_or_sum_is_a_query(open_page, qtbot):
    page = open_page("words")
    view = page.details.neighbours
    view.query.setCurrentIndex(2)
    for text, target, inputs in (("name9", UNIT[9], [9]), ("name9 - name4", UNIT[9] - UNIT[4], [4, 9])):
        view.line.setText(text)
        qtbot.keyClick(view.line, Qt.Key.Key_Return)
        settle(qtbot, page)
        assert rows(page) == nearest(cosine(target), inputs, 12)


def test_a_word_that_is_not_there_is_told_with_its_nearest_spelling(open_page, qtbot):
    page = open_page("words")
    view = page.details.neighbours
    view.query.setCurrentIndex(2)
    view.line.setText("nme9")
    qtbot.keyClick(view.line, Qt.Key.Key_Return)
    settle(qtbot, page)
    assert view.summary.text().startswith("There is no 'nme9' among 400 words.")
    assert rows(page) == []


def test_a_click_on_a_neighbour_walks_there_and_back_returns(open_page, qtbot):
    page = open_page()
    look_at(qtbot, page, 7)
    grid, view = page.details.neighbours.list.grid, page.details.neighbours
    assert not view.back_button.isEnabled()
    qtbot.mouseClick(grid, LEFT, pos=grid.cell(2).center())
    settle(qtbot, page)
    second = nearest(cosine(UNIT[7]), [7], 12)[2]
    assert page.desk.explorer.focus == second
    qtbot.mouseClick(view.back_button, LEFT)
    settle(qtbot, page)
    assert page.desk.explorer.focus == 7
    qtbot.mouseClick(view.forward_button, LEFT)
    settle(qtbot, page)
    assert page.desk.explorer.focus == second


def test_nothing_is_asked_while_the_inspector_cannot_be_seen(open_page, qtbot):
    page = open_page()
    page.details.hide()
    look_at(qtbot, page, 7)
    assert rows(page) == []
    page.details.show()
    settle(qtbot, page)
    assert rows(page) == nearest(cosine(UNIT[7]), [7], 12)
