"""The words of the filter language: text to tokens, and the error that says where it went wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.core.errors import WorkbenchError

TokenKind = Literal["word", "quoted", "regex", "operator", "range", "mark", "end"]

AND, OR, NOT, IN, IS, EMPTY, HAS, MATCHES, SELECTED, ROW = (
    "and", "or", "not", "in", "is", "empty", "has", "matches", "selected", "row",
)  # fmt: skip
KEYWORDS = frozenset({AND, OR, NOT, IN, IS, EMPTY, HAS, MATCHES, SELECTED, ROW})
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
COLUMN, VALUE, PATTERN, END = "a column", "a value", "a pattern such as /^tab/", "the end"

_PUNCTUATION = frozenset({"(", ")", ",", ".."})
_SIGNS = {"==": "=", "≠": "!=", "≤": "<=", "≥": ">="}
_WORD = r"""(?:(?!\.\.|!=)[^\s(),"'=<>≠≤≥])(?:(?!\.\.|!=)[^\s(),"=<>≠≤≥])*"""
_BARE = re.compile(_WORD)
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<operator>!=|<=|>=|==|[=<>≠≤≥])|(?P<range>\.\.)|(?P<mark>[(),])"""
    r"""|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<open>["'].*)|(?P<word>""" + _WORD + ")",
    re.DOTALL,
)
_REGEX = re.compile(r"\s*(/((?:[^/\\]|\\.)*)/)", re.DOTALL)


class FilterError(WorkbenchError):
    """A filter that cannot be understood.

    Parameters
    ----------
    problem : what is wrong, as a sentence
    start, end : where, as positions in the text counted from 0; `end` lies behind the last character
    expected : what could stand there instead
    column : whose value is expected, where that is known
    hint : the way out; made of `expected` when empty
    """

    def __init__(
        self, problem: str, start: int, end: int, expected: Sequence[str] = (), column: str = "", hint: str = ""
    ) -> None:
        instead = f"Here could stand {alternatives(expected)}." if expected else ""
        super().__init__(f"Character {start + 1}: {problem}", " ".join(part for part in (instead, hint) if part))
        self.problem = problem
        self.start, self.end = start, end
        self.expected = tuple(expected)
        self.column = column


@dataclass(frozen=True)
class Token:
    """A piece of a filter.

    text : its meaning: without quotes and escapes
    start, end : positions in the filter; `end` lies behind the last character
    """

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The keyword that it is, in small letters; "" for anything else, such as a quoted one."""
        small = self.text.casefold()
        return small if self.kind == "word" and small in KEYWORDS else ""


def tokens(text: str, unclosed: bool = False) -> list[Token]:
    """The pieces of a filter and its end.

    Parameters
    ----------
    unclosed : a quote that is not closed goes to the end, as while it is being typed

    Raises FilterError for a quote that is not closed otherwise.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        token = _pattern(text, at) if found and found[-1].keyword == MATCHES else None
        if token is None:
            token = _next(text, at, unclosed)
        if token is not None:
            found.append(token)
        at = token.end if token is not None else _after_space(text, at)
    return [*found, Token("end", "", len(text), len(text))]


def quoted(text: str) -> str:
    """A name or value as it stands in a filter: bare where it is one word that cannot be mistaken, else in quotes."""
    if _BARE.fullmatch(text) and text.casefold() not in KEYWORDS:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def slashed(pattern: str) -> str:
    """A regular expression between slashes."""
    return "/" + re.sub(r"\\.|/", lambda found: r"\/" if found[0] == "/" else found[0], pattern, flags=re.DOTALL) + "/"


def alternatives(options: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`; punctuation in quotes."""
    *most, last = (f'"{option}"' if option in _PUNCTUATION else option for option in options)
    return f"{', '.join(most)} or {last}" if most else last


def _pattern(text: str, at: int) -> Token | None:
    found = _REGEX.match(text, at)
    if found is None:
        return None
    # A slash is escaped only for the sake of the slashes around; every other escape is the pattern's own.
    pattern = re.sub(r"\\.", lambda pair: "/" if pair[0] == r"\/" else pair[0], found[2], flags=re.DOTALL)
    return Token("regex", pattern, found.start(1), found.end())


def _next(text: str, at: int, unclosed: bool) -> Token | None:
    """The token at a position; None where there is white space."""
    found = _TOKEN.match(text, at)
    assert found is not None
    kind, piece, end = found.lastgroup, found[0], found.end()
    if kind == "space":
        return None
    if kind == "open":
        if not unclosed:
            raise FilterError(f"The quote {piece[0]} is not closed.", at, end, hint=f"Write {piece[0]} at its end.")
        return Token("quoted", _unescaped(piece[1:]), at, end)
    if kind == "quoted":
        return Token("quoted", _unescaped(piece[1:-1]), at, end)
    if kind == "operator":
        return Token("operator", _SIGNS.get(piece, piece), at, end)
    if kind == "mark" or kind == "range":
        return Token("mark" if kind == "mark" else "range", piece, at, end)
    return Token("word", piece, at, end)


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
