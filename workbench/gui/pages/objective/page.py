"""The Objective page: what is learned, by which encoder, and how it is trained."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from workbench.app.topics import Topic
from workbench.gui.bridge import Bridge
from workbench.gui.pages.base import Page
from workbench.gui.pages.objective.backbone import BackbonePanel
from workbench.gui.pages.objective.browse import BrowsePanel
from workbench.gui.pages.objective.detail import ObjectivePanel
from workbench.gui.pages.objective.training import TrainingPanel
from workbench.gui.theme.tokens import SPACE_M, SPACE_S


class ObjectivePage(Page):
    """Three sections of the recipe, each with its door in the recipe bar."""

    id = "objective"
    title = "Objective"
    topics = frozenset({Topic.RECIPE, Topic.DATA})

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
        return list(self.panels)

    def open_section(self, section: str) -> None:
        if section in self.panels:
            self.tabs.setCurrentIndex(list(self.panels).index(section))

    def inspector(self) -> QWidget:
        return self.objective.facts

    def refresh(self, topics: set[Topic]) -> None:
        for panel in self.panels.values():
            panel.refresh()

    def _show_tab(self, index: int) -> None:
        self.stack.setCurrentIndex(index)
