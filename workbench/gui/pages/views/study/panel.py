"""The Composition study panel: set up a study, start it, and watch its heat map fill in."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QVBoxLayout

from workbench.app.application import Notice as Told
from workbench.app.jobs import JobState
from workbench.app.studies.composition.plan import CompositionPlan
from workbench.app.studies.composition.report import titles
from workbench.app.studies.composition.table import Table
from workbench.app.studies.desk import Snapshot, StudyDesk
from workbench.app.studies.estimate import Estimate, timing_request
from workbench.app.studies.folder import Study, create_study, new_study_path, open_study, studies_in
from workbench.app.topics import Topic
from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.pages.views.panel import Data, Panel
from workbench.gui.pages.views.study import export
from workbench.gui.pages.views.study.inspector import StudyInspector
from workbench.gui.pages.views.study.start import StudyStart
from workbench.gui.pages.views.study.watch import StudyWatch
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import icon_button
from workbench.gui.widgets.notice import Notice
from workbench.recipes.models import Recipe

READ_MS = 1000
PATTERNS = "Pictures and tables (*.png *.svg *.csv)"


class StudyPanel(Panel):
    """A new study, or one of the workspace's; the process that works on it needs no window.

    Attributes
    ----------
    snapshot : the study that is shown, as last read
    """

    id = "study"
    title = "Composition"

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self.snapshot: Snapshot | None = None
        self._desk: StudyDesk | None = None
        desks = self._desks = dict[Path, StudyDesk]()
        self.destroyed.connect(lambda: _release(desks))
        self._estimate: tuple[str, Estimate] | None = None
        self._timing, self._stopping, self._looked = False, False, False
        self._waiting, self._reading, self._read_again = 0, False, False
        self._timer = QTimer(self, interval=READ_MS)
        self._timer.timeout.connect(self._read)
        self.studies = QComboBox()
        self.studies.setAccessibleName("Study")
        self.studies.addItem("New study", None)
        self.studies.activated.connect(self._choose)
        self.export_button = icon_button("export", "Save the heat map as a picture or a table…")
        self.export_button.clicked.connect(self._export)
        self.notice = Notice()
        self.start = StudyStart(self.app.catalogue)
        self.start.setup.changed.connect(lambda _none: self._show_plan())
        self.start.timed.connect(lambda _none: self._time())
        self.start.started.connect(lambda _none: self._start())
        self.watch = StudyWatch()
        self.watch.asked.connect(self._ask)
        self._inspector = StudyInspector()
        self._inspector.opened.connect(self._open_run)
        self.watch.map.chosen.connect(self._show_cell)
        self.watch.map.opened.connect(self._open_run)
        self._lay_out()

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(SPACE_S)
        bar.addWidget(self.studies, 1)
        bar.addWidget(self.export_button)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start)
        self.stack.addWidget(self.watch)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_S, SPACE_M, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_M)
        column.addLayout(bar)
        column.addWidget(self.notice)
        column.addWidget(self.stack, 1)

    # -- the page --------------------------------------------------------------------------------------------------

    def refresh(self, data: Data) -> None:
        if not self._looked:
            self._looked = True
            self._list(attach=True)
        self._show_plan()
        if self._desk is not None:
            self._read()

    def retheme(self) -> None:
        self.watch.map.update()

    def settled(self) -> bool:
        return self._looked and not self._waiting and not self._reading and not self._timing

    def inspector(self) -> StudyInspector:
        return self._inspector

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)

    def open_folder(self, path: Path) -> None:
        """Show the study in this folder."""
        self._waiting += 1
        self.app.background.run(lambda: open_study(path, self.app.catalogue), self._opened, self._failed)

    def close_study(self) -> None:
        """Go back to the fields of a new one; what works goes on."""
        self._desk, self.snapshot = None, None
        self._timer.stop()
        self.stack.setCurrentWidget(self.start)
        self.studies.setCurrentIndex(0)
        self._show_plan()

    # -- studies of the workspace ----------------------------------------------------------------------------------

    @property
    def _studies_dir(self) -> Path:
        return self.app.home / "studies"

    def _list(self, attach: bool = False) -> None:
        """List the studies; `attach` opens the newest that is being worked on."""

        def look() -> list[tuple[Path, bool]]:
            found = []
            for path in studies_in(self._studies_dir, CompositionPlan.kind):
                try:
                    found.append((path, attach and open_study(path, self.app.catalogue).worker() is not None))
                except WorkbenchError:
                    continue
            return found

        def show(found: list[tuple[Path, bool]]) -> None:
            self._waiting -= 1
            self._fill([path for path, _ in found])
            live = next((path for path, working in found if working), None)
            if live is not None and self._desk is None:
                self.open_folder(live)

        self._waiting += 1
        self.app.background.run(look, show, self._failed)

    def _fill(self, paths: list[Path]) -> None:
        self.studies.clear()
        self.studies.addItem("New study", None)
        for path in paths:
            self.studies.addItem(path.name, path)
        shown = self._desk.study.path if self._desk is not None else None
        rows = [row for row in range(self.studies.count()) if self.studies.itemData(row) == shown]
        self.studies.setCurrentIndex(rows[0] if rows else 0)

    def _choose(self, row: int) -> None:
        path = self.studies.itemData(row)
        if path is None:
            self.close_study()
        else:
            self.open_folder(path)

    def _opened(self, study: Study) -> None:
        self._waiting -= 1
        self._desk = self._desks.setdefault(study.path, StudyDesk(study))
        self.snapshot, self._stopping = None, False
        self._list()
        self._read()

    # -- a new one -------------------------------------------------------------------------------------------------

    def _base(self) -> Recipe | str:
        """The recipe being edited, or what is wrong with it."""
        editor = self.app.editor
        if editor.recipe is None or editor.problems:
            return f"The recipe cannot be trained. {editor.problems[0]}" if editor.problems else "There is no recipe."
        return editor.recipe

    def _wanted(self) -> tuple[CompositionPlan, Recipe] | str:
        plan, base = self.start.setup.plan(), self._base()
        if isinstance(plan, str) or isinstance(base, str):
            return plan if isinstance(plan, str) else str(base)
        try:
            plan.recipe_of(plan.cells()[0], base, self.app.catalogue)
        except WorkbenchError as error:
            return str(error).partition(": ")[2] or str(error)
        return plan, base

    def _show_plan(self) -> None:
        wanted = self._wanted()
        if isinstance(wanted, str):
            self.start.show_plan(wanted, None, None, self._timing)
        else:
            self.start.show_plan(*wanted, self._known_estimate(*wanted), self._timing)
        self.export_button.setEnabled(self.snapshot is not None)

    def _known_estimate(self, plan: CompositionPlan, base: Recipe) -> Estimate | None:
        known = self._estimate
        return known[1] if known is not None and known[0] == _timing_key(plan, base) else None

    def keep_estimate(self, estimate: Estimate) -> None:
        """Take this as what a run of the present fields and recipe costs."""
        wanted = self._wanted()
        if not isinstance(wanted, str):
            self._estimate = _timing_key(*wanted), estimate
        self._show_plan()

    def _time(self) -> None:
        wanted = self._wanted()
        if isinstance(wanted, str) or self._timing:
            return
        plan, base = wanted
        self._timing = True
        job = self.app.jobs.begin("Time a run of the study")

        def over(state: JobState, words: str = "") -> None:
            self._timing = False
            self.app.jobs.end(job, state, words)
            self._show_plan()

        def done(result: dict[str, object], _arrays: object) -> None:
            self._estimate = _timing_key(plan, base), Estimate.model_validate(result)
            over("done")

        def failed(error: WorkbenchError) -> None:
            self._tell(error)
            over("failed", error.message)

        ticket = self.app.long_lab.ask(
            "time_recipe",
            timing_request(plan, base, self.app.catalogue),
            done=done,
            failed=failed,
            progress=lambda share, words: self.app.jobs.progress(job, share, words),
            cancelled=lambda: over("cancelled"),
        )
        job.cancel = lambda: self.app.long_lab.cancel(ticket)
        self._show_plan()

    def _start(self) -> None:
        wanted = self._wanted()
        if isinstance(wanted, str):
            return
        plan, base = wanted
        estimate, catalogue, parent = self._known_estimate(plan, base), self.app.catalogue, self._studies_dir

        def create() -> Study:
            study = create_study(new_study_path(parent, base), plan, base, catalogue)
            if estimate is not None:
                study.keep_estimate(estimate)
            return study

        def begin(study: Study) -> None:
            self._opened(study)
            self._ask("start")

        self._waiting += 1
        self.start.start_button.setEnabled(False)
        self.app.background.run(create, begin, self._failed)

    # -- one that is there -----------------------------------------------------------------------------------------

    def _read(self) -> None:
        desk = self._desk
        self._read_again = self._reading  # what is being read may be older than what was just asked
        if desk is None or self._reading:
            return
        self._reading = True

        def failed(error: WorkbenchError) -> None:
            self._reading = False
            self._tell(error)

        self.app.background.run(desk.read, lambda seen: self._show(desk, seen), failed)

    def _show(self, desk: StudyDesk, seen: Snapshot) -> None:
        self._reading = False
        if self._read_again or desk is not self._desk:
            self._read()
        if desk is not self._desk:
            return
        self.snapshot = seen
        self._stopping = self._stopping and seen.working
        headings = titles(Table.of(seen.study, seen.results).plan, self.app.catalogue)
        self.watch.show_snapshot(seen, headings, self._stopping)
        self.stack.setCurrentWidget(self.watch)
        self.export_button.setEnabled(True)
        if seen.failure:
            self.notice.show_message("The study stopped before it was done.", seen.failure, "danger")
        if self.watch.map.current is not None:
            self._show_cell(self.watch.map.pair(*self.watch.map.current))
        if seen.working and self.isVisible():
            self._timer.start()
        elif not seen.working:
            self._timer.stop()

    def _ask(self, wish: str) -> None:
        if self._desk is None:
            return
        try:
            match wish:
                case "start":
                    self.notice.hide()
                    self._desk.start()
                case "stop":
                    self._desk.stop()
                    self._stopping = True
                case "pause" | "resume":
                    self._desk.ask(wish)
        except WorkbenchError as error:
            self._tell(error)
        self._timer.start()
        self._read()

    def _show_cell(self, pair: tuple[str, str]) -> None:
        if self.snapshot is not None:
            self._inspector.show_cell(
                Table.of(self.snapshot.study, self.snapshot.results), self.watch.map.headings, pair
            )

    def _open_run(self, pair: tuple[str, str]) -> None:
        """Show the first run of a cell that has begun on the Train page."""
        if self.snapshot is None:
            return
        study = self.snapshot.study
        runs = Table.of(study, self.snapshot.results).runs(*pair)
        folder = next((folder for run in runs if (folder := study.run_of(run.cell)).events.exists()), None)
        if folder is None:
            self.app.notify(Told("That run has not begun.", "It comes up when those before it are done.", "info"))
            return
        self.app.current = self.app.supervisor.attach(folder)
        self.app.topics.publish(Topic.RUNS)
        if self.bridge.face is not None:
            self.bridge.face.show_page("train")

    def _export(self) -> None:
        if self.snapshot is None or self.bridge.face is None:
            return
        study = self.snapshot.study
        path = self.bridge.face.ask_save("Save the heat map", f"{study.name}.png", PATTERNS)
        if path is not None:
            self.save(path)

    def save(self, path: Path) -> None:
        """Write the heat map or the table; the suffix says which."""
        assert self.snapshot is not None
        study = self.snapshot.study
        try:
            table, title = Table.of(study, self.snapshot.results), study.base.name or study.name
            export.save(path, table, self.watch.map.headings, title)
        except WorkbenchError as error:
            self._tell(error)
        except OSError as error:
            self._tell(WorkbenchError(f"{path} cannot be written: {error.strerror}."))
        else:
            self.app.notify(Told(f"Saved {path}.", level="info"))

    def _failed(self, error: WorkbenchError) -> None:
        self._waiting -= 1
        self._tell(error)
        self._show_plan()

    def _tell(self, error: WorkbenchError) -> None:
        self.notice.show_message(error.message, error.hint, "danger")


def _release(desks: dict[Path, StudyDesk]) -> None:
    """Watch the studies no longer; they go on."""
    for desk in desks.values():
        desk.release()


def _timing_key(plan: CompositionPlan, base: Recipe) -> str:
    """What a timing depends on: a change of budget, samples, seeds or operations needs no new one."""
    document = base.document()
    parts = [document[name] for name in ("data", "backbone", "objective", "optimiser", "training", "hardware")]
    return json.dumps([*parts, base.views.size, document["evaluation"], plan.measure], sort_keys=True)
