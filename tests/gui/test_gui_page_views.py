"""The Views page by mouse and keyboard, with the real application, a real lab and real pictures."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from workbench.gui.pages.views.page import ViewsPage
from workbench.gui.pages.views.preview.grid import arrange

LAB_MS = 60_000
CROP, FLIP, JITTER, NORMALISE = (0, 0), (0, 1), (0, 2), (0, 3)


@pytest.fixture
def page(desk, qtbot):
    """The page with SimCLR on the bundled grey pictures, drawn."""
    desk.app.editor.choose("data", "fashion-mnist-10k")
    desk.app.editor.choose("objective", "simclr")
    desk.app.editor.use_views_preset("simclr-small-grey")
    desk.app.editor.set("views.size", 0)
    made = ViewsPage(desk)
    made.resize(924, 577)
    made.show()
    settle(qtbot, made)
    yield made
    settle(qtbot, made)
    for widget in (made, made.inspector()):
        widget.close()
        widget.deleteLater()


def settle(qtbot, page) -> None:
    qtbot.wait(30)  # a change is told one turn of the event loop later
    qtbot.waitUntil(page.settled, timeout=LAB_MS)


def click(qtbot, widget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def pictures(page, view: int) -> list[bytes]:
    """The pixels of one view (-1: the originals) of every sample."""
    images = (page.preview.grid.image(sample, view) for sample in range(page.preview.grid.samples()))
    return [bytes(image.constBits()) for image in images]


def unfolded(page, place):
    """A card with its settings shown."""
    card = page.pipeline.cards[place]
    if not card.is_open():
        card.fold.click()
    return card


def op_ids(page) -> list[str]:
    return [op["id"] for op in page.app.editor.value("views.branches.0.ops")]


def test_eight_samples_stand_beside_their_two_views(page):
    assert page.preview.grid.samples() == 8
    assert page.preview.grid.titles() == ["Original", "View 1", "View 2"]
    assert len({*pictures(page, -1), *pictures(page, 0), *pictures(page, 1)}) == 24
    assert page.preview.words.text() == "seed 0  ·  step 0"


def test_every_picture_lies_within_the_preview_and_none_covers_another(page):
    grid = page.preview.grid
    cells = [grid.cell(sample, view) for sample in range(8) for view in (-1, 0, 1)]
    assert all(grid.rect().contains(cell) for cell in cells)
    assert not any(a.intersects(b) for i, a in enumerate(cells) for b in cells[i + 1 :])


def test_a_key_on_a_slider_redraws_the_views_and_is_one_undo_step(qtbot, page):
    before, originals = pictures(page, 0), pictures(page, -1)
    slider = unfolded(page, CROP).form.row("scale").editor.slider
    slider.setFocus()
    for _ in range(5):
        qtbot.keyClick(slider, Qt.Key.Key_PageDown)
    settle(qtbot, page)
    assert page.app.editor.value("views.branches.0.ops.0.scale")[0] < 0.3
    assert page.app.editor.undo_words == "change Area of Random resized crop"
    assert pictures(page, 0) != before
    assert pictures(page, -1) == originals
    page.app.editor.undo()
    settle(qtbot, page)
    assert pictures(page, 0) == before


def test_a_drag_along_a_slider_keeps_the_card_and_its_focus(qtbot, page):
    card = unfolded(page, JITTER)
    slider = card.form.row("brightness").editor.slider
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    settle(qtbot, page)
    assert page.pipeline.cards[JITTER] is card
    assert slider.hasFocus()


def test_the_switch_sets_the_probability_to_zero_and_back_to_what_it_was(qtbot, page):
    card = page.pipeline.cards[JITTER]
    page.app.editor.set("views.branches.0.ops.2.p", 0.65)
    settle(qtbot, page)
    click(qtbot, card.switch)
    assert page.app.editor.value("views.branches.0.ops.2.p") == 0
    settle(qtbot, page)
    click(qtbot, card.switch)
    assert page.app.editor.value("views.branches.0.ops.2.p") == 0.65


def test_a_card_moves_down_with_the_focus_and_up_again(qtbot, page):
    click(qtbot, page.pipeline.cards[FLIP].down)
    assert op_ids(page) == ["random_resized_crop", "colour_jitter", "horizontal_flip", "normalize"]
    moved = page.pipeline.cards[JITTER]
    assert moved.entry.id == "horizontal_flip"
    assert moved.down.hasFocus()
    click(qtbot, moved.up)
    assert op_ids(page)[1] == "horizontal_flip"


def test_the_first_card_cannot_move_up_nor_the_last_down(page):
    assert not page.pipeline.cards[CROP].up.isEnabled()
    assert not page.pipeline.cards[NORMALISE].down.isEnabled()


def test_removing_and_adding_keep_the_normalisation_last_and_the_preset_says_changed(qtbot, page):
    click(qtbot, page.pipeline.cards[FLIP].remove)
    settle(qtbot, page)
    assert "horizontal_flip" not in op_ids(page)
    assert page.pipeline.preset.currentText() == "simclr-small-grey, changed"
    click(qtbot, page.findChild(QPushButton, "add-operation-0"))
    page.pipeline.picker.gallery.search.setText("gaussian blur")
    qtbot.keyClick(page.pipeline.picker.gallery.search, Qt.Key.Key_Return)
    settle(qtbot, page)
    assert op_ids(page)[-2:] == ["gaussian_blur", "normalize"]
    assert len(page.pipeline.cards) == 4


def test_a_folded_card_says_its_settings_in_one_line_and_stays_folded(qtbot, page):
    card = unfolded(page, JITTER)
    click(qtbot, card.fold)
    page.app.editor.set("views.branches.0.ops.2.hue", 0.05)
    settle(qtbot, page)
    assert not card.is_open()
    assert card.summary.full_text().startswith("p 0.8  ·  brightness 0.4")
    click(qtbot, card.fold)
    assert card.is_open()


def test_draw_again_changes_the_views_and_shuffle_the_samples(qtbot, page):
    originals, views = pictures(page, -1), pictures(page, 0)
    click(qtbot, page.preview.again)
    settle(qtbot, page)
    assert pictures(page, -1) == originals
    assert pictures(page, 0) != views
    click(qtbot, page.preview.shuffle)
    settle(qtbot, page)
    assert pictures(page, -1) != originals


def test_a_value_out_of_range_is_told_at_its_field_and_the_last_views_stay(qtbot, page):
    views = pictures(page, 0)
    row = unfolded(page, FLIP).form.row("p")
    row.editor.box.setFocus()
    row.editor.box.selectAll()
    qtbot.keyClicks(row.editor.box, "7")
    qtbot.keyClick(row.editor.box, Qt.Key.Key_Return)
    settle(qtbot, page)
    assert "7" in row.problem.text()
    assert not row.problem.isHidden()
    assert pictures(page, 0) == views
    assert not page.preview.notice.isVisible()


def test_a_missing_target_is_told_and_one_button_brings_the_views_that_suit(qtbot, page):
    page.app.editor.set_many(
        {"objective": {"id": "rotation", **page.app.catalogue.objective("rotation").defaults()}}, "choose rotation"
    )
    settle(qtbot, page)
    assert page.preview.notice.isVisible()
    assert "rotation" in page.preview.notice.message.text()
    click(qtbot, page.preview.notice.action)
    settle(qtbot, page)
    assert not page.preview.notice.isVisible()
    assert page.preview.grid.titles() == ["Original", "0°", "90°", "180°", "270°"]
    assert page.pipeline.preset.currentText() == "rotation"


def test_the_inspector_follows_a_clicked_picture_through_changes(qtbot, page):
    grid = page.preview.grid
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(3, 1).center())
    inspector = page.preview.inspector()
    assert inspector.title.text() == "Sample 4  ·  View 2"
    page.app.editor.set("views.branches.0.count", 1)
    settle(qtbot, page)
    assert inspector.title.text() == "Sample 1  ·  Original"


@pytest.mark.parametrize(("width", "height", "views"), [(400, 480, 2), (400, 300, 4), (1400, 300, 2), (900, 800, 1)])
def test_the_arrangement_is_never_smaller_than_one_plain_column(width, height, views):
    plain = min((width - 16) // (views + 1), (height - 20) // 8) - 4
    assert arrange(width, height, 8, views).cell >= min(plain, 160)
