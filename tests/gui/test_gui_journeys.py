"""What a user does, from the first page to a neighbour's label: by mouse and keyboard, in the whole window."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from workbench.app.application import App
from workbench.gui.pages.explore.model import Stage
from workbench.gui.window import Window
from workbench.runs.state import RunState

LAB_MS = 120_000
LEFT = Qt.MouseButton.LeftButton
CROP = (0, 0)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One workspace: what the first test trains, those after it explore."""
    return tmp_path_factory.mktemp("journey")


@pytest.fixture
def window(qtbot, home, monkeypatch):
    """The window on that workspace; a small measurement keeps its training short."""
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    app = App(home)
    app.editor.set_many({"evaluation.bank": 400, "evaluation.test": 200, "hardware.device": "cpu"}, "make it small")
    made = Window(app)
    made.show()
    made.start()
    qtbot.waitUntil(lambda: app.quick_lab.ready, timeout=LAB_MS)
    yield made
    made.close()
    made.deleteLater()


def settle(qtbot, page) -> None:
    qtbot.wait(30)  # a change is told one turn of the event loop later
    qtbot.waitUntil(page.settled, timeout=LAB_MS)
    qtbot.wait(80)


def go(qtbot, window, id_: str):
    """Press a button of the navigation."""
    qtbot.mouseClick(window.rail.button(id_), LEFT)
    page = window.pages[id_]
    assert page.isVisible()
    settle(qtbot, page)
    return page


def open_chip(qtbot, window, id_: str) -> None:
    chip = next(chip for chip in window.recipe_bar.chain.chips() if chip.view.id == id_)
    qtbot.mouseClick(chip, LEFT)


def type_number(qtbot, box, text: str) -> None:
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    qtbot.wait(60)


def click_row(qtbot, rows, index) -> None:
    rows.scrollTo(index)
    qtbot.mouseClick(rows.viewport(), LEFT, pos=rows.visualRect(index).center())


def choose_the_data(qtbot, window) -> None:
    page = go(qtbot, window, "data")
    for id_ in ("noto-emoji", "fashion-mnist-10k"):
        click_row(qtbot, page.list, page.list.row_of(id_))
        settle(qtbot, page)
        assert window.app.editor.value("data.id") == id_
    chip = next(chip for chip in window.recipe_bar.chain.chips() if chip.view.id == "data")
    title = window.app.catalogue.get("dataset", "fashion-mnist-10k").title
    assert chip.view.value == f"{title} · 10k"


def move_a_slider_of_the_views(qtbot, window) -> None:
    page = go(qtbot, window, "views")
    before = bytes(page.preview.grid.image(0, 0).constBits())
    page.pipeline.cards[CROP].fold.click()
    slider = page.pipeline.cards[CROP].form.row("scale").editor.slider
    slider.setFocus()
    for _ in range(4):
        qtbot.keyClick(slider, Qt.Key.Key_PageDown)
    settle(qtbot, page)
    assert bytes(page.preview.grid.image(0, 0).constBits()) != before


def mistype_and_mend_the_temperature(qtbot, window) -> None:
    page = go(qtbot, window, "objective")
    open_chip(qtbot, window, "objective")
    row = page.panels["objective"].settings.form.row("temperature")
    type_number(qtbot, row.editor.targets()[0], "-3")
    assert row.editor.targets()[0].property("problem")
    assert "-3" in row.problem.text()
    assert row.problem.isVisible()
    train = window.recipe_bar.action
    assert not train.isEnabled()
    assert row.problem.text() in train.toolTip()
    qtbot.mouseClick(train, LEFT)
    assert window.app.current is None
    type_number(qtbot, row.editor.targets()[0], "0.2")
    assert not row.problem.isVisible()
    assert train.isEnabled()


def set_a_small_budget(qtbot, window) -> None:
    open_chip(qtbot, window, "training")
    form = window.pages["objective"].panels["training"].forms["budget"].form
    unit = form.row("unit").editor.targets()[0]
    unit.setFocus()
    qtbot.keyClicks(unit, "step")
    type_number(qtbot, form.row("amount").editor.targets()[0], "5")
    assert (window.app.editor.value("budget.unit"), window.app.editor.value("budget.amount")) == ("steps", 5)


