"""What a filter says, as a tree, and back to text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from workbench.app.explorer.filter_words import quoted, slashed

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Piece:
    """A name or value as written; two are equal wherever they stand.

    start, end : positions in the filter; `end` lies behind the last character
    """

    text: str
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Column(Piece):
    """A column by its name."""

    def __str__(self) -> str:
        return quoted(self.text)


@dataclass(frozen=True)
class RowNumber(Piece):
    """The number of the row, from 0; a column called so is written in quotes."""

    text: str = "row"

    def __str__(self) -> str:
        return "row"


@dataclass(frozen=True)
class Value(Piece):
    """A value as text; whether it is a number depends on what it is compared with."""

    def __str__(self) -> str:
        return quoted(self.text)


Operand: TypeAlias = Column | RowNumber


@dataclass(frozen=True)
class Compare:
    """`loss > 0.5`"""

    operand: Operand
    operator: Operator
    value: Value

    def __str__(self) -> str:
        return f"{self.operand} {self.operator} {self.value}"


@dataclass(frozen=True)
class OneOf:
    """`label in (cat, dog)`"""

    operand: Operand
    values: tuple[Value, ...]

    def __str__(self) -> str:
        return f"{self.operand} in ({', '.join(map(str, self.values))})"


@dataclass(frozen=True)
class Between:
    """`loss in 0.1..0.5`, both ends included"""

    operand: Operand
    low: Value
    high: Value

    def __str__(self) -> str:
        return f"{self.operand} in {self.low}..{self.high}"


@dataclass(frozen=True)
class Has:
    """`text has "sat on"`, upper and lower case alike"""

    operand: Operand
    value: Value

    def __str__(self) -> str:
        return f"{self.operand} has {self.value}"


@dataclass(frozen=True)
class Matches:
    """`text matches /^the/`"""

    operand: Operand
    pattern: Value

    def __str__(self) -> str:
        return f"{self.operand} matches {slashed(self.pattern.text)}"


@dataclass(frozen=True)
class Empty:
    """`label is empty`"""

    operand: Operand

    def __str__(self) -> str:
        return f"{self.operand} is empty"


@dataclass(frozen=True)
class Selected:
    """`selected`"""

    def __str__(self) -> str:
        return "selected"


@dataclass(frozen=True)
class All:
    """The empty filter."""

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True)
class Not:
    """`not label = cat`"""

    term: Node

    def __str__(self) -> str:
        return f"not {_inside(self.term)}"


@dataclass(frozen=True)
class And:
    """`label = cat and loss > 0.5`; two terms or more"""

    terms: tuple[Node, ...]

    def __str__(self) -> str:
        return " and ".join(map(_inside, self.terms))


@dataclass(frozen=True)
class Or:
    """`label = cat or label = dog`; two terms or more"""

    terms: tuple[Node, ...]

    def __str__(self) -> str:
        # `and` binds more tightly: it needs no parentheses here.
        return " or ".join(str(term) if isinstance(term, And) else _inside(term) for term in self.terms)


Condition: TypeAlias = Compare | OneOf | Between | Has | Matches | Empty
Node: TypeAlias = Condition | Selected | All | Not | And | Or


def format_filter(node: Node) -> str:
    """The canonical text of a filter: parsed, it is the same tree."""
    return str(node)


def leaves(node: Node) -> Iterator[Condition | Selected]:
    """The conditions of a filter, from left to right."""
    if isinstance(node, Not):
        yield from leaves(node.term)
    elif isinstance(node, And | Or):
        for term in node.terms:
            yield from leaves(term)
    elif not isinstance(node, All):
        yield node


def _inside(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)
