"""Sets of points against Python's own sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.app.explorer.points import PointSet

TOTALS = st.sampled_from([0, 1, 7, 64, 65, 500])


@st.composite
def two_sets(draw):
    total = draw(TOTALS)
    rows = st.sets(st.integers(0, total - 1)) if total else st.just(set())
    return total, draw(rows), draw(rows)


@given(two_sets(), st.sampled_from(["replace", "add", "subtract", "intersect"]))
def test_sets_are_combined_as_pythons_sets_are(pair, how):
    total, mine, theirs = pair
    expected = {"replace": theirs, "add": mine | theirs, "subtract": mine - theirs, "intersect": mine & theirs}[how]
    found = PointSet.of_rows(sorted(mine), total).combined(PointSet.of_rows(sorted(theirs), total), how)
    assert found.rows.tolist() == sorted(expected)
    assert found == PointSet.of_rows(list(expected)[::-1], total)


@given(two_sets())
def test_mask_rows_and_count_say_the_same(pair):
    total, mine, _ = pair
    points = PointSet.of_rows(sorted(mine), total)
    assert points.rows.dtype == np.int64
    assert np.flatnonzero(points.mask).tolist() == points.rows.tolist()
    assert (points.count, len(points), points.mask.dtype, points.mask.shape) == (len(mine), len(mine), bool, (total,))


@given(two_sets())
def test_a_set_and_its_inverse_share_no_point_and_leave_none_out(pair):
    total, mine, _ = pair
    points = PointSet.of_rows(sorted(mine), total)
    assert points.inverted().rows.tolist() == sorted(set(range(total)) - mine)
    assert points.inverted().inverted() == points


def test_inverting_within_some_points_leaves_the_others_out():
    within = np.array([True, True, True, False, False])
    assert PointSet.of_rows([1, 3], 5).inverted(within).rows.tolist() == [0, 2]


def test_growing_adds_the_neighbours_and_ignores_missing_ones():
    neighbours = np.array([[1, 2], [0, -1], [3, -1], [-1, -1]])
    assert PointSet.of_rows([0], 4).grown(neighbours).rows.tolist() == [0, 1, 2]
    assert PointSet.of_rows([3], 4).grown(neighbours).rows.tolist() == [3]
    assert PointSet.none(4).grown(neighbours).count == 0


@pytest.mark.parametrize("rows", [[-1], [4], [0, 99]])
def test_a_row_beyond_the_set_is_refused(rows):
    with pytest.raises(ValueError, match="do not all lie in 0 to 3"):
        PointSet.of_rows(rows, 4)


def test_few_points_of_many_take_less_room_than_a_bit_each():
    points = PointSet.of_rows([5, 999_999], 1_000_000)
    assert points.nbytes == 16
    assert 999_999 in points
    assert 6 not in points


def test_sets_over_different_totals_are_different():
    assert PointSet.none(3) != PointSet.none(4)


def test_two_hundred_undo_steps_over_a_million_points_take_less_than_30_megabytes():
    points = PointSet(np.arange(1_000_000) % 2 == 0)
    assert 200 * points.nbytes < 30e6


def test_changing_the_rows_that_were_given_does_not_change_the_set():
    points = PointSet.of_rows([3], 1000)
    points.rows[0] = 5
    assert points.rows.tolist() == [3]
