"""The time panel on the real page, with the real labs, on a run of three small checkpoints."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt

from workbench.gui.bridge import Bridge
from workbench.gui.pages.explore.page import ExplorePage
from workbench.gui.pages.explore.panels.time.panel import TimePanel
from workbench.recipes.presets import load
from workbench.recipes.toml_io import write_toml
from workbench.runs.embedding_meta import SetMeta
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter

LAB_MS = 120_000
ROWS, WANDERER = 90, 4
LEFT = Qt.MouseButton.LeftButton


def write_step(folder: RunFolder, step: int, part: float) -> None:
    """Three clusters; one sample goes from the first to the second as `part` grows from 0 to 1."""
    codes = np.arange(ROWS) % 3
    vectors = np.random.default_rng(0).normal(size=(ROWS, 5)) * [1.0, 0.8, 0.3, 0.2, 0.2]
    vectors += 6 * np.eye(5)[codes]
    vectors[WANDERER] += part * 6 * (np.eye(5)[(codes[WANDERER] + 1) % 3] - np.eye(5)[codes[WANDERER]])
    table = pa.table({"id": [f"s{row}" for row in range(ROWS)], "label": [f"class {code}" for code in codes]})
    target = folder.embeddings / f"step_{step:08d}"
    target.parent.mkdir(exist_ok=True)
    write_embedding_set(target, vectors.astype(np.float32), table, meta=SetMeta(title=f"at {step}", step=step))


def new_run(desk: Bridge, name: str, steps: int = 3) -> RunFolder:
    recipe = write_toml(load("demo", desk.app.catalogue).replace(name=name))
    folder = RunFolder.create(desk.app.runs_dir, name, recipe)
    for number in range(steps):
        write_step(folder, 100 * number, number / 2)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk):
    """The application's one worker thread lives as long as the application, which all tests here share."""
    desk.app.list_runs()


@pytest.fixture
def page(desk, qtbot):
    made = ExplorePage(desk)
    made.resize(920, 640)
    made.map.animates = False
    made.show()
    yield made
    settle(qtbot, made)
    for widget in (made, made.details):
        widget.close()
        widget.deleteLater()


@pytest.fixture
def run(desk, request) -> RunFolder:
    return new_run(desk, f"run {abs(hash(request.node.name)) % 10**8}")


def settle(qtbot, page) -> None:
    qtbot.wait(30)
    qtbot.waitUntil(page.settled, timeout=LAB_MS)
    qtbot.wait(80)


def open_panel(qtbot, page, run: RunFolder, step: int = 200) -> TimePanel:
    page.app.select(run.embeddings / f"step_{step:08d}", None)
    qtbot.waitUntil(
        lambda: page.desk.opened is not None and page.desk.opened.folder.parents[1] == run.path, timeout=LAB_MS
    )
    settle(qtbot, page)
    page.drawer.open_panel("time")
    settle(qtbot, page)
    assert isinstance(page.drawer.panel, TimePanel)
    return page.drawer.panel


@pytest.fixture
def panel(qtbot, page, run) -> TimePanel:
    """The panel on a run whose checkpoints are drawn; the map shows the last."""
    made = open_panel(qtbot, page, run)
    qtbot.mouseClick(made.controls.compute_button, LEFT)
    settle(qtbot, page)
    return made


def drawn(run: RunFolder, step: int) -> np.ndarray:
    return EmbeddingSet.open(run.embeddings / f"step_{step:08d}").layout("pca-time").xy


def drag(qtbot, panel: TimePanel, place: float, *, release: bool = True) -> None:
    """Take the knob and carry it to a place."""
    line = panel.controls.scrubber
    qtbot.mousePress(line, LEFT, pos=QPoint(round(line.x_of(line.place)), 15))
    qtbot.mouseMove(line, QPoint(round(line.x_of(place)), 15))
    panel.controls.scrubber.moved.emit(line._place_at(line.x_of(place)))
    if release:
        qtbot.mouseRelease(line, LEFT, pos=QPoint(round(line.x_of(place)), 15))


def test_checkpoints_are_drawn_when_asked_and_the_map_shows_the_opened_one(qtbot, page, run):
    panel = open_panel(qtbot, page, run, step=100)
    assert panel.controls.status.full_text().startswith("3 of 3 checkpoints to draw, about")
    assert not panel.controls.play_button.isEnabled()
    qtbot.mouseClick(panel.controls.compute_button, LEFT)
    settle(qtbot, page)
    assert not panel.controls.compute_button.isVisible()
    assert panel.controls.play_button.isEnabled()
    assert panel.player.place == 1
    np.testing.assert_array_equal(page.map.cloud.xy, drawn(run, 100))


