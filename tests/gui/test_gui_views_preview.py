"""The preview of the Views page: which samples and draws are shown, how a view came about, what it costs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage

from workbench.gui.pages.views.page import ViewsPage
from workbench.gui.pages.views.pipeline.costs import Costs
from workbench.gui.pages.views.preview.arrangement import SMALLEST, arrange
from workbench.gui.pages.views.preview.captions import condense
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.overrides import apply_overrides
from workbench.recipes.presets import find_document
from workbench.recipes.resolve import Machine, resolve
from workbench.recipes.toml_io import write_toml
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter

LAB_MS = 60_000
VIEW = (3, 1)


@pytest.fixture(scope="module", autouse=True)
def _background_started(desk) -> None:
    """Its thread lives as long as the desk, so no single test may be the one that starts it."""
    desk.app.background.run(lambda: None, lambda _none: None, desk.app.fail)


@pytest.fixture
def page(desk, qtbot):
    """The page with SimCLR on the bundled grey pictures, drawn."""
    desk.app.editor.choose("data", "fashion-mnist-10k")
    desk.app.editor.choose("objective", "simclr")
    desk.app.editor.use_views_preset("simclr-small-grey")
    made = ViewsPage(desk)
    made.resize(924, 577)
    made.show()
    settle(qtbot, made)
    yield made
    made.preview.bar.play.setChecked(False)
    settle(qtbot, made)
    for widget in (made, made.inspector()):
        widget.close()
        widget.deleteLater()


def settle(qtbot, page) -> None:
    qtbot.wait(30)  # a change is told one turn of the event loop later
    qtbot.waitUntil(page.settled, timeout=LAB_MS)


def click(qtbot, widget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def choose(qtbot, page, combo, row: int) -> None:
    combo.setCurrentIndex(row)
    combo.activated.emit(row)
    settle(qtbot, page)


def write(qtbot, page, box, text: str) -> None:
    box.setFocus()
    box.selectAll()
    if text:
        qtbot.keyClicks(box, text)
    else:
        qtbot.keyClick(box, Qt.Key.Key_Delete)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    settle(qtbot, page)


def pictures(page, view: int) -> list[bytes]:
    """The pixels of one view (-1: the originals) of every sample."""
    images = (page.preview.grid.image(sample, view) for sample in range(page.preview.grid.samples()))
    return [bytes(image.constBits()) for image in images]


def follow(qtbot, page, place=VIEW) -> None:
    grid = page.preview.grid
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(*place).center())
    settle(qtbot, page)


def run_of_three_steps(folder) -> RunFolder:
    """The folder of a run as its engine leaves it after three steps."""
    overrides = ["budget.unit=steps", "budget.amount=3", "training.batch_size=24", "hardware.device=cpu", "seed=5"]
    recipe = build(apply_overrides(find_document("rotation-fashion-mnist"), overrides), builtin_catalogue())
    run = RunFolder.create(folder, "seen", write_toml(recipe))
    run.resolved.write_text(write_toml(resolve(recipe, Machine(devices={"cpu": 1}, cores=1), data_size=28)))
    with JournalWriter(run.events) as journal:
        journal.emit("running", 0, device="cpu", steps_total=3)
        journal.metrics([1, 2, 3], {"loss": [1.4, 1.3, 1.2]})
        journal.emit("ended", 3, state="completed", reason="")
    return run


# -- which samples -------------------------------------------------------------------------------------------------


def test_more_samples_begin_with_the_same_ones_and_none_is_shown_too_small_to_see(qtbot, page):
    first = pictures(page, -1)
    for row, count in ((1, 16), (3, 64)):
        choose(qtbot, page, page.preview.bar.count, row)
        grid = page.preview.grid
        assert grid.samples() == count
        assert pictures(page, -1)[:8] == first
        assert min(grid.cell(sample, view).width() for sample in range(count) for view in (-1, 0, 1)) >= SMALLEST
        assert all(grid.rect().contains(grid.cell(sample, view)) for sample in range(count) for view in (-1, 0, 1))
    assert page.preview.frame.verticalScrollBar().maximum() > 0


def test_a_pinned_sample_stays_through_a_shuffle(qtbot, page):
    grid = page.preview.grid
    before = pictures(page, -1)
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(2, -1).topLeft() + QPoint(8, 8))
    follow(qtbot, page, (5, 0))
    qtbot.keyClick(grid, Qt.Key.Key_P)
    click(qtbot, page.preview.shuffle)
    settle(qtbot, page)
    after = pictures(page, -1)
    assert [row for row in range(8) if after[row] == before[row]] == [2, 5]
    qtbot.keyClick(grid, Qt.Key.Key_P)
    click(qtbot, page.preview.shuffle)
    settle(qtbot, page)
    assert [row for row in range(8) if pictures(page, -1)[row] == before[row]] == [2]


def test_samples_of_one_class_can_be_chosen_once_the_data_are_open(qtbot, page):
    bar = page.preview.bar
    assert not bar.kind.isVisible()
    page.app.open_data()
    qtbot.waitUntil(lambda: page.app.data_facts is not None, timeout=LAB_MS)
    settle(qtbot, page)
    assert bar.kind.isVisible()
    row = bar.kind.findText("Bag")
    choose(qtbot, page, bar.kind, row)
    assert {page.preview.grid.caption(sample, -1) for sample in range(8)} == {"Bag"}
    choose(qtbot, page, bar.kind, 0)
    assert len({page.preview.grid.caption(sample, -1) for sample in range(8)}) > 1


# -- which draw ----------------------------------------------------------------------------------------------------


def test_a_seed_of_the_preview_leaves_the_recipes_alone_and_an_empty_one_goes_back_to_it(qtbot, page):
    views = pictures(page, 0)
    write(qtbot, page, page.preview.bar.seed, "7")
    assert pictures(page, 0) != views
    assert page.preview.words.text() == "seed 7  ·  step 0"
    assert page.app.editor.value("seed") in (None, 0)
    write(qtbot, page, page.preview.bar.seed, "")
    assert pictures(page, 0) == views


def test_a_typed_step_shows_the_draw_of_that_step_again(qtbot, page):
    first = pictures(page, 1)
    click(qtbot, page.preview.again)
    settle(qtbot, page)
    assert page.preview.bar.step.value() == 1
    assert pictures(page, 1) != first
    write(qtbot, page, page.preview.bar.step, "0")
    assert pictures(page, 1) == first


def test_playing_draws_step_after_step_and_stops_when_the_page_is_left(qtbot, page):
    shown: list[int] = []
    page.preview.grid.changed.connect(lambda: shown.append(page.preview.bar.step_wanted()))
    page.preview.grid.setFocus()
    qtbot.keyClick(page.preview.grid, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(shown) >= 3, timeout=LAB_MS)
    assert shown[:3] == [1, 2, 3]  # each answer was shown before the next was asked
    page.hide()
    assert not page.preview.bar.play.isChecked()
    qtbot.waitUntil(page.preview.settled, timeout=LAB_MS)
    stopped = page.preview.bar.step_wanted()
    qtbot.wait(600)
    assert page.preview.bar.step_wanted() == stopped


# -- as the encoder sees it ----------------------------------------------------------------------------------------


def test_as_the_encoder_sees_it_black_becomes_the_grey_of_a_normalised_zero_pixel(qtbot, page):
    plain = np.frombuffer(pictures(page, 0)[0], np.uint8)
    click(qtbot, page.preview.bar.given)
    settle(qtbot, page)
    given = np.frombuffer(pictures(page, 0)[0], np.uint8)
    assert given.shape == plain.shape
    assert given.reshape(-1, 4)[:, :3].min() > 60 >= plain.reshape(-1, 4)[:, :3].min()


def test_random_quarter_turns_are_named_under_their_pictures(qtbot, page):
    page.app.editor.use_views_preset("rotation")
    page.app.editor.set("views.branches.0.ops.2.turns", "random")
    settle(qtbot, page)
    grid = page.preview.grid
    captions = {grid.caption(sample, view) for sample in range(8) for view in range(4)}
    assert captions == {"0°", "90°", "180°", "270°"}
    cells = [grid.cell(sample, 0) for sample in range(2)]
    assert cells[1].top() - cells[0].bottom() > 15


def test_smaller_crops_are_drawn_to_scale_and_the_note_says_so(qtbot, page):
    ops = page.app.editor.value("views.branches.0.ops")
    branches = [
        {"name": "A", "count": 1, "size": 28, "ops": ops},
        {"name": "B", "count": 2, "size": 14, "like": "A", "ops": []},
    ]
    page.app.editor.set("views.branches", branches)
    settle(qtbot, page)
    grid = page.preview.grid
    assert grid.titles() == ["Original", "A 1", "B 1", "B 2"]
    assert grid.cell(0, 1).width() == round(grid.cell(0, 0).width() / 2)
    assert page.preview.note.full_text() == "Views of 28 and 14 px, drawn to scale"


@pytest.mark.parametrize(
    ("captions", "under", "note"),
    [
        ([["permutation 3", "permutation 7"]], [["3", "7"]], "Under each view: permutation"),
        ([["48 of 64 hidden"] * 2], [["", ""]], "Each view: 48 of 64 hidden"),
        ([["0°", "90°"]], [["0°", "90°"]], ""),
        ([["1"] * 2], [["", ""]], ""),
        ([["own 20% of 3", "own 30% of 5"], ["", ""]], [["20% of 3", "30% of 5"], ["", ""]], "Under each view: own"),
    ],
)
def test_what_all_captions_share_is_said_once(captions, under, note):
    said = condense(captions, ["View 1", "View 2"][: len(captions)])
    assert (said.under, said.note) == (under, note)


# -- step by step --------------------------------------------------------------------------------------------------


def test_a_clicked_view_is_told_operation_by_operation_up_to_its_own_picture(qtbot, page):
    click(qtbot, page.preview.bar.given)
    settle(qtbot, page)
    follow(qtbot, page)
    inspector = page.preview.inspector()
    rows = inspector.shown_steps()
    assert [row.title.text() for row in rows] == [
        "Original",
        "1  Random resized crop",
        "2  Horizontal flip",
        "3  Colour jitter",
        "4  Normalise",
    ]
    assert rows[1].words.text().startswith("box ")
    assert rows[-1].picture.image().convertToFormat(QImage.Format.Format_RGB32) == page.preview.grid.image(*VIEW)


def test_an_operation_that_was_not_applied_says_so_with_its_probability(qtbot, page):
    page.app.editor.set("views.branches.0.ops.1.p", 0.001)
    settle(qtbot, page)
    follow(qtbot, page)
    flip = page.preview.inspector().shown_steps()[2]
    assert flip.words.text() == "not applied (p = 0.001)"
    assert flip.title.property("tone") == "muted"


def test_the_steps_follow_a_change_of_the_pipeline_and_the_arrow_keys(qtbot, page):
    follow(qtbot, page)
    inspector = page.preview.inspector()
    box = inspector.shown_steps()[1].words.text()
    page.app.editor.set("views.branches.0.ops.0.scale", [0.05, 0.1])
    settle(qtbot, page)
    assert inspector.shown_steps()[1].words.text() != box
    for key, title in (
        (Qt.Key.Key_Left, "Sample 4  ·  View 1"),
        (Qt.Key.Key_Down, "Sample 5  ·  View 1"),
        (Qt.Key.Key_Left, "Sample 5  ·  Original"),
    ):
        qtbot.keyClick(page.preview.grid, key)
        settle(qtbot, page)
        assert inspector.title.text() == title
    assert inspector.section("steps").isHidden()


def test_a_picture_is_saved_as_png_pixel_by_pixel(page, tmp_path):
    page.preview.save_picture(VIEW, tmp_path / "view.png")
    saved = QImage(str(tmp_path / "view.png")).convertToFormat(QImage.Format.Format_RGB32)
    assert saved == page.preview.grid.image(*VIEW)


# -- cost ----------------------------------------------------------------------------------------------------------


def test_the_cost_is_measured_on_request_shown_at_the_cards_and_marked_when_it_is_out_of_date(qtbot, page):
    cost = page.preview.cost
    costed: list[Costs] = []
    cost.costed.connect(costed.append)
    assert cost.words.full_text() == "The cost is not measured yet."
    click(qtbot, cost.button)
    assert not cost.button.isEnabled()
    qtbot.waitUntil(lambda: not cost.measuring, timeout=LAB_MS)
    assert cost.words.full_text().startswith("Views ")
    assert cost.words.full_text().endswith("% of a training step")
    assert set(costed[0].us) == {(0, position) for position in range(4)}
    assert not cost.stale.isVisible()
    page.app.editor.set("views.branches.0.ops.2.p", 0.5)
    settle(qtbot, page)
    assert cost.stale.isVisible()
    page.app.editor.set("views.branches.0.ops", page.app.editor.value("views.branches.0.ops")[1:])
    settle(qtbot, page)
    assert page.pipeline.cards[0, 0].cost.accessibleName().endswith("measured before the change")


def test_a_cancelled_measurement_leaves_the_button_ready(qtbot, page):
    cost = page.preview.cost
    click(qtbot, cost.button)
    job = page.app.jobs.visible()[0]
    page.app.jobs.cancel(job.id)
    qtbot.waitUntil(lambda: not cost.measuring, timeout=LAB_MS)
    assert job.state == "cancelled"
    assert cost.button.isEnabled()
    assert cost.measured is None


# -- what a run saw ------------------------------------------------------------------------------------------------


def test_the_batch_behind_a_loss_of_a_run_is_shown_again(qtbot, page):
    run = run_of_three_steps(page.app.runs_dir)
    page.app.list_runs()
    bar = page.preview.bar
    qtbot.waitUntil(lambda: bar.source.count() == 2, timeout=LAB_MS)
    plain = pictures(page, -1)
    choose(qtbot, page, bar.source, 1)
    grid = page.preview.grid
    assert grid.titles() == ["Original", "0°", "90°", "180°", "270°"]
    assert page.preview.note.full_text() == "What the loss at step 1 saw: the first 8 of the batch of 24"
    assert not bar.shuffle.isVisible()
    first = pictures(page, 0)
    write(qtbot, page, bar.run_step, "3")
    assert pictures(page, 0) != first
    write(qtbot, page, bar.run_step, "99")
    assert (page.preview.words.text(), bar.run_step.value()) == ("step 3", 3)
    follow(qtbot, page)
    assert page.preview.inspector().shown_steps()[-1].title.text() == "4  Normalise"
    choose(qtbot, page, bar.source, 0)
    assert pictures(page, -1) == plain
    assert run.path.name in bar.source.itemText(1)


# -- data that were read again -------------------------------------------------------------------------------------


def test_pictures_that_changed_on_disk_are_shown_after_the_data_are_read_again(qtbot, page, tmp_path):
    def save(value: int) -> None:
        np.savez(tmp_path / "set.npz", images=np.full((12, 16, 16, 3), value, np.uint8))

    save(10)
    page.app.editor.set_many({"data": {"id": "arrays", "path": str(tmp_path / "set.npz")}}, "choose arrays")
    settle(qtbot, page)
    assert page.preview.grid.image(0, -1).pixelColor(0, 0).red() == 10
    save(200)
    page.app.open_data()
    qtbot.waitUntil(lambda: page.app.data_facts is not None, timeout=LAB_MS)
    settle(qtbot, page)
    assert page.preview.grid.image(0, -1).pixelColor(0, 0).red() == 200


def test_an_answer_that_comes_after_the_data_went_away_is_dropped(qtbot, page):
    page.preview.again.click()
    page.app.editor.set_many({"data": {"id": "arrays", "path": ""}}, "choose arrays")
    settle(qtbot, page)
    qtbot.waitUntil(lambda: not page.app.quick_lab.busy, timeout=LAB_MS)
    assert page.preview.stack.currentWidget() is page.preview.empty


# -- the arrangement -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 8, 64])
@pytest.mark.parametrize("ratios", [(1.0,), (1.0, 1.0), (1.0, 1.0, *[96 / 224] * 6), (1.0,) * 4])
@pytest.mark.parametrize(
    ("width", "height", "caption"), [(422, 340, 0), (422, 340, 15), (1400, 300, 0), (3000, 1800, 15)]
)
def test_pictures_stay_within_the_width_and_apart_and_are_large_enough_to_see(samples, ratios, width, height, caption):
    plan = arrange(width, height, samples, len(ratios), ratios, caption)
    cells = [plan.place(sample, line) for sample in range(samples) for line in range(len(ratios) + 1)]
    assert min(side for _, _, side in cells) >= SMALLEST
    assert max(left + side for left, _, side in cells) <= width
    by_row: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for number, (left, _, side) in enumerate(cells):
        sample = number // (len(ratios) + 1)
        by_row.setdefault((sample % plan.rows, 0), []).append((left, left + side))
    for row in by_row.values():
        edges = sorted(row)
        assert all(end <= start for (_, end), (start, _) in pairwise(edges))
    assert plan.pitch >= plan.cell + caption
