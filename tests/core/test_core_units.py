"""Quantities as people write and read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import WorkbenchError, nearest, unknown
from workbench.core.units import format_bytes, format_count, format_duration, parse_duration_s


@pytest.mark.parametrize(
    ("text", "seconds"), [("120s", 120), ("2m", 120), ("2min", 120), ("1h30m", 5400), ("45", 45), ("1.5 h", 5400)]
)
def test_durations_are_read(text, seconds):
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 apples", "-3s", "1h-2m"])
def test_what_is_no_duration_is_named(text):
    with pytest.raises(WorkbenchError, match="is not a duration"):
        parse_duration_s(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.44, "0.4 s"),
        (42, "42 s"),
        (59.7, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7620, "2 h 07 min"),
        (273600, "3 d 4 h"),
        (math.inf, "unknown"),
    ],
)
def test_durations_are_written(seconds, words):
    assert format_duration(seconds) == words


@given(st.integers(0, 10**7))
def test_a_written_duration_is_read_back_within_its_last_unit(seconds):
    unit = 1 if seconds < 3600 else 60 if seconds < 86400 else 3600
    assert abs(parse_duration_s(format_duration(seconds)) - seconds) <= unit


@pytest.mark.parametrize(("number", "words"), [(950, "950"), (8000, "8k"), (1_250_000, "1.25M"), (0.5, "0.5")])
def test_counts_are_short(number, words):
    assert format_count(number) == words


def test_sizes_are_in_powers_of_a_thousand():
    assert [format_bytes(size) for size in (512, 3_400_000, 12e9)] == ["512 B", "3.4 MB", "12 GB"]


def test_the_nearest_name_is_suggested_whatever_its_case():
    assert nearest("SimCLIR", ["simclr", "rotation"]) == "simclr"
    assert nearest("zzz", ["simclr"]) is None
    assert unknown("objective", "simclir", ["simclr"]) == (
        "There is no objective 'simclir'. Did you mean 'simclr'? Known: simclr."
    )
