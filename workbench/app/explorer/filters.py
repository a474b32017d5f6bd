"""Filters over the points of a set: `label = cat and loss > 0.5`.

A comparison with an empty cell does not hold, and `!=` is `not =`: `label != cat` keeps the points without a label.
Texts are compared as they are written; `has` takes upper and lower case alike; patterns are RE2's (`(?i)` at the start
takes both cases).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.app.explorer.columns import Columns, Comparison
from workbench.app.explorer.filter_parser import parse
from workbench.app.explorer.filter_tree import (
    All,
    And,
    Between,
    Column,
    Compare,
    Condition,
    Empty,
    Has,
    Matches,
    Node,
    Not,
    OneOf,
    Or,
    RowNumber,
    Selected,
    Value,
    format_filter,
    leaves,
)
from workbench.app.explorer.filter_words import FilterError
from workbench.core.errors import unknown

Mask = NDArray[np.bool_]

_COMPARE: dict[str, Callable[[Any, float], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_FOR_TEXTS = ("=", "!=", "in (...)", "has", "matches")
_FOR_NUMBERS = ("=", "!=", "<", "<=", ">", ">=", "in a..b")


@dataclass(frozen=True)
class FilterWarning:
    """What may not be meant as it is written; the filter holds nevertheless.

    start, end : positions in the filter; `end` lies behind the last character
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Filter:
    """A filter that has been understood: its text as written, and its tree."""

    text: str
    root: Node

    @classmethod
    def of(cls, text: str) -> Filter:
        """Understand a filter; an empty one keeps all points. Raises FilterError."""
        return cls(text, parse(text))

    @property
    def canonical(self) -> str:
        """The same filter, written the one way."""
        return format_filter(self.root)

    @cached_property
    def asks_selection(self) -> bool:
        """Whether the answer depends on what is selected."""
        return any(isinstance(leaf, Selected) for leaf in leaves(self.root))

    def mask(self, columns: Columns, selected: Mask | None = None) -> Mask:
        """The points that the filter keeps, bool (N,).

        Parameters
        ----------
        selected : bool (N,); none where it is not given

        Raises FilterError for a column that does not exist, or a value or comparison that does not go with it.
        """
        return _Evaluation(columns, selected).mask(self.root)

    def warnings(self, columns: Columns) -> tuple[FilterWarning, ...]:
        """Values that no point has, with the nearest that some have, and ranges that hold nothing.

        For a filter that `mask` does not refuse.
        """
        found: list[FilterWarning] = []
        for leaf in leaves(self.root):
            if isinstance(leaf, Compare | OneOf) and isinstance(leaf.operand, Column):
                found += _unknown_values(leaf.operand.text, _values_of(leaf), columns)
            elif isinstance(leaf, Between):
                found += _empty_range(leaf, columns)
        return tuple(found)


class _Evaluation:
    def __init__(self, columns: Columns, selected: Mask | None) -> None:
        self._columns = columns
        self._selected = selected

    def mask(self, node: Node) -> Mask:
        if isinstance(node, All):
            return np.ones(len(self._columns), bool)
        if isinstance(node, Selected):
            return np.zeros(len(self._columns), bool) if self._selected is None else self._selected.copy()
        if isinstance(node, Not):
            return ~self.mask(node.term)
        if isinstance(node, And):
            return reduce(np.logical_and, map(self.mask, node.terms))
        if isinstance(node, Or):
            return reduce(np.logical_or, map(self.mask, node.terms))
        compared = _compared_as(node, self._columns)
        return self._of_texts(node, compared) if compared in ("text", "truth") else self._of_numbers(node, compared)

    def _of_texts(self, node: Condition, compared: Comparison) -> Mask:
        words = self._columns.words(node.operand.text)
        if isinstance(node, Empty):
            return words.where(words.among([""]), empty=True)
        if isinstance(node, Has):
            return words.where(words.holding(node.value.text))
        if isinstance(node, Matches):
            return words.where(_matching(words.matching, node))
        if isinstance(node, Between) or (isinstance(node, Compare) and node.operator not in ("=", "!=")):
            told = ".." if isinstance(node, Between) else node.operator
            raise _misfit(node, f"holds texts, and {told} compares numbers", _FOR_TEXTS)
        texts = [_truth(value, node) if compared == "truth" else value.text for value in _values_of(node)]
        held = words.where(words.among(texts))
        return ~held if isinstance(node, Compare) and node.operator == "!=" else held

    def _of_numbers(self, node: Condition, compared: Comparison) -> Mask:
        numbers = self._numbers(node)
        if isinstance(node, Empty):
            empty: Mask = np.isnan(numbers)
            return empty
        if isinstance(node, Has | Matches):
            told = "has" if isinstance(node, Has) else "matches"
            raise _misfit(node, f"holds numbers, and {told} looks into texts", _FOR_NUMBERS)
        values = [_number(value, node, compared) for value in _values_of(node)]
        if isinstance(node, Between):
            return (numbers >= values[0]) & (numbers <= values[1])
        if isinstance(node, OneOf):
            among: Mask = np.isin(numbers, np.array(values, numbers.dtype))
            return among
        held: Mask = _COMPARE[node.operator](numbers, values[0])
        return held

    def _numbers(self, node: Condition) -> NDArray[np.floating[Any]]:
        if isinstance(node.operand, RowNumber):
            return np.arange(len(self._columns), dtype=np.float64)
        return self._columns.numbers(node.operand.text)


