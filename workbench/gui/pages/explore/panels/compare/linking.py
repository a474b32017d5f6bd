"""Two maps that are pointed at, selected in, panned and zoomed together."""

from __future__ import annotations

from PySide6.QtCore import QObject

from workbench.app.explorer.points import How
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.seen import Seen
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.compare.rings import PointRing
from workbench.gui.pages.explore.panels.compare.sides import Side


class Links(QObject):
    """What the mouse does on one map is seen on the other; only the one under the mouse shows a card.

    Attributes
    ----------
    side : how their points belong together; None while there is nothing beside the map
    hovered_first, hovered_second, looked_at : rings around what is pointed at on the other map, and around the
        looked-at sample on the second
    """

    def __init__(self, desk: Desk, second: MapView, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._first, self._second = desk, desk.map, second
        self.side: Side | None = None
        self._linked = self._moving = False
        self.hovered_first, self.hovered_second = PointRing("foreground"), PointRing("foreground")
        self.looked_at = PointRing("accent")
        self._first.add_overlay(self.hovered_first)
        self._second.add_overlay(self.looked_at)
        self._second.add_overlay(self.hovered_second)
        self._first.hovered.connect(self._hover_second)
        self._second.hovered.connect(self._hover_first)
        self._second.clicked.connect(self._click)
        self._second.gathered.connect(self._gather)
        self._first.view_changed.connect(self._follow_first)
        self._second.view_changed.connect(self._follow_second)
        self._first.tool_changed.connect(self._take_tool)
        self._second.tool_changed.connect(self._give_tool)

    def set_side(self, side: Side | None) -> None:
        """The points belong together like this from now on."""
        self.side = side
        for ring in (self.hovered_first, self.hovered_second, self.looked_at):
            ring.set_row(None)
        if side is not None:
            self._take_tool(self._first.tool.id)
            self._follow_first()

    def look_at(self, row: int | None) -> None:
        """Ring a sample of the opened set on the second map."""
        self.looked_at.set_row(self._partner(row, here=True))

    def set_linked(self, linked: bool) -> None:
        """Pan and zoom both maps together; the second goes first where the other is."""
        self._linked = linked
        self._follow_first()

    def _partner(self, row: int | None, *, here: bool) -> int | None:
        """The same sample's row on the other map; `here` says that it is told in rows of the opened set."""
        if self.side is None or row is None:
            return None
        places = self.side.to_there if here else self.side.to_here
        return int(places[row]) if row < len(places) and places[row] >= 0 else None

    def _hover_second(self, row: int | None) -> None:
        self.hovered_second.set_row(self._partner(row, here=True))

    def _hover_first(self, row: int | None) -> None:
        self.hovered_first.set_row(self._partner(row, here=False))

    def _click(self, row: int | None) -> None:
        """A point that is only on the second map cannot be selected, and clears nothing."""
        partner = self._partner(row, here=False)
        if self.side is not None and (row is None or partner is not None):
            self._desk.pick(partner)

    def _gather(self, rows: object, how: How) -> None:
        if self.side is not None:
            self._desk.select(self.side.here_of(rows), how)  # type: ignore[arg-type]

    def _follow_first(self) -> None:
        self._follow(self._first, self._second)

    def _follow_second(self) -> None:
        self._follow(self._second, self._first)

    def _follow(self, moved: MapView, other: MapView) -> None:
        if not self._linked or self._moving or self.side is None:
            return
        self._moving = True
        try:
            Seen.of(moved).show_in(other)
        finally:
            self._moving = False

    def _take_tool(self, id_: str) -> None:
        _use(self._second, self._first.tool.is_hand, id_)

    def _give_tool(self, id_: str) -> None:
        if self.side is not None:
            _use(self._first, self._second.tool.is_hand, id_)


def _use(view: MapView, is_hand: bool, id_: str) -> None:
    """Take up a tool; a hand is the one that suits the map's layout."""
    if not (is_hand and view.tool.is_hand):
        view.set_tool(view.hand if is_hand else id_)
