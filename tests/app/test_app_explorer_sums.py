"""Points named in a line of text."""

from __future__ import annotations

import pytest

from workbench.app.explorer.sums import name_of_row, parse_sum, term_of, word_at, written_sum
from workbench.core.errors import WorkbenchError


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("king - man + woman", [("king", 1), ("man", -1), ("woman", 1)]),
        ("king -man +woman", [("king", 1), ("man", -1), ("woman", 1)]),
        ("king \N{MINUS SIGN} man", [("king", 1), ("man", -1)]),
        ("-well-known  old", [("well-known", -1), ("old", 1)]),
        ('paris - "new york"', [("paris", 1), ("new york", -1)]),
        ('"-lrb-" + "#7"', [("-lrb-", 1), ("#7", 1)]),
        ("#42 - #7", [(42, 1), (7, -1)]),
        ("  ", []),
    ],
)
def test_a_sum_is_read_as_words_or_rows_with_their_signs(text, terms):
    assert [(term.get("row", term.get("text")), term["sign"]) for term in parse_sum(text)] == terms


@pytest.mark.parametrize("text", ["king -", "king + - man", "- ", 'king - "new york', '"'])
def test_a_sum_that_cannot_be_read_is_refused(text):
    with pytest.raises(WorkbenchError):
        parse_sum(text)


@pytest.mark.parametrize("word", ["king", "new york", "-lrb-", "#7", "well-known", "+", 'say "hi"', "", "a" * 60])
def test_a_point_is_written_so_that_it_is_read_back_as_the_same(word):
    name = name_of_row(31, word)
    expected = {"row": 31} if '"' in word or not word or len(word) > 40 else {"text": word}
    assert term_of(name) == expected
    assert parse_sum(f"{name} - {name}") == [{**expected, "sign": 1}, {**expected, "sign": -1}]


def test_a_sum_is_written_back_as_it_was_read():
    terms = parse_sum('#4 -"new york" + king')
    assert parse_sum(written_sum(terms)) == terms
    assert written_sum(terms) == '#4 - "new york" + king'


@pytest.mark.parametrize(
    ("text", "cursor", "word"),
    [
        ("king - wom", 10, "wom"),
        ("king -wom", 9, "wom"),
        ("king - man", 2, "king"),
        ("king - ", 7, ""),
        ('paris - "new yo', 15, '"new yo'),
    ],
)
def test_the_word_at_the_cursor_is_the_one_that_is_completed(text, cursor, word):
    start, end = word_at(text, cursor)
    assert text[start:end] == word
