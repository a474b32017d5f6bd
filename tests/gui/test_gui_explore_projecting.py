"""Layouts on the Explore page: watched, paused, gone on from, cancelled, turned, and asked of chosen points."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from workbench.gui.pages.explore.page import ExplorePage
from workbench.gui.pages.explore.projecting import group_list
from workbench.gui.pages.explore.projecting.groups import MOST_NAMES, line_of, names_in
from workbench.gui.pages.explore.projecting.layouts import in_other_dimensions, iterations_in_all, with_component
from workbench.gui.pages.explore.selecting import save_selection
from workbench.gui.widgets.basics import ElidedLabel
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import EmbeddingSet, add_layout, write_embedding_set
from workbench.runs.point_groups import read_group

LAB_MS = 120_000
COUNT = 300
LABELS = ("bee", "cat", "dog")


def write_set(folder: Path, *, labelled: bool = True) -> None:
    """Three clusters in 12 dimensions, with a plane of their first two numbers as the layout "pca"."""
    rng = np.random.default_rng(0)
    rows = np.arange(COUNT)
    vectors = rng.normal(size=(COUNT, 12)).astype(np.float32)
    vectors[rows, rows % 3] += 8
    table = {"id": [f"p{row}" for row in rows]}
    if labelled:
        table["label"] = [LABELS[row % 3] for row in rows]
    write_embedding_set(folder, vectors, pa.table(table), None, SetMeta(title="clusters"))
    info = LayoutInfo(method="pca", params={"x": 1, "y": 2, "z": 0}, trust_mean=0.5, axes=("PC 1", "PC 2"))
    add_layout(folder, "pca", vectors[:, :2], np.linspace(0, 1, COUNT, dtype=np.float32), info)


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk):
    """The application's one worker thread lives as long as the application, which all tests here share."""
    desk.app.list_runs()


@pytest.fixture
def show(desk, qtbot):
    """Opens the page on a set."""
    made: list[ExplorePage] = []

    def shown(folder: Path) -> ExplorePage:
        desk.app.select(folder, None)
        page = ExplorePage(desk)
        made.append(page)
        page.resize(960, 640)
        page.show()
        qtbot.waitUntil(lambda: page.desk.opened is not None and page.desk.opened.folder == folder, timeout=LAB_MS)
        settle(qtbot, page)
        return page

    yield shown
    for page in made:
        page.model.cancel()
        settle(qtbot, page)
        for widget in (page, page.details):
            widget.close()
            widget.deleteLater()


@pytest.fixture
def page(show, tmp_path):
    write_set(tmp_path / "clusters")
    return show(tmp_path / "clusters")


def settle(qtbot, page) -> None:
    qtbot.wait(40)
    qtbot.waitUntil(page.settled, timeout=LAB_MS)
    qtbot.wait(40)


def stored(page) -> EmbeddingSet:
    return EmbeddingSet.open(page.desk.opened.folder)


def watch_tsne(qtbot, page, **settings) -> None:
    """Compute a t-SNE that takes its time, until something of it can be seen."""
    page.projection.choose("tsne")
    page.projection.params.update({"iterations": 20_000, "early_iterations": 40, "perplexity": 10.0, **settings})
    page.bar.compute_button.click()
    qtbot.waitUntil(page.centre.progress.pause.isEnabled, timeout=LAB_MS)


def pause(qtbot, page) -> None:
    page.centre.progress.pause.click()
    settle(qtbot, page)


def test_points_move_while_a_layout_is_computed_and_their_look_stays(page, qtbot):
    page.desk.select([3, 5, 8])
    before = page.map.cloud
    codes, table = before.codes.copy(), before.table.copy()
    watch_tsne(qtbot, page)
    first = page.map.cloud.xy.copy()
    qtbot.waitUntil(lambda: not np.array_equal(page.map.cloud.xy, first), timeout=LAB_MS)
    assert not np.array_equal(first, before.xy)
    cloud = page.map.cloud
    assert cloud.selected.tolist() == [3, 5, 8]
    assert np.array_equal(cloud.codes, codes)
    assert np.array_equal(cloud.table, table)
    assert page.map.camera == page.map.home
    qtbot.waitUntil(lambda: "iteration" in page.centre.progress.words.full_text(), timeout=LAB_MS)


