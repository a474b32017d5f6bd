"""An answer of the lab as the panel shows it: its rows sorted, selected and marked. No Qt.

Legend: N samples of the set, M rows of the listing; a position is a row's place in the listing as the lab told it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.app.explorer.columns import ID, LABEL, Columns
from workbench.app.listings import ListedColumn, Listing
from workbench.gui.pages.explore.panels.structure.kinds import Kind

if TYPE_CHECKING:
    from workbench.runs.embedding_set import EmbeddingSet

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Groups:
    """What rows stand for where each stands for many points.

    codes : (N,) the group of each sample, -1 for none
    of_row : (M,) the group of each row
    sizes : (K,) how many points each group has
    """

    codes: NDArray[np.integer[Any]]
    of_row: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, codes: NDArray[np.integer[Any]], of_row: NDArray[Any]) -> Groups:
        """Groups with their sizes counted."""
        most = max(int(codes.max(initial=-1)), int(of_row.max(initial=-1))) + 1
        counted = np.bincount(codes[codes >= 0], minlength=most)
        return cls(codes, of_row.astype(np.int64), counted)

    def rows_of(self, positions: Positions) -> NDArray[np.int64]:
        """The samples of the groups of some rows, ascending."""
        chosen = np.zeros(len(self.sizes) + 1, bool)  # the last is for code -1
        chosen[self.of_row[positions]] = True
        return np.flatnonzero(chosen[self.codes])

    def whole(self, selected: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The rows all of whose points are selected, bool (M,)."""
        codes = self.codes[selected]
        counted = np.bincount(codes[codes >= 0], minlength=len(self.sizes))
        return np.asarray((counted == self.sizes) & (self.sizes > 0))[self.of_row]


@dataclass(frozen=True, eq=False)
class Found:
    """A listing with what its rows stand for.

    facts, arrays : what the lab told besides
    groups : None where each row stands for its sample alone
    """

    kind: Kind
    listing: Listing
    facts: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    groups: Groups | None = None

    @classmethod
    def of(
        cls,
        kind: Kind,
        result: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        stored: EmbeddingSet,
        column: str = LABEL,
    ) -> Found:
        """The lab's answer about a set; `column` has its labels. Reads the set: not for the window's thread."""
        listing = Listing.of(result, arrays)
        groups = None
        if kind.rows_are == "clusters":
            listing = _with_different_names(listing, "cluster")
            groups = Groups.of(arrays["codes"], arrays["cluster"])
        elif kind.rows_are == "classes":
            groups = Groups.of(class_codes(stored, column), arrays["class"])
        return cls(kind, listing, result, arrays, groups)

    def __len__(self) -> int:
        return len(self.listing.rows)

    def rows_of(self, positions: ArrayLike) -> NDArray[np.int64]:
        """The samples that some rows stand for."""
        at = np.asarray(positions, np.int64)
        return self.listing.rows[at] if self.groups is None else self.groups.rows_of(at)

    def all_rows(self) -> NDArray[np.int64]:
        """The samples that all rows stand for."""
        return self.rows_of(np.arange(len(self)))

    def marked(self, selected: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows' points are all selected (N,), bool (M,)."""
        return selected[self.listing.rows] if self.groups is None else self.groups.whole(selected)

    def column(self, name: str) -> ListedColumn:
        """One of the listing's columns; raises KeyError for a name that it does not have."""
        found = next((column for column in self.listing.columns if column.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def names(self) -> list[str]:
        """The columns as they are shown: the samples' own first; without those that hold no value at all."""
        own = [column.name for column in self.listing.columns if not _is_empty(column)]
        listed = {column.name for column in self.listing.columns}
        shared = [ID] if self.groups is not None else [ID, LABEL]
        return [*(name for name in shared if name not in listed), *own]

    def order(self, columns: Columns, name: str, descending: bool) -> Positions:
        """The positions sorted by a column: equal ones stay as the lab told them, those without a value come last.

        An empty name gives the lab's own order.
        """
        if not name:
            return np.arange(len(self))
        if name not in {column.name for column in self.listing.columns}:
            return self._by_sample(columns, name, descending)
        keys = _sort_keys(self.column(name))
        return np.argsort(-keys if descending else keys, kind="stable")

    def _by_sample(self, columns: Columns, name: str, descending: bool) -> Positions:
        rows = self.listing.rows
        ordered = columns.order(name, rows, descending)
        sorter = np.argsort(rows, kind="stable")
        return np.asarray(sorter[np.searchsorted(rows, ordered, sorter=sorter)], np.int64)


def class_codes(stored: EmbeddingSet, column: str) -> NDArray[np.integer[Any]]:
    """The class of each sample (N,), -1 for none, numbered as the lab numbers them: names in their natural order."""
    from workbench.runs.embedding_columns import Categorical

    found = stored.column(column)
    if isinstance(found, Categorical):
        return found.codes
    known = np.isfinite(found.values)
    codes = np.full(len(found.values), -1, np.int64)
    codes[known] = np.unique(found.values[known], return_inverse=True)[1]
    return codes


def cell_words(column: ListedColumn, position: int) -> str:
    """A value in words; "" where there is none."""
    value = column.values[position]
    if column.names is not None:
        return column.names[int(value)] if value >= 0 else ""
    if isinstance(value, np.integer):
        return f"{int(value):,}"
    return "" if np.isnan(value) else f"{float(value):z.4g}".replace("-", "\N{MINUS SIGN}")


def _with_different_names(listing: Listing, name: str) -> Listing:
    """Two clusters of the same words would be one in every legend: the second gets a (2)."""
    return replace(listing, columns=tuple(_numbered(one) if one.name == name else one for one in listing.columns))


def _numbered(column: ListedColumn) -> ListedColumn:
    seen: Counter[str] = Counter()
    names = []
    for name in column.names or ():
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return replace(column, names=tuple(names))


def _is_empty(column: ListedColumn) -> bool:
    """Whether there are rows, and a number for none of them."""
    values = column.values
    return bool(len(values) and column.names is None and values.dtype.kind == "f" and np.isnan(values).all())


def _sort_keys(column: ListedColumn) -> NDArray[np.float64]:
    """Numbers that sort as the column does, NaN where there is no value."""
    if column.names is None:
        return column.values.astype(np.float64)
    order = sorted(range(len(column.names)), key=lambda code: column.names[code].casefold() if column.names else "")
    ranks = np.full(len(order) + 1, np.nan)  # the last is for code -1
    ranks[order] = np.arange(len(order))
    return ranks[column.values.astype(np.int64)]
