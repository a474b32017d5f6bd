"""What could stand at the cursor of a filter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workbench.app.explorer.columns import Columns
from workbench.app.explorer.filter_parser import JOINTS, TERM, parse_tokens
from workbench.app.explorer.filter_words import (
    COLUMN,
    END,
    HAS,
    MATCHES,
    NOT,
    PATTERN,
    ROW,
    SELECTED,
    VALUE,
    FilterError,
    Token,
    quoted,
    tokens,
)
from workbench.core.units import points_words

MOST_VALUES = 20
_ORDERED = frozenset({"<", "<=", ">", ">="})
_FREELY_TYPED = frozenset({VALUE, PATTERN, END})


@dataclass(frozen=True)
class Completion:
    """A text that may take the place of what stands between two positions.

    start, end : positions in the filter; `end` lies behind the last character
    note : a few words about it, such as how many points have the value
    """

    text: str
    start: int
    end: int
    note: str = ""


def completions(text: str, cursor: int, columns: Columns) -> list[Completion]:
    """What could stand at the cursor, the likeliest first; nothing where the filter is wrong before it.

    What begins as the word at the cursor comes before what only contains it. Of a column's values there are at most 20,
    the most frequent ones.
    """
    *before, end = tokens(text[:cursor], unclosed=True)
    touched = before.pop() if before and before[-1].end == cursor and before[-1].kind in ("word", "quoted") else end
    place = (touched.start, _end(text, touched, cursor))
    try:
        expected, column = _expected([*before, Token("end", "", touched.start, touched.start)])
    except FilterError:
        return []
    options = _options(expected, column, touched.text, columns)
    return [Completion(option, *place, note) for option, note in options if option != touched.text]


def _expected(pieces: list[Token]) -> tuple[tuple[str, ...], str]:
    """What may follow the pieces, and the column that it belongs to; raises FilterError where they are wrong."""
    if len(pieces) == 1:
        return TERM, ""
    try:
        parse_tokens(pieces)
    except FilterError as error:
        if error.start < pieces[-1].start or not error.expected:
            raise
        return error.expected, error.column
    return JOINTS, ""


def _end(text: str, touched: Token, cursor: int) -> int:
    """Where the word that the cursor touches ends; the cursor where its quote is still open."""
    try:
        return next((token.end for token in tokens(text) if token.start == touched.start), cursor)
    except FilterError:
        return cursor


def _options(expected: tuple[str, ...], column: str, like: str, columns: Columns) -> list[tuple[str, str]]:
    if COLUMN in expected:
        keywords = [(ROW, "number of the row"), (SELECTED, "the selected points"), (NOT, "")]
        named = [(quoted(name), _about(name, columns)) for name in columns.names]
        return _alike([*named, *keywords], like)
    if VALUE in expected and "(" not in expected:
        return _values(column, like, columns)
    fixed = [option for option in expected if option not in _FREELY_TYPED and _goes_with(option, column, columns)]
    return _alike(((option, "") for option in fixed), like)


def _about(name: str, columns: Columns) -> str:
    title = columns.title(name)
    return title if title != name else {"truth": "true or false"}.get(kind := columns.compared_as(name), kind)


def _goes_with(option: str, column: str, columns: Columns) -> bool:
    if column not in columns.names:
        return True
    texts = columns.compared_as(column) in ("text", "truth")
    return option not in (_ORDERED if texts else (HAS, MATCHES))


def _values(column: str, like: str, columns: Columns) -> list[tuple[str, str]]:
    if column not in columns.names or not _has_names(column, columns):
        return []
    found = columns.frequent(column, like, MOST_VALUES)
    return [(quoted(value), points_words(count)) for value, count in found]


def _has_names(column: str, columns: Columns) -> bool:
    """Whether the column has values that can be listed: texts, truth values, few whole numbers."""
    from workbench.runs.embedding_columns import Categorical

    if columns.compared_as(column) in ("text", "truth"):
        return True
    return isinstance(columns.colours(column), Categorical)


def _alike(options: Iterable[tuple[str, str]], like: str) -> list[tuple[str, str]]:
    small = like.casefold()
    found = [option for option in options if small in option[0].casefold()]
    return sorted(found, key=lambda option: not option[0].strip('"').casefold().startswith(small))