def test_a_view_that_the_user_moved_stays_where_it_is_while_points_move(page, qtbot):
    watch_tsne(qtbot, page)
    page.map.pan_by(40, 0)
    camera, places = page.map.camera, page.map.cloud.xy.copy()
    qtbot.waitUntil(lambda: not np.array_equal(page.map.cloud.xy, places), timeout=LAB_MS)
    assert page.map.camera == camera


def test_pause_keeps_the_layout_as_it_is(page, qtbot):
    watch_tsne(qtbot, page)
    pause(qtbot, page)
    info = stored(page).meta.layouts["tsne"]
    assert 0 < info.iterations < 20_000
    assert page.desk.opened.layout_name == "tsne"
    assert np.array_equal(page.map.cloud.xy, stored(page).layout("tsne").xy)
    assert page.projector.strip.done.text() == f"{info.iterations:,} iterations"
    assert page.projector.strip.go_on.isVisible()


def test_continue_starts_from_the_paused_layout_with_what_was_left_and_settings_changed_between(page, qtbot):
    watch_tsne(qtbot, page)
    pause(qtbot, page)
    before = stored(page).meta.layouts["tsne"].iterations
    page.projection.params["exaggeration"] = 3.0
    page.projector.strip.go_on.click()
    qtbot.waitUntil(page.centre.progress.pause.isEnabled, timeout=LAB_MS)
    qtbot.waitUntil(lambda: f" of {20_000 - before}" in page.centre.progress.words.full_text(), timeout=LAB_MS)
    pause(qtbot, page)
    info = stored(page).meta.layouts["tsne-2"]
    assert (info.start, info.params["exaggeration"]) == ("tsne", 3.0)
    assert page.projector.strip.done.text() == f"{before + info.iterations:,} iterations"


def test_cancel_puts_the_old_layout_back(page, qtbot):
    before = page.map.cloud.xy.copy()
    watch_tsne(qtbot, page)
    assert not np.array_equal(page.map.cloud.xy, before)
    page.bar.compute_button.click()
    qtbot.waitUntil(lambda: not page.model.busy, timeout=LAB_MS)
    settle(qtbot, page)
    assert np.array_equal(page.map.cloud.xy, before)
    assert stored(page).layouts() == ("pca",)
    assert not page.centre.progress.isVisible()


def test_the_key_pauses_and_goes_on(page, qtbot):
    watch_tsne(qtbot, page)
    page.map.setFocus()
    qtbot.keyClick(page.map, Qt.Key.Key_F8)
    settle(qtbot, page)
    assert page.desk.opened.layout_name == "tsne"
    qtbot.keyClick(page.map, Qt.Key.Key_F8)
    assert page.model.busy


def test_another_component_is_drawn_where_it_is_chosen(page, qtbot):
    box = page.projector.strip.components["x"]
    assert [box.itemText(row) for row in range(3)] == ["PC 1", "PC 2", "PC 3"]
    box.setFocus()
    for _ in range(2):
        qtbot.keyClick(box, Qt.Key.Key_Down)
        settle(qtbot, page)
    shown = page.desk.opened.layout.info
    assert (shown.params["x"], shown.params["y"]) == (3, 1)  # 2 changed places with 1 on the way
    assert page.map_part.overlays.axes.names == shown.axes
    assert shown.axes[0].startswith("PC 3")


