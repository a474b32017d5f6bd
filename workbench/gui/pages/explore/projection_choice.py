"""Which projection is chosen, with which settings, and what the bar offers to do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QWidget

from workbench.gui.pages.explore.bar import ExploreBar
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.model import FIRST_PROJECTION, ExploreModel
from workbench.gui.pages.explore.panels.structure.kinds import label_columns
from workbench.gui.pages.explore.projecting.groups import GroupChoices
from workbench.gui.pages.explore.projecting.layouts import of_set
from workbench.gui.pages.explore.projecting.projector import Projector
from workbench.gui.pages.explore.sets import OpenedSet
from workbench.gui.pages.explore.settings import ProjectionSettings


class ProjectionChoice:
    """Keeps settings for each projection, shows layouts that are there, and computes others.

    Attributes
    ----------
    method : id of the chosen projection
    settings : the card with its settings
    """

    def __init__(self, desk: Desk, model: ExploreModel, bar: ExploreBar, projector: Projector, parent: QWidget) -> None:
        self._bridge, self._model, self._bar, self._projector = desk.bridge, model, bar, projector
        self.settings = ProjectionSettings(parent, GroupChoices(desk))
        app = desk.app
        self._params: dict[str, dict[str, Any]] = {entry.id: entry.defaults() for entry in app.catalogue.projections}
        chosen = app.settings.projection
        self.method = chosen if chosen in self._params else FIRST_PROJECTION
        bar.set_projection(self.method)
        bar.projection_chosen.connect(self.choose)
        bar.compute_button.clicked.connect(self.compute_or_cancel)
        bar.settings_button.clicked.connect(self._open_settings)
        self.settings.edited.connect(self._change)
        self.settings.wanted.connect(self.compute_or_cancel)
        self.settings.go_on_wanted.connect(self.go_on)
        projector.wanted.connect(self.want)
        projector.go_on_wanted.connect(self.go_on)

    @property
    def params(self) -> dict[str, Any]:
        """The settings of the chosen projection."""
        return self._params[self.method]

    def take(self, opened: OpenedSet) -> None:
        """Let the bar name the projection of the layout that is shown, with its settings."""
        info = opened.layout.info if opened.layout else None
        if info is not None and info.method in self._params:
            self.method = info.method
            self._params[info.method] = {**self.params, **info.params}
        self._bar.set_projection(self.method)

    def show_offer(self) -> None:
        """Say whether there is something to compute, or to cancel."""
        opened = self._model.opened
        refusal = "Open an embedding first." if opened is None else ""
        if opened is not None and opened.layout_name:
            same = opened.layout_with(self.method, self.params) == opened.layout_name
            refusal = "This layout is shown already. Change its settings to compute another." if same else ""
        refusal = refusal or self._projector.refusal(self.method, self.params)
        self._bar.set_compute(computing=self._model.busy, refusal=refusal)
        self._bar.settings_button.setEnabled(bool(self.params))

    def choose(self, method: str) -> None:
        """Choose a projection, and show its layout where there is one."""
        self.method = method
        self._bar.set_projection(method)
        app = self._bridge.app
        app.settings = app.settings.replace(projection=method)
        opened = self._model.opened
        if opened is not None:
            exact = opened.layout_with(method, self.params)
            names = [exact] if exact else opened.layouts_of(method)
            if names and names[-1] != opened.layout_name:
                self._model.show_layout(names[-1])
        self.show_offer()
        if method in ("axis", "lda") and opened is not None and self._projector.refusal(method, self.params):
            self._open_settings()

    def compute_or_cancel(self) -> None:
        """Compute a layout with these settings, or stop what is computed."""
        if self._model.busy:
            self._model.cancel()
            return
        app = self._bridge.app
        app.settings = app.settings.replace(projection=self.method)
        self._projector.compute(self.method, self.params)
        self._bridge.hurry()

    def go_on(self) -> None:
        """Go on from the layout that is shown, with these settings."""
        if self._projector.can_go_on:
            self._projector.go_on(self.params)
            self._bridge.hurry()

    def want(self, method: str, params: Mapping[str, Any]) -> None:
        """Show the layout of these settings, computing it where it is not there."""
        self._params[method] = dict(params)
        self.choose(method)
        opened = self._model.opened
        if opened is not None and not opened.layout_with(method, self.params) and not self._model.busy:
            self.compute_or_cancel()

    def _open_settings(self) -> None:
        opened = self._model.opened
        if opened is not None:
            self._change(of_set(self.params, label_columns(opened.stored)))
        self.settings.offer_to_go_on(self._projector.can_go_on and self._projector.shows(self.method))
        self.settings.show_settings(self._bridge.app.catalogue.get("projection", self.method), self.params)
        self.settings.open_under(self._bar.settings_button)

    def _change(self, params: dict[str, Any]) -> None:
        self._params[self.method] = params
        self.show_offer()
