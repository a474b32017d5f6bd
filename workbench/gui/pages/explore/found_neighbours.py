"""Neighbours that the lab has found, with what there is to say of each: mutual, elsewhere on the map, hubs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.app.explorer.explorer import Explorer
from workbench.gui.pages.explore.row_list import Entry, entries_of
from workbench.gui.pages.explore.sets import OpenedSet, shared_label_words
from workbench.gui.pages.explore.torn import torn_neighbours

MUTUAL, TORN, HUB = "⇄", "↗", "✱"
HUB_TIMES = 3
"""A hub is among the neighbours of so many times more points than the average."""


@dataclass(frozen=True)
class FoundNeighbours:
    """What is shown of an answer."""

    entries: list[Entry]
    words: str
    elsewhere: str


def made_ready(
    opened: OpenedSet, explorer: Explorer, result: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> FoundNeighbours:
    """An answer of the lab as it is shown. Reads pictures: not for the window's thread."""
    rows, row = arrays["rows"], result.get("row")
    torn = np.zeros(0, np.int64)
    if row is not None and opened.layout is not None:
        torn = torn_neighbours(opened.layout.xy, int(row), rows)
    elsewhere = np.isin(rows, torn)
    marks, tips = _marks(result, arrays, elsewhere)
    values = [f"{value:z.3f}".replace("-", "\N{MINUS SIGN}") for value in arrays["distance"]]
    words = result["words"]
    if row is not None:
        shared = shared_label_words(opened, int(row), rows.tolist())
        nearest = f"The {len(rows):,} nearest to {result['title'].removeprefix('Nearest to ')}."
        words = shared or (nearest if len(rows) else "There is no other point in this set.")
    placed = row is not None and opened.layout is not None
    entries = entries_of(explorer, rows, result["names"], values, marks, tips)
    return FoundNeighbours(entries, words, torn_words(len(torn), len(rows)) if placed else "")


def _marks(
    result: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], elsewhere: NDArray[np.bool_]
) -> tuple[list[str], list[str]]:
    """The signs of each neighbour, and what they say."""
    count = len(elsewhere)
    none = np.zeros(count, np.int64)
    mutual, named, k = arrays.get("mutual", none), arrays.get("hubness", none), int(result.get("hubness_k", 0))
    marks, tips = [], []
    for at in range(count):
        signs, said = [], []
        if mutual[at]:
            signs.append(MUTUAL)
            said.append("mutual: each is among the other's nearest")
        if elsewhere[at]:
            signs.append(TORN)
            said.append("the map shows it elsewhere")
        if k and named[at] >= HUB_TIMES * k:
            signs.append(HUB)
        if k:
            said.append(f"among the {k} nearest of {int(named[at]):,} points ({k} on average)")
        marks.append("".join(signs))
        tips.append("\n".join(said))
    return marks, tips


def torn_words(torn: int, count: int) -> str:
    """`5 of 12 lie elsewhere on the map.`"""
    if not count:
        return ""
    if not torn:
        return "The map keeps them all near." if count > 1 else "The map keeps it near."
    return f"{torn:,} of {count:,} {'lies' if torn == 1 else 'lie'} elsewhere on the map."
