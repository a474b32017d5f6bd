"""The columns that points are coloured, filtered and sorted by."""

from __future__ import annotations

import decimal
import math
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.app.explorer.columns import Columns
from workbench.app.explorer.filters import Filter
from workbench.core.errors import RunError
from workbench.runs.embedding_columns import Categorical, Continuous


def test_kinds_follow_what_a_column_holds(stored_set):
    rows = 600
    table = {
        "id": [f"s{row}" for row in range(rows)],
        "label": ["cat", "dog"] * 300,
        "loss": np.linspace(0, 1, rows),
        "fold": [0, 1] * 300,
        "right": [True, False] * 300,
        "taken": pa.array(range(rows), pa.timestamp("s")),
        "boxes": [[1, 2]] * rows,
        "nothing": pa.nulls(rows),
        "named": pa.array(["a", "b"] * 300).dictionary_encode(),
    }
    columns = Columns(stored_set(table))
    kinds = {name: columns.kind(name) for name in columns.names}
    assert kinds == {
        "id": "text",
        "label": "category",
        "loss": "number",
        "fold": "number",
        "right": "truth",
        "taken": "date",
        "boxes": "category",
        "nothing": "category",
        "named": "category",
    }


def test_computed_columns_are_coloured_told_and_replaced_as_stored_ones_are(stored_set):
    columns = Columns(stored_set({"label": ["a", "b", "c"]}))
    assert columns.add("trust", np.array([0.25, np.nan, 1.0], np.float32), "Trust") == "trust"
    assert columns.add("cluster", Categorical(np.array([1, -1, 0], np.int32), ("big", "small"))) == "cluster"
    assert columns.names == ["id", "label", "trust", "cluster"]
    assert columns.title("trust") == "Trust"
    assert isinstance(columns.colours("trust"), Continuous)
    assert columns.cells("trust", [2, 1, 0]) == ["1", "", "0.25"]
    assert columns.cells("cluster", [0, 1, 2]) == ["small", "", "big"]
    before = columns.version
    columns.add("trust", [0.5, 0.125, 3])
    assert columns.version > before
    assert columns.cells("trust", [0, 1]) == ["0.5", "0.125"]
    assert columns.numbers("trust").tolist() == [0.5, 0.125, 3]


def test_a_computed_column_is_not_replaced_by_one_that_filters_over_it_would_not_fit(stored_set):
    columns = Columns(stored_set({"label": ["a", "b", "c"]}))
    columns.add("trust", np.array([np.nan] * 3))
    with pytest.raises(ValueError, match="'trust' holds number values"):
        columns.add("trust", np.array([True, False, True]))
    columns.add("trust", [1, 2, 3])


def test_a_computed_column_does_not_hide_one_of_the_table(stored_set):
    columns = Columns(stored_set({"trust": ["told"]}))
    assert columns.add("trust", [0.5]) == "computed_trust"
    assert columns.cells("trust", [0]) == ["told"]
    assert columns.cells("computed_trust", [0]) == ["0.5"]


def test_a_computed_column_of_another_length_is_refused(stored_set):
    with pytest.raises(ValueError, match="'trust' has 2 values for 3 points"):
        Columns(stored_set({"label": ["a", "b", "c"]})).add("trust", [1.0, 2.0])


def test_an_unknown_column_is_refused_with_the_nearest(stored_set):
    columns = Columns(stored_set({"label": ["a"]}))
    with pytest.raises(RunError, match="Did you mean 'label'"):
        columns.words("lable")
    with pytest.raises(RunError, match="holds no numbers"):
        columns.numbers("label")


def test_hidden_classes_are_found_by_the_names_that_the_legend_has(stored_set):
    table = {"label": ["cat", None, "dog", ""], "fold": [1, 2, None, 1], "right": [True, False, None, True]}
    columns = Columns(stored_set({**table, "loss": [0.5, math.nan, 0.1, 0.2]}))
    for name in ("label", "fold", "right"):
        colours = columns.colours(name)
        for code, text in enumerate(colours.names):
            assert np.array_equal(
                columns.holds(name, [text]), (colours.codes == code) | ((text == "") & (colours.codes < 0))
            )
    assert columns.holds("label", ["dog", ""]).tolist() == [False, True, True, True]
    assert columns.holds("loss", [""]).tolist() == [False, True, False, False]


