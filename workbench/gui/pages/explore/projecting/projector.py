"""Between Compute and a layout: it is shown as it comes, can be paused, and gone on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence, QShortcut

from workbench.app.jobs import Job
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.map_part import MapPart
from workbench.gui.pages.explore.model import ExploreModel
from workbench.gui.pages.explore.projecting.card import PAUSE_KEY, ProgressCard
from workbench.gui.pages.explore.projecting.layouts import (
    dimensions_of,
    in_other_dimensions,
    iterations_in_all,
    lacking,
    with_component,
)
from workbench.gui.pages.explore.projecting.live import LiveLayout
from workbench.gui.pages.explore.projecting.strip import LayoutStrip

if TYPE_CHECKING:
    from workbench.runs.embedding_meta import LayoutInfo


@dataclass(frozen=True)
class _Asked:
    folder: Path
    method: str
    params: Mapping[str, Any]
    job: Job


class Projector(QObject):
    """Computes layouts for the page and shows them on the way.

    Signals
    -------
    wanted(method, params) : a layout with these settings is wanted; it may lie in the set already
    go_on_wanted() : the shown layout is to go on, with the settings as they stand
    ended() : the computation ended without a layout, after the map had shown something of it
    """

    wanted = Signal(str, object)
    go_on_wanted = Signal()
    ended = Signal()

    def __init__(self, desk: Desk, model: ExploreModel, card: ProgressCard, part: MapPart) -> None:
        super().__init__(desk.map)
        self._desk, self._model, self._card, self._part = desk, model, card, part
        self._asked: _Asked | None = None
        self._live: LiveLayout | None = None
        self._left: dict[tuple[Path, str], int] = {}
        self.strip = LayoutStrip(desk.map)
        card.paused.connect(self.pause)
        self.strip.component_chosen.connect(self._choose_component)
        self.strip.dimensions_switched.connect(self._switch_dimensions)
        self.strip.go_on_wanted.connect(self.go_on_wanted)
        QShortcut(QKeySequence(PAUSE_KEY), desk.map).activated.connect(self._pause_or_go_on)

    # -- computing -------------------------------------------------------------------------------------------------

    def refusal(self, method: str, params: Mapping[str, Any]) -> str:
        """Why a projection cannot begin, and the way out; "" where it can."""
        return "" if self._desk.opened is None else lacking(method, params, self._desk.opened)

    def compute(self, method: str, params: Mapping[str, Any]) -> None:
        """Compute a layout of the opened set, and show it as it comes."""
        opened = self._desk.opened
        if opened is None or self._model.busy:
            return
        self._live = LiveLayout(self._desk.map, self._part)
        job = self._model.compute(method, params, self._show)
        self._asked = None if job is None else _Asked(opened.folder, method, dict(params), job)
        self._card.offer_pause(self._can_pause(method))
        self._show_strip()

    def pause(self) -> None:
        """Stop where it is, and keep that layout."""
        asked = self._asked
        if asked is not None and asked.job.active and asked.job.wish is not None:
            asked.job.wish("stop")

    def go_on(self, params: Mapping[str, Any]) -> None:
        """Go on from the shown layout, with these settings.

        As many iterations as were left when it was paused, unless another number is asked for.
        """
        opened, info = self._desk.opened, self._info
        if opened is None or info is None or not self.can_go_on:
            return
        usual = int(self._desk.app.catalogue.get("projection", info.method).defaults()["iterations"])
        left = self._left.get((opened.folder, opened.layout_name), usual)
        steps = left if params["iterations"] == info.iterations else params["iterations"]
        self.compute(info.method, {**params, "start": opened.layout_name, "iterations": steps})

    def shows(self, method: str) -> bool:
        """Whether the shown layout was made by this projection."""
        return self._info is not None and self._info.method == method

    @property
    def can_go_on(self) -> bool:
        """Whether the shown layout can be gone on from now."""
        info = self._info
        return info is not None and not self._model.busy and self._can_pause(info.method)

    def _pause_or_go_on(self) -> None:
        if self._card.pause.isVisible():
            self._card.pause.click()
        elif self.can_go_on:
            self.go_on_wanted.emit()

    # -- what became of it -----------------------------------------------------------------------------------------

    def show_set(self) -> None:
        """Another set or layout is shown: what is still computed is not drawn over it."""
        self._live = None
        self._remember_left()
        self._show_strip()

    def follow_job(self) -> None:
        """Take over whether the computation has ended, and with what."""
        asked = self._asked
        if asked is not None and not asked.job.active:
            self._card.offer_pause(False)
            live = self._live
            if live is not None and asked.job.state != "done":
                self._live = None
                if live.moved:
                    self.ended.emit()
        self._show_strip()

    def _show(self, said: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """A layout on the way."""
        asked, opened = self._asked, self._desk.opened
        if asked is None or opened is None or opened.folder != asked.folder:
            return
        self._card.allow_pause()
        if self._live is not None:
            self._live.show(arrays["xy"])

    def _remember_left(self) -> None:
        """Keep how many iterations a layout had left that was paused."""
        asked, opened, info = self._asked, self._desk.opened, self._info
        if asked is None or opened is None or info is None or asked.job.state != "done" or info.iterations is None:
            return
        same = (opened.folder, info.method, info.start) == (asked.folder, asked.method, asked.params.get("start", ""))
        left = int(asked.params.get("iterations", 0)) - info.iterations
        if same and left > 0:
            self._left[(opened.folder, opened.layout_name)] = left

    # -- what the strip offers -------------------------------------------------------------------------------------

    def _show_strip(self) -> None:
        opened, info, strip = self._desk.opened, self._info, self.strip
        free = opened is not None and info is not None and not self._model.busy
        params = info.params if info is not None and free else {}
        known = bool(params) and info is not None and self._desk.app.catalogue.has("projection", info.method)
        is_pca = known and info is not None and info.method == "pca"
        strip.show_components(params if is_pca else None, 0 if opened is None else min(opened.stored.vectors.shape))
        strip.show_dimensions(dimensions_of(params) if known else None, self._other_words(params))
        strip.show_turning(self._desk.map.space is not None)
        layouts = {} if opened is None else opened.stored.meta.layouts
        strip.show_go_on(iterations_in_all(layouts, opened.layout_name) if opened and self.can_go_on else None)
        strip.settle()

    def _other_words(self, params: Mapping[str, Any]) -> str:
        opened, info = self._desk.opened, self._info
        if opened is None or info is None or dimensions_of(params) is None:
            return ""
        there = opened.layout_with(info.method, in_other_dimensions(params))
        return "Show this layout" if there else "Compute this layout with the same settings"

    def _choose_component(self, axis: str, number: int) -> None:
        if self._info is not None:
            self.wanted.emit(self._info.method, with_component(self._info.params, axis, number))

    def _switch_dimensions(self) -> None:
        if self._info is not None:
            self.wanted.emit(self._info.method, in_other_dimensions(self._info.params))

    def _can_pause(self, method: str) -> bool:
        catalogue = self._desk.app.catalogue
        return catalogue.has("projection", method) and bool(catalogue.get("projection", method).spec.can_pause)

    @property
    def _info(self) -> LayoutInfo | None:
        """How the shown layout was made."""
        opened = self._desk.opened
        return None if opened is None or opened.layout is None else opened.layout.info
