"""The Views page: the pipeline at the left, and at the right the ways of looking at what it does."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from workbench.app.topics import Topic
from workbench.core.errors import Problem
from workbench.gui.bridge import Bridge
from workbench.gui.pages.base import Page
from workbench.gui.pages.data.state import data_section, facts_of
from workbench.gui.pages.views.eyes.panel import EyesPanel
from workbench.gui.pages.views.panel import Data, Panel
from workbench.gui.pages.views.pipeline.editor import PipelineEditor
from workbench.gui.pages.views.preview.panel import Preview
from workbench.gui.pages.views.sheet.panel import OperationsPanel
from workbench.gui.pages.views.study.panel import StudyPanel
from workbench.gui.theme.tokens import SPACE_M, SPACE_S


class ViewsPage(Page):
    """Every change of the pipeline is drawn at once."""

    id = "views"
    title = "Views"
    topics = frozenset({Topic.RECIPE, Topic.DATA, Topic.RUNS})

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._known: tuple[dict[str, Any], str] = ({}, "")
        self.pipeline = PipelineEditor(bridge)
        self.preview = Preview(bridge)
        self.preview.acted.connect(self._act)
        self.preview.cost.costed.connect(self.pipeline.set_costs)
        operations = OperationsPanel(bridge)
        operations.wanted.connect(self._add)
        panels: tuple[Panel, ...] = (
            self.preview,
            operations,
            EyesPanel(bridge),
            StudyPanel(bridge),
        )
        self.panels = {panel.id: panel for panel in panels}
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Ways of looking at the pipeline")
        self.stack = QStackedWidget()
        self.sides = QStackedWidget()
        for panel in self.panels.values():
            self.tabs.addTab(panel.title)
            self.stack.addWidget(panel)
            self.sides.addWidget(panel.inspector() or QWidget())
        self.tabs.currentChanged.connect(self._show_tab)
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(SPACE_S - SPACE_M, 0, 0, 0)
        head.addWidget(self.tabs)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addLayout(head)
        right.addWidget(self.stack, 1)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(self.pipeline)
        line.addLayout(right, 1)

    def sections(self) -> list[str]:
        return list(self.panels)

    def open_section(self, section: str) -> None:
        if section in self.panels:
            self.tabs.setCurrentIndex(list(self.panels).index(section))

    def refresh(self, topics: set[Topic]) -> None:
        """Show the pipeline as it stands, and what the panel in sight makes of it."""
        self._show_panel()
        if topics != {Topic.RUNS}:
            self.pipeline.refresh()
            self._show_problem()

    def retheme(self) -> None:
        for panel in self.panels.values():
            panel.retheme()

    def inspector(self) -> QWidget:
        return self.sides

    def settled(self) -> bool:
        """Whether the newest answers for the panel in sight have arrived."""
        return not self._stale and self._panel().settled() and self._known[1] != "asked"

    def _panel(self) -> Panel:
        return list(self.panels.values())[self.tabs.currentIndex()]

    def _show_tab(self, index: int) -> None:
        self.stack.setCurrentIndex(index)
        self.sides.setCurrentIndex(index)
        self._show_panel()

    # -- data ------------------------------------------------------------------------------------------------------

    def _show_panel(self) -> None:
        data = self._data()
        self.pipeline.picker.data_ready = data is Data.READY
        self._panel().refresh(data)

    def _data(self) -> Data:
        section = data_section(self.app)
        if self.app.editor.problems_under("data"):
            return Data.ABSENT
        if facts_of(self.app) is not None or self._known == (section, "ready"):
            return Data.READY
        if self._known[0] != section:
            self._ask_status(section)
        return Data.ASKING if self._known[1] == "asked" else Data.ABSENT

    def _ask_status(self, section: dict[str, Any]) -> None:
        """Drawing loads the data: what would have to be downloaded first is left to the Data page."""
        self._known = (section, "asked")
        self.app.quick_lab.ask(
            "data_status",
            {"choices": [section]},
            channel="views-data",
            done=lambda result, _arrays: self._know(section, result["rows"][0]["state"]),
            failed=lambda _error: self._know(section, "missing"),
        )
        self.bridge.hurry()

    def _know(self, section: dict[str, Any], state: str) -> None:
        self._known = (section, state)
        self._show_panel()

    # -- problems --------------------------------------------------------------------------------------------------

    def _problem(self) -> Problem | None:
        """The first thing wrong with the views that no field of a card shows."""
        fields = self.pipeline.fields()
        return next(
            (
                problem
                for problem in self.app.editor.problems
                if problem.key.startswith("views") and not any(problem.key.startswith(field) for field in fields)
            ),
            None,
        )

    def _show_problem(self) -> None:
        problem = self._problem()
        if problem is None:
            self.preview.show_problem("")
            return
        self.preview.show_problem(problem.message, "", "Use its preset" if self._suited() else "")

    def _suited(self) -> str:
        """The preset that suits the objective; "" for an objective that the catalogue lacks."""
        id_ = str(self.app.editor.value("objective.id") or "")
        return self.app.catalogue.objective(id_).spec.views_preset if self.app.catalogue.has("objective", id_) else ""

    def _add(self, id_: str) -> None:
        self.pipeline.add(0, self.app.catalogue.get("operation", id_))

    def _act(self, action: str) -> None:
        if action == "mend" and self._suited():
            self.app.editor.use_views_preset(self._suited())
        elif action in self.bridge.commands:
            self.bridge.run(action)
