"""Selecting on the Explore page: map, inspector, table, saved selections, and that pictures stay with their rows."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from explore_pages import settle
from PySide6.QtCore import QPoint, Qt

from workbench.app.application import App
from workbench.gui.pages.explore.page import ExplorePage
from workbench.gui.pages.explore.selecting import save_selection
from workbench.gui.window import Window
from workbench.recipes.presets import load
from workbench.recipes.toml_io import write_toml
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import Neighbours, add_layout, store_neighbours, write_embedding_set
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter

COUNT, WAIT_MS = 300, 60_000
LABELS = ("cat", "dog", "bird")
LEFT = Qt.MouseButton.LeftButton


def picture_of(id_: int) -> np.ndarray:
    """A picture that tells its sample's number."""
    return np.full((4, 4, 3), (id_ // 256, id_ % 256, 90), np.uint8)


def id_in(picture: np.ndarray) -> int:
    return int(picture[0, 0, 0]) * 256 + int(picture[0, 0, 1])


def write_set(folder: Path, order: np.ndarray | None = None, step: int = 1) -> None:
    """Samples on a circle in some order of rows; the number of a sample is in its id, its loss and its picture."""
    ids = np.arange(COUNT) if order is None else order
    angle = 2 * np.pi * ids / COUNT
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    table = {"id": [f"p{one}" for one in ids], "label": [LABELS[one % 3] for one in ids], "loss": ids / COUNT}
    pictures = np.stack([picture_of(int(one)) for one in ids])
    write_embedding_set(folder, vectors, pa.table(table), pictures, SetMeta(title="circle", step=step))
    add_layout(folder, "pca", vectors, np.ones(COUNT, np.float32), LayoutInfo(method="pca", trust_mean=1.0))
    place = np.argsort(ids)
    near = np.stack([place[(ids + 1) % COUNT], place[(ids - 1) % COUNT]], axis=1)
    store_neighbours(folder, Neighbours(near, np.full((COUNT, 2), 0.1, np.float32)))


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk):
    """The application's one worker thread lives as long as the application, which all tests here share."""
    desk.app.list_runs()


@pytest.fixture
def run(desk, tmp_path):
    """A run whose checkpoint at step 1 is embedded."""
    recipe = write_toml(load("demo", desk.app.catalogue).replace(name=tmp_path.name))
    folder = RunFolder.create(tmp_path, "run", recipe)
    write_set(folder.embeddings / "step_00000001")
    return folder


@pytest.fixture
def page(desk, qtbot, run):
    made = ExplorePage(desk)
    made.resize(920, 700)
    made.details.resize(300, 900)
    made.show()
    made.details.show()
    made.open_path(run.path)
    wanted = run.embeddings / "step_00000001"
    qtbot.waitUntil(lambda: made.desk.opened is not None and made.desk.opened.folder == wanted, timeout=WAIT_MS)
    settle(qtbot, made)
    yield made
    settle(qtbot, made)
    desk.app.supervisor.detach(desk.app.supervisor.attach(run))
    desk.app.current = None
    for widget in (made, made.details):
        widget.close()
        widget.deleteLater()


def lasso_half(qtbot, page, **how) -> None:
    """Drag the box over the right half of the map."""
    page.map.fit()
    middle, right = QPoint(page.map.width() // 2, 4), QPoint(page.map.width() - 4, page.map.height() - 4)
    page.map.set_tool("box")
    qtbot.mousePress(page.map, LEFT, pos=middle, **how)
    qtbot.mouseMove(page.map, QPoint(middle.x() + 60, 80))
    qtbot.mouseMove(page.map, right)
    qtbot.mouseRelease(page.map, LEFT, pos=right, **how)
    page.map.set_tool("pan")
    settle(qtbot, page)


def pictures_in_inspector(page) -> list:
    return page.details.selected.grid._pictures


def test_a_box_on_the_map_selects_its_points_and_the_inspector_sums_them_up(page, qtbot):
    lasso_half(qtbot, page)
    wanted = np.flatnonzero(page.map.cloud.xy[:, 0] > page.map.camera.to_data(page.map.width() // 2, 0)[0])
    assert page.desk.explorer.selected_rows.tolist() == wanted.tolist()
    assert page.map.cloud.selected.tolist() == wanted.tolist()
    part = page.details.selected
    assert part.heading.text() == f"{len(wanted)} points"
    assert sum(one.count for one in part.bars.labels) == len(wanted)
    assert [one.lift for one in part.bars.labels] == pytest.approx([1, 1, 1], abs=0.1)
    assert [picture.key for picture in pictures_in_inspector(page)] == wanted[:60].tolist()


def test_a_click_selects_and_looks_at_a_sample_as_one_step(page, qtbot):
    page.desk.pick(7)
    settle(qtbot, page)
    page.desk.pick(9)
    settle(qtbot, page)
    assert (page.app.selection.row, page.desk.explorer.selected_rows.tolist()) == (9, [9])
    page.steps().undo()
    settle(qtbot, page)
    assert (page.app.selection.row, page.desk.explorer.selected_rows.tolist()) == (7, [7])


def test_back_and_forward_walk_through_the_looked_at_samples(page, qtbot):
    for row in (3, 30, 100):
        page.desk.look_at(row)
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    qtbot.keyClick(page, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert page.app.selection.row == 30
    qtbot.keyClick(page, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    qtbot.keyClick(page, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert page.app.selection.row == 30
    assert page.filter_bar.back_button.toolTip() == "Back to cat  (Alt+Left)"


def test_grow_adds_the_stored_neighbours(page, qtbot):
    page.desk.select([10, 20])
    qtbot.mouseClick(page.filter_bar.grow_button, LEFT)
    settle(qtbot, page)
    assert page.desk.explorer.selected_rows.tolist() == [9, 10, 11, 19, 20, 21]


def test_a_saved_selection_is_selected_again_from_its_menu(page, qtbot):
    page.desk.select([4, 5, 6])
    save_selection(page.desk, "three")
    page.desk.select([])
    menu = page.filter_bar.saved_button.menu()
    menu.fill()
    entry = next(action for action in menu.actions() if action.text() == "three  (3)")
    entry.menu().actions()[0].trigger()
    assert page.desk.explorer.selected_rows.tolist() == [4, 5, 6]
    entry.menu().actions()[2].trigger()
    menu.fill()
    assert "No selection is saved yet" in [action.text() for action in menu.actions()]


def test_the_table_lists_the_selection_and_sorts_by_a_heading(page, qtbot, tmp_path):
    page.desk.select([50, 7, 200])
    page.details.selected.table_button.click()
    settle(qtbot, page)
    panel = page.drawer.panel
    assert panel.rows.rows.tolist() == [7, 50, 200]
    loss = panel.rows.names.index("loss")
    for wanted in ([7, 50, 200], [200, 50, 7]):
        head = panel.view.horizontalHeader()
        at = QPoint(head.sectionViewportPosition(loss) + 5, head.height() // 2)
        qtbot.mouseClick(head.viewport(), LEFT, pos=at)
        settle(qtbot, page)
        assert panel.rows.rows.tolist() == wanted
    told = [panel.rows.data(panel.rows.index(at, panel.rows.names.index("id"))) for at in range(3)]
    assert told == ["p200", "p50", "p7"]
    pictures = [panel.rows.data(panel.rows.index(at, 0), Qt.ItemDataRole.DecorationRole) for at in range(3)]
    colours = [picture.toImage().pixelColor(5, 5) for picture in pictures]
    assert [colour.red() * 256 + colour.green() for colour in colours] == [200, 50, 7]


def test_the_selection_is_saved_as_csv_with_all_columns(page, qtbot, tmp_path):
    class Face:
        def ask_save(self, *_):
            return tmp_path / "out.csv"

    page.bridge.face, before = Face(), page.bridge.face
    page.desk.select([2, 3])
    settle(qtbot, page)
    page.details.selected.csv_button.click()
    settle(qtbot, page)
    page.bridge.face = before
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["p2", "p3"]
    assert set(rows[0]) == {"id", "label", "loss", "trust"}


def test_a_metric_is_worked_out_on_demand_and_then_colours_the_points(page, qtbot):
    bar = page.bar
    row = next(row for row in range(bar.colour.count()) if bar.colour.itemData(row) == "metric:purity")
    bar.colour.setCurrentIndex(row)
    bar.colour.activated.emit(row)
    qtbot.waitUntil(lambda: page.desk.explorer.state.colour == "purity", timeout=WAIT_MS)
    settle(qtbot, page)
    assert bar.colour.currentText() == "Label purity"
    assert page.legend.content.ramp is not None
    page.steps().undo()
    settle(qtbot, page)
    assert page.desk.explorer.state.colour == "label"
    assert page.legend.content.categories


def test_pictures_in_map_card_inspector_and_table_belong_to_their_rows_after_any_steps(page, qtbot):
    explorer, chance = page.desk.explorer, random.Random(0)
    page.drawer.open_panel("samples")
    loader = page.map_part.overlays.pictures.loader
    for _ in range(12):
        match chance.randrange(5):
            case 0:
                page.desk.select(chance.sample(range(COUNT), 40))
            case 1:
                explorer.apply("filter", filter=chance.choice(["", "label = cat", "loss > 0.4", "not selected"]))
            case 2:
                explorer.isolate()
            case 3:
                explorer.undo()
            case 4:
                page.desk.pick(chance.randrange(COUNT))
        settle(qtbot, page)
        for picture in pictures_in_inspector(page) if page.details.selected.has_something else ():
            assert id_in(picture.pixels) == picture.key
        focus = explorer.focus
        if focus is not None:
            assert id_in(page.card._source(focus).picture) == focus
            assert id_in(page.details.picture._pictures[0].pixels) == focus
        rows = page.drawer.panel.rows
        for at in range(0, len(rows.rows), 17):
            assert rows.data(rows.index(at, rows.names.index("id"))) == f"p{rows.rows[at]}"
        page.map.grab()
        qtbot.wait(30)
        for row in page.map_part.overlays.pictures.shown:
            image = loader.get(row)
            if image is not None:
                colour = image.pixelColor(image.width() // 2, image.height() // 2)
                assert colour.red() * 256 + colour.green() == row


def test_a_newer_embedding_of_the_run_is_shown_with_the_same_samples_selected_and_filtered(page, qtbot, run):
    explorer = page.desk.explorer
    explorer.apply("filter", filter="loss < 0.5")
    page.desk.select([3, 4, 5])
    page.desk.look_at(8)
    page.map.zoom_at(3, page.map.position_of(8))
    settle(qtbot, page)
    zoom = page.map.camera.scale / page.map.home.scale
    order = np.random.default_rng(1).permutation(COUNT)
    write_set(run.embeddings / "step_00000002", order, step=2)
    with JournalWriter(run.events) as journal:
        journal.emit("embedding", 2, path="step_00000002")
    qtbot.waitUntil(lambda: page.desk.opened.folder.name == "step_00000002", timeout=WAIT_MS)
    settle(qtbot, page)
    now = page.desk.explorer
    assert sorted(order[now.selected_rows]) == [3, 4, 5]
    assert order[now.focus] == 8
    assert page.app.selection.row == now.focus
    assert sorted(order[now.shown_rows]) == list(range(150))
    assert page.filter_bar.field.text() == "loss < 0.5"
    assert page.map.camera.scale / page.map.home.scale == pytest.approx(zoom)
    at = page.map.position_of(now.focus)
    assert 0 <= at.x() <= page.map.width()
    assert 0 <= at.y() <= page.map.height()
    assert id_in(page.details.picture._pictures[0].pixels) == 8


def test_another_layout_is_a_step_that_undo_takes_back_with_the_selection_kept(page, qtbot):
    xy = np.random.default_rng(0).normal(size=(COUNT, 2)).astype(np.float32)
    add_layout(page.desk.opened.folder, "other", xy, np.full(COUNT, 0.5, np.float32), LayoutInfo(method="umap"))
    before = page.map.cloud.xy.copy()
    page.desk.select([1, 2])
    page.model.show_layout("other")
    qtbot.waitUntil(lambda: page.desk.opened.layout_name == "other", timeout=WAIT_MS)
    settle(qtbot, page)
    assert np.array_equal(page.map.cloud.xy, xy)
    assert page.map.cloud.selected.tolist() == [1, 2]
    assert page.desk.explorer.columns.numbers("trust")[0] == 0.5
    page.steps().undo()
    qtbot.waitUntil(lambda: page.desk.opened.layout_name == "pca", timeout=WAIT_MS)
    settle(qtbot, page)
    assert np.array_equal(page.map.cloud.xy, before)
    assert page.desk.explorer.selected_rows.tolist() == [1, 2]


def test_another_set_of_fewer_samples_takes_the_place_of_a_filtered_one(page, qtbot, tmp_path):
    page.desk.explorer.apply("filter", filter="loss < 0.5")
    page.desk.select([250, 20])
    vectors = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    write_embedding_set(tmp_path / "few", vectors, pa.table({"id": [f"q{row}" for row in range(20)]}), None, SetMeta())
    add_layout(tmp_path / "few", "pca", vectors[:, :2], np.ones(20, np.float32), LayoutInfo(method="pca"))
    page.open_path(tmp_path / "few")
    qtbot.waitUntil(lambda: page.desk.opened is not None and len(page.desk.opened) == 20, timeout=WAIT_MS)
    settle(qtbot, page)
    assert len(page.map.cloud.xy) == 20
    assert page.filter_bar.count.text() == "20 points"
    assert page.filter_bar.field.text() == ""
    assert not page.details.section("selection").isVisible()


def test_undo_by_key_takes_the_steps_of_the_page_that_is_up(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    write_set(tmp_path / "circle")
    app = App(tmp_path)
    window = Window(app)
    qtbot.addWidget(window)
    window.show()
    page = window.pages["explore"]
    window.show_page("explore")
    window.bridge.start()
    page.open_path(tmp_path / "circle")
    qtbot.waitUntil(lambda: page.desk.explorer is not None and page.settled(), timeout=WAIT_MS)
    app.editor.set("training.epochs", 7)
    page.desk.select([1, 2])
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    assert window.command_actions["recipe.undo"].text() == "Undo select 2 points"
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not len(page.desk.explorer.selected_rows)
    assert not window.command_actions["recipe.undo"].isEnabled()
    assert app.editor.value("training.epochs") == 7
    window.show_page("train")
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert app.editor.value("training.epochs") != 7
    window.show_page("explore")
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_Z, keys)
    assert page.desk.explorer.selected_rows.tolist() == [1, 2]
    qtbot.waitUntil(page.settled, timeout=WAIT_MS)
    window.close()
