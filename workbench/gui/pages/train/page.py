"""The Train page: the runs, their curves over each other, and the one that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSplitter, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from workbench.app.supervisor import RunHandle
from workbench.app.topics import Topic
from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.pages.base import Page
from workbench.gui.pages.train.at_work import AtWork
from workbench.gui.pages.train.curves import CurveRun, RunCurves
from workbench.gui.pages.train.header import RunHeader
from workbench.gui.pages.train.inspector import RunInspector
from workbench.gui.pages.train.items import RunItem, merged, of_row
from workbench.gui.pages.train.list import RunList
from workbench.gui.pages.train.metrics import choices
from workbench.gui.pages.train.row import Mark
from workbench.gui.pages.train.shown import ShownRuns
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.containers import EmptyState
from workbench.plugins.specs import MetricSpec, ObjectiveSpec
from workbench.runs.state import RunState

REDRAW_MS = 350
REDRAW_BESIDE_CPU_MS = 4000
"""While a run trains on this machine's processor: a redraw costs some 8 ms of a core that training waits for."""
REDRAW_AT_FIRST_MS, AT_FIRST_S = 1000, 20.0
"""The first seconds of a run are the ones that are watched most."""
LIST_PX = 252
SECTIONS = {"curves": "Curves", "at-work": "At work"}


