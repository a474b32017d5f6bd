"""The Explore page: the map of an embedding, coloured, searched, and read sample by sample."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.app.topics import Topic
from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.explorer import export, raster
from workbench.gui.explorer.hover_card import CardContent, HoverCard
from workbench.gui.explorer.legend import visible_mask
from workbench.gui.pages.base import Page
from workbench.gui.pages.data.drop import DropVeil, dropped_paths
from workbench.gui.pages.explore.bar import ExploreBar
from workbench.gui.pages.explore.centre import Centre, trust_words
from workbench.gui.pages.explore.inspector import ExploreInspector
from workbench.gui.pages.explore.model import FIRST_PROJECTION, ExploreModel, Part, Stage
from workbench.gui.pages.explore.sets import OpenedSet, is_embedding_set
from workbench.gui.pages.explore.settings import ProjectionSettings

MOST_RINGS = 2_000
CARD_LINES = 5
PICTURE_SIZE = QSize(1200, 900)


class ExplorePage(Page):
    """Shows `ExploreModel` and the application's selection, and changes both."""

    id = "explore"
    title = "Explore"
    topics = frozenset({Topic.RUNS, Topic.JOBS, Topic.SELECTION})

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self.model = ExploreModel(self.app, self._on_part)
        self.bar = ExploreBar([(entry.id, entry.title) for entry in self.app.catalogue.projections])
        self.centre = Centre()
        self.map, self.legend = self.centre.map, self.centre.legend
        self.card = HoverCard(self.map, self._card)
        self.settings = ProjectionSettings(self)
        self.details = ExploreInspector()
        self._veil = DropVeil(self)
        self._params: dict[str, dict[str, Any]] = {e.id: e.defaults() for e in self.app.catalogue.projections}
        chosen = self.app.settings.projection
        self._method = chosen if chosen in self._params else FIRST_PROJECTION
        self.bar.set_projection(self._method)
        self._shown: OpenedSet | None = None
        self._steps_to_match = self._warming = False
        self.setAcceptDrops(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.centre, 1)
        self._connect()

    def _connect(self) -> None:
        bar, model = self.bar, self.model
        bar.run_chosen.connect(model.choose_run)
        bar.step_chosen.connect(model.choose_step)
        bar.projection_chosen.connect(self._choose_projection)
        bar.colour_chosen.connect(model.colour_by)
        bar.size_chosen.connect(self.map.set_point_size)
        bar.search.searched.connect(model.search)
        bar.search.returnPressed.connect(self._next_match)
        bar.open_button.clicked.connect(self._ask_and_open)
        bar.fit_button.clicked.connect(self.map.fit)
        bar.export_button.clicked.connect(self._ask_and_save)
        bar.compute_button.clicked.connect(self._compute_or_cancel)
        bar.settings_button.clicked.connect(self._open_settings)
        self.settings.edited.connect(self._change_settings)
        self.settings.wanted.connect(self._compute_or_cancel)
        self.centre.acted.connect(self._act)
        self.legend.visibility_changed.connect(self._mask)
        self.map.clicked.connect(self._select)
        self.details.chosen.connect(self._go_to)
        self._show_colours()
        self._on_part(Part.PLACES)

    # -- the page's contract ---------------------------------------------------------------------------------------

    def refresh(self, topics: set[Topic]) -> None:
        if Topic.SELECTION in topics:
            self.model.follow_selection()
        if Topic.RUNS in topics:
            self.model.follow_runs()
        if Topic.JOBS in topics:
            self._on_part(Part.JOB)
        if Topic.SELECTION in topics:
            self._show_selection()

    def retheme(self) -> None:
        self.centre.retheme()

    def inspector(self) -> QWidget:
        return self.details

    def settled(self) -> bool:
        return self.model.settled and not self._warming and not self.app.quick_lab.busy

    def open_path(self, path: Path) -> None:
        """Open an embedding set or a run folder; what is neither is told to the user."""
        if is_embedding_set(path):
            self.app.select(path, None)
            return
        try:
            self.app.current = self.app.supervisor.attach(self.app.existing_run(path))
        except WorkbenchError:
            self.app.fail(
                WorkbenchError(
                    f"{path} is neither an embedding set nor a run folder.",
                    "A set holds vectors.npy, a run folder holds recipe.toml.",
                )
            )
            return
        self.app.topics.publish(Topic.RUNS)

    # -- what changed ----------------------------------------------------------------------------------------------

    def _on_part(self, part: Part) -> None:
        match part:
            case Part.PLACES:
                self.bar.set_places(self.model.places, self.model.place)
                self.bar.set_checkpoints(self.model.checkpoints, self.model.step)
                self.centre.show_stage(self.model)
            case Part.SET:
                self._show_set()
            case Part.COLOURS:
                self._show_colours()
            case Part.MATCHES:
                self._show_matches()
        self._show_job()

    def _show_set(self) -> None:
        opened, before = self.model.opened, self._shown
        self._shown = opened
        self.centre.show_stage(self.model)
        if opened is None or opened.layout is None:
            self.map.set_points(np.zeros((0, 2)))
        else:
            self._warm_up()
            self.map.set_points(opened.layout.xy, grid=opened.grid)
            self._show_method(opened)
        hidden = self.legend.hidden if before is not None and opened is not None else frozenset()
        self._show_colours()
        if before is not None and opened is not None and before.folder == opened.folder:
            self.legend.set_hidden(hidden)
            self._mask(hidden)
        self._show_matches()
        self._show_selection()

    def _show_method(self, opened: OpenedSet) -> None:
        """Let the bar name the projection of the layout that is shown, with its settings."""
        info = opened.layout.info if opened.layout else None
        if info is not None and info.method in self._params:
            self._method = info.method
            self._params[info.method] = {**self._params[info.method], **info.params}
        self.bar.set_projection(self._method)

    def _show_colours(self) -> None:
        opened, colours = self.model.opened, self.model.colouring
        self.bar.set_columns(opened.columns if opened else [], self.model.colour)
        if opened is None or colours is None:
            return
        colours.show_in(self.legend)
        if opened.layout is not None:
            self.map.set_colours(colours.codes, colours.table)
            self.map.set_mask(None)

    def _mask(self, hidden: frozenset[int]) -> None:
        if self.model.colouring is not None and self.model.stage is Stage.SHOWN:
            self.map.set_mask(visible_mask(self.model.colouring.codes, hidden))

    def _show_matches(self) -> None:
        model = self.model
        self.bar.set_found(None if model.matches is None else len(model.matches))
        self._show_rings()
        if self._steps_to_match and model.matches is not None:
            self._steps_to_match = False
            self._next_match()

    def _show_selection(self) -> None:
        self._show_rings()
        self.details.show_selection(self.model.opened, self.app.selection)

    def _show_rings(self) -> None:
        """Ring the selected point, and its neighbours or else what the search has found."""
        opened, selection = self.model.opened, self.app.selection
        if opened is None or opened.layout is None:
            return
        mine = selection.embeddings == opened.folder
        rows = [selection.row] if mine and selection.row is not None else []
        found = self.model.matches
        near = selection.neighbours[selection.neighbours >= 0] if mine else np.zeros(0, np.int64)
        self.map.set_highlight(near if found is None else found[:MOST_RINGS])
        self.map.set_selection(rows, dim_others=found is not None)

    def _show_job(self) -> None:
        opened, busy = self.model.opened, self.model.busy
        self.centre.progress.show_job(self.model.job)
        self.centre.show_stage(self.model)
        refusal = "Open an embedding first." if opened is None else ""
        if opened is not None and opened.layout_name:
            same = opened.layout_with(self._method, self._params[self._method]) == opened.layout_name
            refusal = "This layout is shown already. Change its settings to compute another." if same else ""
        self.bar.set_compute(computing=busy, refusal=refusal)
        has_settings = bool(self._params[self._method])
        self.bar.settings_button.setEnabled(has_settings)
        self.bar.fit_button.setEnabled(self.model.stage is Stage.SHOWN)
        self.bar.export_button.setEnabled(self.model.stage is Stage.SHOWN)

    def _warm_up(self) -> None:
        """Have the drawing compiled off this thread; until then numpy draws."""
        if raster.is_warm() or self._warming:
            return

        def warm(_: None) -> None:
            self._warming = False
            self.map.repaint_points()

        self._warming = True
        self.app.background.run(raster.warm_up, warm, self.app.fail)

    # -- what the user does ----------------------------------------------------------------------------------------

    def _select(self, row: int | None) -> None:
        if self.model.opened is not None:
            self.app.select(self.model.opened.folder, row)
            self.bridge.hurry()

    def _go_to(self, row: int) -> None:
        """Select a sample and bring it to the middle of the map."""
        self._select(row)
        self.map.centre_on(row)

    def _next_match(self) -> None:
        """Select the first sample found, or the one after the selected."""
        found = self.model.matches
        if found is None:
            self._steps_to_match = bool(self.bar.search.text().strip())
            return
        if not len(found):
            return
        at = np.flatnonzero(found == (-1 if self.app.selection.row is None else self.app.selection.row))
        row = int(found[(int(at[0]) + 1) % len(found) if len(at) else 0])
        self._select(row)
        if not self.map.shows(row):
            self.map.centre_on(row)

    def _choose_projection(self, method: str) -> None:
        """Show the projection's layout where there is one."""
        self._method = method
        self.app.settings = self.app.settings.replace(projection=method)
        opened = self.model.opened
        if opened is not None:
            exact = opened.layout_with(method, self._params[method])
            names = [exact] if exact else opened.layouts_of(method)
            if names and names[-1] != opened.layout_name:
                self.model.show_layout(names[-1])
        self._show_job()

    def _open_settings(self) -> None:
        self.settings.show_settings(self.app.catalogue.get("projection", self._method), self._params[self._method])
        self.settings.open_under(self.bar.settings_button)

    def _change_settings(self, params: dict[str, Any]) -> None:
        self._params[self._method] = params
        self._show_job()

    def _compute_or_cancel(self) -> None:
        if self.model.busy:
            self.model.cancel()
        else:
            self.app.settings = self.app.settings.replace(projection=self._method)
            self.model.compute(self._method, self._params[self._method])
            self.bridge.hurry()

    def _act(self, what: str) -> None:
        match what:
            case "train":
                self.bridge.run("page.train")
            case "open":
                self._ask_and_open()
            case "embed":
                self.model.embed()

    def _ask_and_open(self) -> None:
        assert self.bridge.face is not None
        path = self.bridge.face.ask_folder("Open an embedding set or a run folder")
        if path is not None:
            self.open_path(path)

    def _ask_and_save(self) -> None:
        assert self.bridge.face is not None
        opened = self.model.opened
        if opened is None:
            return
        words = re.findall(r"\w+", f"{self.model.title} {opened.layout_name}".lower())
        path = self.bridge.face.ask_save("Save the map", f"{'-'.join(words)}.png", "Pictures (*.png *.svg)")
        if path is not None:
            self.save_map(path)

    def save_map(self, path: Path) -> None:
        """Write the map with its legend as PNG or SVG, by the suffix."""
        opened = self.model.opened
        title = f"{self.model.title} · {trust_words(opened)}"
        try:
            export.save(path, self.map, self.legend.content, PICTURE_SIZE, title=title)
        except WorkbenchError as error:
            self.app.fail(error)
        except OSError as error:
            self.app.fail(WorkbenchError(f"The map could not be saved: {error}."))

    def _card(self, row: int) -> CardContent | None:
        opened = self.model.opened
        if opened is None:
            return None
        facts = opened.facts(row)
        title = opened.label(row) or next((value for name, value in facts if name == "id"), f"row {row}")
        lines = tuple(f"{name}: {value}" for name, value in facts if value != title)[:CARD_LINES]
        return CardContent(title, lines, opened.picture(row))

    # -- drag and drop ---------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        paths = dropped_paths(event.mimeData())
        if len(paths) == 1 and paths[0].is_dir():
            event.acceptProposedAction()
            self._veil.show_words(f"Drop to open {paths[0].name}")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._veil.hide()
        for path in dropped_paths(event.mimeData()):
            self.open_path(path)
