"""The panel "Time": a run's checkpoints played on the map, one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from workbench.app.explorer.explorer import Changed
from workbench.app.films import FPS, SIZE_PX, check_film
from workbench.app.jobs import Job
from workbench.app.topics import Topic
from workbench.core.errors import WorkbenchError
from workbench.core.units import format_duration
from workbench.gui.explorer.film import Film
from workbench.gui.explorer.legend_paint import LegendContent
from workbench.gui.explorer.raster.cloud import Cloud
from workbench.gui.pages.explore.colouring import coloured_by
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.base import ExplorePanel
from workbench.gui.pages.explore.panels.time.controls import TimeControls
from workbench.gui.pages.explore.panels.time.filming import Filming
from workbench.gui.pages.explore.panels.time.player import Player
from workbench.gui.pages.explore.panels.time.stage import Stage
from workbench.gui.pages.explore.panels.time.steps import TimeSteps, time_steps
from workbench.gui.pages.explore.panels.time.travelled import Travelled
from workbench.gui.pages.explore.places import news, run_of
from workbench.gui.theme.apply import body_font
from workbench.gui.theme.tokens import SPACE_L, SPACE_XS
from workbench.gui.widgets.basics import label
from workbench.runs.timelapse import time_layout

_LIST_PX = 250
_SHORTEST_RUN = 2
_NO_RUN = "A time-lapse plays the checkpoints of a run, and this embedding belongs to none. Choose a run above."


class TimePanel(ExplorePanel):
    """Shows where the points of the opened set lie at each checkpoint of its run.

    The map goes back to the opened layout when the panel is closed. What is selected, filtered and coloured stays.
    """

    id = "time"
    title = "Time"
    tip = "A run's map over its checkpoints"
    glyph = "play"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.steps: TimeSteps | None = None
        self._run: Path | None = None
        self._news: tuple[object, ...] = ()
        self._job: Job | None = None
        self._loading = 0
        self._asked = 0
        self.stage = Stage(desk)
        self.player = Player(self._show_place, self)
        self.filming = Filming(desk.app, self)
        self.controls = TimeControls()
        self.travelled = Travelled(desk)
        self.empty = label("", "muted", wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._body = QWidget()
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.travelled.setFixedWidth(_LIST_PX)
        line = QHBoxLayout(self._body)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_L)
        line.addWidget(self.controls, 1)
        line.addWidget(self.travelled)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE_XS, 0, 0)
        column.addWidget(self._stack)

    def _connect(self) -> None:
        parts, player = self.controls, self.player
        parts.method.activated.connect(lambda _: self._load())
        parts.compute_button.clicked.connect(lambda: self.compute())
        parts.embed_button.clicked.connect(lambda: self.compute(embed_missing=True))
        parts.play_button.clicked.connect(self.toggle_play)
        parts.scrubber.play_wanted.connect(self.toggle_play)
        parts.scrubber.moved.connect(player.put)
        parts.scrubber.let_go.connect(lambda: player.go(round(player.place)))
        parts.scrubber.wanted.connect(player.go)
        parts.speed.setCurrentText("1×")
        parts.speed.activated.connect(lambda _: setattr(player, "speed", parts.speed.currentData()))
        parts.glide.toggled.connect(self._set_glide)
        parts.loop.toggled.connect(lambda on: setattr(player, "loops", on))
        parts.follow.toggled.connect(lambda on: self._go_on() if on else None)
        parts.trails.activated.connect(lambda _: self.stage.show_trails(parts.trails.currentData()))
        parts.open_button.clicked.connect(self._open_step)
        parts.export_button.clicked.connect(self._ask_and_film)
        player.running_changed.connect(lambda: parts.show_playing(player.playing))
        self.desk.bridge.changed.connect(self._follow_topic)
        space = QShortcut(Qt.Key.Key_Space, self.desk.map, self.toggle_play, context=Qt.ShortcutContext.WidgetShortcut)
        self._space = space
        self.destroyed.connect(space.deleteLater)

    # -- the panel's contract --------------------------------------------------------------------------------------

    def show_set(self) -> None:
        opened = self.desk.opened
        self._run = None if opened is None else run_of(opened.folder)
        self.player.stop()
        self.travelled.forget()
        self.steps = None
        self._stack.setCurrentWidget(self.empty)
        if self._run is None:
            self.empty.setText("" if opened is None else _NO_RUN)
            return
        self.empty.setText("Looking for checkpoints…")
        self._news = self._run_news()
        self._load()

    def follow(self, changed: Changed) -> None:
        if "layout" in changed:
            self.player.stop()  # the map gets the points of another layout; the next move brings back these

    def retheme(self) -> None:
        self.controls.scrubber.update()
        self.controls.show_playing(self.player.playing)

    def settled(self) -> bool:
        computing = self._job is not None and self._job.active
        return not (self._loading or computing or self.player.moving or self.travelled.waits or self.filming.busy)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._space.setEnabled(True)
        if self.steps is not None and not self.stage.is_up:
            self._load()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.player.stop()
        self._space.setEnabled(False)
        above = self.parentWidget()
        # Behind another page the map stays as it is; behind another panel, or in a closed drawer, it goes back.
        if self.isHidden() or (above is not None and above.isHidden()):
            self.stage.leave()

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def method(self) -> str:
        return str(self.controls.method.currentData())

    def _load(self) -> None:
        """Read which checkpoints there are, and where the points lie in those that are drawn."""
        opened, run, method = self.desk.opened, self._run, self.method
        if opened is None or run is None:
            return
        self._asked += 1
        self._loading += 1
        mine, stored = self._asked, opened.stored

        def done(found: TimeSteps) -> None:
            self._loading -= 1
            if mine == self._asked:
                self._take(found)

        def failed(error: WorkbenchError) -> None:
            self._loading -= 1
            self.desk.app.fail(error)

        def work() -> TimeSteps:
            return time_steps(run, method, stored)

        self.desk.app.background.run(work, done, failed)
        self.desk.bridge.hurry()

    def _take(self, found: TimeSteps) -> None:
        """Show what was read, at the checkpoint that was shown, else at the opened one; at the newest to follow it."""
        before, at = self.steps, self._shown_step()
        self.steps = found
        drawn = found.drawn
        self.stage.set_layouts(
            time_layout(found.method), tuple(step.places for step in drawn if step.places is not None)
        )
        self.player.last = len(drawn) - 1
        self.controls.scrubber.set_steps(found.steps)
        self.controls.enable_playing(len(drawn))
        self._stack.setCurrentWidget(self._body)
        self._show_status()
        same = before is not None and (before.method, [s.step for s in before.drawn]) == (
            found.method, [s.step for s in drawn]
        )  # fmt: skip
        if not same or not self.travelled.list.entries:
            self.travelled.ask(found)
        if not drawn:
            self.controls.caption.set_full_text("")
        if not drawn or not self.isVisible():
            return
        self.stage.show_trails(self.controls.trails.currentData())
        if self.controls.follow.isChecked():
            self._go_on()
        elif not self.player.moving:
            steps = [step.step for step in drawn]
            self.player.put(float(np.argmin([abs(step - at) for step in steps])))

    def _shown_step(self) -> int:
        """The step that the panel stands at, or else the opened one's."""
        drawn = () if self.steps is None else self.steps.drawn
        if drawn and self.stage.is_up:
            return drawn[min(round(self.player.place), len(drawn) - 1)].step
        opened = self.desk.opened
        return 0 if opened is None else opened.stored.meta.step or 0

    def _run_news(self) -> tuple[object, ...]:
        return () if self._run is None else news(self.desk.app.supervisor.handles.get(self._run))

    def _follow_topic(self, topic: Topic) -> None:
        if topic is Topic.JOBS and self.steps is not None:
            self._show_status()
        if topic is Topic.RUNS and self.isVisible() and self.steps is not None:
            now = self._run_news()
            if now != self._news:
                self._news = now
                self._load()

    # -- showing ---------------------------------------------------------------------------------------------------

    def _show_place(self, place: float) -> None:
        drawn = () if self.steps is None else self.steps.drawn
        if not drawn:
            return
        self.controls.scrubber.set_place(place)
        self.controls.caption.set_full_text(drawn[round(place)].words)
        self.stage.show(place, rests=not self.player.moving)

    def _show_status(self) -> None:
        assert self.steps is not None
        steps, job, parts = self.steps, self._job, self.controls
        busy = job is not None and job.active
        points = 0 if self.desk.explorer is None else len(self.desk.explorer)
        parts.compute_button.setText("Cancel" if busy else "Compute")
        parts.compute_button.setVisible(busy or steps.undrawn > 0)
        parts.embed_button.setVisible(not busy and steps.waiting > 0)
        parts.embed_button.setText(f"Embed all checkpoints ({steps.waiting} more)")
        if busy and job is not None:
            left = f" · {format_duration(job.eta_s)} left" if job.eta_s is not None else ""
            parts.status.set_full_text((job.words or "Starting the lab") + left)
        else:
            parts.status.set_full_text(_status_words(steps, points))

    # -- what the user does ----------------------------------------------------------------------------------------

    def toggle_play(self) -> None:
        """Play, or stay at the nearest checkpoint."""
        if self.player.playing:
            self.player.pause()
        else:
            self.player.play()

    def compute(self, *, embed_missing: bool = False) -> None:
        """Draw the checkpoints that are not drawn, or cancel that."""
        if self._job is not None and self._job.active:
            self.desk.app.jobs.cancel(self._job.id)
            return
        if self._run is None:
            return
        run = self._run

        def done(_result: dict[str, Any], _arrays: object) -> None:
            if self._run == run:
                self._load()

        params = {"run": str(run), "method": self.method, "steps": None, "embed_missing": embed_missing}
        self._job = self.desk.app.long_job(f"Time-lapse of {run.name}", "timelapse", params, done)
        self.desk.bridge.hurry()
        if self.steps is not None:
            self._show_status()

    def _set_glide(self, on: bool) -> None:
        self.stage.glides = self.player.animates = on
        if not self.player.moving:
            self.player.put(self.player.place)

    def _go_on(self) -> None:
        """Go to the newest checkpoint; draw those that came since."""
        steps = self.steps
        if steps is None:
            return
        if steps.undrawn and steps.drawn and not (self._job is not None and self._job.active):
            self.compute()
        self.player.go(len(steps.drawn) - 1)

    def _open_step(self) -> None:
        if self.steps is not None and self.steps.drawn:
            self.desk.app.select(self.steps.drawn[round(self.player.place)].folder, None)
            self.desk.bridge.hurry()

    def _ask_and_film(self) -> None:
        steps = self.steps
        if steps is None or not steps.drawn:
            return
        if self.filming.busy:
            self.desk.app.fail(WorkbenchError("A film is being written.", "Wait for it, or cancel it below."))
            return
        name = f"{steps.run.name}-{time_layout(steps.method)}.gif"
        path = self.desk.ask_save("Save the time-lapse", name, "Films (*.gif *.mp4)")
        if path is not None:
            self.save_film(path)

    def save_film(self, path: Path, size: tuple[int, int] = SIZE_PX, fps: int = FPS) -> None:
        """Write all drawn checkpoints as a film, in the map's colours and with what it hides."""
        steps, explorer, shown = self.steps, self.desk.explorer, self.desk.map.cloud
        if steps is None or explorer is None:
            return
        try:
            check_film(path)
        except WorkbenchError as error:
            self.desk.app.fail(error)
            return
        places = tuple(step.places for step in steps.drawn if step.places is not None)
        state, colours, font = explorer.state, self.desk.map.plot_colours, body_font()

        def film() -> Film:
            look = coloured_by(explorer.columns, state.colour)
            cloud = Cloud(places[-1])
            cloud.set_colours(look.codes, look.table)
            cloud.set_visible(shown.visible)
            cloud.selected = shown.selected
            legend = LegendContent(look.title, look.categories, look.ramp, look.hidden_codes(state.hidden))
            captions = tuple(step.words for step in steps.drawn)
            return Film(places, captions, cloud, colours, legend, font, steps.run.name, state.point_size)

        self.desk.work(film, lambda made: self.filming.start(made, path, size, fps))


def _status_words(steps: TimeSteps, points: int) -> str:
    """What there is to do, and how long it takes."""
    count = len(steps.steps)
    if count + steps.waiting < _SHORTEST_RUN:
        return "This run has one checkpoint so far; a time-lapse begins with two."
    if steps.undrawn:
        which = f"{steps.undrawn} of {count} checkpoints" if count > 1 else "1 checkpoint"
        return f"{which} to draw, about {format_duration(steps.estimate_s(points))}."
    if count < _SHORTEST_RUN:
        return "One checkpoint is embedded; a time-lapse begins with two."
    return f"{count} checkpoints, each drawn to follow the one before."
