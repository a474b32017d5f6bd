"""The command palette: what fits, in which order, and how it is used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from workbench.gui.palette import CommandPalette, CommandRow
from workbench.gui.palette.fuzzy import match
from workbench.gui.palette.popup import ranked

COMMANDS = [
    CommandRow("train", "Train", "Ctrl+Return"),
    CommandRow("stop", "Stop training", enabled=False, reason="Nothing is running"),
    CommandRow("export", "Export curves as PNG"),
    CommandRow("theme", "Switch to the dark theme"),
    CommandRow("open", "Open run folder", "Ctrl+O"),
]


@given(st.text("abcdeF gh-", max_size=14), st.text("abcdef", max_size=4))
def test_a_title_fits_exactly_when_the_letters_occur_in_order(title, query):
    rest = iter(title.lower())
    occurs = all(letter in rest for letter in query)
    found = match(query, title)
    assert (found is not None) == occurs
    if found is not None:
        assert list(found.positions) == sorted(set(found.positions))
        assert [title[place].lower() for place in found.positions] == list(query)


def score(query: str, title: str) -> float:
    found = match(query, title)
    assert found is not None
    return found.score


def test_word_starts_are_worth_more_than_letters_inside_words():
    assert score("ec", "Export curves") > score("ec", "Select")


def test_letters_that_follow_each_other_are_worth_more_than_scattered_ones():
    assert score("rain", "Training") > score("rain", "Trial gain")


def test_an_early_and_short_title_wins_over_a_late_and_long_one():
    assert score("train", "Train") > score("train", "Stop training")


def test_the_best_placement_is_found_not_the_first():
    found = match("cu", "Copy curves")
    assert found is not None
    assert found.positions == (5, 6)


def test_spaces_and_upper_case_in_the_query_do_not_count():
    assert match("EX Pn", "Export curves as PNG") == match("expn", "Export curves as PNG")


def test_with_nothing_typed_recent_commands_lead_newest_first():
    order = [row.id for row, _fit in ranked("", COMMANDS, ["theme", "export"])]
    assert order == ["theme", "export", "train", "stop", "open"]


def test_a_disabled_command_comes_after_an_enabled_one_that_fits_as_well():
    rows = [CommandRow("a", "Stop run", enabled=False), CommandRow("b", "Stop run")]
    assert [row.id for row, _fit in ranked("stop", rows, [])] == ["b", "a"]


@pytest.fixture
def window(qtbot):
    made = QWidget()
    made.resize(1000, 700)
    made.field = QLineEdit(made)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    made.field.setFocus()
    return made


@pytest.fixture
def palette(window):
    made = CommandPalette(window)
    made.set_commands(COMMANDS, ["open"])
    made.open()
    return made


def test_it_opens_centred_at_the_top_with_the_keyboard_in_it(palette, window):
    assert palette.search.hasFocus()
    assert abs(palette.geometry().center().x() - window.rect().center().x()) <= 1
    assert palette.y() < 100
    assert palette.titles()[0] == "Open run folder"


def test_typing_narrows_and_enter_chooses_the_first(palette, qtbot):
    heard = []
    palette.chosen.connect(heard.append)
    qtbot.keyClicks(palette.search, "dark")
    assert palette.titles() == ["Switch to the dark theme"]
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert heard == ["theme"]
    assert not palette.isVisible()
    assert palette.recent() == ["theme", "open"]


def test_arrow_keys_move_and_wrap_around(palette, qtbot):
    heard = []
    palette.chosen.connect(heard.append)
    qtbot.keyClick(palette.search, Qt.Key.Key_Down)
    qtbot.keyClick(palette.search, Qt.Key.Key_Up)
    qtbot.keyClick(palette.search, Qt.Key.Key_Up)
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert heard == ["theme"]


def test_a_disabled_command_is_listed_but_cannot_be_chosen(palette, qtbot):
    heard = []
    palette.chosen.connect(heard.append)
    qtbot.keyClicks(palette.search, "stop")
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert heard == []
    assert palette.isVisible()


def test_a_click_on_a_row_chooses_it(palette, qtbot):
    heard = []
    palette.chosen.connect(heard.append)
    place = palette.list.visualRect(palette.list.model().index(1, 0)).center()
    qtbot.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert heard == ["train"]


def test_escape_closes_it_and_gives_the_keyboard_back(palette, window, qtbot):
    qtbot.keyClick(palette.search, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert window.field.hasFocus()


def test_a_click_elsewhere_closes_it(palette, window, qtbot):
    qtbot.mouseClick(window, Qt.MouseButton.LeftButton, pos=QPoint(500, 650))
    assert not palette.isVisible()


def test_nothing_that_fits_is_said_in_words(palette, qtbot):
    qtbot.keyClicks(palette.search, "zzz")
    assert palette.titles() == []
    assert palette.none.isVisible()
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_it_stays_inside_a_small_window(palette, window):
    window.resize(420, 300)
    assert palette.width() <= 420
    assert palette.geometry().right() < 420
