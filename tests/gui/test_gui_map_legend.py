"""The legend with very many categories, and by keyboard."""

import time

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest

from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.legend import Legend
from workbench.gui.explorer.legend_paint import Category, LegendContent, legend_width
from workbench.gui.explorer.legend_rows import MOST_ROWS

LIGHT = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
MANY = [Category(f"word {i}", "#3c78d2", i) for i in range(100_000)]


@pytest.fixture
def legend(qtbot):
    widget = Legend(LIGHT)
    qtbot.addWidget(widget)
    widget.resize(200, 400)
    widget.show()
    return widget


def names(legend):
    model = legend._list.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_of_a_hundred_thousand_categories_the_largest_are_listed_and_it_is_said(legend):
    legend.set_categories("word", MANY)
    assert names(legend) == [f"word {i}" for i in range(99_999, 99_999 - MOST_ROWS, -1)]
    assert legend._foot.text() == "The largest 256 of 100,000"


def test_a_hundred_thousand_categories_are_shown_hidden_and_searched_in_moments(legend):
    begun = time.process_time()
    legend.set_categories("word", MANY)
    legend.set_hidden(frozenset(range(50_000)))
    legend.search.setText("word 77")
    legend.search.search_now()
    legend.grab()
    assert time.process_time() - begun < 2.0


def test_a_rare_category_is_found_by_name_and_switched_off_by_its_own_code(legend):
    legend.set_categories("word", MANY)
    legend.search.setText("WORD 123")
    QTest.keyClick(legend.search, Qt.Key.Key_Return)
    assert names(legend)[-1] == "word 123"
    assert len(names(legend)) == legend._list.model().rowCount() == 111
    assert legend._foot.text() == "111 of 100,000"
    legend._list.setCurrentIndex(legend._list.model().index(110, 0))
    QTest.keyClick(legend._list, Qt.Key.Key_Space)
    assert legend.hidden == {123}


def test_a_name_that_is_not_there_is_told(legend):
    legend.set_categories("word", MANY[:100])
    legend.search.setText("nothing")
    legend.search.search_now()
    assert names(legend) == []
    assert legend._foot.text() == "No name has this in it"


@pytest.mark.parametrize(("count", "searched"), [(30, False), (31, True)])
def test_the_search_is_there_for_more_than_thirty_categories(legend, count, searched):
    legend.set_categories("class", MANY[:count])
    assert legend.search.isVisible() == searched
    assert names(legend) == [f"word {i}" for i in range(count)]


def test_another_column_begins_without_the_old_search(legend):
    legend.set_categories("class", MANY[:100])
    legend.search.setText("word 7")
    legend.search.search_now()
    legend.set_categories("other", MANY[:50])
    assert len(names(legend)) == 50


def test_shift_and_space_show_a_category_alone_and_once_more_all(legend):
    legend.set_categories("class", MANY[:10])
    legend._list.setCurrentIndex(legend._list.model().index(4, 0))
    for hidden in (frozenset(range(10)) - {4}, frozenset()):
        QTest.keyClick(legend._list, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
        assert legend.hidden == hidden


def test_the_saved_legend_of_very_many_lists_the_largest(legend):
    content = LegendContent("word", tuple(MANY))
    assert [category.count for category in content.listed[:2]] == [99_999, 99_998]
    assert legend_width(content, 400, 300, legend.font()) == pytest.approx(300)
    assert QSize(legend.sizeHint()).width() < 400