def test_dragging_moves_the_points_between_two_checkpoints_and_letting_go_rests_at_one(qtbot, page, run, panel):
    drag(qtbot, panel, 0.5, release=False)
    half = (drawn(run, 0) + drawn(run, 100)) / 2
    np.testing.assert_allclose(page.map.cloud.xy, half, atol=0.02)
    drag(qtbot, panel, 0.7)
    settle(qtbot, page)
    assert panel.player.place == 1
    np.testing.assert_array_equal(page.map.cloud.xy, drawn(run, 100))


def test_what_the_map_shows_of_points_stays_while_they_move(qtbot, page, panel):
    page.desk.select([3, 4, 5])
    page.desk.explorer.apply("filter", filter='label != "class 0"')
    settle(qtbot, page)
    cloud, camera = page.map.cloud, page.map.camera
    drag(qtbot, panel, 0.4, release=False)
    assert page.map.camera == camera
    assert page.map.cloud.selected.tolist() == [3, 4, 5]
    np.testing.assert_array_equal(page.map.cloud.visible, cloud.visible)
    np.testing.assert_array_equal(page.map.cloud.codes, cloud.codes)
    assert page.desk.explorer.shown.sum() == ROWS * 2 // 3


def test_points_that_stand_still_are_found_under_the_mouse_where_they_are(qtbot, page, panel):
    panel.player.go(0)
    settle(qtbot, page)
    row = WANDERER
    page.map.centre_on(row)
    while page.map.pick(page.map.position_of(row)) != row:
        page.map.zoom_at(2, page.map.position_of(row))
    at = page.map.position_of(row).toPoint()
    assert QPointF(page.map.width() / 2, page.map.height() / 2).toPoint() == at
    qtbot.mouseClick(page.map, LEFT, pos=at)
    settle(qtbot, page)
    assert page.desk.explorer.focus == row


def test_keys_go_from_checkpoint_to_checkpoint(qtbot, page, panel):
    line = panel.controls.scrubber
    places = []
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_End):
        qtbot.keyClick(line, key)
        settle(qtbot, page)
        places.append(panel.player.place)
    assert places == [0, 1, 2, 2, 1, 2]
    assert panel.controls.caption.full_text() == "Step 200"


def test_space_plays_in_a_loop_and_rests_at_a_checkpoint_when_paused(qtbot, page, panel):
    panel.player.speed = 20
    panel.player.put(0)
    seen: list[float] = []
    panel.controls.scrubber.set_place = seen.append
    qtbot.keyClick(panel.controls.scrubber, Qt.Key.Key_Space)
    assert panel.controls.play_button.accessibleName() == "Pause  (Space)"
    qtbot.waitUntil(lambda: any(later < sooner for sooner, later in pairwise(seen)))
    qtbot.keyClick(panel.controls.scrubber, Qt.Key.Key_Space)
    settle(qtbot, page)
    assert panel.player.place in (0, 1, 2)
    assert any(place % 1 for place in seen)
    assert panel.controls.play_button.accessibleName() == "Play  (Space)"


def test_without_the_loop_playing_ends_at_the_last_checkpoint(qtbot, page, panel):
    panel.controls.loop.setChecked(False)
    panel.player.speed = 20
    qtbot.mouseClick(panel.controls.play_button, LEFT)
    qtbot.waitUntil(lambda: not panel.player.moving)
    assert panel.player.place == 2


def test_without_gliding_points_jump(qtbot, page, run, panel):
    panel.controls.glide.setChecked(False)
    drag(qtbot, panel, 0.6, release=False)
    np.testing.assert_array_equal(page.map.cloud.xy, drawn(run, 0))


def test_trails_follow_the_selected_points_or_all_that_are_shown(qtbot, page, run, panel):
    page.desk.select([WANDERER, 7])
    panel.stage.show_trails("selection")
    assert panel.stage.trails.rows(3).tolist() == [WANDERER, 7]
    without = page.map.grab().toImage()
    panel.player.put(2)
    panel.stage.show_trails("all")
    assert len(panel.stage.trails.rows(3)) == ROWS
    assert page.map.grab().toImage() != without
    np.testing.assert_array_equal(panel.stage.trails._passed()[1], drawn(run, 100))
    panel.stage.show_trails("none")
    assert page.map.underlay == ()


def test_closing_the_panel_puts_the_points_back(qtbot, page, panel):
    panel.player.put(0)
    panel.controls.trails.setCurrentIndex(2)
    panel.controls.trails.activated.emit(2)
    page.drawer.close_panel()
    np.testing.assert_array_equal(page.map.cloud.xy, page.desk.opened.layout.xy)
    assert page.map.cloud.cells is not None
    assert page.map.underlay == ()
    page.drawer.open_panel("time")
    settle(qtbot, page)
    assert panel.stage.is_up
    assert page.map.underlay == (panel.stage.trails,)


