"""Strength: settings moved between their neutral values and what they state."""

from __future__ import annotations

import pytest

from workbench.plugins.strength import has_strength, scaled
from workbench.views.table import OPERATIONS

SCHEMA = {
    "properties": {
        "p": {"type": "number"},
        "amount": {"neutral": 0.0, "minimum": 0, "maximum": 1},
        "area": {"neutral": [1.0, 1.0], "prefixItems": [{"exclusiveMinimum": 0, "maximum": 1}] * 2},
        "ratio": {"neutral": [1.0, 1.0], "log": True, "prefixItems": [{"minimum": 0.1, "maximum": 10}] * 2},
        "bits": {"neutral": 8, "minimum": 1, "maximum": 8},
    }
}
SETTINGS = {"p": 0.5, "amount": 0.4, "area": [0.2, 1.0], "ratio": [0.5, 2.0], "bits": 4}


def test_strength_one_changes_nothing():
    assert scaled(SETTINGS, SCHEMA, 1) == SETTINGS


def test_strength_zero_is_neutral_and_leaves_the_probability():
    assert scaled(SETTINGS, SCHEMA, 0) == {"p": 0.5, "amount": 0.0, "area": [1, 1], "ratio": [1, 1], "bits": 8}


def test_half_strength_goes_half_way_and_by_the_root_on_a_logarithmic_scale():
    half = scaled(SETTINGS, SCHEMA, 0.5)
    assert half["amount"] == pytest.approx(0.2)
    assert half["area"] == pytest.approx([0.6, 1.0])
    assert half["ratio"] == pytest.approx([0.5**0.5, 2**0.5])
    assert half["bits"] == 6


def test_double_strength_stays_within_the_bounds():
    twice = scaled(SETTINGS, SCHEMA, 2)
    assert twice["amount"] == pytest.approx(0.8)
    assert 0 < twice["area"][0] < 1e-5
    assert twice["bits"] == 1


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.spec.id)
@pytest.mark.parametrize("strength", [0.0, 0.25, 1.5, 2.0])
def test_every_operation_takes_its_settings_at_every_strength(operation, strength):
    schema = operation.Config.model_json_schema()
    config = operation.Config(**scaled(operation.Config().model_dump(), schema, strength))
    assert has_strength(schema) or config == operation.Config()
