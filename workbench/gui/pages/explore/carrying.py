"""What is kept of selection, filter and view when another embedding of the same samples is opened. No Qt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.app.explorer.columns import ID, LABEL
from workbench.app.explorer.explorer import Explorer
from workbench.app.explorer.points import PointSet
from workbench.app.explorer.state import ExplorerState
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.sets import TRUST, OpenedSet

if TYPE_CHECKING:
    from workbench.runs.embedding_set import EmbeddingSet


def explorer_of(opened: OpenedSet, before: Explorer | None = None, *, same_samples: bool = False) -> Explorer:
    """An explorer on a set that was just opened, for the background thread.

    Parameters
    ----------
    before : the one that was used last: colour, sizes and kinds of points stay where the new set allows it
    same_samples : both sets hold the same samples, as those of two checkpoints do: points are found again by their id,
        so that selection, filter, isolated points and the looked-at sample stay too
    """
    explorer = Explorer(opened.stored)
    add_trust(explorer, opened)
    state = replace(explorer.state, layout=opened.layout_name)
    state = state if state.colour else replace(state, colour=next(iter(colour_names(explorer)), ""))
    if before is not None:
        state = _with_look(state, before, explorer)
    explorer.state = state
    if before is not None and same_samples:
        explorer.state = _with_points(state, before, explorer)
    return explorer


def add_trust(explorer: Explorer, opened: OpenedSet) -> None:
    """Offer the shown layout's trust as a column, where the table has none of that name."""
    if TRUST in opened.stored.samples.column_names:
        return
    trust = None if opened.layout is None else opened.layout.trust
    if trust is not None:
        explorer.add_column(TRUST, trust.astype(np.float32))
    elif TRUST in explorer.columns.names:
        explorer.add_column(TRUST, np.full(len(opened), np.nan, np.float32))


def colour_names(explorer: Explorer) -> list[str]:
    """What points can be coloured by: the label first; not the id, which tells every point from the others."""
    names = [name for name in explorer.columns.names if name != ID]
    return sorted(names, key=lambda name: name != LABEL)


def holds_same(one: EmbeddingSet, other: EmbeddingSet) -> bool:
    """Whether two sets hold the same samples in the same rows, as a set does that was opened twice."""
    return bool(one.samples.column(ID).equals(other.samples.column(ID)))


def rows_in(before: EmbeddingSet, after: EmbeddingSet) -> NDArray[np.int64]:
    """Where each sample of one set is in another, by its id: int64 (N,), -1 for one that is not there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    one, other = (opened.samples.column(ID).cast(pa.string()).combine_chunks() for opened in (before, after))
    if one.equals(other):
        return np.arange(len(one), dtype=np.int64)
    found = pc.fill_null(pc.index_in(one, value_set=other), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)


def _with_look(state: ExplorerState, last: Explorer, explorer: Explorer) -> ExplorerState:
    names, before = explorer.columns.names, last.state
    if before.colour in colour_names(explorer):
        state = replace(state, colour=before.colour, hidden=before.hidden)
    if before.sort in names:
        state = replace(state, sort=before.sort, descending=before.descending)
    # A metric that was the last set's own was not chosen: this set has its own.
    metric = state.metric if before.metric == last.stored.meta.metric else before.metric
    return replace(state, point_size=before.point_size, layer=before.layer, metric=metric, k=before.k)


def _with_points(state: ExplorerState, before: Explorer, explorer: Explorer) -> ExplorerState:
    places, old = rows_in(before.stored, explorer.stored), before.state

    def moved(points: PointSet) -> PointSet:
        rows = places[points.rows]
        return PointSet.of_rows(rows[rows >= 0], len(explorer))

    focus = None if old.focus is None else int(places[old.focus])
    state = replace(
        state,
        selection=moved(old.selection),
        focus=None if focus is None or focus < 0 else focus,
        isolated=None if old.isolated is None else moved(old.isolated),
    )
    explorer.state = filtered = replace(state, filter=old.filter)
    try:
        _ = explorer.shown
    except WorkbenchError:
        # The filter names a column that was computed for the other set alone.
        return state
    return filtered
