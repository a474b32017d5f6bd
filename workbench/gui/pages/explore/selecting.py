"""What is done with a selection as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.app.application import Notice
from workbench.app.explorer.saved import SavedSelections
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.desk import Desk

if TYPE_CHECKING:
    from workbench.runs.embedding_set import Neighbours


def toggle_isolated(desk: Desk) -> None:
    """Show the selected points alone, or all points again."""
    explorer = desk.explorer
    if explorer is None:
        return
    if explorer.state.isolated is not None:
        explorer.apply("show all points", isolated=None)
    elif explorer.state.selection.count:
        explorer.isolate()


def invert(desk: Desk) -> None:
    """Select the shown points that were not selected."""
    if desk.explorer is not None:
        desk.explorer.invert()


def grow(desk: Desk) -> None:
    """Add the stored nearest neighbours of the selected points to them, as many as are asked for elsewhere."""
    opened, explorer = desk.opened, desk.explorer
    if opened is None or explorer is None:
        return
    k = explorer.state.k

    def grown(found: Neighbours | None) -> None:
        if found is None:
            words = "The neighbours of this set are not known yet."
            desk.app.notify(Notice(words, "Compute a projection: it finds them and keeps them.", "warning"))
        else:
            explorer.grow(found.index[:, :k])

    desk.work(opened.stored.neighbours, grown)


def save_selection(desk: Desk, name: str) -> None:
    """Keep the selected points under a name; a blank one keeps nothing."""
    explorer = desk.explorer
    if explorer is not None and name.strip():
        points = explorer.state.selection
        _told(desk, lambda saved: saved.save(name, points))


def recall_selection(desk: Desk, name: str) -> None:
    """Select the points that were kept under a name; says how many of them are gone."""

    def recall(saved: SavedSelections) -> None:
        found = saved.recall(name)
        desk.select(found.points.rows, fly=True)
        if found.gone:
            words = f"{found.gone:,} points of {name!r} are not in this set any more."
            desk.app.notify(Notice(words, level="warning"))

    _told(desk, recall)


def rename_selection(desk: Desk, name: str, new: str) -> None:
    """Give a kept selection another name; a blank one changes nothing."""
    if new.strip():
        _told(desk, lambda saved: saved.rename(name, new))


def delete_selection(desk: Desk, name: str) -> None:
    """Forget a kept selection."""
    _told(desk, lambda saved: saved.delete(name))


def saved_of(desk: Desk) -> SavedSelections | None:
    """The kept selections of the opened set."""
    return None if desk.opened is None else SavedSelections(desk.opened.stored)


def _told(desk: Desk, act: Callable[[SavedSelections], None]) -> None:
    """Do something with the kept selections; what goes wrong is told to the user."""
    saved = saved_of(desk)
    if saved is None:
        return
    try:
        act(saved)
    except WorkbenchError as error:
        desk.app.fail(error)
