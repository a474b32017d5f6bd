"""The Views page: the pipeline at the left, what it makes of real samples at the right."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from workbench.app.topics import Topic
from workbench.core.errors import Problem
from workbench.gui.bridge import Bridge
from workbench.gui.pages.base import Page
from workbench.gui.pages.data.state import data_section, facts_of
from workbench.gui.pages.views.inspector import ViewInspector
from workbench.gui.pages.views.pipeline import PipelineEditor
from workbench.gui.pages.views.preview import Preview


class ViewsPage(Page):
    """Every change of the pipeline is drawn at once."""

    id = "views"
    title = "Views"
    topics = frozenset({Topic.RECIPE, Topic.DATA})

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._known: tuple[dict[str, Any], str] = ({}, "")
        self.pipeline = PipelineEditor(self.app)
        self.preview = Preview(bridge)
        self._inspector = ViewInspector(self.preview.grid)
        self.preview.acted.connect(self._act)
        self.preview.picked.connect(self._inspector.show_picture)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(self.pipeline)
        line.addWidget(self.preview, 1)

    def refresh(self, topics: set[Topic]) -> None:
        """Show the pipeline as it stands and ask for its views."""
        self._draw()
        self.pipeline.refresh()
        self._show_problem()

    def inspector(self) -> QWidget:
        return self._inspector

    def settled(self) -> bool:
        """Whether the newest views have arrived."""
        return not self._stale and not self.preview.waiting and self._known[1] != "asked"

    # -- drawing ---------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        section = data_section(self.app)
        if self.app.editor.problems_under("data"):
            self.preview.show_no_data()
        elif facts_of(self.app) is not None or self._known == (section, "ready"):
            self.preview.ask()
        elif self._known[0] != section:
            self._ask_status(section)
        elif self._known[1] != "asked":
            self.preview.show_no_data()

    def _ask_status(self, section: dict[str, Any]) -> None:
        """Drawing loads the data: what would have to be downloaded first is left to the Data page."""
        self._known = (section, "asked")
        self.preview.show_waiting()
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
        self._draw()

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

    def _act(self, action: str) -> None:
        if action == "mend" and self._suited():
            self.app.editor.use_views_preset(self._suited())
        elif action in self.bridge.commands:
            self.bridge.run(action)
