"""The panel "Structure": what was found in the set, as a table that selects on the map and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout

from workbench.app.application import Notice
from workbench.app.explorer.explorer import Changed, Explorer
from workbench.app.jobs import Job
from workbench.app.topics import Topic
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.base import ExplorePanel
from workbench.gui.pages.explore.panels.structure.asking import Asking, KindList
from workbench.gui.pages.explore.panels.structure.cluster_labels import FoundClusterLabels
from workbench.gui.pages.explore.panels.structure.found import Found
from workbench.gui.pages.explore.panels.structure.kinds import LABEL
from workbench.gui.pages.explore.panels.structure.results import Results
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS

COLUMN, TITLE = "cluster", "Clusters"
_NOTHING = "There is nothing to list. Change a setting above and press Find again."


class StructurePanel(ExplorePanel):
    """Asks the lab, keeps the newest answer of each kind, and joins its table to the map."""

    id = "structure"
    title = "Structure"
    tip = "Clusters, class centroids, near-duplicates, outliers and label suspects"
    glyph = "layers"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.kinds = KindList()
        self.asking = Asking(self.kinds)
        self.results = Results(desk, self.asking)
        self.table = self.results.table
        self.labels = FoundClusterLabels(desk)
        desk.map.add_overlay(self.labels)
        self._found: dict[str, Found] = {}
        self._explorer: Explorer | None = None
        self._job: Job | None = None
        self._is_wanted = False
        self._reading: Explorer | None = None
        line = QHBoxLayout(self)
        line.setContentsMargins(SPACE_XS, SPACE_S, SPACE_XS, SPACE_XS)
        line.setSpacing(SPACE_M)
        line.addWidget(self.kinds)
        line.addWidget(self.results, 1)
        self._connect()

    def _connect(self) -> None:
        asking, results = self.asking, self.results
        self.kinds.currentRowChanged.connect(lambda _row: self._show_kind())
        asking.wanted.connect(self.look)
        asking.cancelled.connect(self.cancel)
        results.table.chosen.connect(self._select)
        results.table.visited.connect(self._visit)
        results.table.all_wanted.connect(self._select_all)
        results.select_all.clicked.connect(self._select_all)
        results.save.clicked.connect(self._ask_and_save)
        results.matrix.cell_chosen.connect(self._select)
        results.matrix.save_wanted.connect(self._ask_and_save_matrix)
        results.beside.group_wanted.connect(self._select)
        results.looked_at.connect(lambda row: self.desk.look_at(row, fly=True))
        self.desk.bridge.changed.connect(self._follow_jobs)

    # -- the panel's contract --------------------------------------------------------------------------------------

    def show_set(self) -> None:
        if self.desk.explorer is not self._explorer:
            self.cancel()
            self._explorer = self.desk.explorer
            self._found.clear()
            self.results.forget_pictures()
            self.asking.show_set(self.desk.opened)
            self._show_kind()
        else:
            self.asking.show_set(self.desk.opened)
            self.results.show_selection()

    def follow(self, changed: Changed) -> None:
        if "layout" in changed:
            self.asking.show_set(self.desk.opened)
        if "selection" in changed:
            self.results.show_selection()

    def retheme(self) -> None:
        self.results.retheme()

    def settled(self) -> bool:
        reads = self._reading is not None and self._reading is self.desk.explorer
        return not (self._is_asking() or reads or self.results.busy)

    # -- asking ----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look for what is chosen, with the settings as they stand."""
        opened, kind, values = self.desk.opened, self.kinds.kind, self.asking.values()
        if opened is None or self._is_asking():
            return
        explorer, column = self.desk.explorer, str(values.get("column") or LABEL)
        self._is_wanted = True

        def read(found: Found) -> None:
            if self.desk.explorer is explorer:
                self._reading = None
                self._take(found)

        def failed(error: WorkbenchError) -> None:
            if self.desk.explorer is explorer:
                self._reading = None
                self.desk.app.fail(error)

        def answered(result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
            if self.desk.explorer is explorer and self._is_wanted:
                self._reading = explorer
                self.desk.work(lambda: Found.of(kind, result, arrays, opened.stored, column), read, failed)

        self._job = self.desk.long_job(kind.title, kind.request, kind.params(values), answered)
        self.desk.bridge.hurry()
        self._show_job()

    def cancel(self) -> None:
        """Stop looking; an answer that is already on its way is not shown."""
        self._is_wanted = False
        if self._job is not None and self._job.active:
            self.desk.app.jobs.cancel(self._job.id)

    def _is_asking(self) -> bool:
        return self._job is not None and self._job.active

    def _follow_jobs(self, topic: Topic) -> None:
        if topic is Topic.JOBS:
            self._show_job()

    def _show_job(self) -> None:
        self.asking.set_busy(self._is_asking())
        self.results.show_job(self._job)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _take(self, found: Found) -> None:
        self._found[found.kind.id] = found
        if found.kind.rows_are == "clusters" and len(found):
            self._colour_by_clusters(found)
        if found.kind is self.kinds.kind:
            self._show_kind()

    def _show_kind(self) -> None:
        """Show the newest answer of the chosen kind, or how to get one."""
        kind = self.kinds.kind
        found = self._found.get(kind.id)
        self.asking.show_kind()
        hint = self.asking.refusal or f"{kind.sentence} Press Find to list them here."
        self.results.show_found(found, hint if found is None else _NOTHING)

    def _colour_by_clusters(self, found: Found) -> None:
        """Offer the clusters as a column, colour by it and name them on the map."""
        from workbench.runs.embedding_columns import Categorical

        explorer, names = self.desk.explorer, found.column("cluster").names
        assert explorer is not None
        assert names is not None
        codes = found.arrays["codes"]
        column = explorer.add_column(COLUMN, Categorical(codes, names), TITLE)
        self.labels.show_clusters(column, codes, names)
        self.desk.named_column = column
        explorer.apply(f"colour by {TITLE}", colour=column)

    # -- what the user does ----------------------------------------------------------------------------------------

    def _select(self, positions: NDArray[np.int64]) -> None:
        if self.results.found is not None:
            self.desk.select(self.results.found.rows_of(positions))

    def _select_all(self) -> None:
        if self.results.found is not None:
            self.desk.select(self.results.found.all_rows(), fly=False)

    def _visit(self, position: int) -> None:
        """Look at a row's sample, and fly to all that the row stands for."""
        found = self.results.found
        if found is None:
            return
        self.desk.look_at(int(found.listing.rows[position]))
        self.desk.map.fly_to(found.rows_of([position]))

    def _ask_and_save(self) -> None:
        found = self.results.found
        if found is None:
            return
        path = self.desk.ask_save("Save the list", f"{found.kind.id}.csv", "Tables (*.csv)")
        if path is not None:
            self.save_csv(found, path)

    def save_csv(self, found: Found, path: Path) -> None:
        """Write all rows of what was found, in the lab's order, and say so."""
        opened = self.desk.opened
        if opened is None:
            return

        def written(_: None) -> None:
            self.desk.app.notify(Notice(f"{len(found):,} rows are in {path.name}.", str(path.parent), "success"))

        self.desk.work(lambda: found.listing.write_csv(opened.stored, path), written)

    def _ask_and_save_matrix(self) -> None:
        path = self.desk.ask_save("Save the distances", "centroids.png", "Pictures (*.png)")
        if path is None:
            return
        try:
            self.results.matrix.save(path)
        except OSError as error:
            self.desk.app.fail(WorkbenchError(f"The picture could not be saved: {error}.", "Choose another file."))
