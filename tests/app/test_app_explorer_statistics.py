"""What the inspector tells of a selection, against the standard library."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from workbench.app.explorer.columns import Columns
from workbench.app.explorer.points import PointSet
from workbench.app.explorer.statistics import LabelCount, NumberFacts, describe


def test_labels_are_counted_and_compared_with_the_whole_set(stored_set):
    columns = Columns(stored_set({"label": ["a", "a", "b", None, "b", "b", "c", "b"]}))
    found = describe(columns, PointSet.of_rows([0, 1, 2, 3], 8))
    assert (found.count, found.total, found.more_labels) == (4, 8, 0)
    assert found.labels == (
        LabelCount("a", 2, 0.5, 0.25, 2.0),
        LabelCount("", 1, 0.25, 0.125, 2.0),
        LabelCount("b", 1, 0.25, 0.5, 0.5),
    )


def test_only_the_most_frequent_of_a_hundred_thousand_labels_are_told(stored_set):
    labels = ["often", *(f"name {row}" for row in range(99_999)), "often"]
    found = describe(Columns(stored_set({"label": labels})), PointSet.all(100_001), most=3)
    assert found.labels[0].name == "often"
    assert (len(found.labels), found.more_labels) == (3, 99_997)


def test_numbers_agree_with_the_standard_library_and_leave_out_what_is_not_finite(stored_set):
    rng = np.random.default_rng(0)
    loss = rng.normal(size=30)
    loss[[3, 4]] = np.nan, np.inf
    columns = Columns(stored_set({"loss": loss, "fold": rng.integers(0, 3, 30), "label": ["a"] * 30}))
    rows = [0, 3, 4, 7, 9, 20, 29]
    facts, fold = describe(columns, PointSet.of_rows(rows, 30)).numbers
    values = [float(loss[row]) for row in rows if row not in (3, 4)]
    assert (facts.name, facts.count, fold.name, fold.count) == ("loss", 5, "fold", 7)
    assert facts.mean == pytest.approx(statistics.fmean(values), rel=1e-12)
    assert facts.sd == pytest.approx(statistics.stdev(values), rel=1e-12)
    assert (facts.min, facts.median, facts.max) == (min(values), statistics.median(values), max(values))


def test_of_one_point_no_spread_is_told_and_of_none_nothing(stored_set):
    columns = Columns(stored_set({"label": ["a", "b"], "loss": [0.5, 0.7]}))
    assert describe(columns, PointSet.of_rows([1], 2)).numbers == (
        NumberFacts("loss", "loss", 1, 0.7, None, 0.7, 0.7, 0.7),
    )
    nothing = describe(columns, PointSet.none(2))
    assert (nothing.labels, nothing.numbers) == ((), (NumberFacts("loss", "loss", 0),))


def test_a_set_without_labels_and_one_without_points_have_no_label_counts(empty_set, stored_set):
    assert describe(Columns(stored_set({"loss": [1.0]})), PointSet.all(1)).labels == ()
    assert describe(Columns(empty_set), PointSet.none(0)).labels == ()
