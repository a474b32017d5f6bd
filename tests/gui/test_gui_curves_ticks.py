"""Where an axis has its marks and what is written at them, and how ranges grow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.gui.curves.scene import grown
from workbench.gui.curves.ticks import Axis, ticks


def texts(low, high, most=5, **kind):
    return [tick.text for tick in ticks(Axis(low, high, **kind), most)]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 10, ["0", "2", "4", "6", "8", "10"]),
        (-0.5, 0.5, ["-0.4", "-0.2", "0.0", "0.2", "0.4"]),
        (0, 100_000, ["0", "20,000", "40,000", "60,000", "80,000", "100,000"]),
        (0.9901, 0.9949, ["0.991", "0.992", "0.993", "0.994"]),
        (0, 5e-9, ["0", "1e-09", "2e-09", "3e-09", "4e-09", "5e-09"]),
        (0, 3e9, ["0", "5e+08", "1e+09", "1.5e+09", "2e+09", "2.5e+09", "3e+09"]),
    ],
)
def test_marks_are_round_numbers_with_the_decimals_they_need(low, high, expected):
    assert texts(low, high) == expected


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12), st.integers(2, 12))
def test_marks_lie_inside_evenly_and_are_about_as_many_as_there_is_room_for(low, width, most):
    if width < 1e-9 * abs(low):
        return
    high = low + width
    places = np.array([tick.at for tick in ticks(Axis(low, high), most)])
    assert 1 <= len(places) <= 1.25 * most + 1
    assert (places >= low - 1e-6 * width).all()
    assert (places <= high + 1e-6 * width).all()
    np.testing.assert_allclose(np.diff(places), np.diff(places)[:1].repeat(len(places) - 1), rtol=1e-3)


def test_seconds_are_written_in_the_unit_of_the_axis_at_their_own_place():
    found = ticks(Axis(0, 7200, scale=1 / 3600), 4)
    assert [tick.text for tick in found] == ["0.0", "0.5", "1.0", "1.5", "2.0"]
    assert [tick.at for tick in found] == [0, 1800, 3600, 5400, 7200]


def test_a_logarithmic_axis_has_powers_of_ten_thinned_out_or_filled_up():
    assert texts(0, 4, log=True) == ["1", "10", "100", "1,000", "10,000"]
    assert texts(0, 12, most=4, log=True) == ["1", "10,000", "1e+08", "1e+12"]
    assert texts(0, 1, log=True) == ["1", "2", "5", "10"]
    assert texts(np.log10(3.1), np.log10(3.9), log=True) == ["3.2", "3.4", "3.6", "3.8"]


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (0.0, np.inf)])
def test_an_axis_without_a_width_has_no_marks(low, high):
    assert texts(low, high) == []


def test_a_range_stays_while_the_data_is_inside_and_fills_most_of_it():
    assert grown((0, 110), (1, 105), (-1, 107), 0.15, 0.06) == (0, 110)


def test_a_range_that_the_data_passes_gets_room_at_that_end_alone():
    low, high = grown((0, 100), (1, 120), (-2, 122), 0.15, 0.06)
    assert low == -2
    assert high == pytest.approx(122 + 0.06 * 124)


def test_a_range_that_is_far_too_wide_shrinks_to_the_data():
    assert grown((0, 1000), (1, 100), (0, 101), 0.15, 0.06) == (0, 101)
