"""What stands beside the table: the heat map of class centroids, or what speaks for the row that is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.structure.centroid_map import CentroidMap
from workbench.gui.pages.explore.panels.structure.evidence import Evidence, Other
from workbench.gui.pages.explore.panels.structure.found import Found, cell_words

MOST_OTHERS = 60
SHOWN_NEIGHBOURS = 15
MATRIX_WORDS_PX = 150


class Beside(QStackedWidget):
    """Chooses by the kind of what was found; hidden for kinds whose table says it all.

    Signals
    -------
    looked_at(row) : a sample is to be looked at
    group_wanted(positions) : all rows of a group are to be selected
    """

    looked_at = Signal(object)
    group_wanted = Signal(object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._found: Found | None = None
        self._position = -1
        self.matrix = CentroidMap()
        self.suspect = Evidence("Go to a row to see its picture, its label and the neighbours that disagree.")
        self.group = Evidence("Go to a row to see the points that are almost the same.", "Select the group")
        self._pages: Mapping[str, QWidget] = {
            "centroids": self.matrix,
            "suspects": self.suspect,
            "duplicates": self.group,
        }
        self._page: QWidget = self.matrix
        for page in self._pages.values():
            self.addWidget(page)
        for evidence in (self.suspect, self.group):
            evidence.chosen.connect(self.looked_at)
        self.group.acted.connect(self._want_group)
        self.hide()

    def sizeHint(self) -> QSize:
        return self._page.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return self._page.minimumSizeHint()

    def show_found(self, found: Found | None) -> None:
        """Show what belongs to these rows, of which none is looked at yet."""
        self._found, self._position = found, -1
        page = None if found is None or not len(found) else self._pages.get(found.kind.id)
        self.setVisible(page is not None)
        if page is None or found is None:
            return
        self._page = page
        self.setCurrentWidget(page)
        wide = QSizePolicy.Policy.Expanding if page is self.matrix else QSizePolicy.Policy.Fixed
        self.setSizePolicy(wide, QSizePolicy.Policy.Expanding)
        if page is self.matrix:
            assert self._desk.opened is not None
            self.matrix.show_found(found, self._desk.opened.stored.meta.metric)
        elif isinstance(page, Evidence):
            page.clear()
        self.updateGeometry()

    def wanted_width(self, height: int) -> int:
        """How wide it would like to be where there is so much height, in pixels."""
        return height + MATRIX_WORDS_PX if self._page is self.matrix else self._page.width()

    def show_position(self, position: int) -> None:
        """Show what speaks for a row."""
        found = self._found
        if found is None or position == self._position:
            return
        self._position = position
        if found.kind.id == "suspects":
            self._show_suspect(found, position)
        elif found.kind.id == "duplicates":
            self._show_group(found, position)

    # -- label suspects --------------------------------------------------------------------------------------------

    def _show_suspect(self, found: Found, position: int) -> None:
        opened, row = self._desk.opened, int(found.listing.rows[position])
        assert opened is not None
        share = float(found.column("share").values[position])
        suggested = cell_words(found.column("suggested"), position)
        label = cell_words(found.column("label"), position) or "none"
        told = [("Its label", label), ("Its neighbours suggest", f"{suggested} ({share:.0%})")]
        self.suspect.show_sample(told, opened.picture(row))

        def answered(_result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
            if self._found is found and self._position == position:
                self._show_neighbours(arrays["index"], arrays["distance"])

        asked = {"row": row, "k": SHOWN_NEIGHBOURS}
        self._desk.ask("neighbours", asked, answered, channel="explore-structure-evidence")

    def _show_neighbours(self, rows: NDArray[np.int64], distances: NDArray[np.floating[Any]]) -> None:
        others = [
            self._other(int(row), f"{distance:z.3f}") for row, distance in zip(rows, distances, strict=True) if row >= 0
        ]
        self.suspect.show_others("Its nearest neighbours", others)

    # -- near-duplicates -------------------------------------------------------------------------------------------

    def _show_group(self, found: Found, position: int) -> None:
        opened, group = self._desk.opened, found.column("group").values
        assert opened is not None
        members = np.flatnonzero(group == group[position])
        nearest = found.column("nearest")
        told = [("Group", f"{cell_words(found.column('group'), position)} · {int(found.facts['groups']):,} in all")]
        told.append(("Points in it", cell_words(found.column("size"), position)))
        self.group.show_sample(told, opened.picture(int(found.listing.rows[position])))
        others = [
            self._other(int(found.listing.rows[at]), cell_words(nearest, int(at)))
            for at in members[:MOST_OTHERS]
            if at != position
        ]
        more = f" {MOST_OTHERS:,} of them are shown." if len(members) > MOST_OTHERS else ""
        self.group.show_others(f"Almost the same.{more}", others)

    def _want_group(self) -> None:
        if self._found is not None and self._position >= 0:
            group = self._found.column("group").values
            self.group_wanted.emit(np.flatnonzero(group == group[self._position]))

    def _other(self, row: int, words: str) -> Other:
        opened = self._desk.opened
        assert opened is not None
        return Other(row, opened.name(row), words, opened.picture(row))
