"""The Explore page: the map of an embedding, coloured, searched, and read sample by sample."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QCursor, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.app.explorer.explorer import COLUMNS, Changed, Explorer
from workbench.app.explorer.state import LayerMode
from workbench.app.topics import Topic
from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.explorer import export
from workbench.gui.explorer.raster import painting
from workbench.gui.pages.base import Page
from workbench.gui.pages.explore.bar import LAYERS, ExploreBar
from workbench.gui.pages.explore.carrying import add_trust, colour_names
from workbench.gui.pages.explore.centre import Centre, trust_words
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.drawer import Drawer
from workbench.gui.pages.explore.dropping import FileDrop
from workbench.gui.pages.explore.exporting import ExportMenu
from workbench.gui.pages.explore.filter_bar import FilterBar
from workbench.gui.pages.explore.inspector import ExploreInspector
from workbench.gui.pages.explore.map_part import MapPart
from workbench.gui.pages.explore.metrics import ask_metric, offered_metrics
from workbench.gui.pages.explore.model import ExploreModel, Part, Stage
from workbench.gui.pages.explore.opening import Opener, OpenMenu
from workbench.gui.pages.explore.overlays import KINDS
from workbench.gui.pages.explore.panels.table import PANELS
from workbench.gui.pages.explore.places import same_run
from workbench.gui.pages.explore.projecting.projector import Projector
from workbench.gui.pages.explore.projection_choice import ProjectionChoice
from workbench.gui.pages.explore.selecting import toggle_isolated
from workbench.gui.pages.explore.sets import TRUST, OpenedSet, is_embedding_set
from workbench.gui.pages.explore.steps import ExplorerSteps

PICTURE_SIZE = QSize(1200, 900)


class ExplorePage(Page):
    """Shows `ExploreModel` and the application's selection, and changes both."""

    id = "explore"
    title = "Explore"
    topics = frozenset({Topic.RUNS, Topic.JOBS, Topic.SELECTION})

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self.model = ExploreModel(self.app, self._on_part)
        projections = [(entry.id, entry.title) for entry in self.app.catalogue.projections]
        self.bar = ExploreBar(projections, KINDS, self.app.settings.map_hides)
        self.centre = Centre()
        self.map, self.legend = self.centre.map, self.centre.legend
        self.desk = Desk(bridge, self.map)
        self.desk.on_beside(self.centre.show_beside)
        self.map_part = MapPart(self.desk, self.legend, self._show_columns)
        self.card = self.map_part.card
        self.filter_bar = FilterBar(self.desk, self)
        self.drawer = Drawer(self.desk, PANELS)
        self.centre.hold_drawer(self.drawer)
        self.details = ExploreInspector(self.desk)
        self.details.selected.table_wanted.connect(lambda: self.drawer.open_panel("samples"))
        self._files = FileDrop(self, self.desk, self.open_path, self.details.neighbours.ask_about)
        self._steps = ExplorerSteps(self.desk)
        self.projector = Projector(self.desk, self.model, self.centre.progress, self.map_part)
        self.centre.hold_strips(self.map_part.strip, self.projector.strip)
        self.projection = ProjectionChoice(self.desk, self.model, self.bar, self.projector, self)
        self.settings = self.projection.settings
        self.opener = Opener(self.desk, self, self.open_path)
        self.bar.set_menus(OpenMenu(self.opener, self), ExportMenu(self.desk, self._ask_and_save, self))
        self._steps_to_match = self._warming = False
        self.setAcceptDrops(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.filter_bar)
        column.addWidget(self.centre, 1)
        self._connect()

    def _connect(self) -> None:
        bar, model = self.bar, self.model
        bar.run_chosen.connect(model.choose_run)
        bar.step_chosen.connect(model.choose_step)
        bar.colour_chosen.connect(self._colour_by)
        bar.size_chosen.connect(self._resize_points)
        bar.layer_chosen.connect(self._draw_as)
        bar.metric_wanted.connect(self._want_metric)
        bar.kind_switched.connect(self._switch_kind)
        bar.search.searched.connect(model.search)
        bar.search.returnPressed.connect(self._next_match)
        self.centre.acted.connect(self._act)
        self.centre.foot.trust_wanted.connect(lambda: self._colour_by(TRUST))
        self.projector.ended.connect(self._put_layout_back)
        self.details.chosen.connect(self._go_to)
        self.desk.subscribe(self._follow)
        self.drawer.opened_changed.connect(self._size_drawer)
        self.centre.drawer_sized.connect(self._remember_drawer)
        self._bind_keys()
        self._on_part(Part.PLACES)

    def _bind_keys(self) -> None:
        steps, line = self._steps, self.filter_bar
        for keys, act in (
            ("Alt+Left", steps.back),
            ("Alt+Right", steps.forward),
            ("Ctrl+Shift+F", line.field.setFocus),
            ("Ctrl+F", self.bar.search.setFocus),
            ("Ctrl+Shift+I", lambda: toggle_isolated(self.desk)),
            ("Ctrl+J", self.drawer.toggle),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        for button, act in (
            (line.undo_button, steps.undo),
            (line.redo_button, steps.redo),
            (line.back_button, steps.back),
            (line.forward_button, steps.forward),
        ):
            button.clicked.connect(act)

    # -- the page's contract ---------------------------------------------------------------------------------------

    def refresh(self, topics: set[Topic]) -> None:
        if Topic.SELECTION in topics:
            self.model.follow_selection()
        if Topic.RUNS in topics:
            self.model.follow_runs()
        if Topic.JOBS in topics:
            self.model.go_on()
            self._on_part(Part.JOB)
        if Topic.SELECTION in topics:
            self.desk.follow_selection()
            self._show_selection()

    def retheme(self) -> None:
        self.centre.retheme()
        self.drawer.retheme()

    def inspector(self) -> QWidget:
        return self.details

    def wants_room(self) -> bool:
        return self.drawer.panel is not None

    def steps(self) -> ExplorerSteps:
        return self._steps

    def settled(self) -> bool:
        asked = self._warming or self.app.quick_lab.busy or self.app.background.busy
        return self.model.settled and not asked and self.drawer.settled()

    def open_path(self, path: Path) -> None:
        """Open an embedding set or a run folder, or import a file of vectors; what is neither is told to the user."""
        if path.is_file():
            self.opener.look_at(path)
            return
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
            case Part.MATCHES:
                self._show_matches()
        self._show_job()

    def _show_set(self) -> None:
        opened, explorer = self.model.opened, self.model.explorer
        before, known = self.desk.opened, self.desk.explorer
        self.desk.open(opened, explorer)
        another = self.desk.explorer is not known
        same_samples = opened is not None and before is not None and same_run(before.folder, opened.folder)
        self.centre.show_stage(self.model)
        if opened is not None:
            self._warm_up()
            self.projection.take(opened)
        self.map_part.show_set(self.model.colouring, keep_view=another and same_samples)
        if opened is not None and explorer is not None:
            self._take_layout(opened, explorer, another=another)
        self.projector.show_set()
        self._show_columns()
        self._show_look()
        if another:
            self.details.selected.forget()
            self.filter_bar.show_set()
            self.drawer.show_set()
            self.opener.remember(opened)
            self._take_focus()
        self.stepped.emit()
        self._show_matches()
        self._show_selection()

    def _put_layout_back(self) -> None:
        """What was computed is not wanted any more: the map shows what it showed before."""
        self.map_part.show_set(self.model.colouring)
        self.map_part.show_marks()

    def _take_layout(self, opened: OpenedSet, explorer: Explorer, *, another: bool) -> None:
        """Another layout of the same set is an undo step, the first one is none."""
        if not another:
            add_trust(explorer, opened)
        if explorer.state.layout and opened.layout_name:
            explorer.apply(f"show the layout {opened.layout_name}", layout=opened.layout_name)
        else:
            explorer.state = replace(explorer.state, layout=opened.layout_name)

    def _follow(self, changed: Changed) -> None:
        """Take over what has changed in the explorer's state."""
        explorer, opened = self.desk.explorer, self.desk.opened
        assert explorer is not None
        assert opened is not None
        self.map_part.follow(changed)
        if changed & {"colour", COLUMNS}:
            self._show_columns()
        if changed & {"point_size", "layer"}:
            self._show_look()
        if "layout" in changed and explorer.state.layout not in ("", opened.layout_name):
            self.model.show_layout(explorer.state.layout)
        if changed & {"selection", "focus"}:
            self._show_selection()
        self.filter_bar.follow(changed)
        self.drawer.follow(changed)
        self.stepped.emit()

    def _take_focus(self) -> None:
        """Look at the sample that was selected elsewhere, or else let the others look at the one that stayed."""
        explorer, opened, found = self.desk.explorer, self.desk.opened, self.app.selection
        if explorer is None or opened is None:
            return
        if found.embeddings == opened.folder and found.row is not None:
            self.desk.follow_selection()
        elif explorer.focus is not None:
            self.app.select(opened.folder, explorer.focus)

    def _show_look(self) -> None:
        if self.desk.explorer is not None:
            self.bar.set_point_size(self.desk.explorer.state.point_size)
            self.bar.set_layer(self.desk.explorer.state.layer)

    def _remember_drawer(self, height_px: int) -> None:
        self.app.settings = self.app.settings.replace(drawer_px=height_px)

    def _size_drawer(self, is_open: bool) -> None:
        self.room_changed.emit()
        self.centre.open_drawer(self.app.settings.drawer_px if is_open else None)

    def _show_columns(self) -> None:
        explorer = self.desk.explorer
        if explorer is None:
            self.bar.set_columns({}, {}, "")
            return
        names = {name: explorer.columns.title(name) for name in colour_names(explorer)}
        self.bar.set_columns(names, offered_metrics(self.desk), explorer.state.colour)

    def _show_matches(self) -> None:
        model = self.model
        self.bar.set_found(None if model.matches is None else len(model.matches))
        self.map_part.matches = model.matches
        self.map_part.show_marks()
        if self._steps_to_match and model.matches is not None:
            self._steps_to_match = False
            self._next_match()

    def _show_selection(self) -> None:
        self.map_part.show_marks()
        self.details.show_selection(self.model.opened, self.app.selection)

    def _show_job(self) -> None:
        self.centre.progress.show_job(self.model.job)
        self.centre.show_stage(self.model)
        self.projector.follow_job()
        self.projection.show_offer()
        self.bar.export_button.setEnabled(self.model.stage is Stage.SHOWN)

    def _warm_up(self) -> None:
        """Have the drawing compiled off this thread; until then numpy draws."""
        if painting.is_warm() or self._warming:
            return

        def warm(_: None) -> None:
            self._warming = False
            self.map.repaint_points()

        self._warming = True
        self.app.background.run(painting.warm_up, warm, self.app.fail)

    # -- what the user does ----------------------------------------------------------------------------------------

    def _colour_by(self, name: str) -> None:
        explorer = self.desk.explorer
        if explorer is not None:
            explorer.apply(f"colour by {explorer.columns.title(name)}", colour=name)

    def _resize_points(self, size_px: float | None) -> None:
        if self.desk.explorer is not None:
            words = f"draw points of {size_px:.0f} px" if size_px else "draw points of a size that suits them"
            self.desk.explorer.apply(words, key="point size", point_size=size_px)

    def _draw_as(self, mode: LayerMode) -> None:
        if self.desk.explorer is not None:
            self.desk.explorer.apply(f"draw {LAYERS[mode].lower()}", layer=mode)

    def _want_metric(self, name: str) -> None:
        self._show_columns()  # the colour is another one once the lab has answered
        ask_metric(self.desk, name)

    def _switch_kind(self, kind: str, on: bool) -> None:
        self.map_part.overlays.switch(kind, on)
        self.app.settings = self.app.settings.replace(map_hides=self.map_part.overlays.hides)

    def _go_to(self, row: int) -> None:
        """Look at a sample and bring it to the middle of the map."""
        self.desk.look_at(row)
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
        self.desk.pick(row)
        if not self.map.shows(row):
            self.map.centre_on(row)

    def _act(self, what: str) -> None:
        match what:
            case "train":
                self.bridge.run("page.train")
            case "open":
                self.bar.open_button.menu().popup(QCursor.pos())
            case "embed":
                self.model.embed()

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

    # -- drag and drop ---------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._files.enter(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._files.veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._files.drop(event)
