"""Groups of points in words, as settings and command lines hold them.

    name: item, item, ...; name: item, ...

An item is `#7` for a row, `#7-12` for several, else an id, else the number of a row; one that holds a comma or a
semicolon stands in quotes. The name may be left out. Rows are what a selection is written as: they are short, and no
id can be taken for them.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError

_GROUP = re.compile(r'(?:[^;"]|"[^"]*"|")+')
_NAMED = re.compile(r'\s*(?P<name>[^:;,"#]+):(?:\s+(?P<items>.*))?', re.DOTALL)
_ROWS = re.compile(r"#(\d+)(?:-(\d+))?")
_SPELLED = 50_000


@dataclass(frozen=True, eq=False)
class PointGroup:
    """A group that was read: its name ("" without one) and its rows, int64, ascending, each once."""

    name: str
    rows: NDArray[np.int64]


def group_texts(text: str) -> list[str]:
    """The groups of a text, each in words."""
    return [part.strip() for part in _GROUP.findall(text) if part.strip()]


def group_text(name: str, rows: NDArray[np.int64]) -> str:
    """Rows (ascending, each once) as `read_group` reads them; signs that mean something are left out of the name."""
    plain = " ".join(re.sub(r'[:;,"#]', " ", name).split())
    items = ", ".join(f"#{first}" if first == last else f"#{first}-{last}" for first, last in _runs(rows))
    return f"{plain}: {items}" if plain else items


def group_name(text: str) -> str:
    """The name of a group in words; "" for one without."""
    found = _NAMED.fullmatch(text)
    return found["name"].strip() if found else ""


def group_size(text: str) -> int:
    """How many points a group names, each item counted for itself."""
    return sum(_counted(item) for item in _items(text))


def read_group(text: str, ids: Sequence[str], count: int) -> PointGroup:
    """The points that a group names among `count`; raises DataError for a point that there is not."""
    parts = [_item_rows(item, ids, count) for item in _items(text)]
    rows = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
    return PointGroup(group_name(text), rows)


def row_of(name: str, ids: Sequence[str], count: int) -> int:
    """The row of an id (the first of that id), else the row of that number; raises DataError with the nearest id."""
    try:
        return ids.index(name)
    except ValueError:
        if name.isdecimal() and int(name) < count:
            return int(name)
    near = difflib.get_close_matches(name, ids[:_SPELLED], n=1)
    guess = f"Did you mean {near[0]!r}?" if near else f"Give an id, or a row from 0 to {count - 1}."
    raise DataError(f"There is no point {name!r}.", guess)


def _items(text: str) -> list[str]:
    found = _NAMED.fullmatch(text)
    line = ((found["items"] or "") if found else text).replace("\n", " ")
    return [item.strip() for item in next(csv.reader([line], skipinitialspace=True), []) if item.strip()]


def _counted(item: str) -> int:
    rows = _ROWS.fullmatch(item)
    return int(rows[2]) - int(rows[1]) + 1 if rows and rows[2] else 1


def _item_rows(item: str, ids: Sequence[str], count: int) -> NDArray[np.int64]:
    rows = _ROWS.fullmatch(item)
    if rows is None:
        return np.array([row_of(item, ids, count)], np.int64)
    first, last = int(rows[1]), int(rows[2] or rows[1])
    if not first <= last < count:
        raise DataError(f"There are no rows {item!r}.", f"Rows run from #0 to #{count - 1}.")
    return np.arange(first, last + 1, dtype=np.int64)


def _runs(rows: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last row of each run without gaps."""
    parts = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else []
    return [(int(part[0]), int(part[-1])) for part in parts]
