"""The Objective page's pictures at work, with a real lab on a real checkpoint."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from workbench.gui.pages.objective.page import ObjectivePage
from workbench.recipes.presets import load
from workbench.recipes.toml_io import write_toml
from workbench.runs.folder import RunFolder

LAB_MS = 120_000


@pytest.fixture(scope="module")
def run(desk) -> RunFolder:
    """A run of SimCLR in the workspace with one checkpoint, as an engine leaves it."""
    from workbench.engine import checkpoint
    from workbench.engine.checkpoint import TrainState
    from workbench.engine.experiment import build_encoder, build_learner, load_splits
    from workbench.runs.journal import JournalWriter

    recipe = load("simclr-fashion-mnist", desk.app.catalogue)
    folder = RunFolder.create(desk.app.runs_dir, "seen", write_toml(recipe))
    splits = load_splits(recipe.data, lambda share, words: None)
    learner = build_learner(recipe, splits, build_encoder(recipe.replace(seed=40), splits.train))
    checkpoint.save(folder, learner, TrainState(7, 1.0, "", {}))
    with JournalWriter(folder.events) as journal:
        journal.emit("ended", 7, state="completed", reason="", hint="")
    return folder


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk) -> None:
    """The application's one background thread lives as long as the application does, not as the test that needs it."""
    desk.app.background.run(lambda: None, lambda _none: None, desk.app.fail)


@pytest.fixture
def page(desk, qtbot, run):
    desk.app.editor.choose("data", "fashion-mnist-10k")
    desk.app.editor.choose("objective", "simclr")
    desk.app.editor.use_views_preset("simclr-small-grey")
    desk.app.list_runs()
    qtbot.waitUntil(lambda: bool(desk.app.run_rows), timeout=LAB_MS)
    made = ObjectivePage(desk)
    made.resize(1000, 640)
    made.show()
    made.open_section("at-work")
    settle(qtbot, made)
    yield made
    settle(qtbot, made)
    for widget in (made, made.inspector()):
        widget.close()
        widget.deleteLater()


def settle(qtbot, page) -> None:
    qtbot.wait(30)
    qtbot.waitUntil(page.settled, timeout=LAB_MS)


def positions(page) -> list[int]:
    return [picture.key for picture in page.at_work.strip._pictures]


def values(page) -> np.ndarray:
    return page.at_work.browser.view.drawing.values


def click(qtbot, page, place: int) -> None:
    strip = page.at_work.strip
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=strip.cell(place).center())
    settle(qtbot, page)


def test_pictures_that_are_clicked_come_first_and_stay_when_the_others_are_shuffled(qtbot, page):
    before, third, fifth = values(page), positions(page)[2], positions(page)[4]
    click(qtbot, page, 2)
    click(qtbot, page, 4)
    assert positions(page)[:2] == [third, fifth]
    others = positions(page)[2:]
    assert (values(page) != before).any()
    qtbot.mouseClick(page.at_work.shuffle, Qt.MouseButton.LeftButton)
    settle(qtbot, page)
    assert positions(page)[:2] == [third, fifth]
    assert positions(page)[2:] != others
    click(qtbot, page, 0)
    assert positions(page)[0] == fifth


def test_a_run_of_the_objective_is_seen_through_its_newest_checkpoint(qtbot, page, run):
    untrained, source = values(page), page.at_work.source
    assert [source.itemText(at) for at in range(source.count())] == ["Tiny CNN, untrained", "SimCLR on Fashion-MNIST"]
    source.setCurrentIndex(1)
    source.activated.emit(1)
    settle(qtbot, page)
    assert np.abs(values(page) - untrained).max() > 1e-3
    assert page.at_work.browser.stem == "simclr seen · step 7"


def test_an_objective_that_is_only_looked_at_is_shown_with_its_own_views_and_changes_nothing(qtbot, page):
    document = page.app.editor.document
    page.objective.list.look_at("rotation")
    page._show_at_work()
    settle(qtbot, page)
    assert page.at_work.name.full_text() == "Rotation prediction"
    assert page.at_work.browser.chosen == "confusion"
    assert page.at_work.browser.view.drawing.words(1, 2).startswith("90°, 180°")
    assert page.app.editor.document == document


def test_what_the_recipe_lacks_is_said_with_a_way_to_ask_again(qtbot, page):
    page.app.editor.set("backbone.id", "no-such-thing")
    page._show_at_work()
    settle(qtbot, page)
    assert page.at_work.notice.isVisible()
    assert "no-such-thing" in page.at_work.notice.message.text()
    page.app.editor.undo()
    page._show_at_work()
    settle(qtbot, page)
    assert not page.at_work.notice.isVisible()


def test_nothing_is_asked_while_another_section_is_looked_at(qtbot, page):
    page.open_section("backbone")
    page.app.editor.set("seed", 5)
    page._show_at_work()
    assert not page.at_work.busy()
    page.app.editor.undo()
