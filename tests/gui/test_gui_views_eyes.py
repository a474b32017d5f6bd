"""The Encoder's eyes panel with the real application, real labs and real checkpoints."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from workbench.core.errors import WorkbenchError
from workbench.gui.pages.views.eyes import answers
from workbench.gui.pages.views.page import ViewsPage
from workbench.recipes.presets import load
from workbench.recipes.toml_io import write_toml
from workbench.runs.folder import RunFolder

LAB_MS = 120_000
STEPS = (5, 9)


@pytest.fixture(scope="module")
def run(desk) -> RunFolder:
    """A run in the workspace with two checkpoints, as an engine leaves them."""
    from workbench.engine import checkpoint
    from workbench.engine.checkpoint import TrainState
    from workbench.engine.experiment import build_encoder, build_learner, load_splits

    recipe = load("simclr-fashion-mnist", desk.app.catalogue)
    folder = RunFolder.create(desk.app.runs_dir, "seen", write_toml(recipe))
    splits = load_splits(recipe.data, lambda share, words: None)
    for seed, step in enumerate(STEPS):
        learner = build_learner(recipe, splits, build_encoder(recipe.replace(seed=seed + 40), splits.train))
        checkpoint.save(folder, learner, TrainState(step, 1.0, "", {}))
    return folder


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk) -> None:
    """The application's one background thread lives as long as the application does, not as the test that needs it."""
    desk.app.background.run(lambda: None, lambda _none: None, desk.app.fail)


@pytest.fixture
def bare(desk, qtbot):
    """The page on a workspace whose runs are not listed yet."""
    desk.app.editor.choose("data", "fashion-mnist-10k")
    desk.app.editor.choose("objective", "simclr")
    desk.app.editor.use_views_preset("simclr-small-grey")
    made = ViewsPage(desk)
    made.resize(1000, 640)
    made.show()
    made.open_section("eyes")
    settle(qtbot, made)
    yield made
    settle(qtbot, made)
    for widget in (made, made.inspector()):
        widget.close()
        widget.deleteLater()


@pytest.fixture
def panel(desk, qtbot, run, bare):
    """The panel with the run's newest checkpoint, compared on few pictures."""
    desk.app.list_runs()
    eyes = bare.panels["eyes"]
    qtbot.waitUntil(lambda: eyes.head.encoders.count() > 1, timeout=LAB_MS)
    eyes.options.count.setCurrentIndex(0)
    settle(qtbot, bare)
    return eyes


def settle(qtbot, page) -> None:
    qtbot.wait(30)
    qtbot.waitUntil(page.settled, timeout=LAB_MS)


def titles(panel) -> list[str]:
    return [row.level.title for row in panel.invariance.table.rows]


def test_without_a_run_the_untrained_encoder_is_one_press_away(qtbot, bare):
    eyes = bare.panels["eyes"]
    assert eyes.pages.currentWidget() is eyes.no_run
    eyes.no_run.acted.emit("untrained")
    settle(qtbot, bare)
    assert eyes.head.encoders.currentText() == "Tiny CNN, untrained"
    assert not eyes.head.steps.isVisible()
    assert set(titles(eyes)) == {"Random resized crop", "Horizontal flip", "Colour jitter"}


def test_the_newest_checkpoint_is_looked_through_and_the_most_invariant_comes_first(panel):
    assert panel.head.steps.currentText() == "step 9"
    assert [panel.head.steps.itemData(at) for at in range(2)] == [9, 5]
    assert panel.invariance.answer["encoder"] == "seen · step 9"
    levels = [row["level"] for row in panel.invariance.answer["curves"]]
    assert levels == sorted(levels, reverse=True)
    assert titles(panel) == [row["title"] for row in panel.invariance.answer["curves"]]


def test_another_checkpoint_gives_other_curves(qtbot, panel, bare):
    before = panel.invariance.csv()
    panel.head.steps.setCurrentIndex(1)
    settle(qtbot, bare)
    assert panel.invariance.answer["encoder"] == "seen · step 5"
    assert panel.invariance.csv() != before


def test_a_change_of_the_pipeline_is_seen_after_a_pause(qtbot, panel, bare):
    bare.app.editor.set("views.branches.0.ops.2.brightness", 0.9)
    qtbot.waitUntil(lambda: panel.invariance.busy(), timeout=2000)
    settle(qtbot, bare)
    jitter = next(row for row in panel.invariance.answer["curves"] if row["title"] == "Colour jitter")
    assert jitter["level"] < 0.999
    assert panel.progress.isHidden()


def test_a_row_of_the_table_hides_its_curve_by_key_and_shows_it_again(qtbot, panel):
    row = panel.invariance.table.rows[0]
    (key,) = (key for key in panel.invariance.view.series if key.endswith(row.level.title))
    qtbot.keyClick(row, Qt.Key.Key_Space)
    assert not panel.invariance.view.series[key].visible
    assert "hidden" in row.accessibleName()
    qtbot.keyClick(row, Qt.Key.Key_Space)
    assert panel.invariance.view.series[key].visible


