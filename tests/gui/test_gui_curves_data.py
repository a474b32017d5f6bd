"""Smoothing, envelopes and series: the numbers under the curves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.app.smooth import smooth
from workbench.gui.curves.envelope import envelope, lone
from workbench.gui.curves.panel import slider_of_weight, weight_of_slider
from workbench.gui.curves.series import CurveOptions, Series, SeriesStyle

values = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([np.nan, np.inf, -np.inf]))


def average(numbers, weight):
    """The debiased moving average, one value after the other."""
    state, mass, result = 0.0, 0.0, []
    for number in numbers:
        if not np.isfinite(number):
            result.append(np.nan)
            continue
        state = weight * state + (1 - weight) * number
        mass = weight * mass + (1 - weight)
        result.append(state / mass)
    return np.array(result)


@settings(max_examples=60, deadline=None)
@given(st.lists(values, max_size=300), st.floats(0.001, 0.999))
def test_smoothing_equals_a_straight_loop(numbers, weight):
    scale = max([abs(number) for number in numbers if np.isfinite(number)], default=1.0)
    np.testing.assert_allclose(smooth(numbers, weight), average(numbers, weight), rtol=1e-9, atol=1e-9 * scale)


def test_smoothing_a_long_curve_equals_a_straight_loop():
    numbers = np.random.default_rng(0).normal(size=5000)
    np.testing.assert_allclose(smooth(numbers, 0.995), average(numbers, 0.995), rtol=1e-8, atol=1e-10)


def test_a_constant_stays_itself_from_the_first_value_on():
    np.testing.assert_allclose(smooth(np.full(1000, 3.5), 0.99), 3.5)


def test_no_smoothing_changes_nothing_but_infinities():
    np.testing.assert_array_equal(smooth([1.0, np.inf, 2.0], 0.0), [1.0, np.nan, 2.0])


@pytest.mark.parametrize("weight", [-0.1, 1.0, 2.0])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(ValueError, match=str(weight)):
        smooth([1.0], weight)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 999_999), st.floats(0, 1), st.floats(1e-5, 1), st.integers(100, 2000))
def test_a_spike_of_one_sample_is_drawn_at_every_zoom(at, share, width, columns):
    x, y = _million()
    y[at] = 50.0
    span = width * 1_000_000
    low = at - share * span
    drawn_x, drawn_y = (drawn.copy() for drawn in envelope(x, y, low, low + span, columns, flat=0.5))
    y[at] = 0.0
    peak = int(drawn_y.argmax())
    assert drawn_y[peak] == 50.0
    assert abs(drawn_x[peak] - at) <= max(1.0, span / columns)
    assert len(drawn_x) <= 2 * columns + 4


_ARRAYS = []


def _million():
    """One pair of arrays for all examples; each takes its spike away again."""
    if not _ARRAYS:
        _ARRAYS.extend([np.arange(1_000_000, dtype=float), np.zeros(1_000_000)])
    return _ARRAYS


def test_every_column_shows_its_extremes():
    rng = np.random.default_rng(2)
    x, y = np.sort(rng.uniform(0, 100, 20_000)), rng.normal(size=20_000)
    drawn_x, drawn_y = envelope(x, y, 0, 100, 50)
    for column in range(50):
        inside = (x >= column * 2) & (x < column * 2 + 2)
        drawn = (drawn_x >= column * 2) & (drawn_x < column * 2 + 2)
        assert drawn_y[drawn].min() == y[inside].min()
        assert drawn_y[drawn].max() == y[inside].max()


def test_few_samples_are_drawn_as_they_are_with_one_beyond_each_end():
    x, y = np.arange(10.0), np.arange(10.0) ** 2
    drawn_x, drawn_y = envelope(x, y, 2.5, 5.5, 100)
    assert drawn_x.tolist() == [2, 3, 4, 5, 6]
    assert drawn_y.tolist() == [4, 9, 16, 25, 36]


def test_columns_without_a_number_are_gaps():
    y = np.ones(10_000)
    y[4000:6000] = np.nan
    drawn_x, drawn_y = envelope(np.arange(10_000.0), y, 0, 10_000, 100)
    gap = np.isnan(drawn_y)
    assert gap.any()
    assert drawn_x[gap].min() >= 3900
    assert drawn_x[gap].max() <= 6100


def test_values_without_finite_neighbours_are_found():
    assert lone(np.array([1, np.nan, 2, 3, np.nan, 4.0])).tolist() == [0, 5]
    assert lone(np.array([7.0])).tolist() == [0]


def test_a_step_that_goes_back_after_a_resume_is_drawn_in_the_order_of_the_axis():
    series = Series(SeriesStyle("run", "#3c78d2"))
    series.append({"step": [0, 1, 2, 3]}, [4.0, 3.0, 2.0, 9.0])
    series.append({"step": [2, 3]}, [2.5, 1.5])
    shown = series.shown(CurveOptions(smoothing=0))
    assert shown.x.tolist() == [0, 1, 2, 2, 3, 3]
    assert shown.raw.tolist() == [4, 3, 2, 2.5, 9, 1.5]


def test_what_a_logarithmic_axis_cannot_show_is_counted_and_what_is_no_number_flagged():
    series = Series(SeriesStyle("run", "#3c78d2"))
    series.append({"step": [0, 1, 10, 100, 1000]}, [1.0, 0.0, np.nan, -2.0, 100.0])
    shown = series.shown(CurveOptions(smoothing=0, log_x=True, log_y=True))
    assert shown.lost == 3
    assert shown.flags.tolist() == [1.0]
    np.testing.assert_array_equal(shown.x, [0, 1, 2, 3])
    np.testing.assert_array_equal(shown.raw, [np.nan, np.nan, np.nan, 2])


@pytest.mark.parametrize(("goal", "expected"), [("min", (3.0, 0.5)), ("max", (1.0, 9.0)), ("", None)])
def test_the_best_value_follows_the_goal_and_ignores_what_is_no_number(goal, expected):
    series = Series(SeriesStyle("run", "#3c78d2", goal))
    series.append({"step": [0, 1, 2, 3, 4]}, [4.0, 9.0, np.nan, 0.5, -np.inf])
    assert series.best("step") == expected


def test_samples_that_do_not_fit_are_refused():
    series = Series(SeriesStyle("kNN", "#3c78d2"))
    with pytest.raises(ValueError, match="2 positions on 'step' do not fit 1"):
        series.append({"step": [0, 1]}, [1.0])
    series.append({"step": [0]}, [1.0])
    with pytest.raises(ValueError, match=r"'kNN' has the axes \['step'\]"):
        series.append({"epoch": [0]}, [1.0])


def test_the_slider_reaches_from_none_to_heavy_and_back():
    assert weight_of_slider(0) == 0
    assert weight_of_slider(300) == 0.999
    for position in (0, 1, 50, 133, 299):
        assert slider_of_weight(weight_of_slider(position)) == position
