"""What the filter bar offers at the cursor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.app.explorer.columns import Columns
from workbench.app.explorer.filter_completion import completions
from workbench.app.explorer.filter_parser import parse
from workbench.app.explorer.filter_words import FilterError
from workbench.app.explorer.filters import Filter


@pytest.fixture
def columns(stored_set):
    labels = ["dog", "cat", "cat", "tabby cat", "cat", "tabby cat", "and"]
    table = {"label": labels, "loss": np.linspace(0, 1, 7), "fold": [0, 1, 1, 1, 2, 2, 1], "and": [True] * 7}
    return Columns(stored_set(table))


def offered(marked, columns):
    """The texts offered at the bar in a filter, and the filter with the first of them put in."""
    cursor = marked.index("|")
    text = marked.replace("|", "")
    found = completions(text, cursor, columns)
    done = text[: found[0].start] + found[0].text + text[found[0].end :] if found else text
    return [one.text for one in found], done


@pytest.mark.parametrize(
    ("marked", "texts", "done"),
    [
        ("|", ["id", "label", "loss", "fold", '"and"', "row", "selected", "not"], "id"),
        ("lo|", ["loss"], "loss"),
        ("AN|", ['"and"'], '"and"'),
        ("la|el = cat", ["label"], "label = cat"),
        ("label |", ["=", "!=", "in", "not in", "has", "matches", "is empty", "is not empty"], "label ="),
        ("loss |", ["=", "!=", "<", "<=", ">", ">=", "in", "not in", "is empty", "is not empty"], "loss ="),
        ("label = |", ["cat", '"tabby cat"', "dog", '"and"'], "label = cat"),
        ("label = ca|", ["cat", '"tabby cat"'], "label = cat"),
        ('label = "ta| and loss > 3', ['"tabby cat"'], 'label = "tabby cat" and loss > 3'),
        ('label = "do|g" and loss > 3', ["dog"], "label = dog and loss > 3"),
        ("label in (|", ["cat", '"tabby cat"', "dog", '"and"'], "label in (cat"),
        ("label in (cat |", [",", ")"], "label in (cat ,"),
        ("label in |", ["("], "label in ("),
        ("fold = |", ["1", "2", "0"], "fold = 1"),
        ('"and" = |', ["true"], '"and" = true'),
        ("loss > |", [], "loss > "),
        ("loss in 0.1|", [], "loss in 0.1"),
        ("loss in 0.1 |", [".."], "loss in 0.1 .."),
        ("label = cat |", ["and", "or"], "label = cat and"),
        ("label = cat o|", ["or"], "label = cat or"),
        ("(label = cat |", ["and", "or", ")"], "(label = cat and"),
        ("not |", ["id", "label", "loss", "fold", '"and"', "row", "selected", "not"], "not id"),
        ("label is |", ["empty", "not empty"], "label is empty"),
        ("label = = |", [], "label = = "),
        ("label = cat) |", [], "label = cat) "),
        ("colour = |", [], "colour = "),
    ],
)
def test_what_could_stand_at_the_cursor_is_offered(marked, texts, done, columns):
    assert offered(marked, columns) == (texts, done)


def test_values_come_with_their_counts_and_columns_with_what_they_hold(columns):
    assert [(one.text, one.note) for one in completions("label = do", 10, columns)] == [("dog", "1 point")]
    notes = {one.text: one.note for one in completions("", 0, columns)}
    assert (notes["label"], notes["loss"], notes['"and"']) == ("text", "number", "true or false")


def test_at_most_twenty_of_a_hundred_thousand_values_are_offered(stored_set):
    columns = Columns(stored_set({"label": [f"w{row // 2}" if row < 8 else f"w{row}" for row in range(100_000)]}))
    found = completions("label = w", 9, columns)
    assert len(found) == 20
    assert {one.text for one in found[:4]} == {"w0", "w1", "w2", "w3"}


def test_no_value_is_offered_in_a_set_without_points(empty_set):
    assert completions("label = ", 8, Columns(empty_set)) == []


def test_a_value_with_quotes_and_backslashes_is_offered_as_a_filter_that_finds_it(stored_set):
    columns = Columns(stored_set({"label": ['say "hi"\\', "x"]}))
    _, done = offered("label = say|", columns)
    assert Filter.of(done).mask(columns).tolist() == [True, False]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ab \"'()/\\=!<>.,label and or not in is has", max_size=20), st.data())
def test_any_text_and_cursor_gives_places_within_the_text(columns, text, data):
    cursor = data.draw(st.integers(0, len(text)))
    for found in completions(text, cursor, columns):
        assert 0 <= found.start <= cursor <= found.end <= len(text)


def test_a_condition_made_of_first_offers_is_a_filter(columns):
    text = ""
    for _ in range(3):
        text += completions(text, len(text), columns)[0].text + " "
    try:
        parse(text)
    except FilterError as error:
        pytest.fail(f"{text!r}: {error}")
