"""The panel of reckoning with vectors: a row of tools, one of which is up."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout

from workbench.app.explorer.explorer import Changed
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.arithmetic.analogy import AnalogyTool
from workbench.gui.pages.explore.panels.arithmetic.axes import AxesTool
from workbench.gui.pages.explore.panels.arithmetic.benchmarks import BenchmarksTool
from workbench.gui.pages.explore.panels.arithmetic.pairs import PairsTool
from workbench.gui.pages.explore.panels.arithmetic.sum import SumTool
from workbench.gui.pages.explore.panels.arithmetic.tool import Tool
from workbench.gui.pages.explore.panels.base import ExplorePanel
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import push_button


class ArithmeticPanel(ExplorePanel):
    """Analogy, sum, pairs, meaning axes and benchmarks."""

    id, title, glyph = "arithmetic", "Arithmetic", "plus"
    tip = "Analogies, signed sums, pairs, meaning axes and benchmarks"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.analogy, self.sum = AnalogyTool(desk), SumTool(desk)
        self.pairs, self.axes, self.benchmarks = PairsTool(desk), AxesTool(desk), BenchmarksTool(desk)
        self.tools: tuple[Tool, ...] = (self.analogy, self.sum, self.pairs, self.axes, self.benchmarks)
        self.buttons: list[QPushButton] = []
        self._group, self._stack = QButtonGroup(self), QStackedWidget()
        side = QVBoxLayout()
        side.setSpacing(SPACE_XS)
        for at, tool in enumerate(self.tools):
            button = push_button(tool.title, "quiet", tip=tool.tip)
            button.setCheckable(True)
            button.setProperty("listed", True)
            button.clicked.connect(lambda _checked=False, at=at: self.show_tool(at))
            self._group.addButton(button)
            self.buttons.append(button)
            self._stack.addWidget(tool)
            side.addWidget(button)
        side.addStretch(1)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, SPACE_S, 0, 0)
        line.setSpacing(SPACE_M)
        line.addLayout(side)
        line.addWidget(self._stack, 1)
        self.show_tool(0)

    def show_tool(self, at: int) -> None:
        """Bring a tool up."""
        self.buttons[at].setChecked(True)
        self._stack.setCurrentIndex(at)

    def show_set(self) -> None:
        for tool in self.tools:
            tool.show_set()

    def follow(self, changed: Changed) -> None:
        for tool in self.tools:
            tool.follow(changed)

    def retheme(self) -> None:
        for tool in self.tools:
            tool.retheme()

    def settled(self) -> bool:
        return not self.benchmarks.busy