def test_a_second_encoder_is_drawn_dashed_in_the_same_colours(qtbot, panel, bare):
    panel.options.compare.setCurrentIndex(panel.options.compare.count() - 1)
    settle(qtbot, bare)
    styles = [series.style for series in panel.invariance.view.series.values()]
    plain, dashed = ([style for style in styles if style.dashed is wanted] for wanted in (False, True))
    assert {style.colour for style in plain} == {style.colour for style in dashed}
    assert all(style.title.endswith("untrained") for style in dashed)
    panel.options.compare.setCurrentIndex(0)
    settle(qtbot, bare)
    assert len(panel.invariance.view.series) == len(plain)


def test_what_is_out_of_sight_asks_nothing(qtbot, panel, bare):
    bare.open_section("preview")
    before = panel.invariance.csv()
    bare.app.editor.set("views.branches.0.ops.2.contrast", 0.9)
    qtbot.wait(600)
    assert not panel.invariance.busy()
    bare.open_section("eyes")
    settle(qtbot, bare)
    assert panel.invariance.csv() != before


def test_cancel_ends_the_waiting_and_a_change_asks_anew(qtbot, panel, bare):
    panel.options.others.click()
    assert panel.progress.isVisible()
    qtbot.mouseClick(panel.progress.cancel, Qt.MouseButton.LeftButton)
    assert panel.settled()
    assert panel.progress.isHidden()
    before = panel.invariance.csv()
    panel.options.others.click()
    settle(qtbot, bare)
    assert panel.invariance.csv() != before


@pytest.mark.parametrize("figure", ["invariance", "pairs"])
def test_a_figure_is_saved_as_picture_and_numbers_and_its_numbers_are_copied(qtbot, panel, bare, tmp_path, figure):
    panel.head.buttons[figure].click()
    settle(qtbot, bare)
    for suffix, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("csv", panel.figure.csv().encode()[:20])):
        panel.save(tmp_path / f"figure.{suffix}")
        assert (tmp_path / f"figure.{suffix}").read_bytes().startswith(start)
    panel.head.copy_wanted.emit()
    assert QApplication.clipboard().text() == panel.figure.csv()


def test_the_pairs_are_told_with_their_four_figures(qtbot, panel, bare):
    panel.head.buttons["pairs"].click()
    settle(qtbot, bare)
    result = panel.pairs.result
    assert len(panel.pairs.positive) == 16
    assert panel.pairs.values["alignment"].text() == f"{result['alignment']:.3f}"
    assert panel.pairs.values["uniformity"].text().startswith("−")
    panel.options.centred.click()
    settle(qtbot, bare)
    assert panel.pairs.view.x_axis.title == "Cosine similarity"
    assert panel.pairs.result["negative_mean"] > result["negative_mean"]


def test_a_checkpoint_that_is_not_embedded_can_be_embedded_and_then_shows_its_views(qtbot, panel, bare, tmp_path):
    panel.head.buttons["map"].click()
    assert panel.map.stack.currentWidget() is panel.map.unembedded
    panel.map.unembedded.acted.emit("embed")
    qtbot.waitUntil(lambda: len(panel.map.marks) == 9, timeout=LAB_MS)
    settle(qtbot, bare)
    np.testing.assert_allclose(panel.map.marks[0], panel.map.opened.layout.xy[0], atol=1e-3)
    assert panel.map.words.full_text().startswith("Picture 1 of 2,000")
    first = panel.map.marks.copy()
    panel.map.forward.click()
    settle(qtbot, bare)
    np.testing.assert_allclose(panel.map.marks[0], panel.map.opened.layout.xy[1], atol=1e-3)
    assert not np.allclose(panel.map.marks, first)
    for suffix in ("png", "svg", "csv"):
        panel.save(tmp_path / f"map.{suffix}")
        assert (tmp_path / f"map.{suffix}").stat().st_size > 100


def test_an_encoder_of_no_run_has_no_map(qtbot, panel):
    panel.head.encoders.setCurrentIndex(panel.head.encoders.count() - 1)
    panel.head.buttons["map"].click()
    assert panel.map.stack.currentWidget() is panel.map.unmapped


def test_nothing_is_saved_before_there_is_something(panel, tmp_path):
    with pytest.raises(WorkbenchError, match="nothing to save"):
        panel.pairs.save(tmp_path / "early.png")


def test_a_question_that_fails_clears_the_figure_says_why_and_can_be_tried_again(qtbot, panel, bare, run):
    weights = run.checkpoints / "step_00000009" / "model.safetensors"
    whole = weights.read_bytes()
    panel.head.steps.setCurrentIndex(1)
    settle(qtbot, bare)
    weights.write_bytes(whole[:1000])
    panel.head.steps.setCurrentIndex(0)
    settle(qtbot, bare)
    assert "cannot be read" in panel.notice.message.text()
    assert panel.invariance.csv() == ""
    assert not panel.invariance.view.series
    weights.write_bytes(whole)
    panel.notice.action.click()
    settle(qtbot, bare)
    assert not panel.notice.isVisible()
    assert panel.invariance.answer["encoder"] == "seen · step 9"


def test_an_outline_holds_every_value_and_comes_down_to_zero():
    values = np.array([-1.0, -0.2, 0.3, 0.31, 1.0])
    x, y = answers.outline(values)
    assert (y[0], y[-1]) == (0, 0)
    assert (x[0], x[-1]) == (-1, 1)
    assert y[1::2].sum() == pytest.approx(100)
    assert (np.diff(x) >= 0).all()