def test_another_page_over_this_one_leaves_the_points_where_they_are(qtbot, page, run, panel):
    panel.player.put(0)
    page.hide()
    np.testing.assert_array_equal(page.map.cloud.xy, drawn(run, 0))
    page.show()


def test_another_layout_is_shown_and_the_next_move_brings_the_checkpoints_back(qtbot, page, panel):
    page.model.show_layout("pca")
    settle(qtbot, page)
    assert page.desk.opened.layout_name == "pca"
    panel.player.put(1)
    assert panel.stage.is_up


def test_a_method_that_nothing_is_drawn_by_shows_the_opened_layout_until_it_is_computed(qtbot, page, run, panel):
    panel.player.put(0)
    panel.controls.method.setCurrentText("t-SNE")
    panel.controls.method.activated.emit(2)
    settle(qtbot, page)
    np.testing.assert_array_equal(page.map.cloud.xy, page.desk.opened.layout.xy)
    assert panel.controls.compute_button.isVisible()
    assert panel.travelled.empty.isVisible()
    qtbot.mouseClick(panel.controls.compute_button, LEFT)
    settle(qtbot, page)
    tsne = EmbeddingSet.open(run.embeddings / "step_00000200").layout("tsne-time").xy
    np.testing.assert_array_equal(page.map.cloud.xy, tsne)
    assert all(page.map.shows(row) for row in range(ROWS))


def test_the_most_travelled_are_listed_and_selected_on_the_map(qtbot, page, panel):
    rows = [entry.row for entry in panel.travelled.list.entries]
    assert rows[0] == WANDERER
    panel.travelled.list.chosen.emit(rows[0])
    assert page.desk.explorer.selected_rows.tolist() == [WANDERER]
    qtbot.mouseClick(panel.travelled.select_button, LEFT)
    assert page.desk.explorer.selected_rows.tolist() == sorted(rows)
    qtbot.mouseClick(panel.travelled.colour_button, LEFT)
    settle(qtbot, page)
    assert page.map_part.colouring.title == "Travel"


def test_a_new_snapshot_is_drawn_and_followed(qtbot, page, run, panel):
    page.app.supervisor.attach(run)
    panel.controls.follow.setChecked(True)
    page.desk.select([1, 2])
    write_step(run, 300, 1.5)
    writer = JournalWriter(run.events)
    writer.emit("embedding", 300, name="step_00000300")
    writer.close()
    qtbot.waitUntil(lambda: panel.player.last == 3, timeout=LAB_MS)
    settle(qtbot, page)
    assert panel.player.place == 3
    assert panel.controls.caption.full_text() == "Step 300"
    np.testing.assert_array_equal(page.map.cloud.xy, drawn(run, 300))
    assert page.map.cloud.selected.tolist() == [1, 2]


def test_opening_a_checkpoint_makes_its_set_the_page_s_own(qtbot, page, panel):
    panel.player.put(1)
    qtbot.mouseClick(panel.controls.open_button, LEFT)
    qtbot.waitUntil(lambda: page.desk.opened.folder.name == "step_00000100", timeout=LAB_MS)
    settle(qtbot, page)
    assert panel.player.place == 1


def test_a_film_is_written_beside_the_window_s_work_and_can_be_cancelled(qtbot, page, panel, tmp_path):
    film = tmp_path / "film.gif"
    panel.save_film(film, (200, 160), 10)
    settle(qtbot, page)
    with Image.open(film) as picture:
        assert picture.size == (200, 160)
        assert picture.n_frames > 10
    panel.save_film(tmp_path / "other.gif", (800, 600), 60)
    qtbot.waitUntil(lambda: panel.filming.busy, timeout=LAB_MS)
    page.app.jobs.cancel(next(job.id for job in page.app.jobs.visible() if job.active))
    settle(qtbot, page)
    assert list(tmp_path.iterdir()) == [film]


def test_a_run_of_one_checkpoint_and_a_set_of_no_run_say_what_is_missing(qtbot, page, desk, tmp_path):
    panel = open_panel(qtbot, page, new_run(desk, "lonely", 1), step=0)
    assert "begins with two" in panel.controls.status.full_text()
    loose = tmp_path / "loose"
    write_embedding_set(loose, np.eye(6, dtype=np.float32), pa.table({"id": list("abcdef")}))
    page.app.select(loose, None)
    qtbot.waitUntil(lambda: page.desk.opened is not None and page.desk.opened.folder == loose, timeout=LAB_MS)
    settle(qtbot, page)
    assert panel.empty.isVisible()
    assert "belongs to none" in panel.empty.text()