def test_a_layout_in_space_can_be_turned_and_looked_at_from_the_front_and_the_plane_comes_back(page, qtbot):
    strip = page.projector.strip
    flat = page.map.cloud.xy.copy()
    page.desk.select([1, 2])
    strip.space.click()
    settle(qtbot, page)
    assert page.map.space is not None
    assert page.map.cloud.selected.tolist() == [1, 2]
    front = page.map.cloud.xy.copy()
    strip.turning.click()
    qtbot.waitUntil(lambda: page.map.space.orbit.yaw > 0.05)
    qtbot.mouseClick(page.map, Qt.MouseButton.LeftButton, pos=page.map.rect().topLeft())
    assert not strip.turning.isChecked()
    strip.reset.click()
    assert page.map.cloud.xy == pytest.approx(front, abs=1e-4)
    strip.plane.click()
    settle(qtbot, page)
    assert page.map.space is None
    assert np.array_equal(page.map.cloud.xy, flat)
    assert not page.model.busy
    assert not strip.turning.isVisible()


def test_an_axis_runs_between_points_that_were_selected_and_points_that_were_typed(page, qtbot):
    page.desk.select([0, 3, 6])
    page.projection.choose("axis")
    fields = page.settings.groups.fields
    assert page.settings.isVisible()
    assert "Choose the points" in page.bar.compute_button.toolTip()
    fields["x_plus"].take.click()
    assert fields["x_plus"].line.text() == "p0, p3, p6"
    line = fields["x_minus"].line
    line.setFocus()
    qtbot.keyClicks(line, "p1, p4")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    page.settings.compute.click()
    settle(qtbot, page)
    info = page.desk.opened.layout.info
    assert (info.params["x_plus"], info.params["x_minus"]) == (["p0", "p3", "p6"], ["p1", "p4"])
    vectors = np.asarray(stored(page).vectors, np.float64)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    axis = unit[[0, 3, 6]].mean(axis=0) - unit[[1, 4]].mean(axis=0)
    assert page.map.cloud.xy[:, 0] == pytest.approx(unit @ axis / np.linalg.norm(axis), abs=1e-5)


def test_names_are_completed_behind_the_last_comma(page, qtbot):
    page.projection.choose("axis")
    field = page.settings.groups.fields["x_plus"]
    field.line.activateWindow()
    field.line.setFocus()
    qtbot.waitUntil(field.line.hasFocus)
    qtbot.keyClicks(field.line, "p7, p29")
    qtbot.waitUntil(lambda: bool(field._names.stringList()))
    settle(qtbot, page)
    assert field._names.stringList()[0] == "p29"
    assert all("p29" in name for name in field._names.stringList())
    field.completer.activated.emit("p290")
    assert field.line.text() == "p7, p290"
    assert page.projection.params["x_plus"] == ["p7", "p290"]
    page.settings.hide()


def test_more_selected_points_than_can_be_named_are_taken_evenly(page, qtbot):
    page.desk.select(np.arange(COUNT))
    page.projection.choose("axis")
    field = page.settings.groups.fields["x_plus"]
    assert field.take.text() == f"Use {MOST_NAMES} selected"
    field.take.click()
    names = page.projection.params["x_plus"]
    assert (len(names), len(set(names)), names[0], names[-1]) == (MOST_NAMES, MOST_NAMES, "p0", f"p{COUNT - 1}")
    page.settings.hide()


def test_a_projection_by_label_says_that_there_are_no_labels(show, qtbot, tmp_path):
    write_set(tmp_path / "bare", labelled=False)
    page = show(tmp_path / "bare")
    page.projection.choose("lda")
    assert not page.bar.compute_button.isEnabled()
    assert page.bar.compute_button.toolTip().startswith("The set has no column 'label' to tell apart. Choose another")
    page.settings.hide()


def test_the_link_beside_trust_colours_by_it(page, qtbot):
    page.centre.foot.trust_link.click()
    settle(qtbot, page)
    assert page.desk.explorer.state.colour == "trust"
    assert page.legend.content.ramp.high == pytest.approx(1.0)


def test_approximate_neighbours_are_never_called_exact(show, tmp_path):
    write_set(tmp_path / "near")
    meta = tmp_path / "near" / "meta.json"
    document = json.loads(meta.read_text())
    document["layouts"]["pca"]["approximate"] = "approximate neighbours, recall 0.97 (1000 sampled)"
    meta.write_text(json.dumps(document))
    page = show(tmp_path / "near")
    assert page.centre.foot.exact.text() == f"approximate neighbours, recall 0.97 (1000 sampled) · all {COUNT} points"


