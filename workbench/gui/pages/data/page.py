"""The Data page: choose a data set, look at it, bring your own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from workbench.app.application import Notice
from workbench.app.topics import Topic
from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.pages.base import Page
from workbench.gui.pages.data.catalogue import DatasetList
from workbench.gui.pages.data.drop import DropVeil, drop_words, dropped_paths
from workbench.gui.pages.data.inspector import SampleInspector
from workbench.gui.pages.data.panel import DataPanel
from workbench.gui.pages.data.state import DataState, Stage, Status, data_section, data_state, facts_of, opening_job
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import label, push_button
from workbench.gui.widgets.search_field import SearchField
from workbench.plugins.catalogue import Entry
from workbench.plugins.specs import DatasetSpec

LIST_WIDTH = 288


class DataPage(Page):
    """The data sets there are at the left, the chosen one at the right."""

    id = "data"
    title = "Data"
    topics = frozenset({Topic.RECIPE, Topic.DATA, Topic.JOBS})

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._statuses: dict[str, Status] = {}
        self._listed = False
        self._asked: dict[str, Any] | None = None
        self._status: tuple[dict[str, Any], Status] | None = None
        self._attempted = ""
        self._was_opening = False
        self._shown: DataState | None = None
        self.list = DatasetList(self.app.catalogue.datasets)
        self.search = SearchField("Search data sets")
        self.panel = DataPanel(bridge)
        self._inspector = SampleInspector()
        self.veil = DropVeil(self)
        self._lay_out()
        self.setAcceptDrops(True)
        self.search.setAcceptDrops(False)
        self.search.searched.connect(self.list.search)
        self.list.picked.connect(self.pick)
        self.panel.wanted.connect(self._act)
        self.panel.edited.connect(self._edit)
        self.panel.samples.picked.connect(self._inspect)

    def _lay_out(self) -> None:
        side = QFrame()
        side.setProperty("panel", True)
        side.setFixedWidth(LIST_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, SPACE_M, 0, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addLayout(_inset(self.search))
        column.addWidget(self.list, 1)
        column.addLayout(_inset(*self._import_buttons()))
        column.addLayout(_inset(label("or drop a folder or a file on this page", "caption")))
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(side)
        line.addWidget(self.panel, 1)

    def _import_buttons(self) -> tuple[QWidget, QWidget]:
        self.import_folder = push_button("Import folder…", tip="Import a folder of pictures")
        self.import_file = push_button("Import file…", tip="Import arrays or a table of images")
        self.import_folder.clicked.connect(lambda: self.bridge.run("data.import-folder"))
        self.import_file.clicked.connect(lambda: self.bridge.run("data.import-file"))
        return self.import_folder, self.import_file

    # -- what the window asks --------------------------------------------------------------------------------------

    def refresh(self, topics: set[Topic]) -> None:
        """Show the chosen data set as it stands, and find out what is not known of it."""
        entry = self._entry()
        job = opening_job(self.app)
        opening = job is not None and job.active
        if self._was_opening and not opening:
            self._forget_statuses()
        self._was_opening = opening
        if not self._listed:
            self._ask_list()
        self._ask_chosen()
        if entry is None:
            return
        if topics & {Topic.RECIPE, Topic.DATA}:
            self.list.set_chosen(entry.id)
            self.panel.show_set(entry, data_section(self.app), self.app.editor.problems_under("data"))
        self._show(entry)

    def inspector(self) -> QWidget:
        return self._inspector

    def settled(self) -> bool:
        """Whether statuses, facts and samples have arrived."""
        entry = self._entry()
        if entry is None:
            return True
        stage = self._state().stage
        shown = self._shown is not None and self._shown.stage is stage and self.panel.shows(facts_of(self.app))
        return shown and stage not in (Stage.ASKING, Stage.OPENING) and not self.panel.samples.busy()

    # -- what the user does ----------------------------------------------------------------------------------------

    def pick(self, id_: str) -> None:
        """Choose a data set; one that is on this machine is opened as well."""
        if data_section(self.app).get("id") != id_:
            self._act("cancel")
            self._attempted = ""
            self.app.editor.choose("data", id_)

    def _edit(self, change: tuple[str, Any]) -> None:
        name, value = change
        entry = self._entry()
        if entry is not None:
            title = entry.schema_["properties"][name].get("title", name)
            self.app.editor.set(f"data.{name}", value, f"change {title} of {entry.title}")

    def _act(self, action: str) -> None:
        job = opening_job(self.app)
        if action == "cancel" and job is not None and job.active:
            self.app.jobs.cancel(job.id)
        elif action in ("open", "reload"):
            self._open()
        elif action == "check":
            self._forget_statuses()
            self._ask_list()
            self._ask_chosen()
        elif action in self.bridge.commands:
            self.bridge.run(action)

    def _open(self) -> None:
        self._attempted = str(data_section(self.app).get("id", ""))
        self.app.open_data()

    def _inspect(self, picked: tuple[int, Any]) -> None:
        row, picture = picked
        self._inspector.show_sample(row, picture, self.panel.samples.split.currentText())

    # -- showing ---------------------------------------------------------------------------------------------------

    def _entry(self) -> Entry[DatasetSpec] | None:
        id_ = str(data_section(self.app).get("id", ""))
        return self.app.catalogue.get("dataset", id_) if self.app.catalogue.has("dataset", id_) else None

    def _state(self) -> DataState:
        return data_state(self.app, self._present_status())

    def _present_status(self) -> Status | None:
        """What was found out about the chosen data set with its present settings."""
        known = self._status
        return known[1] if known is not None and known[0] == data_section(self.app) else None

    def _show(self, entry: Entry[DatasetSpec]) -> None:
        state = self._state()
        status = self._present_status()
        ready = status is not None and status.state == "ready"
        if state.stage is Stage.CLOSED and ready and self._attempted != entry.id and self.isVisible():
            self._open()
            state = self._state()
        if state.stage in (Stage.OPENING, Stage.OPEN):
            self._attempted = entry.id
        self._shown = state
        self.panel.show_state(entry, state, facts_of(self.app))

    # -- asking the lab --------------------------------------------------------------------------------------------

    def _forget_statuses(self) -> None:
        """Ask anew at the next refresh; what is known stays until the answer comes."""
        self._listed, self._asked = False, None

    def _ask_list(self) -> None:
        self._listed = True
        sets = [entry for entry in self.app.catalogue.datasets if entry.spec.origin != "import"]
        choices = [{"id": entry.id, **entry.defaults()} for entry in sets]
        self.app.quick_lab.ask("data_status", {"choices": choices}, channel="data-list", done=self._show_list)
        self.bridge.hurry()

    def _show_list(self, result: Mapping[str, Any], _arrays: object) -> None:
        self._statuses = _statuses(result)
        self.list.set_statuses(self._statuses)

    def _ask_chosen(self) -> None:
        """Find out whether the chosen data set is there; asked anew whenever its settings change."""
        section = data_section(self.app)
        if section == self._asked or self.app.editor.problems_under("data"):
            return
        self._asked = section
        self.app.quick_lab.ask(
            "data_status",
            {"choices": [section]},
            channel="data-status",
            done=lambda result, _arrays: self._know(section, _statuses(result)[section["id"]]),
            failed=lambda error: self._not_known(section, error),
        )
        self.bridge.hurry()

    def _know(self, section: dict[str, Any], status: Status) -> None:
        self._status = (section, status)
        entry = self._entry()
        if entry is not None and section == data_section(self.app):
            self._show(entry)

    def _not_known(self, section: dict[str, Any], error: WorkbenchError) -> None:
        self._know(section, Status("unknown", str(error)))

    # -- drag and drop ---------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        paths = dropped_paths(event.mimeData())
        if paths:
            self.veil.show_words(drop_words(paths))
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.veil.hide()
        paths = dropped_paths(event.mimeData())
        event.acceptProposedAction()
        if len(paths) == 1:
            self.app.import_data(paths[0])
            self.bridge.hurry()
        else:
            names = ", ".join(path.name for path in paths[:3])
            self.app.notify(Notice(f"{len(paths)} things were dropped: {names}.", "Drop one folder or one file."))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.veil.setGeometry(self.rect())


def _statuses(result: Mapping[str, Any]) -> dict[str, Status]:
    return {row["id"]: Status(row["state"], row["words"]) for row in result["rows"]}


def _inset(*widgets: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setContentsMargins(SPACE_M, 0, SPACE_M, 0)
    line.setSpacing(SPACE_S)
    for widget in widgets:
        line.addWidget(widget, 1)
    return line
