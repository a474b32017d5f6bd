"""The points whose neighbourhoods differ most between the two maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from workbench.app.explorer.state import MOST_NEIGHBOURS
from workbench.app.jobs import Job
from workbench.app.listings import Listing
from workbench.core.model import Model, setting
from workbench.gui.forms.number_box import NumberBox
from workbench.gui.forms.schema import read_fields
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.compare.bars import KeptBars
from workbench.gui.pages.explore.panels.compare.sides import Side
from workbench.gui.pages.explore.panels.structure.found import Found
from workbench.gui.pages.explore.panels.structure.kinds import Kind
from workbench.gui.pages.explore.panels.structure.listing_model import ListingModel
from workbench.gui.pages.explore.panels.structure.listing_table import ListingTable
from workbench.gui.pages.explore.panels.structure.row_pictures import RowPictures
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, label, push_button

COLUMN = "neighbours_kept"
_WIDTH = 300
_UNSHOWN = ("row_b",)
_FIRST = "Show another layout or embedding beside the map: choose one above and press Show beside."
_READY = "Press Compare to list the points whose neighbours are others on the right."
_SAME = "Both maps show the same layout. Choose another one for the right, or compute one under Layouts."


class ChangedSettings(Model):
    """How neighbourhoods are compared."""

    k: int = setting(15, "Neighbours", "How many nearest others of each point are compared.", ge=1, le=MOST_NEIGHBOURS)


KIND = Kind(
    "changed", "Most changed", "Points whose neighbours are others on the right.", "compare_sets", ChangedSettings
)


class Changes(QWidget):
    """Compares the opened set with what is beside it, and selects on both maps what is chosen in the answer.

    Parameters
    ----------
    fly_beside : brings rows of the opened set into view on the second map, with True as near as they go

    Attributes
    ----------
    found : the newest answer; None before there is one for what is shown
    listing : its list, with the columns that only a file shows
    kept : float32 (N,), the share of its neighbours that each point of the opened set keeps; empty before an answer
    """

    def __init__(self, desk: Desk, fly_beside: Callable[[NDArray[np.int64], bool], None]) -> None:
        super().__init__()
        self._desk = desk
        self._fly_beside = fly_beside
        self._side: Side | None = None
        self._key: tuple[object, ...] = ()
        self._job: Job | None = None
        self.found: Found | None = None
        self.listing: Listing | None = None
        self.kept: NDArray[np.float32] = np.zeros(0, np.float32)
        self.share = label("", "heading")
        self.words = label("", "caption", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.bars = KeptBars()
        spec = read_fields(ChangedSettings.model_json_schema())[0]
        self.k = NumberBox(spec)
        self.k.set_value(spec.default)
        self.k.setFixedWidth(84)
        self.k.setAccessibleName("Neighbours compared")
        self.k.setToolTip(spec.description)
        self.compare_button = push_button("Compare", "primary")
        self.colour_button = push_button("Colour by it", "", "", "Colour both maps by the share of neighbours kept")
        self.alone_button = push_button(
            "", "", "", "Select the points of the left map that the right one does not have"
        )
        self.save_button = push_button("Save CSV…", "", "export", "Save the whole list")
        self.pictures = RowPictures(desk, self)
        self.table = ListingTable(ListingModel(desk, self.pictures))
        self.table.setAccessibleName("Most changed points")
        self.hint = label(_FIRST, "muted", wrap=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        asking = QHBoxLayout()
        asking.setSpacing(SPACE_S)
        caption = QLabel("Neighbours")
        caption.setBuddy(self.k)
        for part in (caption, self.k, self.compare_button):
            asking.addWidget(part)
        asking.addStretch(1)
        left = QVBoxLayout()
        left.setSpacing(SPACE_S)
        left.addLayout(asking)
        left.addWidget(self.share)
        left.addWidget(self.words)
        left.addWidget(self.bars, 1)
        side = QWidget()
        side.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        side.setFixedWidth(_WIDTH)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.hint)
        self.stack.addWidget(self._table_side())
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_M)
        line.addWidget(side)
        line.addWidget(self.stack, 1)

    def _table_side(self) -> QWidget:
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_S)
        buttons.addWidget(ElidedLabel("Most changed first. A click selects on both maps.", "muted"), 1)
        for button in (self.alone_button, self.colour_button, self.save_button):
            buttons.addWidget(button)
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(buttons)
        column.addWidget(self.table, 1)
        return made

    def _connect(self) -> None:
        self.compare_button.clicked.connect(self.compare)
        self.bars.chosen.connect(self._select)
        self.table.chosen.connect(lambda positions: self._select(self._rows(positions)))
        self.table.all_wanted.connect(self._select_all)
        self.table.visited.connect(lambda position: self._visit(int(self._rows([position])[0])))
        self.colour_button.clicked.connect(self._colour)
        self.alone_button.clicked.connect(lambda: self._select(self._side.alone_here if self._side else []))
        self.save_button.clicked.connect(self._ask_and_save)

    # -- what is compared ------------------------------------------------------------------------------------------

    def set_side(self, side: Side | None) -> None:
        """Something else is beside the map, or another layout is on it: an answer about other things goes."""
        self._side = side
        if self._key and self._key != self._wanted_key():
            self._forget()
        self._show()

    def forget(self) -> None:
        """Another set is open."""
        self.pictures.clear()
        self._forget()
        self._show()

    def refusal(self) -> str:
        """Why there is nothing to compare; "" where there is."""
        opened, side = self._desk.opened, self._side
        if opened is None or side is None:
            return _FIRST
        if not side.same_set:
            return ""
        if opened.layout is None or side.opened.layout is None:
            return "Two layouts are needed. Compute one, or choose another embedding for the right."
        return _SAME if opened.layout_name == side.opened.layout_name else ""

    def compare(self) -> None:
        """Ask the lab; a further click while it is at work cancels."""
        if self._job is not None and self._job.active:
            self._desk.app.jobs.cancel(self._job.id)
            return
        opened, side = self._desk.opened, self._side
        if opened is None or side is None or self.refusal():
            return
        key, k = self._wanted_key(), min(max(int(self.k.value() or 1), 1), MOST_NEIGHBOURS)
        self.k.set_value(k)
        if side.same_set:
            request, params = "compare_layouts", {"a": opened.layout_name, "b": side.opened.layout_name, "k": k}
        else:
            request, params = "compare_sets", {"a": str(opened.folder), "b": str(side.opened.folder), "k": k}

        def done(result: dict[str, Any], arrays: Any) -> None:
            if key == self._wanted_key():
                self._take(key, result, arrays)

        self._job = self._desk.long_job(f"Compare {k} neighbours of each point", request, params, done)
        self._desk.bridge.hurry()
        self._show()

    def follow_job(self) -> None:
        """Jobs have changed."""
        self._show()

    def show_marks(self) -> None:
        """Mark the listed samples that are selected."""
        explorer = self._desk.explorer
        if self.found is not None and explorer is not None:
            self.table.show_marks(self.found.marked(explorer.selected))

    def kept_words(self, row: int) -> str:
        """How much a sample of the opened set keeps; "" where that is not known."""
        if not 0 <= row < len(self.kept) or not np.isfinite(self.kept[row]):
            return ""
        return f"keeps {self.kept[row]:.0%} of its neighbours"

    def settled(self) -> bool:
        return (self._job is None or not self._job.active) and not self.table.busy and not self.pictures.busy

    def _wanted_key(self) -> tuple[object, ...]:
        opened, side = self._desk.opened, self._side
        if opened is None or side is None:
            return ()
        layouts = (opened.layout_name, side.opened.layout_name) if side.same_set else ()
        return (opened.folder, side.opened.folder, *layouts)

    # -- the answer ------------------------------------------------------------------------------------------------

    def _take(self, key: tuple[object, ...], result: dict[str, Any], arrays: Any) -> None:
        self._key = key
        self.listing = Listing.of(result, arrays)
        shown = tuple(column for column in self.listing.columns if column.name not in _UNSHOWN)
        self.found = Found(KIND, replace(self.listing, columns=shown), result, arrays)
        self.kept = arrays["kept_a"]
        self.bars.set_shares(self.kept, int(result["k"]))
        self.table.show_found(self.found)
        self.show_marks()
        self._show()

    def _forget(self) -> None:
        self._key = ()
        self.found = self.listing = None
        self.kept = np.zeros(0, np.float32)
        self.bars.clear()
        self.table.show_found(None)

    def _show(self) -> None:
        refusal, busy = self.refusal(), self._job is not None and self._job.active
        self.compare_button.setText("Cancel" if busy else "Compare")
        self.compare_button.setEnabled(busy or not refusal)
        self.compare_button.setToolTip(refusal)
        self.hint.setText("Comparing neighbours…" if busy else refusal or _READY)
        self.stack.setCurrentIndex(0 if self.found is None or refusal else 1)
        self.share.setText("" if self.found is None else overall_words(self.found))
        self.words.setText("" if self.found is None else self._told(self.found))
        alone = 0 if self._side is None else len(self._side.alone_here)
        self.alone_button.setVisible(alone > 0)
        self.alone_button.setText(f"Select {alone:,} only here")

    def _told(self, found: Found) -> str:
        """What the lab said, and what chance would keep."""
        chance = int(found.facts["k"]) / max(int(found.facts["matched"]) - 1, 1)
        return f"{found.listing.words} By chance: {chance:.1%}."

    # -- what the user does ----------------------------------------------------------------------------------------

    def _rows(self, positions: Any) -> NDArray[np.int64]:
        return np.zeros(0, np.int64) if self.found is None else self.found.rows_of(positions)

    def _select(self, rows: Any) -> None:
        """Select samples on both maps, and bring a single one into view."""
        chosen = np.asarray(rows, np.int64)
        if len(chosen) != 1:
            self._desk.select(chosen)
            return
        row = int(chosen[0])
        self._desk.pick(row)
        if not self._desk.map.shows(row):
            self._desk.map.centre_on(row)
        self._fly_beside(chosen, False)

    def _select_all(self) -> None:
        if self.found is not None:
            self._desk.select(self.found.all_rows())

    def _visit(self, row: int) -> None:
        self._desk.look_at(row, fly=True)
        self._fly_beside(np.array([row], np.int64), True)

    def _colour(self) -> None:
        if self.found is not None:
            self._desk.add_column(COLUMN, self.kept, "Neighbours kept", colour=True)

    def _ask_and_save(self) -> None:
        opened = self._desk.opened
        if self.found is None or opened is None:
            return
        path = self._desk.ask_save("Save the list", f"{opened.folder.name}-changed.csv", "Tables (*.csv)")
        if path is not None:
            self.save_csv(path)

    def save_csv(self, path: Path) -> None:
        """Write the whole list, off the window's thread."""
        opened, listing = self._desk.opened, self.listing
        if opened is not None and listing is not None:
            self._desk.work(lambda: listing.write_csv(opened.stored, path), lambda _: None)


def overall_words(found: Found) -> str:
    """The figure over the bars."""
    mean = found.facts["mean_overlap"]
    if mean is None:
        return "No point can be compared"
    return f"{mean:.0%} of {int(found.facts['k']):,} neighbours are the same"
