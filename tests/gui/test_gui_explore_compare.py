"""Two maps side by side on the Explore page, with the real labs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication

from workbench.core.resources import resource
from workbench.gui.explorer import palette
from workbench.gui.pages.explore.page import ExplorePage
from workbench.gui.pages.explore.panels.compare.sides import Wish, load_side, offers, partners
from workbench.gui.pages.explore.places import Place
from workbench.gui.pages.explore.sets import load
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import EmbeddingSet, add_layout, write_embedding_set

LAB_MS = 120_000
LEFT = Qt.MouseButton.LeftButton
COUNT, NEW = 300, 20
KEPT = np.random.default_rng(1).permutation(COUNT)[: COUNT - 40]
"""Which samples the second set has, in its order; NEW others follow."""


def vectors() -> np.ndarray:
    with np.load(resource("fashion_mnist_10k/images.npz")) as data:
        return data["test_images"][:COUNT].reshape(COUNT, -1).astype(np.float32) / 255


def labels() -> list[str]:
    with np.load(resource("fashion_mnist_10k/images.npz")) as data:
        return [str(label) for label in data["test_labels"][:COUNT]]


def write_sets(home: Path) -> tuple[Path, Path]:
    """A set with two layouts, and one of most of its samples in another order, noisier, with some more."""
    rng = np.random.default_rng(0)
    here, there = home / "sets" / "plain", home / "sets" / "noisy"
    known, names = vectors(), labels()
    write_embedding_set(
        here, known, pa.table({"id": [f"s/{row}" for row in range(COUNT)], "label": names}), None, SetMeta()
    )
    for name, xy in (("pca", known[:, 300:302]), ("umap", known[:, 400:402])):
        places = (xy + rng.normal(0, 1, (COUNT, 2))).astype(np.float32)
        add_layout(
            here, name, places, np.full(COUNT, 0.5, np.float32), LayoutInfo(method=name, trust_mean=0.5, seconds=2)
        )
    noisy = known[KEPT] + rng.normal(0, 0.3, (len(KEPT), known.shape[1])).astype(np.float32)
    more = rng.normal(0, 1, (NEW, known.shape[1])).astype(np.float32)
    ids = [f"s/{row}" for row in KEPT] + [f"new/{row}" for row in range(NEW)]
    table = pa.table({"id": ids, "label": [names[row] for row in KEPT] + [None] * NEW})
    write_embedding_set(there, np.concatenate([noisy, more]), table, None, SetMeta())
    places = rng.normal(0, 1, (len(ids), 2)).astype(np.float32)
    add_layout(there, "pca", places, np.full(len(ids), 0.5, np.float32), LayoutInfo(method="pca", trust_mean=0.5))
    return here, there


@pytest.fixture(scope="module")
def folders(desk) -> tuple[Path, Path]:
    desk.app.list_runs()  # the background's thread lasts as long as the application
    return write_sets(desk.app.home)


@pytest.fixture
def page(desk, folders, qtbot):
    made = ExplorePage(desk)
    made.resize(940, 700)
    made.show()
    desk.app.select(folders[0], None)
    qtbot.waitUntil(lambda: made.desk.opened is not None and made.desk.opened.folder == folders[0], timeout=LAB_MS)
    settle(qtbot, made)
    made.map.animates = False
    made.drawer.open_panel("compare")
    made.drawer.panel.beside.second.map.animates = False
    settle(qtbot, made)
    yield made
    settle(qtbot, made)
    for widget in (made, made.details):
        widget.close()
        widget.deleteLater()


def settle(qtbot, page) -> None:
    qtbot.wait(30)
    qtbot.waitUntil(page.settled, timeout=LAB_MS)
    qtbot.wait(80)


def beside(qtbot, page, folder: Path | None, layout: str = ""):
    """Show something beside the map; returns the panel, the second map and how rows belong together."""
    panel = page.drawer.panel
    panel.show_beside(folder, layout)
    settle(qtbot, page)
    return panel, panel.beside.second.map, panel.beside.side


def partner_of(row: int) -> int:
    found = np.flatnonzero(row == KEPT)
    return int(found[0]) if len(found) else -1


def point(qtbot, view, row: int) -> QPoint:
    """Zoom until a point is the nearest one to its place."""
    view.fit()
    view.centre_on(row)
    while view.pick(view.position_of(row)) != row:
        view.zoom_at(2, view.position_of(row))
    return view.position_of(row).toPoint()


def lasso_all(qtbot, view) -> None:
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)


# -- matching ----------------------------------------------------------------------------------------------------------


def test_samples_are_matched_by_their_ids_and_repeated_or_missing_ids_match_nothing(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    write_embedding_set(one, np.eye(5), pa.table({"id": ["a", "b", "b", "c", None]}))
    write_embedding_set(other, np.eye(4), pa.table({"id": ["c", "b", None, "a"]}))
    there, here = partners(EmbeddingSet.open(one), EmbeddingSet.open(other))
    assert there.tolist() == [3, -1, -1, 0, -1]
    assert here.tolist() == [3, -1, -1, 0]


def test_a_set_without_a_common_sample_is_refused_with_the_way_out(qtbot, page, folders, tmp_path):
    write_embedding_set(tmp_path / "alien", np.eye(4), pa.table({"id": list("wxyz")}))
    panel, _, side = beside(qtbot, page, tmp_path / "alien")
    assert side is None
    assert "none of the 300 samples" in panel.beside.second.map.accessibleDescription()
    assert not panel.changes.compare_button.isEnabled()


def test_the_layout_beside_is_another_one_of_the_set_unless_one_is_named(folders):
    here = load(folders[0], "pca")
    assert load_side(here, Wish()).opened.layout_name == "umap"
    assert load_side(here, Wish(None, "pca")).opened.layout_name == "pca"


def test_other_checkpoints_sets_from_disk_and_other_runs_are_offered_and_the_opened_set_is_not(tmp_path):
    table = pa.table({"id": ["a", "b"]})
    for run, steps in (("first", (10, 20)), ("second", (5, 30))):
        for step in steps:
            write_embedding_set(tmp_path / run / "embeddings" / f"step_{step:08}", np.eye(2), table)
        (tmp_path / run / "recipe.toml").write_text("")
    write_embedding_set(tmp_path / "loose", np.eye(2), table)
    known = [Place(tmp_path / run, run) for run in ("first", "second")]
    found = offers(tmp_path / "first" / "embeddings" / "step_00000010", known, [tmp_path / "loose"])
    titles = ["This embedding, another layout", "This run, step 20", "loose", "second, step 30"]
    assert [offer.title for offer in found] == titles


# -- two maps ----------------------------------------------------------------------------------------------------------


def test_every_point_has_the_colour_of_its_sample_and_those_without_one_are_grey(qtbot, page, folders):
    panel, view, _ = beside(qtbot, page, folders[1])
    first, second = page.map.cloud, view.cloud
    shown, wanted = second.table[second.codes], first.table[first.codes]
    assert np.array_equal(shown[: len(KEPT)], wanted[KEPT])
    grey = [int(palette.MISSING[at : at + 2], 16) for at in (1, 3, 5)]
    assert (shown[len(KEPT) :, :3] == grey).all()
    assert panel.beside.second.matched.full_text() == "260 points in both · 40 only left · 20 only right, grey"


def test_colours_follow_when_the_map_is_coloured_by_something_else(qtbot, page, folders):
    _, view, _ = beside(qtbot, page, folders[1])
    page.desk.add_column("number", np.arange(COUNT), "Number", colour=True)
    settle(qtbot, page)
    first, second = page.map.cloud, view.cloud
    assert np.array_equal(second.table[second.codes][: len(KEPT)], first.table[first.codes][KEPT])


def test_a_filter_hides_the_same_samples_on_both_maps(qtbot, page, folders):
    _, view, _ = beside(qtbot, page, folders[1])
    page.desk.explorer.apply("filter", filter="label = 3")
    settle(qtbot, page)
    names = np.array(labels())[KEPT]
    assert np.array_equal(view.cloud.visible[: len(KEPT)], names == "3")
    assert not view.cloud.visible[len(KEPT) :].any()
    page.desk.explorer.apply("no filter", filter="")
    settle(qtbot, page)
    assert view.cloud.visible is None


def test_hover_rings_the_sample_on_the_other_map_and_shows_a_card_on_one(qtbot, page, folders):
    panel, view, _ = beside(qtbot, page, folders[1])
    links, row = panel.beside.links, int(KEPT[7])
    qtbot.mouseMove(view, point(qtbot, view, 7))
    qtbot.waitUntil(lambda: links.hovered_first.row == row)
    qtbot.waitUntil(panel.beside.second.card.isVisible)
    assert not page.map_part.card.isVisible()
    assert page.map.hovered_index is None
    view.set_hovered(None)
    page.map.set_hovered(row)
    assert links.hovered_second.row == 7
    assert links.hovered_first.row is None
    page.map.set_hovered(None)


def test_a_click_on_the_second_map_selects_the_sample_on_both(qtbot, page, folders):
    panel, view, _ = beside(qtbot, page, folders[1])
    qtbot.mouseClick(view, LEFT, pos=point(qtbot, view, 11))
    settle(qtbot, page)
    assert page.desk.explorer.selected_rows.tolist() == [KEPT[11]]
    assert page.desk.explorer.focus == KEPT[11]
    assert view.cloud.selected.tolist() == [11]
    assert panel.beside.links.looked_at.row == 11


def test_a_click_on_a_point_that_is_only_on_the_second_map_changes_nothing(qtbot, page, folders):
    _, view, _ = beside(qtbot, page, folders[1])
    page.desk.select([3])
    qtbot.mouseClick(view, LEFT, pos=point(qtbot, view, len(KEPT) + 2))
    settle(qtbot, page)
    assert page.desk.explorer.selected_rows.tolist() == [3]


def test_gathering_on_the_second_map_selects_every_sample_that_is_in_both(qtbot, page, folders):
    _, view, _ = beside(qtbot, page, folders[1])
    lasso_all(qtbot, view)
    settle(qtbot, page)
    assert page.desk.explorer.selected_rows.tolist() == sorted(KEPT.tolist())
    page.desk.select([int(KEPT[0]), 299 if partner_of(299) < 0 else int(KEPT[1])])
    settle(qtbot, page)
    assert view.cloud.selected.tolist()[0] == 0


def test_linked_views_pan_and_zoom_together_in_both_directions(qtbot, page):
    panel, view, _ = beside(qtbot, page, None, page.desk.opened.layout_name)
    panel.beside.second.link_button.click()
    first, second = page.map, view
    for moved, other in ((first, second), (second, first)):
        moved.fit()
        moved.zoom_at(4, QPointF(20, 30))
        assert other.camera.scale / other.home.scale == pytest.approx(moved.camera.scale / moved.home.scale)
        assert (other.camera.x, other.camera.y) == pytest.approx((moved.camera.x, moved.camera.y), abs=1e-4)
    panel.beside.second.link_button.click()
    first.fit()
    assert second.camera != second.home


def test_closing_the_right_map_leaves_the_first_alone(qtbot, page, folders):
    panel, view, _ = beside(qtbot, page, folders[1])
    assert view.isVisible()
    panel.beside.second.close_button.click()
    assert not view.isVisible()
    assert panel.beside.wish is None
    assert panel.show_button.text() == "Show beside"
    page.map.set_hovered(5)
    assert panel.beside.links.hovered_second.row is None


def test_the_second_map_is_matched_anew_when_another_set_is_opened_while_the_drawer_is_closed(qtbot, page, folders):
    panel, view, _ = beside(qtbot, page, folders[0], "umap")
    page.drawer.close_panel()
    page.app.select(folders[1], None)
    qtbot.waitUntil(lambda: page.desk.opened is not None and page.desk.opened.folder == folders[1], timeout=LAB_MS)
    settle(qtbot, page)
    side = panel.beside.side
    assert side.here == folders[1]
    assert side.to_there[:5].tolist() == KEPT[:5].tolist()
    first, second = page.map.cloud, view.cloud
    assert np.array_equal(second.table[second.codes][KEPT], first.table[first.codes][: len(KEPT)])


def test_a_set_without_a_layout_offers_to_compute_one(qtbot, page, tmp_path):
    bare = tmp_path / "bare"
    write_embedding_set(bare, vectors(), pa.table({"id": [f"s/{row}" for row in range(COUNT)]}))
    panel, view, _ = beside(qtbot, page, bare)
    assert panel.beside.second.compute_button.isVisible()
    assert "Press Compute PCA" in view.accessibleDescription()
    panel.beside.second.compute_button.click()
    settle(qtbot, page)
    qtbot.waitUntil(lambda: len(view.cloud.xy) == COUNT, timeout=LAB_MS)
    assert not panel.beside.second.compute_button.isVisible()
    assert panel.beside.second.title.full_text() == "bare · PCA"


def test_points_have_their_names_on_both_maps_where_there_are_no_pictures(qtbot, page, folders):
    panel, view, _ = beside(qtbot, page, folders[1])
    qtbot.mouseClick(view, LEFT, pos=point(qtbot, view, 11))
    settle(qtbot, page)
    assert 11 in panel.beside.second.words.boxes
    page.app.settings = page.app.settings.replace(map_hides=("words",))
    page.map.repaint_points()
    settle(qtbot, page)
    assert not panel.beside.second.words.boxes
    page.app.settings = page.app.settings.replace(map_hides=())


# -- what changed ------------------------------------------------------------------------------------------------------


def nearest(points: np.ndarray, k: int, *, cosine: bool) -> list[set[int]]:
    """The k nearest others of each point, one by one in float64."""
    points = points.astype(np.float64)
    if cosine:
        points = points / np.linalg.norm(points, axis=1, keepdims=True)
    found = []
    for row, point_ in enumerate(points):
        away = ((points - point_) ** 2).sum(axis=1)
        away[row] = np.inf
        found.append(set(np.argsort(away, kind="stable")[:k].tolist()))
    return found


def shares(one: list[set[int]], other: list[set[int]], k: int) -> np.ndarray:
    return np.array([len(a & b) / k for a, b in zip(one, other, strict=True)])


def test_two_embeddings_are_compared_by_the_neighbours_in_their_vectors(qtbot, page, folders):
    panel, _, side = beside(qtbot, page, folders[1])
    panel.changes.k.set_value(10)
    panel.changes.compare_button.click()
    settle(qtbot, page)
    rows = np.sort(KEPT)
    there = np.load(folders[1] / "vectors.npy")[side.to_there[rows]]
    true = shares(nearest(vectors()[rows], 10, cosine=True), nearest(there, 10, cosine=True), 10)
    assert panel.changes.kept[rows] == pytest.approx(true, abs=1e-6)
    assert panel.changes.share.text() == f"{true.mean():.0%} of 10 neighbours are the same"
    listed = panel.changes.found.listing.rows
    assert (np.diff(panel.changes.kept[listed]) >= 0).all()


def test_two_layouts_are_compared_by_the_neighbours_on_their_maps(qtbot, page, folders):
    page.desk.explorer.apply("show", layout="pca")
    settle(qtbot, page)
    panel, _, _ = beside(qtbot, page, None, "umap")
    panel.changes.k.set_value(8)
    panel.changes.compare_button.click()
    settle(qtbot, page)
    places = [np.load(folders[0] / f"layout_{name}.npy") for name in ("pca", "umap")]
    true = shares(*(nearest(xy, 8, cosine=False) for xy in places), 8)
    assert panel.changes.kept == pytest.approx(true, abs=1e-6)


def test_a_row_of_the_list_is_selected_and_in_view_on_both_maps(qtbot, page, folders):
    panel, view, _ = beside(qtbot, page, folders[1])
    panel.changes.compare()
    settle(qtbot, page)
    page.map.zoom_at(50, QPointF(0, 0))
    view.zoom_at(50, QPointF(0, 0))
    row = int(panel.changes.found.listing.rows[2])
    panel.changes.table.selectRow(2)
    qtbot.waitUntil(lambda: page.desk.explorer.selected_rows.tolist() == [row])
    settle(qtbot, page)
    assert page.map.shows(row)
    assert view.shows(partner_of(row))
    assert view.cloud.selected.tolist() == [partner_of(row)]


def test_a_bar_selects_its_points_by_mouse_and_by_keyboard(qtbot, page, folders):
    panel, _, _ = beside(qtbot, page, folders[1])
    panel.changes.compare()
    settle(qtbot, page)
    bars = panel.changes.bars
    highest = int(bars.counts.argmax())
    qtbot.mouseClick(bars, LEFT, pos=QPoint(int((highest + 0.5) * bars.width() / len(bars.counts)), 20))
    kept = panel.changes.kept
    assert page.desk.explorer.selected_rows.tolist() == bars.rows_of(highest).tolist()
    assert len(bars.rows_of(highest)) == bars.counts[highest]
    assert int(bars.counts.sum()) == int(np.isfinite(kept).sum())
    bars.setFocus()
    qtbot.keyClick(bars, Qt.Key.Key_Left)
    qtbot.keyClick(bars, Qt.Key.Key_Return)
    assert page.desk.explorer.selected_rows.tolist() == bars.rows_of(highest - 1).tolist()


def test_the_share_kept_can_colour_both_maps_and_the_list_is_saved_as_csv(qtbot, page, folders, tmp_path):
    panel, view, _ = beside(qtbot, page, folders[1])
    panel.changes.compare()
    settle(qtbot, page)
    panel.changes.colour_button.click()
    settle(qtbot, page)
    assert page.desk.explorer.state.colour == "neighbours_kept"
    first, second = page.map.cloud, view.cloud
    assert np.array_equal(second.table[second.codes][: len(KEPT)], first.table[first.codes][KEPT])
    panel.changes.save_csv(tmp_path / "changed.csv")
    settle(qtbot, page)
    lines = (tmp_path / "changed.csv").read_text().splitlines()
    assert len(lines) == 1 + len(KEPT)
    assert "overlap" in lines[0]


def test_points_that_are_only_on_the_left_can_be_selected(qtbot, page, folders):
    panel, _, _ = beside(qtbot, page, folders[1])
    panel.changes.alone_button.click()
    assert page.desk.explorer.selected_rows.tolist() == sorted(set(range(COUNT)) - set(KEPT.tolist()))


def test_an_answer_goes_when_something_else_is_shown_beside(qtbot, page, folders):
    panel, _, _ = beside(qtbot, page, folders[1])
    panel.changes.compare()
    settle(qtbot, page)
    assert panel.changes.found is not None
    beside(qtbot, page, None, "umap")
    assert panel.changes.found is None
    assert panel.changes.share.text() == ""


# -- layouts -----------------------------------------------------------------------------------------------------------


def cell(panel, title: str, column: int) -> str:
    rows = panel.layouts.rows
    at = next(at for at in range(rows.rowCount()) if rows.index(at, 2).data() == title)
    return rows.index(at, column).data()


def test_layouts_are_listed_and_chosen_for_either_side(qtbot, page):
    panel, _, _ = beside(qtbot, page, None, "umap")
    panel.views[1].click()
    assert cell(panel, "UMAP", 5) == "50.0%"
    assert cell(panel, "UMAP", 4) == "2.0 s"
    panel.layouts.left_wanted.emit("pca")
    settle(qtbot, page)
    assert page.desk.opened.layout_name == "pca"
    assert (cell(panel, "PCA", 0), cell(panel, "PCA", 1)) == ("●", "○")
    rows = panel.layouts.rows
    at = next(at for at in range(rows.rowCount()) if rows.index(at, 2).data() == "PCA")
    qtbot.mouseClick(panel.layouts.view.viewport(), LEFT, pos=panel.layouts.view.visualRect(rows.index(at, 1)).center())
    settle(qtbot, page)
    assert panel.beside.side.opened.layout_name == "pca"
    assert cell(panel, "PCA", 1) == "●"


def test_several_ticked_projections_are_computed_and_listed_with_their_figures(qtbot, page, folders):
    panel = page.drawer.panel
    panel.views[1].click()
    rows = panel.layouts.rows
    for at in range(rows.rowCount()):
        if rows.row(rows.index(at, 0)).method in ("random", "lda"):
            rows.setData(rows.index(at, 2), Qt.CheckState.Checked.value, Qt.ItemDataRole.CheckStateRole)
    assert panel.layouts.compute_button.text() == "Compute 2"
    panel.layouts.compute_button.click()
    settle(qtbot, page)
    settle(qtbot, page)
    stored = EmbeddingSet.open(folders[0])
    assert {"random", "lda"} <= {info.method for info in stored.meta.layouts.values()}
    assert cell(panel, "LDA", 3) == "column label · rest off · dimensions 2"
    assert cell(panel, "Random projection", 5).endswith("%")
    assert not panel.layouts.compute_button.isEnabled()


def test_the_panel_says_what_to_do_first(qtbot, page):
    panel = page.drawer.panel
    assert "press Show beside" in panel.changes.hint.text()
    panel.show_button.click()
    settle(qtbot, page)
    assert panel.beside.second.isVisible()
    assert panel.show_button.text() == "Close right map"
    QApplication.processEvents()
