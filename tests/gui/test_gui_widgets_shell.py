"""The frame of the window: recipe bar, rail, cards, inspector, empty pages, messages."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from workbench.core.errors import Problem
from workbench.gui.widgets.basics import ElidedLabel
from workbench.gui.widgets.containers import EmptyState, Inspector, Section
from workbench.gui.widgets.nav_rail import NavRail
from workbench.gui.widgets.notice import Notice, ProblemList, Toast
from workbench.gui.widgets.recipe_bar import Chip, ChipView, RecipeBar, fit_widths
from workbench.gui.widgets.search_field import SearchField

CHIPS = [
    ChipView("data", "Data", "Fashion-MNIST · 8k"),
    ChipView("views", "Views", "crop · flip · brightness · contrast · saturation · grey · blur · normalise"),
    ChipView("objective", "Objective", "SimCLR  τ = 0.2"),
    ChipView("backbone", "Backbone", "ResNet-18 with the small-image stem"),
    ChipView("training", "Training", "10 epochs · SGD 0.06 · batch 256 · cosine · warm-up 5%"),
]


def shown(qtbot, widget: QWidget, width: int = 0, height: int = 0) -> QWidget:
    qtbot.addWidget(widget)
    if width:
        widget.resize(width, height)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.fixture
def bar(qtbot):
    made = RecipeBar()
    made.set_chips(CHIPS)
    return shown(qtbot, made, 1280, 60)


@given(st.lists(st.integers(20, 600), min_size=1, max_size=8), st.integers(50, 2000))
def test_chip_widths_fit_wherever_the_minimum_lets_them(preferred, available):
    widths = fit_widths(preferred, available, minimum=72)
    assert all(width <= wish and width >= min(wish, 72) for width, wish in zip(widths, preferred, strict=True))
    floor = sum(min(wish, 72) for wish in preferred)
    assert sum(widths) <= max(available, floor)
    if sum(preferred) <= available:
        assert widths == preferred


@pytest.mark.parametrize("width", [1000, 1280, 1920])
def test_chips_and_the_action_never_overlap_and_stay_inside(bar, width):
    bar.set_status("Running · 42%")
    bar.resize(width, 60)
    QApplication.processEvents()
    boxes = [chip.geometry().translated(bar.chain.pos()) for chip in bar.findChildren(Chip)]
    boxes += [bar.status.geometry(), bar.action.geometry()]
    assert all(left.right() < right.left() for left, right in pairwise(boxes))
    assert boxes[-1].right() < width


def test_a_chip_opens_its_section_by_mouse_and_by_keyboard(bar, qtbot):
    heard = []
    bar.opened.connect(heard.append)
    chips = bar.findChildren(Chip)
    qtbot.mouseClick(chips[2], Qt.MouseButton.LeftButton)
    chips[0].setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(chips[0], Qt.Key.Key_Space)
    assert heard == ["objective", "data"]


def test_a_chip_tells_its_whole_value_and_its_problem(bar):
    bar.set_chips([*CHIPS[:2], ChipView("objective", "Objective", "SimCLR", "-0.1 is too small")])
    chips = bar.findChildren(Chip)
    kept = [chip for chip in chips if chip.parent() is not None]
    assert kept[1].accessibleName() == f"Views: {CHIPS[1].value}"
    assert kept[2].toolTip() == "-0.1 is too small"


def test_new_words_keep_the_chip_and_its_focus(bar):
    chip = bar.findChildren(Chip)[0]
    chip.setFocus(Qt.FocusReason.TabFocusReason)
    bar.set_chips([ChipView("data", "Data", "CIFAR-10 · 50k"), *CHIPS[1:]])
    assert bar.findChildren(Chip)[0] is chip
    assert chip.view.value == "CIFAR-10 · 50k"
    assert chip.hasFocus()


def test_the_action_cannot_be_pressed_while_there_is_a_reason(bar, qtbot):
    heard = []
    bar.triggered.connect(heard.append)
    bar.set_action("Train", "play", enabled=False, reason="objective.temperature: -0.1 is too small")
    qtbot.mouseClick(bar.action, Qt.MouseButton.LeftButton)
    assert heard == []
    assert bar.action.toolTip() == "objective.temperature: -0.1 is too small"
    bar.set_action("Stop", "stop")
    qtbot.mouseClick(bar.action, Qt.MouseButton.LeftButton)
    assert heard == [None]


@pytest.fixture
def rail(qtbot):
    made = NavRail()
    for id_ in ("data", "views", "objective", "train", "explore"):
        made.add_page(id_, id_.capitalize(), id_, "Ctrl+1" if id_ == "data" else "")
    made.set_current("data")
    return shown(qtbot, made, 76, 600)


def test_the_rail_chooses_by_click_and_by_arrow_keys(rail, qtbot):
    heard = []
    rail.chosen.connect(heard.append)
    qtbot.mouseClick(rail.button("train"), Qt.MouseButton.LeftButton)
    rail.button("train").setFocus()
    qtbot.keyClick(rail.button("train"), Qt.Key.Key_Down)
    assert heard == ["train", "explore"]


def test_a_page_names_its_shortcut_in_its_tooltip(rail):
    assert rail.button("data").toolTip() == "Data  (Ctrl+1)"


def test_setting_the_current_page_moves_the_mark_without_a_signal(rail):
    heard = []
    rail.chosen.connect(heard.append)
    rail.set_current("views")
    assert heard == []
    assert [id_ for id_ in ("data", "views", "train") if rail.button(id_).isChecked()] == ["views"]


def test_no_page_title_is_wider_than_the_rail(rail):
    button = rail.button("objective")
    assert button.fontMetrics().horizontalAdvance("Objective") <= button.width()


def test_inspector_sections_fold_by_keyboard_and_tell_of_it(qtbot):
    inspector = Inspector()
    body = QLabel("twelve neighbours")
    part = inspector.add_section("neighbours", "Neighbours", body)
    shown(qtbot, inspector, 300, 400)
    heard = []
    part.toggled.connect(heard.append)
    part.head.setFocus()
    qtbot.keyClick(part.head, Qt.Key.Key_Space)
    assert not body.isVisible()
    qtbot.mouseClick(part.head, Qt.MouseButton.LeftButton)
    assert body.isVisible()
    assert heard == [False, True]


def test_the_inspector_shows_only_what_it_is_told_and_refuses_a_taken_id(qtbot):
    inspector = Inspector()
    inspector.add_section("one", "One", QLabel("1"))
    inspector.add_section("two", "Two", QLabel("2"))
    shown(qtbot, inspector, 300, 400)
    inspector.show_only(["two"])
    assert [inspector.section(id_).isVisible() for id_ in ("one", "two")] == [False, True]
    with pytest.raises(ValueError, match="one"):
        inspector.add_section("one", "Again", QLabel())


@pytest.mark.parametrize("width", [240, 700])
def test_an_empty_page_shows_its_whole_sentence_and_its_actions(qtbot, width):
    sentence = "Train a run, or open an embedding set: every checkpoint of every run can be explored here."
    page = EmptyState("explore", "No embedding yet", sentence, [("train", "Train"), ("open", "Open")])
    shown(qtbot, page, width, 420)
    assert page.sentence.height() >= page.sentence.heightForWidth(page.sentence.width())
    assert page.sentence.width() <= width
    heard = []
    page.acted.connect(heard.append)
    for button in page.findChildren(QPushButton):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert heard == ["train", "open"]


def test_a_section_holds_its_body_under_its_title_and_hides_an_empty_description(qtbot):
    section = Section("Preview")
    body = QLabel("body")
    section.add(body)
    shown(qtbot, section, 300, 200)
    assert body.isVisible()
    assert not section.description.isVisible()
    assert section.title.y() < body.y()


def test_an_elided_label_keeps_the_whole_text_as_its_tooltip_only_when_cut(qtbot):
    label = ElidedLabel("SimCLR on Fashion-MNIST with two views")
    shown(qtbot, label, 400, 20)
    assert label.text() == label.full_text()
    assert label.toolTip() == ""
    label.resize(80, 20)
    QApplication.processEvents()
    assert label.text().endswith("…")
    assert label.toolTip() == label.full_text()


def test_markup_in_a_message_is_shown_as_text(qtbot):
    notice = Notice()
    notice.show_message("<b>folder</b>")
    shown(qtbot, notice, 400, 60)
    assert notice.message.textFormat() == Qt.TextFormat.PlainText


def test_a_notice_offers_its_action_and_goes_away_when_dismissed(qtbot):
    notice = Notice()
    notice.show_message("The disk is full.", "Free 2 GB.", "danger", "Open folder")
    shown(qtbot, notice, 600, 60)
    heard = []
    notice.acted.connect(lambda _none: heard.append("acted"))
    notice.closed.connect(lambda _none: heard.append("closed"))
    qtbot.mouseClick(notice.action, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(notice.close_button, Qt.MouseButton.LeftButton)
    assert heard == ["acted", "closed"]
    assert not notice.isVisible()


def test_a_toast_leaves_by_itself_and_stays_inside_its_parent(qtbot):
    window = QWidget()
    toast = Toast(window)
    shown(qtbot, window, 600, 300)
    toast.show_message("Run simclr-3 has ended.", stay_ms=50)
    assert toast.isVisible()
    window.resize(320, 200)
    QApplication.processEvents()
    assert window.rect().contains(toast.geometry())
    qtbot.waitUntil(lambda: not toast.isVisible(), timeout=4000)


def test_the_action_of_a_toast_closes_it(qtbot):
    window = QWidget()
    toast = Toast(window)
    shown(qtbot, window, 600, 300)
    toast.show_message("Run simclr-3 has ended.", action="Explore")
    with qtbot.waitSignal(toast.acted):
        qtbot.mouseClick(toast.notice.action, Qt.MouseButton.LeftButton)
    assert not toast.isVisible()


def test_a_problem_leads_to_its_setting_and_an_empty_list_hides(qtbot):
    problems = ProblemList()
    shown(qtbot, problems, 600, 100)
    problems.set_problems([Problem("objective.temperature", "too small"), Problem("", "No data.")])
    QApplication.processEvents()
    heard = []
    problems.opened.connect(heard.append)
    doors = [button for button in problems.findChildren(QPushButton) if button.isVisible()]
    qtbot.mouseClick(doors[0], Qt.MouseButton.LeftButton)
    assert heard == ["objective.temperature"]
    assert len(doors) == 1
    problems.set_problems([])
    assert not problems.isVisible()


def test_a_search_is_told_once_when_typing_rests_and_escape_clears_it(qtbot):
    field = SearchField("Search runs")
    shown(qtbot, field, 200, 30)
    heard = []
    field.searched.connect(heard.append)
    field.setFocus()
    qtbot.keyClicks(field, "cif")
    assert heard == []
    qtbot.waitUntil(lambda: heard == ["cif"], timeout=2000)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert heard == ["cif", ""]