def test_every_type_that_parquet_holds_is_listed_filtered_sorted_and_coloured(stored_set):
    table = {
        "view": pa.array(["a", None], pa.string_view()),
        "bytes": pa.array([b"\xff", None]),
        "fixed": pa.array([b"\xff\xfe", None], pa.binary(2)),
        "half": pa.array([1.5, None], pa.float16()),
        "coded": pa.array([5, None]).dictionary_encode(),
        "time": pa.array([1, None], pa.time32("s")),
        "length": pa.array([1, None], pa.duration("s")),
        "record": pa.array([{"a": 1}, None]),
        "decimal": pa.array([decimal.Decimal("1.5"), None]),
        "nothing": pa.nulls(2, pa.int32()),
    }
    columns = Columns(stored_set(table))
    for name in table:
        empty = Filter.of(f"{name} is empty").mask(columns)
        assert empty.tolist() == [name == "nothing", True]
        assert columns.cells(name, [1]) == [""]
        assert columns.order(name, np.array([1, 0])).tolist() == ([1, 0] if name == "nothing" else [0, 1])
        assert columns.holds(name, [""]).tolist() == empty.tolist()
    assert Filter.of("coded > 4 and half = 1.5 and decimal < 2 and view = a").mask(columns).tolist() == [True, False]


CELLS = st.one_of(st.none(), st.floats(allow_nan=True), st.integers(-3, 3).map(float))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(CELLS, min_size=1, max_size=30), st.booleans(), st.randoms())
def test_numbers_are_sorted_stably_with_empty_cells_last(stored_set, values, descending, random):
    columns = Columns(stored_set({"loss": pa.array(values, pa.float64())}))
    rows = list(range(len(values)))
    random.shuffle(rows)
    there = [row for row in rows if values[row] is not None and not math.isnan(values[row])]
    expected = sorted(there, key=lambda row: values[row], reverse=descending)
    if descending:  # Python's reverse keeps equal ones in their order too
        assert expected == sorted(there, key=lambda row: -values[row])
    found = columns.order("loss", np.array(rows, np.int64), descending).tolist()
    assert found == [*expected, *(row for row in rows if row not in there)]


def test_words_are_sorted_naturally_stably_and_empty_cells_last(stored_set):
    columns = Columns(stored_set({"label": ["item 10", None, "item 9", "Apple", "item 9"]}))
    rows = np.array([4, 3, 2, 1, 0])
    assert columns.order("label", rows).tolist() == [3, 4, 2, 0, 1]
    assert columns.order("label", rows, descending=True).tolist() == [0, 4, 2, 3, 1]


def test_ids_that_are_numbers_are_sorted_by_their_value(stored_set):
    ids = [str(number) for number in (10, 9, 100, -2)]
    columns = Columns(stored_set({"id": ids}))
    assert columns.order("id", np.arange(4)).tolist() == [3, 1, 0, 2]


def test_a_hundred_thousand_labels_are_sorted_alphabetically(stored_set):
    labels = [f"Name {row:06}" if row % 2 else f"name {row:06}" for row in reversed(range(100_000))]
    columns = Columns(stored_set({"label": labels}))
    assert columns.order("label", np.arange(100_000)).tolist() == list(range(99_999, -1, -1))
    assert columns.kind("label") == "text"


def test_columns_of_no_points_are_empty(empty_set):
    columns = Columns(empty_set)
    assert columns.order("label", np.empty(0, np.int64)).tolist() == []
    assert columns.frequent("label") == []
    assert columns.cells("loss", []) == []
    assert columns.holds("label", ["cat"]).shape == (0,)


def test_the_explorer_is_imported_without_pyarrow_and_without_qt():
    code = (
        "import sys, workbench.app.explorer.explorer, workbench.app.explorer.saved, workbench.app.explorer.statistics,"
        " workbench.app.explorer.filter_completion;"
        "print([name for name in ('pyarrow', 'PySide6', 'numba', 'scipy', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
