"""The Objective page: what is learned, by which encoder, and how it is trained."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from workbench.app.topics import Topic
from workbench.gui.bridge import Bridge
from workbench.gui.pages.base import Page
from workbench.gui.pages.objective.at_work import AtWorkPanel
from workbench.gui.pages.objective.backbone import BackbonePanel
from workbench.gui.pages.objective.browse import BrowsePanel
from workbench.gui.pages.objective.detail import ObjectivePanel
from workbench.gui.pages.objective.training import TrainingPanel
from workbench.gui.theme.tokens import SPACE_M, SPACE_S


class ObjectivePage(Page):
    """Three sections of the recipe, each with its door in the recipe bar, and the objective at work."""

    id = "objective"
    title = "Objective"
    topics = frozenset({Topic.RECIPE, Topic.DATA, Topic.RUNS})

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self.objective = ObjectivePanel(self.app)
        self.panels: dict[str, BrowsePanel | TrainingPanel] = {
            "objective": self.objective,
            "backbone": BackbonePanel(self.app),
            "training": TrainingPanel(self.app),
        }
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Sections of the Objective page")
        self.stack = QStackedWidget()
        for section, panel in self.panels.items():
            self.tabs.addTab(section.capitalize())
            self.stack.addWidget(panel)
        self.at_work = AtWorkPanel(bridge)
        self.tabs.addTab(self.at_work.title)
        self.stack.addWidget(self.at_work)
        self.tabs.currentChanged.connect(self._show_tab)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(SPACE_M - SPACE_S, 0, 0, 0)
        head.addWidget(self.tabs)
        column.addLayout(head)
        column.addWidget(self.stack, 1)

    def sections(self) -> list[str]:
        return [*self.panels, self.at_work.id]

    def open_section(self, section: str) -> None:
        if section in self.sections():
            self.tabs.setCurrentIndex(self.sections().index(section))

    def open_setting(self, key: str) -> None:
        panel = self.stack.currentWidget()
        if isinstance(panel, BrowsePanel | TrainingPanel):
            panel.show_field(key)

    def inspector(self) -> QWidget:
        return self.objective.facts

    def refresh(self, topics: set[Topic]) -> None:
        if topics != {Topic.RUNS}:
            for panel in self.panels.values():
                panel.refresh()
        self._show_at_work()

    def retheme(self) -> None:
        self.at_work.retheme()

    def settled(self) -> bool:
        return not self.at_work.busy()

    def _show_tab(self, index: int) -> None:
        self.stack.setCurrentIndex(index)
        self._show_at_work()

    def _show_at_work(self) -> None:
        """The objective that is looked at in its list, whether or not it is the recipe's."""
        self.at_work.refresh(self.objective.list.current())
