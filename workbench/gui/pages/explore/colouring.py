"""A column of an embedding set as colours on the map and words in its legend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.app.explorer.columns import Columns
from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import rgba_table
from workbench.gui.explorer.legend import Legend
from workbench.gui.explorer.legend_paint import Category, Ramp
from workbench.gui.pages.explore import sets
from workbench.gui.pages.explore.sets import OpenedSet

if TYPE_CHECKING:
    from workbench.runs.embedding_columns import Categorical, Continuous

MAX_CATEGORIES = 2**16 - 1
"""As many as codes of 16 bits tell apart, beside points without a value."""
_STEPS = 256


@dataclass(frozen=True, eq=False)
class Colouring:
    """Colours of all points.

    codes : uint16 (N,), rows of the table
    table : uint8 (K, 4)
    categories, ramp : what the legend says; the i-th category has code i
    column : what the points are coloured by; "" for nothing
    values : cell of each category's points, "" for those without a value; empty where none can be told apart
    """

    title: str
    codes: NDArray[np.uint16]
    table: NDArray[np.uint8]
    categories: tuple[Category, ...] = ()
    ramp: Ramp | None = None
    column: str = ""
    values: tuple[str, ...] = ()

    def hidden_codes(self, hidden: frozenset[str]) -> frozenset[int]:
        """The codes of the categories whose points have one of these cells."""
        return frozenset(code for code, value in enumerate(self.values) if value in hidden)

    def hidden_values(self, codes: frozenset[int]) -> frozenset[str]:
        """The cells of the points of these codes."""
        return frozenset(self.values[code] for code in codes if code < len(self.values))

    def show_in(self, legend: Legend) -> None:
        """Make the legend say it."""
        if self.ramp is not None:
            legend.set_ramp(self.title, self.ramp)
        else:
            legend.set_categories(self.title, self.categories)


def colouring(opened: OpenedSet, name: str) -> Colouring:
    """Colours by a column, for the background thread; one colour for all where there is no column to go by."""
    if not name:
        return plain("All points", len(opened))
    from workbench.runs.embedding_columns import Categorical

    found = sets.column(opened, name)
    return by_category(name, found) if isinstance(found, Categorical) else by_number(name, found)


def coloured_by(columns: Columns, name: str) -> Colouring:
    """Colours by a column, computed ones among them; for the background thread."""
    if not name:
        return plain("All points", len(columns))
    from workbench.runs.embedding_columns import Categorical

    found, title = columns.colours(name), columns.title(name)
    made = by_category(title, found) if isinstance(found, Categorical) else by_number(title, found)
    return replace(made, column=name)


def by_category(title: str, column: Categorical) -> Colouring:
    """One colour a name; samples without a value are grey and come last.

    After some 300 the colours come round again. Of names that the codes cannot tell apart none has a colour.
    """
    if len(column.names) > MAX_CATEGORIES:
        return plain(f"{title}: {len(column.names):,} values", len(column.codes), "too many to tell apart")
    known = len(column.names)
    codes = np.where(column.codes < 0, known, column.codes)
    counts = np.bincount(codes, minlength=known + 1)
    table = np.concatenate([palette.categorical(known), rgba_table([palette.MISSING])])
    names = [*column.names, "no value"]
    used = known + (1 if counts[known] else 0)
    rows = tuple(Category(names[code], hex_of(table[code]), int(counts[code])) for code in range(used))
    values = (*column.names, "")[:used]
    return Colouring(title, codes.astype(np.uint16), table, rows, values=values)


def by_number(title: str, column: Continuous) -> Colouring:
    """A ramp from the lowest to the highest value; samples without a value are grey."""
    values = column.values
    finite = np.isfinite(values)
    if not finite.any():
        return plain(f"{title}: no values", len(values))
    low, high = float(values[finite].min()), float(values[finite].max())
    share = (np.where(finite, values, low) - low) / ((high - low) or 1.0)
    codes = np.where(finite, np.rint(share * (_STEPS - 1)), _STEPS).astype(np.uint16)
    table = palette.ramp("viridis", _STEPS)
    ramp = Ramp(table, low, high, int(len(values) - finite.sum()), palette.MISSING)
    return Colouring(title, codes, np.concatenate([table, rgba_table([palette.MISSING])]), ramp=ramp)


def plain(title: str, count: int, words: str = "all") -> Colouring:
    """One colour for all."""
    table = palette.categorical(1)
    return Colouring(title, np.zeros(count, np.uint16), table, (Category(words, hex_of(table[0]), count),))


def hex_of(colour: NDArray[np.uint8]) -> str:
    """ "#rrggbb" of a row of a colour table."""
    return "#{:02x}{:02x}{:02x}".format(*(int(part) for part in colour[:3]))
