"""The map that stands beside the map, with its title and what can be relied on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from workbench.app.explorer.columns import ID, Columns
from workbench.gui.explorer.colours import of_theme
from workbench.gui.explorer.hover_card import CardContent, HoverCard
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.overlays.pictures import pictures_of
from workbench.gui.explorer.overlays.point_labels import PointLabels
from workbench.gui.explorer.overlays.thumbnails import Thumbnails
from workbench.gui.pages.explore.centre import trust_words
from workbench.gui.pages.explore.panels.compare.sides import Side, side_title
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, icon_button, push_button

_NO_LAYOUT = "This embedding has no layout yet. Press Compute PCA to place its points."
_CARD_LINES = 5


class SecondMap(QFrame):
    """Shows a side; knows nothing of the other map.

    Signals
    -------
    link_toggled(bool) : pan and zoom are to go together with the other map's, or no longer
    layout_wanted() : "Compute PCA" was pressed
    closed() : the map is not wanted any more

    Parameters
    ----------
    more : a further line for a point's card, by its row here; "" for none
    """

    link_toggled = Signal(bool)
    layout_wanted = Signal()
    closed = Signal()

    def __init__(self, more: Callable[[int], str]) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setAccessibleName("Second map")
        self._more = more
        self.side: Side | None = None
        self.map = MapView(of_theme(current_theme()))
        self.map.setAccessibleName("Second embedding map")
        self.map.setMinimumSize(160, 120)
        self.pictures, self.words = Thumbnails(), PointLabels(_no_texts)
        self._hides: tuple[str, ...] = ()
        self.map.add_overlay(self.pictures)
        self.map.add_overlay(self.words)
        self.card = HoverCard(self.map, self._card_of)
        self.title = ElidedLabel("", "strong")
        self.link_button = icon_button("link", "Link views: pan and zoom both maps together")
        self.link_button.setCheckable(True)
        self.fit_button = icon_button("fit", "Show all points of the right map  (0)")
        self.close_button = icon_button("close", "Close the right map")
        self.compute_button: QPushButton = push_button("Compute PCA", "primary")
        self.trust = ElidedLabel("", "caption")
        self.matched = ElidedLabel("", "caption")
        self._build()
        self.link_button.toggled.connect(self.link_toggled)
        self.fit_button.clicked.connect(self.map.fit)
        self.close_button.clicked.connect(self.closed)
        self.compute_button.clicked.connect(self.layout_wanted)
        self.show_nothing("")

    def _build(self) -> None:
        head, foot = QHBoxLayout(), QVBoxLayout()
        head.setContentsMargins(SPACE_S, SPACE_XS, SPACE_XS, SPACE_XS)
        head.setSpacing(SPACE_XS)
        head.addWidget(self.title, 1)
        for button in (self.compute_button, self.link_button, self.fit_button, self.close_button):
            head.addWidget(button)
        foot.setContentsMargins(SPACE_S, 2, SPACE_S, SPACE_XS)
        foot.setSpacing(0)
        foot.addWidget(self.trust)
        foot.addWidget(self.matched)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.map, 1)
        column.addLayout(foot)

    def show_side(self, side: Side) -> None:
        """Draw a side's points; its colours and marks come from whoever keeps them."""
        opened, before = side.opened, self.side
        self.side = side
        self.title.set_full_text(side_title(side))
        self.trust.set_full_text(trust_words(opened))
        self.matched.set_full_text("" if side.same_set else side.words())
        self.matched.setVisible(not side.same_set)
        self.compute_button.setVisible(opened.layout is None)
        self._dress()
        if opened.layout is None:
            self.map.set_placeholder(_NO_LAYOUT)
            self.map.set_points(np.zeros((0, 2)))
            return
        same_places = before is not None and before.opened.layout is opened.layout
        self.map.set_points(opened.layout.xy, grid=opened.grid, keep_view=same_places)

    def show_nothing(self, words: str) -> None:
        """There is no side; the words say why."""
        self.side = None
        self.title.set_full_text("")
        self.trust.set_full_text("")
        self.matched.set_full_text("")
        self.compute_button.hide()
        self._dress()
        self.map.set_placeholder(words)
        self.map.set_points(np.zeros((0, 2)))

    def hide_kinds(self, hides: tuple[str, ...]) -> None:
        """Leave away what is not drawn over the points of the other map either: "pictures", "words"."""
        if hides != self._hides:
            self._hides = hides
            self._dress()

    def retheme(self) -> None:
        """Take over the theme's colours."""
        self.map.set_plot_colours(of_theme(current_theme()))

    def _dress(self) -> None:
        """Give the overlays the pictures of the points, or their names where they have none."""
        stored = None if self.side is None else self.side.opened.stored
        thumbnails = None if stored is None or "pictures" in self._hides else stored.thumbnails
        self.pictures.set_source(None if thumbnails is None else pictures_of(thumbnails))
        named = stored is not None and stored.thumbnails is None and "words" not in self._hides
        self.words.set_texts(partial(Columns(stored).cells, ID) if stored is not None and named else _no_texts)

    def _card_of(self, row: int) -> CardContent | None:
        if self.side is None:
            return None
        opened = self.side.opened
        name = opened.name(row)
        lines = [f"{fact}: {value}" for fact, value in opened.facts(row) if value != name][:_CARD_LINES]
        lines.append("only in the right map" if self.side.to_here[row] < 0 else self._more(row))
        return CardContent(name, tuple(filter(None, lines)), opened.picture(row))


def _no_texts(rows: NDArray[np.int64]) -> list[str]:
    """Points without names."""
    return [""] * len(rows)