def _compared_as(node: Condition, columns: Columns) -> Comparison:
    operand = node.operand
    if isinstance(operand, RowNumber):
        return "number"
    if operand.text not in columns.names:
        raise FilterError(unknown("column", operand.text, columns.names), operand.start, operand.end)
    return columns.compared_as(operand.text)


def _values_of(node: Condition) -> tuple[Value, ...]:
    if isinstance(node, Compare):
        return (node.value,)
    if isinstance(node, OneOf):
        return node.values
    return (node.low, node.high) if isinstance(node, Between) else ()


def _misfit(node: Condition, told: str, instead: tuple[str, ...]) -> FilterError:
    operand = node.operand
    problem = f"The column {operand.text!r} {told}."
    return FilterError(problem, operand.start, operand.end, instead, operand.text)


def _matching(match: Callable[[str], Mask], node: Matches) -> Mask:
    import pyarrow as pa

    try:
        return match(node.pattern.text)
    except pa.ArrowInvalid as error:
        reason = str(error).split(": ", 1)[-1].rstrip(".")
        problem = f"{node.pattern.text!r} is no regular expression: {reason}."
        raise FilterError(problem, node.pattern.start, node.pattern.end) from None


def _truth(value: Value, node: Condition) -> str:
    small = value.text.casefold()
    if small not in ("true", "false"):
        problem = f"{value.text!r} is no truth value, and the column {node.operand.text!r} holds these."
        raise FilterError(problem, value.start, value.end, ("true", "false"), node.operand.text)
    return small


def _number(value: Value, node: Condition, compared: Comparison) -> float:
    try:
        number = _seconds(value.text) if compared == "date" else float(value.text)
    except (ValueError, OverflowError):
        number = math.nan
    if math.isnan(number):
        kind, example = ("date", "2024-05-31") if compared == "date" else ("number", "0.5")
        problem = f"{value.text!r} is no {kind}, and the column {node.operand.text!r} holds {kind}s."
        raise FilterError(problem, value.start, value.end, (f"a {kind} such as {example}",), node.operand.text)
    return number


def _seconds(text: str) -> float:
    """Seconds since 1970 of an ISO date; UTC where it does not say."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _unknown_values(name: str, values: tuple[Value, ...], columns: Columns) -> list[FilterWarning]:
    if columns.compared_as(name) != "text":
        return []
    words = columns.words(name)
    found = []
    for value in values:
        if words.among([value.text]).any():
            continue
        guess = columns.similar(name, value.text)
        meant = f" Did you mean {guess!r}?" if guess else ""
        found.append(FilterWarning(f"No point has the {name} {value.text!r}.{meant}", value.start, value.end))
    return found


def _empty_range(node: Between, columns: Columns) -> list[FilterWarning]:
    compared = _compared_as(node, columns)
    low, high = (_number(value, node, compared) for value in _values_of(node))
    if low <= high:
        return []
    told = f"No number lies between {node.low.text} and {node.high.text}: the lower one comes first."
    return [FilterWarning(told, node.low.start, node.high.end)]
