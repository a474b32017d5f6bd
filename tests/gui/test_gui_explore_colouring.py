"""Columns as colours: any number of classes."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.legend import Legend
from workbench.gui.explorer.palette import CATEGORICAL_10
from workbench.gui.pages.explore.colouring import by_category
from workbench.runs.embedding_columns import Categorical

LIGHT = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", CATEGORICAL_10)


def classes(count: int, points: int) -> Categorical:
    codes = (np.arange(points) % count).astype(np.int32)
    codes[0] = -1
    return Categorical(codes, tuple(f"class {number}" for number in range(count)))


@pytest.mark.parametrize("count", [10, 3_000, 65_535])
def test_every_class_has_a_code_and_a_row_of_its_own(count: int) -> None:
    column = classes(count, 200_000)
    made = by_category("label", column)
    np.testing.assert_array_equal(made.codes[1:], column.codes[1:])
    assert (made.codes[0], made.values[count]) == (count, "")
    assert len(made.table) == len(made.categories) == count + 1
    assert made.categories[7].count == np.count_nonzero(column.codes == 7)
    assert made.hidden_values(frozenset({count - 1})) == {f"class {count - 1}"}


def test_one_of_thousands_of_classes_is_found_in_the_legend_and_hidden(qtbot) -> None:
    legend = Legend(LIGHT)
    qtbot.addWidget(legend)
    by_category("label", classes(3_000, 9_000)).show_in(legend)
    legend.search.setText("class 2999")
    legend.search.search_now()
    assert legend._model.codes == [2_999]
    with qtbot.waitSignal(legend.visibility_changed) as hidden:
        legend._list.toggled.emit(2_999)
    assert hidden.args == [frozenset({2_999})]


def test_a_hundred_thousand_labels_share_one_colour_and_the_legend_says_so() -> None:
    made = by_category("label", classes(100_000, 200_000))
    assert made.title == "label: 100,000 values"
    assert [(row.name, row.count) for row in made.categories] == [("too many to tell apart", 200_000)]
    assert made.values == ()
    assert not made.codes.any()
