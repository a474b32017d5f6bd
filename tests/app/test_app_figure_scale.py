"""The ends of a figure's colours: round, symmetric where needed, steady along a run."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.app.figure_scale import joined, value_range


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([0.1, 0.9], (0.0, 1.0)),
        ([0.1, 1.0000001], (0.0, 1.0)),
        ([-0.3, 0.9], (-1.0, 1.0)),
        ([0.0, 0.013], (0.0, 0.02)),
        ([0.0, 320.0], (0.0, 500.0)),
        ([0.0, 0.0], (0.0, 1.0)),
        ([np.nan, 3.0, np.inf], (0.0, 5.0)),
        ([np.nan], (0.0, 1.0)),
        ([-1e-9, 1.0], (0.0, 1.0)),
    ],
)
def test_a_scale_ends_at_a_round_number_and_reaches_as_far_below_zero_where_values_do(values, ends):
    assert value_range(np.array(values)) == pytest.approx(ends)


def test_scales_of_several_moments_join_to_one_that_holds_them_all():
    assert joined(None, (0.0, 1.0)) == (0.0, 1.0)
    assert joined((0.0, 1.0), (-0.5, 0.5)) == (-1.0, 1.0)
    assert joined((-1.0, 1.0), (0.0, 2.0)) == (-2.0, 2.0)
