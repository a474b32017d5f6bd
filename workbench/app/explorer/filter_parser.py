"""The filter language's grammar, by recursive descent.

    filter     = [ either ]
    either     = both { "or" both }
    both       = negated { "and" negated }
    negated    = "not" negated | "(" either ")" | "selected" | condition
    condition  = operand ( comparison value
                         | [ "not" ] "in" ( "(" value { "," value } ")" | value ".." value )
                         | "has" value
                         | "matches" "/" regular expression "/"
                         | "is" [ "not" ] "empty" )
    operand    = column | "row"

Keywords may be written in capitals. A name or value is a bare word, or any text in single or double quotes in which a
backslash takes the next character as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn, cast

from workbench.app.explorer.filter_tree import (
    All,
    And,
    Between,
    Column,
    Compare,
    Empty,
    Has,
    Matches,
    Node,
    Not,
    OneOf,
    Operand,
    Operator,
    Or,
    RowNumber,
    Selected,
    Value,
)
from workbench.app.explorer.filter_words import (
    AND,
    COLUMN,
    COMPARISONS,
    EMPTY,
    END,
    HAS,
    IN,
    IS,
    MATCHES,
    NOT,
    OR,
    PATTERN,
    ROW,
    SELECTED,
    VALUE,
    FilterError,
    Token,
    tokens,
)

TERM = (COLUMN, ROW, SELECTED, NOT, "(")
OPERATORS = (*COMPARISONS, IN, "not in", HAS, MATCHES, "is empty", "is not empty")
JOINTS = (AND, OR)
DEEPEST = 50


def parse(text: str) -> Node:
    """What a filter says; raises FilterError with the position and what could stand there."""
    return parse_tokens(tokens(text))


def parse_tokens(pieces: Sequence[Token]) -> Node:
    """What tokens say, the last of which is the end; raises FilterError."""
    if pieces[0].kind == "end":
        return All()
    return _Parser(pieces).whole()


class _Parser:
    def __init__(self, pieces: Sequence[Token]) -> None:
        self._pieces = pieces
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._either()
        if self._token.kind != "end":
            self._fail((*JOINTS, END))
        return node

    @property
    def _token(self) -> Token:
        return self._pieces[self._at]

    # -- what joins conditions -------------------------------------------------------------------------------------

    def _either(self) -> Node:
        terms = self._joined(OR, self._both)
        return terms[0] if len(terms) == 1 else Or(terms)

    def _both(self) -> Node:
        terms = self._joined(AND, self._negated)
        return terms[0] if len(terms) == 1 else And(terms)

    def _joined(self, keyword: str, part: Callable[[], Node]) -> tuple[Node, ...]:
        terms = [part()]
        while self._takes(keyword):
            terms.append(part())
        return tuple(terms)

    def _negated(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            token = self._token
            raise FilterError(f"This lies in more than {DEEPEST} parentheses.", token.start, token.end)
        node = self._term()
        self._depth -= 1
        return node

    def _term(self) -> Node:
        if self._takes(NOT):
            return Not(self._negated())
        if self._takes_mark("("):
            node = self._either()
            if not self._takes_mark(")"):
                self._fail((*JOINTS, ")"))
            return node
        if self._takes(SELECTED):
            return Selected()
        return self._condition()

    # -- conditions ------------------------------------------------------------------------------------------------

    def _condition(self) -> Node:
        operand = self._operand()
        token = self._token
        if token.kind == "operator":
            self._at += 1
            return Compare(operand, cast(Operator, token.text), self._value(operand))
        if self._takes(NOT):
            if not self._takes(IN):
                self._fail((IN,))
            return Not(self._in(operand))
        forms: dict[str, Callable[[Operand], Node]] = {
            HAS: lambda operand: Has(operand, self._value(operand)),
            MATCHES: lambda operand: Matches(operand, self._pattern()),
            IS: self._empty,
            IN: self._in,
        }
        if token.keyword not in forms:
            self._fail(OPERATORS, operand)
        self._at += 1
        return forms[token.keyword](operand)

    def _operand(self) -> Operand:
        token = self._token
        if token.keyword == ROW:
            self._at += 1
            return RowNumber(token.text.casefold(), token.start, token.end)
        if token.keyword:
            self._fail(TERM, hint=f'Put quotes around a column of that name: "{token.text}".')
        if token.kind not in ("word", "quoted"):
            self._fail(TERM)
        self._at += 1
        return Column(token.text, token.start, token.end)

    def _value(self, operand: Operand, expected: tuple[str, ...] = (VALUE,)) -> Value:
        token = self._token
        if token.keyword in (AND, OR, NOT):
            self._fail(expected, operand, f'Put quotes around a value of that name: "{token.text}".')
        if token.kind not in ("word", "quoted"):
            self._fail(expected, operand)
        self._at += 1
        return Value(token.text, token.start, token.end)

    def _pattern(self) -> Value:
        token = self._token
        if token.kind != "regex":
            self._fail((PATTERN,))
        self._at += 1
        return Value(token.text, token.start, token.end)

    def _empty(self, operand: Operand) -> Node:
        negated = self._takes(NOT)
        if not self._takes(EMPTY):
            self._fail((EMPTY,) if negated else (EMPTY, "not empty"))
        return Not(Empty(operand)) if negated else Empty(operand)

    def _in(self, operand: Operand) -> Node:
        if not self._takes_mark("("):
            low = self._value(operand, ("(", VALUE))
            if self._token.kind != "range":
                self._fail(("..",), hint="Put several values into parentheses: in (a, b).")
            self._at += 1
            return Between(operand, low, self._value(operand))
        values = [self._value(operand)]
        while self._takes_mark(","):
            values.append(self._value(operand))
        if not self._takes_mark(")"):
            self._fail((",", ")"))
        return OneOf(operand, tuple(values))

    # -- tokens ----------------------------------------------------------------------------------------------------

    def _takes(self, keyword: str) -> bool:
        taken = self._token.keyword == keyword
        self._at += taken
        return taken

    def _takes_mark(self, mark: str) -> bool:
        taken = self._token.kind == "mark" and self._token.text == mark
        self._at += taken
        return taken

    def _fail(self, expected: tuple[str, ...], operand: Operand | None = None, hint: str = "") -> NoReturn:
        token = self._token
        early = token.kind == "end"
        problem = "The filter ends too early." if early else f"{token.text!r} does not fit here."
        column = operand.text if isinstance(operand, Column) else ""
        raise FilterError(problem, token.start, token.end, expected, column, hint or self._phrase(expected))

    def _phrase(self, expected: tuple[str, ...]) -> str:
        """The way out where a value of several words stands without quotes; else ""."""
        if AND not in expected or not self._at:
            return ""
        words = [self._pieces[self._at - 1].text]
        for piece in self._pieces[self._at :]:
            if piece.kind != "word" or piece.keyword in (AND, OR):
                break
            words.append(piece.text)
        return f'Put quotes around a value of several words: "{" ".join(words)}".' if words[1:] else ""