class TrainPage(Page):
    """Runs at the left; at the right the head of the present one over the curves of all that are drawn."""

    id = "train"
    title = "Train"
    topics = frozenset({Topic.RUNS, Topic.RECIPE})

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self.shown = ShownRuns(self.app)
        self.runs = RunList()
        self.header = RunHeader(bridge)
        self.curves: RunCurves | None = None
        self.at_work = AtWork(bridge)
        self.facts = RunInspector()
        self.empty = EmptyState(
            "train",
            "No runs yet",
            "Press Train, or Ctrl+Enter.",
            [("run.train", "Train"), ("run.open", "Open run folder…")],
        )
        self.choose = EmptyState("train", "No run is chosen", "Choose one in the list to see its curves.")
        self._listed: tuple[object, list[RunItem]] = (None, [])
        self._listing = False
        self._lives: dict[Path, bool] = {}
        self._shown_state: object = None
        self._pace = QTimer(self, singleShot=True)
        self._pace.timeout.connect(self._show_if_visible)
        self._lay_out()
        self._connect()

    # -- what the window asks --------------------------------------------------------------------------------------

    def refresh(self, topics: set[Topic]) -> None:
        """Show at once, and then no oftener than the pace allows, however fast events come."""
        if not self._pace.isActive():
            self._pace.start(self._interval_ms())
            self._show()

    def inspector(self) -> QWidget:
        return self.facts

    def sections(self) -> list[str]:
        return list(SECTIONS)

    def open_section(self, section: str) -> None:
        if section in SECTIONS:
            self.tabs.setCurrentIndex(list(SECTIONS).index(section))

    def retheme(self) -> None:
        self.at_work.retheme()
        if self.curves is not None:
            self.curves.retheme()
        if self.isVisible():
            self._show()

    def settled(self) -> bool:
        current = self.app.current
        drawn = self._watching or self.curves is not None
        loading = current is not None and not (current.loaded and drawn)
        reading = self.shown.reading or self.at_work.reading
        return not (self._listing or loading or reading or self._pace.isActive())

    # -- building --------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.right = QWidget()
        self._column = QVBoxLayout(self.right)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE_S)
        self._column.addWidget(self.header)
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("What is shown of the run")
        for title in SECTIONS.values():
            self.tabs.addTab(title)
        self.tabs.currentChanged.connect(self._show_tab)
        self.below = QStackedWidget()
        empty = QWidget()
        self._curves_place = QVBoxLayout(empty)
        self._curves_place.setContentsMargins(0, 0, 0, 0)
        self.below.addWidget(empty)
        self.below.addWidget(self.at_work)
        line = QHBoxLayout()
        line.setSpacing(SPACE_M)
        line.addWidget(self.tabs, 0, Qt.AlignmentFlag.AlignBottom)
        line.addWidget(self.header.banner, 1)
        self._column.addLayout(line)
        self._column.addWidget(self.below, 1)
        self.detail = QStackedWidget()
        self.detail.addWidget(self.choose)
        self.detail.addWidget(self.right)
        whole = QSplitter(Qt.Orientation.Horizontal)
        whole.addWidget(self.runs)
        whole.addWidget(self.detail)
        whole.setHandleWidth(SPACE_S)
        whole.setChildrenCollapsible(False)
        whole.setStretchFactor(1, 1)
        whole.setSizes([LIST_PX, 4 * LIST_PX])
        self.body = QStackedWidget()
        self.body.addWidget(self.empty)
        self.body.addWidget(whole)
        line = QHBoxLayout(self)
        line.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_S)
        line.addWidget(self.body)

    def _connect(self) -> None:
        self.runs.looked_at.connect(self._look_at)
        self.runs.overlaid.connect(self._overlay)
        self.runs.asked.connect(lambda asked: self._open_menu(*asked))
        self.empty.acted.connect(lambda command: self.bridge.run(str(command)))
        self.facts.taken_over.connect(lambda _none: self._take_over())

    # -- what the user does ----------------------------------------------------------------------------------------

    def _look_at(self, key: Path) -> None:
        self._do(lambda: self.shown.look_at(self._item(key).folder))

    def _overlay(self, key: Path) -> None:
        self._do(lambda: self.shown.toggle(self._item(key).folder))

    def _do(self, change: Callable[[], None]) -> None:
        try:
            change()
        except WorkbenchError as error:
            self.app.fail(error)
            self._list()
        self.bridge.hurry()
        self.app.topics.publish(Topic.RUNS)
        self._show()

    def _item(self, key: Path) -> RunItem:
        return next(item for item in self._items() if item.key == key)

    def _take_over(self) -> None:
        current = self.app.current
        asked = self.shown.asked(current) if current is not None else None
        if current is not None and asked is not None and asked.recipe is not None:
            self.app.editor.replace(asked.document, f"take over the recipe of {current.folder.name}")

    def _open_menu(self, key: Path, place: QPoint) -> None:
        menu = self.menu_of(self._item(key))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def menu_of(self, item: RunItem) -> QMenu:
        """What can be done with a run of the list."""
        menu, path = QMenu(self), str(item.folder.path)
        kept = self.shown.kept(item.key)
        menu.addAction("Take out of the curves" if kept else "Keep in the curves", partial(self._overlay, item.key))
        resume = menu.addAction("Resume", partial(self._resume, item.key))
        resume.setEnabled(item.state is RunState.PAUSED or (item.state.ended and item.state is not RunState.COMPLETED))
        menu.addSeparator()
        menu.addAction("Open folder", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(path)))
        menu.addAction("Copy folder path", lambda: QGuiApplication.clipboard().setText(path))
        return menu

    def _resume(self, key: Path) -> None:
        self._look_at(key)
        self.bridge.run("run.resume")

    # -- showing ---------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        self._list()
        super().showEvent(event)

    def _list(self) -> None:
        """Read the workspace again; the last of the background's work to end is ours, so the list is there by then."""
        if not self._listing:
            self._listing = True
            self.app.list_runs()
            self.app.background.run(lambda: None, lambda _none: self._listed_all(), lambda _error: self._listed_all())

    def _listed_all(self) -> None:
        self._listing = False
        self.app.topics.publish(Topic.RUNS)

    def _show_if_visible(self) -> None:
        if self.isVisible():
            if self._behind():
                self._pace.start(self._interval_ms())
                self._show()
        else:
            self._stale.add(Topic.RUNS)

    def _interval_ms(self) -> int:
        handles = self.app.supervisor.handles.values()
        on_cpu = [h for h in handles if h.state is RunState.RUNNING and h.history.running.get("device") == "cpu"]
        if not on_cpu:
            return REDRAW_MS
        young = any((handle.history.last("elapsed_s") or 0.0) < AT_FIRST_S for handle in on_cpu)
        return REDRAW_AT_FIRST_MS if young else REDRAW_BESIDE_CPU_MS

    def _behind(self) -> bool:
        """Whether something has happened since the last showing."""
        return self._state() != self._shown_state

    def _state(self) -> object:
        drawn = [
            (key, id(handle.history), handle.history.revision, handle.state, handle.loaded, handle.stopping)
            for key, (handle, _number) in self.shown.drawn().items()
        ]
        return drawn, id(self.app.run_rows), self._listing, self.shown.reading, self.app.editor.document

    def _show(self) -> None:
        self._shown_state = self._state()
        items = self._items()
        nothing = not items and not self._listing
        self.body.setCurrentIndex(0 if nothing else 1)
        self._list_when_changed()
        self.runs.set_items(items)
        drawn = self.shown.drawn()
        current = self.app.current
        self.runs.set_marks(
            {key: Mark(_colour(number), self.shown.kept(key)) for key, (_handle, number) in drawn.items()}
        )
        self.runs.look_at(current.folder.path.resolve() if current else None)
        self.detail.setCurrentIndex(1 if current else 0)
        if current is None:
            self.facts.clear()
            return
        names = {item.key: item.name for item in items}
        name = names.get(current.folder.path.resolve(), current.folder.name)
        self.header.show_run(current, name, self.shown.chance(current), self._specs(current))
        self.facts.show_run(self.app, current, self.shown.asked(current))
        if self._watching:
            if (asked := self.shown.asked(current)) is not None:
                self.at_work.show_run(current, self._spec(current), asked.document)
        else:
            self._show_curves(drawn, names)

    @property
    def _watching(self) -> bool:
        """Whether the objective is looked at, at work, in place of the curves."""
        return self.below.currentWidget() is self.at_work

    def _show_tab(self, index: int) -> None:
        self.below.setCurrentIndex(index)
        if self.isVisible():
            self._show()

    def _show_curves(self, drawn: dict[Path, tuple[RunHandle, int]], names: dict[Path, str]) -> None:
        runs = [
            CurveRun(str(key), names.get(key, key.name), _colour(number), handle.history, self.shown.chance(handle))
            for key, (handle, number) in drawn.items()
        ]
        logged = dict.fromkeys(name for run in runs for name in run.history.names)
        specs = [spec for handle, _number in drawn.values() for spec in self._specs(handle)]
        if self.curves is None:
            self.curves = RunCurves(self.app.settings.smoothing)
            self.curves.smoothed.connect(self._remember_smoothing)
            self._curves_place.addWidget(self.curves)
        self.curves.show_runs(runs, choices(specs, logged))

    def _remember_smoothing(self, weight: float) -> None:
        self.app.settings = self.app.settings.replace(smoothing=weight)

    def _specs(self, handle: RunHandle) -> tuple[MetricSpec, ...]:
        spec = self._spec(handle)
        return spec.metrics if spec is not None else ()

    def _spec(self, handle: RunHandle) -> ObjectiveSpec | None:
        asked = self.shown.asked(handle)
        id_ = str(asked.document.get("objective", {}).get("id", "")) if asked else ""
        return self.app.catalogue.objective(id_).spec if self.app.catalogue.has("objective", id_) else None

    def _items(self) -> list[RunItem]:
        rows = self.app.run_rows
        if self._listed[0] is not rows:
            self._listed = (rows, [of_row(row) for row in rows])
        return merged(self._listed[1], self.app.supervisor.handles)

    def _list_when_changed(self) -> None:
        """A run that began or ended changes what the workspace's list knows."""
        lives = {key: handle.state.live for key, handle in self.app.supervisor.handles.items() if handle.loaded}
        if any(self._lives.get(key, live) != live for key, live in lives.items()):
            self._list()
        self._lives = lives


def _colour(number: int) -> str:
    palette = current_theme().palette
    return palette[number % len(palette)]
