"""The right of the panel: what was found in words, as a table, and beside it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSplitter, QVBoxLayout, QWidget

from workbench.app.jobs import Job
from workbench.core.units import format_duration
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.structure.asking import Asking
from workbench.gui.pages.explore.panels.structure.beside import Beside
from workbench.gui.pages.explore.panels.structure.found import Found
from workbench.gui.pages.explore.panels.structure.listing_model import ListingModel
from workbench.gui.pages.explore.panels.structure.listing_table import ListingTable
from workbench.gui.pages.explore.panels.structure.row_pictures import RowPictures
from workbench.gui.pages.explore.panels.structure.words import FewLines
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, label, push_button

LEAST_TABLE_PX = 260


class Results(QWidget):
    """Shows one answer of the lab, how far the next one is, or what to do first.

    Signals
    -------
    looked_at(row) : a sample beside the table is to be looked at
    """

    looked_at = Signal(object)

    def __init__(self, desk: Desk, asking: Asking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self.asking = desk, asking
        self.found: Found | None = None
        self.words = FewLines()
        self.select_all = push_button("Select all listed", tip="Select the points of all rows  (Ctrl+A in the list)")
        self.save = push_button("Save CSV…", tip="Write all rows as a table")
        self.hint = label("", "muted", wrap=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.doing = ElidedLabel("", "caption")
        self.pictures = RowPictures(desk, self)
        self.model = ListingModel(desk, self.pictures, self)
        self.table = ListingTable(self.model)
        self.beside = Beside(desk)
        self.matrix = self.beside.matrix
        self.table.setMinimumWidth(LEAST_TABLE_PX)
        self.table.current_changed.connect(self.beside.show_position)
        self.beside.looked_at.connect(self.looked_at)
        self._lay_out()
        self.show_job(None)
        self.show_found(None, "")

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE_S)
        head.addWidget(self.asking)
        head.addStretch(1)
        head.addWidget(self.select_all, 0, Qt.AlignmentFlag.AlignBottom)
        head.addWidget(self.save, 0, Qt.AlignmentFlag.AlignBottom)
        self._body = QSplitter(Qt.Orientation.Horizontal)
        self._body.addWidget(self.table)
        self._body.addWidget(self.beside)
        self._body.setChildrenCollapsible(False)
        self._body.setStretchFactor(0, 1)
        self._body.setStretchFactor(1, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_XS)
        column.addLayout(head)
        column.addWidget(self.words)
        column.addWidget(self.doing)
        column.addWidget(self.progress)
        column.addWidget(self._body, 1)
        column.addWidget(self.hint, 1)

    @property
    def busy(self) -> bool:
        """Whether something that is shown is still on its way."""
        return self.table.isVisible() and (self.table.busy or self.pictures.busy)

    def forget_pictures(self) -> None:
        """Another set is open."""
        self.pictures.clear()

    def show_found(self, found: Found | None, hint: str) -> None:
        """Show this answer, or what to do to get one."""
        self.found = found
        self.table.show_found(found)
        self.beside.show_found(found)
        some = found is not None and len(found) > 0
        self.words.set_full_text("" if found is None else found.listing.words)
        self.hint.setText(hint)
        self.hint.setVisible(not some)  # goes before the table comes: Qt shares the room when something comes up
        for part in (self.select_all, self.save, self._body):
            part.setVisible(some)
        self.words.setVisible(found is not None and self.progress.isHidden())
        self._share_room()
        self.show_selection()

    def show_selection(self) -> None:
        """Mark the rows whose points are selected on the map."""
        explorer = self._desk.explorer
        if self.found is not None and explorer is not None:
            self.table.show_marks(self.found.marked(explorer.selected))

    def show_job(self, job: Job | None) -> None:
        """Show how far the search is; nothing where none runs."""
        active = job is not None and job.active
        self.progress.setVisible(active)
        self.doing.setVisible(active)
        self.words.setVisible(self.found is not None and not active)
        if job is None or not active:
            return
        eta = f" · {format_duration(job.eta_s)} left" if job.eta_s is not None else ""
        self.doing.set_full_text(f"{job.title}: {job.words or 'starting the lab'}{eta}")
        self.progress.setRange(0, 0 if job.share < 0 else 1000)
        self.progress.setValue(round(1000 * max(job.share, 0.0)))
        self.progress.setAccessibleName(self.doing.full_text())

    def _share_room(self) -> None:
        """The heat map gets as much room as it is high, with its words; the rest is the table's."""
        if self.beside.isVisibleTo(self):
            wanted = self.beside.wanted_width(self._body.height())
            self._body.setSizes([max(LEAST_TABLE_PX, self._body.width() - wanted), wanted])

    def retheme(self) -> None:
        """Take over the theme's colours."""
        self.matrix.retheme()
        self.table.viewport().update()
