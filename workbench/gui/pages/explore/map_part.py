"""The map on the page: points, colours and marks as the explorer says, and what the mouse does to its state."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workbench.app.explorer.explorer import COLUMNS, Changed
from workbench.app.explorer.points import How
from workbench.gui.explorer.hover_card import CardContent, HoverCard
from workbench.gui.explorer.legend import Legend
from workbench.gui.explorer.seen import Seen
from workbench.gui.explorer.tools.strip import ToolStrip
from workbench.gui.pages.explore.colouring import Colouring, coloured_by
from workbench.gui.pages.explore.desk import Desk, Where
from workbench.gui.pages.explore.metrics import follow_focus
from workbench.gui.pages.explore.overlays import MapOverlays

MOST_RINGS = 2_000
CARD_LINES = 5
_MASKS = frozenset({"filter", "hidden", "isolated", "selection", COLUMNS})


class MapPart:
    """Keeps the map, its legend and its card in step with the desk.

    Parameters
    ----------
    recoloured : called when the colours are new

    Attributes
    ----------
    colouring : the colours that the points have; None before a set is open
    matches : rows that the search has found; None where nothing is searched for
    """

    def __init__(self, desk: Desk, legend: Legend, recoloured: Callable[[], None]) -> None:
        self._desk, self._map, self._legend = desk, desk.map, legend
        self._recoloured = recoloured
        self.colouring: Colouring | None = None
        self.matches: NDArray[np.int64] | None = None
        self.card = HoverCard(self._map, self._card_of)
        self.strip = ToolStrip(self._map)
        self.overlays = MapOverlays(desk, desk.app.settings.map_hides)
        self._mask: NDArray[np.bool_] | None = None
        self._asked = 0
        desk.on_places(self._follow_places)
        self._map.clicked.connect(desk.pick)
        self._map.gathered.connect(self._gather)
        legend.visibility_changed.connect(self._hide)

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_set(self, colours: Colouring | None, *, keep_view: bool = False) -> None:
        """Another set or layout is open, or none.

        Parameters
        ----------
        colours : those of the set as it was opened
        keep_view : stay as near, and at the same place within all points, as for the same samples of a later step
        """
        opened, explorer = self._desk.opened, self._desk.explorer
        self._asked += 1
        self.overlays.before_points()
        if opened is None or explorer is None or opened.layout is None:
            self._map.set_points(np.zeros((0, 2)))
        else:
            seen = Seen.of(self._map) if keep_view else Seen()
            self._map.set_points(opened.layout.xy, grid=opened.grid)
            seen.show_in(self._map)
            self._map.set_point_size(explorer.state.point_size)
            self._map.set_mode(explorer.state.layer)
        self.strip.setVisible(opened is not None and opened.layout is not None)
        self._mask = None
        if explorer is None or colours is None:
            return
        self._show_colours(colours)
        if colours.column != explorer.state.colour:
            self._recolour()

    def follow(self, changed: Changed) -> None:
        """These fields of the explorer's state have changed."""
        explorer = self._desk.explorer
        assert explorer is not None
        state = explorer.state
        if "colour" in changed or (COLUMNS in changed and state.colour in explorer.columns.computed):
            self._recolour()
        if changed & _MASKS:
            self._show_mask()
        if "point_size" in changed:
            self._map.set_point_size(state.point_size)
        if "layer" in changed:
            self._map.set_mode(state.layer)
        if changed & {"selection", "focus"}:
            self.show_marks()
        if "focus" in changed:
            follow_focus(self._desk)

    def _follow_places(self, where: Where) -> None:
        """Let what lies over the points follow them, once they stay somewhere."""
        if where == "moving" or self._desk.explorer is None:
            self.overlays.forget_places()
            return
        if where == "home":
            self.overlays.before_points()
        self.overlays.show_groups(self.colouring, self._desk.explorer.shown)
        self.overlays.show_torn()

    def show_marks(self) -> None:
        """Ring the selected points, and what the search has found or else the neighbours of the looked-at sample."""
        opened, explorer = self._desk.opened, self._desk.explorer
        if opened is None or explorer is None or opened.layout is None:
            return
        found, looked_at = self.matches, self._desk.app.selection
        mine = looked_at.embeddings == opened.folder
        near = looked_at.neighbours[looked_at.neighbours >= 0] if mine else np.zeros(0, np.int64)
        self._map.set_highlight(near if found is None else found[:MOST_RINGS])
        self._map.set_selection(explorer.selected_rows, dim_others=found is not None)
        self.overlays.show_torn()

    def _recolour(self) -> None:
        explorer = self._desk.explorer
        assert explorer is not None
        self._asked += 1
        mine, name = self._asked, explorer.state.colour

        def done(colours: Colouring) -> None:
            if mine == self._asked:
                self._show_colours(colours)

        self._desk.work(lambda: coloured_by(explorer.columns, name), done)

    def _show_colours(self, colours: Colouring) -> None:
        explorer, opened = self._desk.explorer, self._desk.opened
        assert explorer is not None
        assert opened is not None
        self.colouring = colours
        colours.show_in(self._legend)
        self._legend.set_hidden(colours.hidden_codes(explorer.state.hidden))
        if opened.layout is not None:
            self._map.set_colours(colours.codes, colours.table)
            self._mask = None
            self._show_mask()
        self._recoloured()

    def _show_mask(self) -> None:
        explorer, opened = self._desk.explorer, self._desk.opened
        assert explorer is not None
        assert opened is not None
        shown = explorer.shown
        if self.colouring is not None and self.colouring.column == explorer.state.colour:
            self._legend.set_hidden(self.colouring.hidden_codes(explorer.state.hidden))
        if opened.layout is None or shown is self._mask or len(shown) != len(self._map.cloud.xy):
            return  # in the last case the map gets this set's points in a moment
        self._mask = shown
        self._map.set_mask(None if shown.all() else shown)
        self.overlays.show_groups(self.colouring, shown)

    # -- what the user does ----------------------------------------------------------------------------------------

    def _gather(self, rows: NDArray[np.int64], how: How) -> None:
        self._desk.select(rows, how)

    def _hide(self, codes: frozenset[int]) -> None:
        explorer, colours = self._desk.explorer, self.colouring
        if explorer is None or colours is None:
            return
        hidden = colours.hidden_values(codes)
        words = "show all values" if not hidden else f"hide {len(hidden)} of {len(colours.values)} values"
        explorer.apply(words, hidden=hidden)
        self._legend.set_hidden(colours.hidden_codes(explorer.state.hidden))

    def _card_of(self, row: int) -> CardContent | None:
        opened = self._desk.opened
        if opened is None:
            return None
        facts = opened.facts(row)
        title = opened.label(row) or next((value for name, value in facts if name == "id"), f"row {row}")
        lines = tuple(f"{name}: {value}" for name, value in facts if value != title)[:CARD_LINES]
        return CardContent(title, lines, opened.picture(row))