def train_to_the_end(qtbot, window) -> None:
    qtbot.mouseClick(window.recipe_bar.action, LEFT)
    assert window.pages["train"].isVisible()
    handle = window.app.current
    qtbot.waitUntil(lambda: handle.state.ended, timeout=LAB_MS)
    assert handle.state is RunState.COMPLETED, handle.reason
    assert handle.history.summary.step == 5
    settle(qtbot, window.pages["train"])
    window._refresh_status()
    assert window.recipe_bar.status.full_text().startswith("Completed")


def read_a_neighbours_label(qtbot, window) -> None:
    page = go(qtbot, window, "explore")
    qtbot.waitUntil(lambda: page.model.stage is Stage.SHOWN, timeout=LAB_MS)
    settle(qtbot, page)
    assert page.model.opened.layout_name == "pca"
    row = page.map.pick(page.map.position_of(7))
    qtbot.mouseClick(page.map, LEFT, pos=page.map.position_of(7).toPoint())
    settle(qtbot, page)
    assert page.app.selection.row == row
    shown = page.details.neighbours.list.grid._pictures
    labels = [picture.caption.splitlines()[0] for picture in shown]
    opened = page.model.opened
    assert labels == [opened.label(other) for other in true_neighbours(opened.stored.vectors, row)]
    same = sum(label == opened.label(row) for label in labels)
    assert page.details.neighbours.summary.text() == f"{same} of 12 share the label {opened.label(row)}."


def true_neighbours(vectors, row: int) -> list[int]:
    unit = vectors.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    order = np.argsort(-(unit @ unit[row]), kind="stable")
    return [int(other) for other in order if other != row][:12]


@pytest.mark.slow
def test_from_opening_the_window_to_reading_a_neighbours_label(qtbot, window):
    choose_the_data(qtbot, window)
    move_a_slider_of_the_views(qtbot, window)
    mistype_and_mend_the_temperature(qtbot, window)
    set_a_small_budget(qtbot, window)
    train_to_the_end(qtbot, window)
    read_a_neighbours_label(qtbot, window)


@pytest.mark.slow
def test_umap_is_computed_with_progress_while_the_window_answers(qtbot, window):
    page = go(qtbot, window, "explore")
    if not page.model.places:
        pytest.skip("the journey before this test did not train a run")
    qtbot.waitUntil(lambda: page.model.stage is Stage.SHOWN, timeout=LAB_MS)
    settle(qtbot, page)
    page.bar.projection.setFocus()
    qtbot.keyClicks(page.bar.projection, "U")
    told: list[str] = []
    qtbot.mouseClick(page.bar.compute_button, LEFT)
    while page.model.busy:
        qtbot.wait(50)
        told.append(page.centre.progress.words.full_text())
    settle(qtbot, page)
    assert any("epoch" in words for words in told)
    assert page.model.opened.layout_name == "umap"
    assert re.fullmatch(r"UMAP keeps \d+% of true neighbours", page.centre.foot.trust.text())
    assert np.isfinite(page.map.cloud.xy).all()


@pytest.mark.slow
def test_a_checkpoint_whose_embedding_is_gone_is_embedded_by_a_click(qtbot, window):
    page = go(qtbot, window, "explore")
    if not page.model.places:
        pytest.skip("the journey before this test did not train a run")
    settle(qtbot, page)
    embeddings = page.model.place.path / "embeddings"
    before = np.load(embeddings / "step_00000005" / "vectors.npy")
    shutil.rmtree(embeddings)
    page.model.choose_run(page.model.place.path)
    qtbot.waitUntil(lambda: page.model.stage is Stage.NOT_EMBEDDED)
    button = next(b for b in page.centre.findChildren(QPushButton) if b.isVisible())
    assert button.text() == "Embed the test split"
    qtbot.mouseClick(button, LEFT)
    assert page.bar.compute_button.text() == "Cancel"
    qtbot.waitUntil(lambda: page.model.stage is Stage.SHOWN, timeout=LAB_MS)
    settle(qtbot, page)
    again = np.load(embeddings / "step_00000005" / "vectors.npy")
    assert np.allclose(again, before, atol=1e-3)
