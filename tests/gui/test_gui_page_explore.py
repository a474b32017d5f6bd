"""The Explore page by mouse and keyboard, on real pictures, with the real labs."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QPushButton

from workbench.app.application import App
from workbench.app.settings import load_settings, save_settings
from workbench.core.resources import resource
from workbench.gui.bridge import Bridge
from workbench.gui.pages.explore import sets
from workbench.gui.pages.explore.carrying import explorer_of
from workbench.gui.pages.explore.centre import LEAST_MAP_PX
from workbench.gui.pages.explore.model import Stage
from workbench.gui.pages.explore.page import ExplorePage
from workbench.gui.pages.explore.places import step_words
from workbench.gui.theme import apply, load_theme
from workbench.recipes.presets import load
from workbench.recipes.toml_io import write_toml
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import EmbeddingSet, add_layout, write_embedding_set
from workbench.runs.folder import RunFolder

LAB_MS = 120_000
LEFT = Qt.MouseButton.LeftButton
NAMES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
COUNT = 600


def pictures() -> tuple[np.ndarray, np.ndarray]:
    with np.load(resource("fashion_mnist_10k/images.npz")) as data:
        return data["test_images"][:COUNT], data["test_labels"][:COUNT]


def write_set(folder: Path, *, thumbnails: bool = True, broken_rows: int = 0) -> None:
    """Raw pixels of real pictures as vectors, so that every neighbour can be checked."""
    images, labels = pictures()
    vectors = images.reshape(COUNT, -1).astype(np.float32) / 255
    vectors[:broken_rows] = np.nan
    table = {"id": [f"test/{row}" for row in range(COUNT)], "label": [NAMES[label] for label in labels]}
    table["brightness"] = images.reshape(COUNT, -1).mean(axis=1).tolist()
    shown = np.repeat(images[..., None], 3, axis=3) if thumbnails else None
    write_embedding_set(folder, vectors, pa.table(table), shown, SetMeta(title="pixels", step=10))


def recipe_named(name: str, app: App) -> str:
    return write_toml(load("demo", app.catalogue).replace(name=name))


@pytest.fixture(scope="module")
def desk(qapp, tmp_path_factory):
    """One application with warm labs and one embedded run for all tests here."""
    home = tmp_path_factory.mktemp("explore-page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(home))
        apply(qapp, load_theme("light"))
        app = App(home)
        folder = RunFolder.create(app.runs_dir, "pixels", recipe_named("pixels", app))
        write_set(folder.embeddings / "step_00000010")
        bridge = Bridge(app)
        bridge.start()
        app.list_runs()
        yield bridge
        bridge.stop()
        app.close()


@pytest.fixture
def page(desk, qtbot):
    """The page on the run's set, with a layout."""
    made = ExplorePage(desk)
    made.resize(920, 560)
    made.details.resize(280, 700)
    made.show()
    made.details.show()
    qtbot.waitUntil(lambda: bool(made.model.places), timeout=LAB_MS)
    embeddings = desk.app.runs_dir / "pixels" / "embeddings" / "step_00000010"
    desk.app.select(embeddings, None)
    qtbot.waitUntil(lambda: opened_folder(made) == embeddings, timeout=LAB_MS)
    settle(qtbot, made)
    yield made
    settle(qtbot, made)
    for widget in (made, made.details):
        widget.close()
        widget.deleteLater()


def opened_folder(page) -> Path | None:
    return page.model.opened.folder if page.model.opened else None


def settle(qtbot, page) -> None:
    qtbot.wait(30)  # a change is told one turn of the event loop later
    qtbot.waitUntil(page.settled, timeout=LAB_MS)
    qtbot.wait(80)


def click_point(qtbot, page, row: int) -> None:
    """Zoom until no other point is nearer to the place than the wanted one, then click there."""
    page.map.fit()
    page.map.centre_on(row)
    while page.map.pick(page.map.position_of(row)) != row:
        page.map.zoom_at(2, page.map.position_of(row))
    qtbot.mouseClick(page.map, LEFT, pos=page.map.position_of(row).toPoint())
    settle(qtbot, page)


