"""Groups of points in words: what is written is read again, and what cannot be read says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import DataError
from workbench.runs.point_groups import group_name, group_size, group_text, group_texts, read_group

IDS = ["bee", "cat, tame", "dog", "7", "a;b"]


@given(st.text(max_size=20), st.sets(st.integers(0, 60), min_size=1))
def test_rows_come_back_as_they_were_written_under_any_name(name: str, rows: set[int]) -> None:
    text = group_text(name, np.array(sorted(rows)))
    assert group_texts(f"{text}; #0") == [text, "#0"]
    assert read_group(text, [], 61).rows.tolist() == sorted(rows)
    assert group_size(text) == len(rows)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("mine: bee, dog", [0, 2]),
        ('"cat, tame", #3-4', [1, 3, 4]),
        ("7", [3]),
        ("4, 4, bee", [0, 4]),
        ("#1", [1]),
        ("empty:", []),
        ('"a;b"', [4]),
    ],
)
def test_items_are_rows_with_a_sign_then_ids_then_numbers(text: str, rows: list[int]) -> None:
    assert read_group(text, IDS, 5).rows.tolist() == rows


def test_semicolons_part_groups_but_not_within_quotes() -> None:
    texts = group_texts('first: "a;b", bee; ; second: #1-2;')
    assert texts == ['first: "a;b", bee', "second: #1-2"]
    assert [group_name(text) for text in texts] == ["first", "second"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dogg", "There is no point 'dogg'. Did you mean 'dog'"),
        ("#3-9", "There are no rows '#3-9'. Rows run from #0 to #4"),
        ("#3-2", "There are no rows '#3-2'"),
    ],
)
def test_points_that_there_are_not_are_named_with_the_way_out(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_group(text, IDS, 5)
