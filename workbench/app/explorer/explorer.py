"""An opened embedding set as it is explored: every change goes through here, and has its way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.app.explorer.columns import ID, LABEL, Columns
from workbench.app.explorer.filters import Filter, FilterWarning
from workbench.app.explorer.history import History
from workbench.app.explorer.points import How, PointSet
from workbench.app.explorer.state import MOST_NEIGHBOURS, ExplorerState, differences
from workbench.app.explorer.views import Walk
from workbench.core.errors import RunError, unknown
from workbench.core.units import points_words

if TYPE_CHECKING:
    from workbench.runs.embedding_columns import Categorical
    from workbench.runs.embedding_set import EmbeddingSet

Changed = frozenset[str]
Kept = TypeVar("Kept")
COLUMNS = "columns"

_DONE: dict[How, str] = {
    "replace": "select {}",
    "add": "add {} to the selection",
    "subtract": "take {} out of the selection",
    "intersect": "keep what is selected among {}",
}


@dataclass(frozen=True, eq=False)
class Sample:
    """A point's row with what belongs to it.

    picture : uint8 (h, w, 3); None in a set without pictures
    """

    row: int
    id: str
    label: str
    picture: NDArray[np.uint8] | None


class Explorer:
    """What is selected, filtered, hidden and looked at in one set.

    Masks and row lists are kept until something that they depend on changes: the same array again means that nothing
    did. They cannot be written to.

    Parameters
    ----------
    stored : the opened set
    state : where to start; the label as colour where there is one, else

    Attributes
    ----------
    columns : what points can be coloured, filtered and sorted by
    state : everything that is set; never changed in place
    history : what can be undone and done again
    walk : the rows that were looked at
    """

    def __init__(self, stored: EmbeddingSet, state: ExplorerState | None = None) -> None:
        self.stored = stored
        self.columns = Columns(stored)
        self.history: History[ExplorerState] = History()
        self.walk = Walk()
        self._listeners: list[Callable[[Changed], None]] = []
        self._kept: dict[str, tuple[tuple[Any, ...], Any]] = {}
        self.state = state or self._first_state()
        self._check(self.state)

    def __len__(self) -> int:
        return len(self.stored)

    def _first_state(self) -> ExplorerState:
        colour = LABEL if LABEL in self.columns.names else ""
        layout, metric = next(iter(self.stored.layouts()), ""), self.stored.meta.metric
        return ExplorerState(PointSet.none(len(self)), colour=colour, layout=layout, metric=metric)

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def shown(self) -> NDArray[np.bool_]:
        """The points that the filter keeps and that are neither hidden nor left out by isolating, bool (N,)."""
        return self._shown(self.state)

    @property
    def shown_rows(self) -> NDArray[np.int64]:
        """The rows of the shown points, int64, ascending."""
        shown = self.shown
        return self._keep("shown_rows", (shown,), lambda: np.flatnonzero(shown))

    @property
    def listed_rows(self) -> NDArray[np.int64]:
        """The rows of the shown points, int64, as tables list them: sorted by the chosen column."""
        rows, state = self.shown_rows, self.state
        if not state.sort:
            return rows
        depends = (rows, state.sort, state.descending, self.columns.version)
        return self._keep("listed_rows", depends, lambda: self.columns.order(state.sort, rows, state.descending))

    @property
    def selected(self) -> NDArray[np.bool_]:
        """The selected points, shown or not, bool (N,)."""
        points = self.state.selection
        return self._keep("selected", (points,), lambda: points.mask)

    @property
    def selected_rows(self) -> NDArray[np.int64]:
        """The rows of the selected points, int64, ascending."""
        points = self.state.selection
        return self._keep("selected_rows", (points,), lambda: points.rows)

    @property
    def focus(self) -> int | None:
        """The row that is looked at."""
        return self.state.focus

    @property
    def filter(self) -> Filter:
        """The filter in force."""
        return self._filter(self.state.filter)

    @property
    def warnings(self) -> tuple[FilterWarning, ...]:
        """What may not be meant in the filter in force."""
        return self.filter.warnings(self.columns)

    def samples(self, rows: ArrayLike) -> list[Sample]:
        """The points of these rows with id, label and picture."""
        at = np.asarray(rows, np.int64)
        ids = self.columns.cells(ID, at) if ID in self.columns.names else [str(row) for row in at]
        labels = self.columns.cells(LABEL, at) if LABEL in self.columns.names else [""] * len(at)
        pictures = [None] * len(at) if self.stored.thumbnails is None else list(self.stored.thumbnails[at])
        return list(map(Sample, at.tolist(), ids, labels, pictures))

    # -- changing --------------------------------------------------------------------------------------------------

    def subscribe(self, listener: Callable[[Changed], None]) -> Callable[[], None]:
        """Call back after every change with the names of the fields that changed; returns what ends it.

        "columns" stands for a computed column that is new.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def apply(self, name: str, *, key: str = "", **changes: Any) -> Changed:
        """Change fields of the state as one undo step; returns those that really changed.

        Another colour column shows its values again that were hidden.

        Parameters
        ----------
        name : what is done, in words for the menu: "select 512 points"
        key : steps of the same key that follow each other quickly are one

        Raises FilterError for a filter that cannot be understood, RunError for a column, row or k that does not exist;
        nothing is changed then.
        """
        state = replace(self.state, **changes)
        if state.colour != self.state.colour and "hidden" not in changes:
            state = replace(state, hidden=frozenset())
        if not differences(self.state, state):
            return frozenset()
        self._check(state)
        self.history.add(self.state, name, key)
        return self._become(state, walks=True)

    def undo(self) -> Changed:
        """Take back the last step; returns the fields that changed."""
        return self._become(self.history.undo(self.state) or self.state)

    def redo(self) -> Changed:
        """Do the last undone step again; returns the fields that changed."""
        return self._become(self.history.redo(self.state) or self.state)

    def add_column(self, name: str, values: ArrayLike | Categorical, title: str = "") -> str:
        """Add a computed column (`Columns.add`) and tell the listeners; returns its name."""
        named = self.columns.add(name, values, title)
        self._tell(frozenset({COLUMNS}))
        return named

    # -- what users do ---------------------------------------------------------------------------------------------

    def select(self, rows: ArrayLike, how: How = "replace") -> Changed:
        """Select points by their rows, or change the selection by them."""
        points = PointSet.of_rows(rows, len(self))
        return self.apply(
            _DONE[how].format(points_words(points.count)), selection=self.state.selection.combined(points, how)
        )

    def select_shown(self) -> Changed:
        """Select all points that are shown."""
        points = PointSet(self.shown)
        return self.apply(f"select all {points_words(points.count)}", selection=points)

    def select_none(self) -> Changed:
        """Select nothing."""
        return self.apply("select nothing", selection=PointSet.none(len(self)))

    def invert(self) -> Changed:
        """Select the shown points that were not selected, and no others."""
        return self.apply("invert the selection", selection=self.state.selection.inverted(self.shown))

    def grow(self, neighbours: NDArray[np.integer[Any]]) -> Changed:
        """Add the neighbours (N, k) of the selected points to them; -1 stands for none."""
        return self.apply("grow the selection", selection=self.state.selection.grown(neighbours))

    def isolate(self) -> Changed:
        """Show the selected points alone; all points again where nothing is selected."""
        points = self.state.selection
        if not points.count:
            return self.apply("show all points", isolated=None)
        return self.apply(f"isolate {points_words(points.count)}", isolated=points)

    def visit(self, row: int | None) -> Changed:
        """Look at a row, or at none; a step of the walk, and no undo step."""
        state = replace(self.state, focus=row)
        self._check(state)
        return self._become(state, walks=True)

    def back(self) -> Changed:
        """Look at the row before this one."""
        row = self.walk.back()
        return self._become(self.state if row is None else replace(self.state, focus=row))

    def forward(self) -> Changed:
        """Look at the row that Back came from."""
        row = self.walk.forward()
        return self._become(self.state if row is None else replace(self.state, focus=row))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _become(self, state: ExplorerState, walks: bool = False) -> Changed:
        changed = differences(self.state, state)
        self.state = state
        if walks and "focus" in changed and state.focus is not None:
            self.walk.visit(state.focus)
        if changed:
            self._tell(changed)
        return changed

    def _tell(self, changed: Changed) -> None:
        for listener in tuple(self._listeners):
            listener(changed)

    def _check(self, state: ExplorerState) -> None:
        for name in (state.colour, state.sort):
            if name and name not in self.columns.names:
                raise RunError(unknown("column", name, self.columns.names))
        if state.focus is not None and not 0 <= state.focus < len(self):
            raise RunError(f"There is no row {state.focus}.", f"The set has {len(self):,} rows, counted from 0.")
        if not 1 <= state.k <= MOST_NEIGHBOURS:
            raise RunError(f"{state.k:,} neighbours cannot be asked for.", f"Ask for 1 to {MOST_NEIGHBOURS:,}.")
        self._shown(state)

    def _shown(self, state: ExplorerState) -> NDArray[np.bool_]:
        parts = [self._kept_by_filter(state)]
        if state.hidden and state.colour:
            parts.append(self._not_hidden(state))
        isolated = state.isolated
        if isolated is not None:
            parts.append(self._keep("isolated", (isolated,), lambda: isolated.mask))
        return self._keep("shown", tuple(parts), lambda: reduce(np.logical_and, parts)) if parts[1:] else parts[0]

    def _kept_by_filter(self, state: ExplorerState) -> NDArray[np.bool_]:
        wanted = self._filter(state.filter)
        asked = state.selection if wanted.asks_selection else None
        depends = (state.filter, self.columns.version, asked)
        return self._keep("filter", depends, lambda: wanted.mask(self.columns, None if asked is None else asked.mask))

    def _not_hidden(self, state: ExplorerState) -> NDArray[np.bool_]:
        depends = (state.colour, state.hidden, self.columns.version)
        return self._keep("hidden", depends, lambda: ~self.columns.holds(state.colour, state.hidden))

    def _filter(self, text: str) -> Filter:
        return self._keep("parsed", (text,), lambda: Filter.of(text))

    def _keep(self, slot: str, depends: tuple[Any, ...], make: Callable[[], Kept]) -> Kept:
        """What `make` gives, kept as long as it depends on the same arrays and equal values."""
        kept = self._kept.get(slot)
        if kept is None or not _same(kept[0], depends):
            made = make()
            if isinstance(made, np.ndarray):
                made.setflags(write=False)
            self._kept[slot] = kept = (depends, made)
        value: Kept = kept[1]
        return value


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    def equal(a: Any, b: Any) -> bool:
        return a is b or (not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray) and bool(a == b))

    return len(one) == len(other) and all(map(equal, one, other))