def near(page):
    """The list of neighbours in the inspector."""
    return page.details.neighbours.list


def true_neighbours(row: int, count: int = 12) -> list[int]:
    images, _ = pictures()
    vectors = images.reshape(COUNT, -1).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = np.argsort(-(vectors @ vectors[row]), kind="stable")
    return [int(other) for other in order if other != row][:count]


def label_of(row: int) -> str:
    return NAMES[pictures()[1][row]]


def drop(page, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    for kind, at in ((QDragEnterEvent, QPoint(300, 300)), (QDropEvent, QPointF(300, 300))):
        event = kind(at, Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(page, event)


def visible_buttons(page) -> list[str]:
    return [button.text() for button in page.centre.findChildren(QPushButton) if button.isVisible()]


def test_without_a_run_the_page_says_what_to_do_first(qtbot, tmp_path):
    app = App(tmp_path)
    bridge = Bridge(app)
    made = ExplorePage(bridge)
    qtbot.addWidget(made)
    qtbot.addWidget(made.details)
    made.show()
    assert made.model.stage is Stage.NO_RUN
    assert visible_buttons(made) == ["Go to Train", "Open an embedding set…"]
    assert "Train a recipe" in made.centre.currentWidget().sentence.text()
    assert not made.bar.compute_button.isEnabled()
    assert made.bar.compute_button.toolTip() == "Open an embedding first."
    bridge.stop()
    app.close()


def test_a_run_that_is_not_embedded_offers_to_embed_its_checkpoint(page, qtbot):
    folder = RunFolder.create(page.app.runs_dir, "bare", recipe_named("bare", page.app))
    checkpoint = folder.checkpoints / "step_00000007"
    checkpoint.mkdir(parents=True)
    for name in ("model.safetensors", "train_state.pt"):
        (checkpoint / name).write_bytes(b"")
    page.app.list_runs()
    qtbot.waitUntil(lambda: any(place.title == "bare" for place in page.model.places), timeout=LAB_MS)
    page.bar.runs.setFocus()
    qtbot.keyClicks(page.bar.runs, "bare")
    qtbot.waitUntil(lambda: page.model.stage is Stage.NOT_EMBEDDED)
    assert visible_buttons(page) == ["Embed the test split"]
    assert "step 7" in page.bar.steps.currentText()
    assert page.bar.steps.itemIcon(0).isNull()
    shutil.rmtree(folder.path)


def test_a_set_without_a_layout_gets_its_pca_by_itself_and_says_how_far_to_trust_it(page):
    stored = EmbeddingSet.open(opened_folder(page))
    info = stored.meta.layouts["pca"]
    assert page.model.stage is Stage.SHOWN
    assert page.map.cloud.xy.tolist() == stored.layout("pca").xy.tolist()
    assert page.centre.foot.exact.text() == "exact neighbours · all 600 points"
    assert page.centre.foot.trust.text() == f"PCA keeps {info.trust_mean:.0%} of true neighbours"
    assert not page.bar.compute_button.isEnabled()
    assert "shown already" in page.bar.compute_button.toolTip()


def test_points_have_the_legends_colour_of_their_label(page):
    rows = page.legend.content.categories
    assert {row.name: row.count for row in rows} == {
        name: int((pictures()[1] == code).sum()) for code, name in enumerate(NAMES)
    }
    cloud = page.map.cloud
    for row in (0, 17, 599):
        colour = "#{:02x}{:02x}{:02x}".format(*cloud.table[cloud.codes[row]][:3])
        assert colour == next(entry.colour for entry in rows if entry.name == label_of(row))


def test_clicking_a_point_shows_it_and_its_twelve_true_neighbours(page, qtbot):
    click_point(qtbot, page, 42)
    wanted = true_neighbours(42)
    found = page.app.selection
    assert found.row == 42
    assert found.neighbours.tolist() == wanted
    assert page.map.cloud.selected.tolist() == [42]
    assert page.map.cloud.highlighted.tolist() == wanted
    shown = near(page).grid._pictures
    assert [picture.key for picture in shown] == wanted
    assert [picture.caption.splitlines()[0] for picture in shown] == [label_of(row) for row in wanted]
    assert [float(picture.caption.splitlines()[1].split()[0]) for picture in shown] == pytest.approx(
        found.distances, abs=6e-4
    )
    assert np.array_equal(shown[0].pixels[..., 0], pictures()[0][wanted[0]])
    same = sum(label_of(row) == label_of(42) for row in wanted)
    assert page.details.neighbours.summary.text() == f"{same} of 12 share the label {label_of(42)}."


def test_clicking_a_neighbour_selects_it_and_brings_it_to_the_middle(page, qtbot):
    click_point(qtbot, page, 42)
    grid = near(page).grid
    qtbot.mouseClick(grid, LEFT, pos=grid.cell(3).center())
    settle(qtbot, page)
    wanted = true_neighbours(42)[3]
    assert page.app.selection.row == wanted
    at = page.map.position_of(wanted)
    assert (at.x(), at.y()) == pytest.approx((page.map.width() / 2, page.map.height() / 2), abs=0.6)
    assert near(page).grid._pictures[0].key == true_neighbours(wanted)[0]


def test_arrow_keys_walk_over_the_neighbours_and_enter_goes_on_from_one(page, qtbot):
    click_point(qtbot, page, 42)
    grid = near(page).grid
    grid.setFocus()
    grid._current = 0
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(grid, key)
    settle(qtbot, page)
    assert page.app.selection.row == true_neighbours(42)[1 + grid.columns()]


def test_clicking_beside_all_points_ends_the_selection(page, qtbot):
    click_point(qtbot, page, 42)
    page.map.fit()
    qtbot.mouseClick(page.map, LEFT, pos=QPoint(3, 3))
    settle(qtbot, page)
    assert page.app.selection.row is None
    assert not len(page.map.cloud.selected)
    assert not len(page.map.cloud.highlighted)
    assert page.details.hint.isVisible()
    assert not near(page).entries


def test_hovering_shows_the_picture_the_label_and_the_metadata(page, qtbot):
    page.map.centre_on(42)
    while page.map.pick(page.map.position_of(42)) != 42:
        page.map.zoom_at(2, page.map.position_of(42))
    qtbot.mouseMove(page.map, page.map.position_of(42).toPoint())
    qtbot.waitUntil(page.card.isVisible)
    assert page.card.content.title == label_of(42)
    assert page.card.content.lines[0] == "id: test/42"
    assert any(line.startswith("brightness: ") for line in page.card.content.lines)
    assert np.array_equal(page.card.content.picture[..., 0], pictures()[0][42])
    qtbot.mouseMove(page.map, QPoint(2, 2))
    qtbot.waitUntil(lambda: not page.card.isVisible())


def test_a_number_column_colours_by_a_ramp_and_trust_by_that_of_the_layout(page, qtbot):
    page.bar.colour.setFocus()
    qtbot.keyClick(page.bar.colour, Qt.Key.Key_Down)
    settle(qtbot, page)
    brightness = pictures()[0].reshape(COUNT, -1).mean(axis=1)
    ramp = page.legend.content.ramp
    assert page.legend.content.title == "brightness"
    assert (ramp.low, ramp.high) == pytest.approx((brightness.min(), brightness.max()))
    codes = page.map.cloud.codes
    assert (codes[brightness.argmin()], codes[brightness.argmax()]) == (0, 255)
    qtbot.keyClick(page.bar.colour, Qt.Key.Key_Down)
    settle(qtbot, page)
    assert page.bar.colour.currentText() == "trust"
    assert page.legend.content.ramp.high <= 1


def test_a_click_on_a_legend_row_hides_its_points(page, qtbot):
    rows = page.legend._list
    at = rows.visualRect(rows.model().index(2, 0)).center()
    qtbot.mouseClick(rows.viewport(), LEFT, pos=at)
    name = page.legend.content.categories[2].name
    visible = page.map.cloud.visible
    assert [label_of(row) for row in np.flatnonzero(~visible)] == [name] * page.legend.content.categories[2].count


def test_search_highlights_the_matches_and_enter_selects_the_first(page, qtbot):
    qtbot.keyClicks(page.bar.search, "TROUSER")
    qtbot.keyClick(page.bar.search, Qt.Key.Key_Return)
    settle(qtbot, page)
    wanted = np.flatnonzero(pictures()[1] == NAMES.index("Trouser"))
    qtbot.waitUntil(lambda: page.app.selection.row is not None)
    settle(qtbot, page)
    assert page.bar.found_words.text() == f"{len(wanted)} found"
    assert page.map.cloud.highlighted.tolist() == wanted.tolist()
    assert page.map.cloud.dims_others
    assert page.app.selection.row == wanted[0]
    qtbot.keyClick(page.bar.search, Qt.Key.Key_Return)
    settle(qtbot, page)
    assert page.app.selection.row == wanted[1]
    qtbot.keyClick(page.bar.search, Qt.Key.Key_Escape)
    settle(qtbot, page)
    assert not page.map.cloud.dims_others
    assert page.map.cloud.highlighted.tolist() == true_neighbours(wanted[1])


def test_searching_for_an_id_puts_the_equal_one_first(page, qtbot):
    qtbot.keyClicks(page.bar.search, "test/5")
    qtbot.keyClick(page.bar.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.app.selection.row == 5)
    settle(qtbot, page)
    assert page.bar.found_words.text() == "111 found"


def test_choosing_a_projection_shows_the_layout_it_has_and_remembers_it(page, qtbot):
    folder = opened_folder(page)
    xy = np.random.default_rng(0).normal(size=(COUNT, 2)).astype(np.float32)
    params = page.app.catalogue.get("projection", "umap").defaults()
    add_layout(
        folder, "umap", xy, np.full(COUNT, 0.5, np.float32), LayoutInfo(method="umap", params=params, trust_mean=0.5)
    )
    page.model.show_layout("pca")
    settle(qtbot, page)
    page.bar.projection.setFocus()
    qtbot.keyClick(page.bar.projection, Qt.Key.Key_Down)
    settle(qtbot, page)
    assert np.array_equal(page.map.cloud.xy, xy)
    assert page.centre.foot.trust.text() == "UMAP keeps 50% of true neighbours"
    page.model.choose_run(page.model.place.path)
    settle(qtbot, page)
    assert page.model.opened.layout_name == "umap"
    for name in ("layout_umap.npy", "trust_umap.npy"):
        (folder / name).unlink()
    page.model.show_layout("pca")


def test_the_projection_chosen_last_is_the_one_of_the_next_start(page, qtbot, tmp_path):
    qtbot.keyClick(page.bar.projection, Qt.Key.Key_Down)
    save_settings(tmp_path / "settings.toml", page.app.settings)
    kept, _problem = load_settings(tmp_path / "settings.toml")
    assert kept.projection == page.bar.projection.currentData() != "pca"
    restarted = ExplorePage(page.bridge)
    qtbot.addWidget(restarted)
    qtbot.addWidget(restarted.details)
    assert restarted.bar.projection.currentData() == kept.projection


def test_a_set_opens_with_its_newest_layout_of_the_remembered_projection(page):
    folder = opened_folder(page)
    xy, trust = np.zeros((COUNT, 2), np.float32), np.ones(COUNT, np.float32)
    for name in ("one", "two"):
        add_layout(folder, name, xy, trust, LayoutInfo(method="tsne", params={"seed": len(name)}, trust_mean=1.0))
    assert sets.load(folder, "", "tsne").layout_name == "two"
    assert sets.load(folder, "pca", "tsne").layout_name == "pca"
    assert sets.load(folder, "", "umap").layout_name == "pca"
    for name in ("one", "two"):
        for file in (f"layout_{name}.npy", f"trust_{name}.npy"):
            (folder / file).unlink()


def test_the_map_draws_from_the_index_that_was_built_with_the_set(page):
    opened = page.model.opened
    assert opened.grid is page.map.cloud.grid
    assert sorted(opened.grid.order.tolist()) == list(range(COUNT))


def test_a_setting_out_of_range_is_told_at_the_field_and_cannot_be_computed(page, qtbot):
    qtbot.keyClick(page.bar.projection, Qt.Key.Key_Down)
    qtbot.mouseClick(page.bar.settings_button, LEFT)
    row = page.settings.form.row("n_neighbors")
    line = row.editor.targets()[0]
    line.selectAll()
    qtbot.keyClicks(line, "1")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert "1" in row.problem.text()
    assert row.problem.text()
    assert not page.settings.compute.isEnabled()
    line.selectAll()
    qtbot.keyClicks(line, "20")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert row.problem.text() == ""
    assert page.settings.compute.isEnabled()
    page.settings.hide()


def test_cancel_leaves_the_layout_that_was_shown(page, qtbot):
    before = page.map.cloud.xy.copy()
    qtbot.keyClick(page.bar.projection, Qt.Key.Key_Down)
    settle(qtbot, page)
    assert page.bar.compute_button.isEnabled()
    qtbot.mouseClick(page.bar.compute_button, LEFT)
    assert page.bar.compute_button.text() == "Cancel"
    assert page.centre.progress.isVisible()
    qtbot.waitUntil(lambda: page.model.job.share >= 0, timeout=LAB_MS)
    qtbot.mouseClick(page.bar.compute_button, LEFT)
    qtbot.waitUntil(lambda: not page.model.busy, timeout=LAB_MS)
    settle(qtbot, page)
    assert page.model.job.state == "cancelled"
    assert not page.centre.progress.isVisible()
    assert page.bar.compute_button.text() == "Compute"
    assert np.array_equal(page.map.cloud.xy, before)
    assert not (opened_folder(page) / "layout_umap.npy").exists()


def test_a_dropped_set_without_pictures_is_read_by_names_and_tells_what_has_no_place(page, qtbot, tmp_path):
    folder = tmp_path / "words"
    write_set(folder, thumbnails=False, broken_rows=3)
    drop(page, folder)
    qtbot.waitUntil(lambda: opened_folder(page) == folder and page.model.stage is Stage.SHOWN, timeout=LAB_MS)
    settle(qtbot, page)
    assert page.bar.runs.currentText() == "words"
    assert page.centre.foot.left_out.full_text() == ("3 points have no place: their vectors are zero or not finite.")
    click_point(qtbot, page, 42)
    assert not near(page).grid.isVisible()
    names = near(page).names
    wanted = [row for row in true_neighbours(42, 15) if row >= 3][:12]
    assert [label_of(row) in names.topLevelItem(at).text(0) for at, row in enumerate(wanted)] == [True] * 12
    qtbot.mouseClick(names.viewport(), LEFT, pos=names.visualItemRect(names.topLevelItem(1)).center())
    settle(qtbot, page)
    assert page.app.selection.row == wanted[1]


def test_a_dropped_folder_that_is_nothing_to_explore_is_told(page, tmp_path):
    drop(page, tmp_path)
    assert page.app.notice.message == f"{tmp_path} is neither an embedding set nor a run folder."


def test_a_damaged_set_says_which_file_and_offers_another(page, qtbot, tmp_path):
    folder = tmp_path / "torn"
    write_set(folder)
    whole = (folder / "vectors.npy").read_bytes()
    (folder / "vectors.npy").write_bytes(whole[:1000])
    page.open_path(folder)
    qtbot.waitUntil(lambda: page.model.stage is Stage.FAILED, timeout=LAB_MS)
    assert str(folder / "vectors.npy") in page.centre.currentWidget().sentence.text()
    assert visible_buttons(page) == ["Open another…"]


def test_the_saved_picture_holds_map_title_and_legend(page, tmp_path):
    page.save_map(tmp_path / "map.svg")
    words = (tmp_path / "map.svg").read_text()
    assert all(name in words for name in NAMES)
    assert "of true neighbours" in words
    page.save_map(tmp_path / "map.png")
    image = QImage(str(tmp_path / "map.png"))
    assert (image.width(), image.height()) == (2400, 1800)
    page.save_map(tmp_path / "map.gif")
    assert page.app.notice.message == "A map is not saved as '.gif'."


# what stands beside and below the map


def test_a_closed_panel_gives_its_height_back_to_the_map(page, qtbot):
    before = page.map.height()
    page.drawer.open_panel("samples")
    qtbot.waitUntil(lambda: page.map.height() < before)
    page.drawer.close_panel()
    qtbot.waitUntil(lambda: page.map.height() == before)


def test_a_panel_leaves_the_map_its_least_height_and_takes_its_own_back_when_there_is_room(page, qtbot):
    page.drawer.open_panel("samples")
    page.resize(920, 480)
    qtbot.waitUntil(lambda: page.drawer.height() < page.app.settings.drawer_px)
    assert page.map.height() >= LEAST_MAP_PX
    page.resize(920, 900)
    qtbot.waitUntil(lambda: page.drawer.height() == page.app.settings.drawer_px)
    page.drawer.close_panel()


def test_no_strip_lies_over_the_points(page):
    for strip in (page.map_part.strip, page.projector.strip):
        assert strip.isVisible()
        assert not page.map.isAncestorOf(strip)
        top_left = page.map.mapFromGlobal(strip.mapToGlobal(QPoint(0, 0)))
        assert not page.map.rect().intersects(QRect(top_left, strip.size()))


def test_every_tab_says_what_its_panel_is_for(page):
    assert all(tab.toolTip() not in ("", tab.text()) for tab in page.drawer.tabs.values())


def test_the_foot_of_one_point_counts_one_and_offers_no_trust(page, qtbot, tmp_path):
    write_embedding_set(tmp_path / "one", np.ones((1, 3), np.float32), pa.table({"id": ["a"]}), None, SetMeta())
    add_layout(tmp_path / "one", "pca", np.zeros((1, 2)), np.full(1, np.nan, np.float32), LayoutInfo(method="pca"))
    page.open_path(tmp_path / "one")
    qtbot.waitUntil(lambda: opened_folder(page) == tmp_path / "one", timeout=LAB_MS)
    settle(qtbot, page)
    assert page.filter_bar.count.text() == "1 point"
    assert page.centre.foot.exact.text() == "exact neighbours · 1 point"
    assert not page.centre.foot.trust_link.isVisible()


@pytest.mark.parametrize(
    ("name", "title"),
    [("tsne", "t-SNE"), ("pca-2", "PCA 2"), ("umap-time", "UMAP time"), ("random", "Random"), ("mine", "Mine")],
)
def test_layouts_are_called_by_what_they_are(name, title):
    assert sets.layout_title(name) == title


@pytest.mark.parametrize(("folder", "words"), [("step_00001200", "step 1,200"), ("best", "best")])
def test_a_checkpoints_set_is_called_by_its_step(folder, words):
    assert step_words(Path("run/embeddings") / folder) == words


def test_a_set_is_asked_by_its_own_metric_unless_another_was_chosen(tmp_path):
    for metric in ("euclidean", "cosine"):
        meta = SetMeta(metric=metric)
        write_embedding_set(tmp_path / metric, np.eye(3, dtype=np.float32), pa.table({"id": list("abc")}), None, meta)
    first, other = explorer_of(sets.load(tmp_path / "euclidean")), sets.load(tmp_path / "cosine")
    assert explorer_of(other, first).state.metric == "cosine"
    first.apply("ask by dot product", metric="dot")
    assert explorer_of(other, first).state.metric == "dot"
