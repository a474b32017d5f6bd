"""The tools as a small strip of buttons beside the map."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton, QVBoxLayout

from workbench.gui.explorer.map_view import MapView
from workbench.gui.theme.tokens import SPACE_XS
from workbench.gui.widgets.basics import icon_button, rule


class ToolStrip(QFrame):
    """One button a tool, then show everything and fly to the selection. Beside a map it hides no point."""

    def __init__(self, view: MapView) -> None:
        super().__init__()
        self.setAccessibleName("Map tools")
        self._view = view
        self.buttons: dict[str, QToolButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_XS, SPACE_XS, SPACE_XS, SPACE_XS)
        column.setSpacing(2)
        group = QButtonGroup(self)
        for tool in view.tools:
            button = self.buttons[tool.id] = icon_button(tool.icon, f"{tool.title}  ({tool.key})")
            button.setAccessibleName(tool.title)
            button.setCheckable(True)
            group.addButton(button)
            column.addWidget(button)
            button.clicked.connect(lambda _checked=False, id_=tool.id: self._choose(id_))
        column.addWidget(rule())
        self.fit_button = icon_button("fit", "Show all points  (0)")
        self.fly_button = icon_button("target", "Fly to the selection  (F)")
        self.fit_button.clicked.connect(view.fit)
        self.fly_button.clicked.connect(lambda: view.fly_to(view.cloud.selected))
        column.addWidget(self.fit_button)
        column.addWidget(self.fly_button)
        column.addStretch(1)
        view.tool_changed.connect(self._show)
        self._show(view.tool.id)

    def _choose(self, id_: str) -> None:
        self._view.set_tool(id_)
        self._view.setFocus()

    def _show(self, id_: str) -> None:
        self.buttons["turn"].setVisible(self._view.space is not None)
        self.buttons[id_].setChecked(True)