def test_iterations_are_counted_over_all_layouts_that_one_went_on_from():
    layouts = {
        "tsne": LayoutInfo(method="tsne", iterations=100),
        "tsne-2": LayoutInfo(method="tsne", iterations=20, start="tsne"),
        "tsne-3": LayoutInfo(method="tsne", iterations=3, start="tsne-2"),
        "round": LayoutInfo(method="tsne", iterations=7, start="round"),
    }
    counts = [iterations_in_all(layouts, name) for name in ("tsne-3", "tsne", "round", "gone")]
    assert counts == [123, 100, 7, 0]


@pytest.mark.parametrize(
    ("flat", "deep"),
    [
        ({"x": 1, "y": 2, "z": 0}, {"x": 1, "y": 2, "z": 3}),
        ({"x": 1, "y": 3, "z": 0}, {"x": 1, "y": 3, "z": 2}),
        ({"dimensions": 2, "seed": 1}, {"dimensions": 3, "seed": 1}),
    ],
)
def test_space_and_plane_differ_in_one_setting(flat, deep):
    assert in_other_dimensions(flat) == deep
    assert in_other_dimensions(deep) == flat


def test_no_component_is_drawn_twice():
    assert with_component({"x": 1, "y": 2, "z": 0}, "x", 2) == {"x": 2, "y": 1, "z": 0}
    assert with_component({"x": 1, "y": 2, "z": 3}, "z", 7) == {"x": 1, "y": 2, "z": 7}


@pytest.mark.parametrize("names", [(), ("king",), ("king", "queen"), ("Smith, J.", 'the "old" one', "plain")])
def test_names_come_back_as_they_were_written(names):
    assert names_in(line_of(names)) == names


def test_groups_for_lda_are_taken_from_the_selection_and_from_saved_selections(page, qtbot):
    page.projection.choose("lda")
    page.bar.settings_button.click()
    groups = page.settings.groups.fields["groups"]
    assert not groups.saved.isVisible()
    page.settings.hide()
    page.desk.select(np.arange(20, 40))
    save_selection(page.desk, "middle")
    page.desk.select([0, 1, 2, 3, 9])
    page.bar.settings_button.click()
    assert groups.take.text() == "Add 5 selected"
    groups.take.click()
    assert page.bar.compute_button.toolTip().startswith("One group has nothing to be told apart from")
    (saved,) = groups.saved_menu.actions()
    assert saved.text() == "middle  (20)"
    saved.trigger()
    assert page.projection.params["groups"] == "group 1: #0-3, #9; middle: #20-39"
    page.settings.compute.click()
    settle(qtbot, page)
    layout = page.desk.opened.layout
    assert layout.info.params["groups"] == "group 1: #0-3, #9; middle: #20-39"
    assert layout.info.axes[0].startswith("LD 1")


def test_a_group_can_be_left_out_again(page, qtbot):
    page.projection._params["lda"]["groups"] = "first: #0-3; second: #5-7"
    page.projection.choose("lda")
    page.bar.settings_button.click()
    groups = page.settings.groups.fields["groups"]
    lines = [line.findChild(ElidedLabel).full_text() for line in groups.shown]
    assert lines == ["first  ·  4 points", "second  ·  3 points"]
    groups.shown[0].findChild(QToolButton).click()
    assert page.projection.params["groups"] == "second: #5-7"
    page.settings.hide()


def test_a_large_group_is_taken_evenly(page, monkeypatch):
    monkeypatch.setattr(group_list, "MOST_GROUPED", 10)
    page.desk.select(np.arange(COUNT))
    page.projection.choose("lda")
    page.bar.settings_button.click()
    groups = page.settings.groups.fields["groups"]
    groups.take.click()
    rows = read_group(groups.groups[0], [], COUNT).rows
    assert (len(rows), rows[0], rows[-1]) == (10, 0, COUNT - 1)
    page.settings.hide()
