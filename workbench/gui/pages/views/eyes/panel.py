"""The Encoder's eyes panel: one encoder, three ways of asking what it makes of the pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QStackedWidget, QVBoxLayout, QWidget

from workbench.app.application import Notice as Told
from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.pages.data.state import data_section
from workbench.gui.pages.views.eyes.choices import (
    UNTRAINED,
    Encoder,
    of_runs,
    pretrained,
    run_places,
    runs_state,
    untrained,
)
from workbench.gui.pages.views.eyes.controls import Head, Options
from workbench.gui.pages.views.eyes.curves import InvarianceFigure
from workbench.gui.pages.views.eyes.figure import Figure
from workbench.gui.pages.views.eyes.map import MapFigure
from workbench.gui.pages.views.eyes.pairs import PairsFigure
from workbench.gui.pages.views.eyes.waiting import Waiting
from workbench.gui.pages.views.panel import Data, Panel
from workbench.gui.pages.views.words import can_render, views_of
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.containers import EmptyState, Inspector
from workbench.gui.widgets.notice import Notice

_NO_DATA = ("data", "No data to look at", "Open a data set first; the encoder is shown its pictures.")
_NO_RUN = (
    "eye",
    "No trained encoder yet",
    "Train a run first, or choose the untrained encoder: what it sees is the floor that training must rise above. "
    "To look through a pretrained one, put the weights of a timm model, such as resnet18.safetensors, "
    "into the folder weights of the workspace.",
)


class EyesPanel(Panel):
    """Works only while it is in sight; every question goes to the lab for long work, after a pause."""

    id = "eyes"
    title = "Encoder's eyes"

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self.encoders: list[Encoder] = []
        self._runs: list[Encoder] = []
        self._files: list[Encoder] | None = None
        self._chosen, self._step, self._compare = "", 0, ""
        self._seen: tuple[object, ...] | None = None
        self._scanning = False
        self.invariance, self.pairs, self.map = InvarianceFigure(bridge), PairsFigure(bridge), MapFigure(bridge)
        self.figures: dict[str, Figure] = {part.id: part for part in (self.invariance, self.pairs, self.map)}
        self.head, self.options = Head(list(self.figures.values())), Options()
        self.no_data = EmptyState(*_NO_DATA, (("page.data", "Go to Data"),))
        self.no_run = EmptyState(*_NO_RUN, (("page.train", "Go to Train"), (UNTRAINED, "Use the untrained encoder")))
        self.notice = Notice(closable=False)
        self.progress = Waiting()
        self._inspector = Inspector()
        self._inspector.add_section("options", "What is compared", self.options)
        for figure in self.figures.values():
            side = figure.side()
            if side is not None:
                self._inspector.add_section(figure.id, _SIDES[figure.id], side)
        self._lay_out()
        self._connect()
        self._show_figure(self.invariance.id)

    def _lay_out(self) -> None:
        self.stack = QStackedWidget()
        for figure in self.figures.values():
            self.stack.addWidget(figure)
        body = QWidget()
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(SPACE_S)
        inside.addWidget(self.head)
        inside.addWidget(self.notice)
        inside.addWidget(self.stack, 1)
        inside.addWidget(self.progress)
        self.pages = QStackedWidget()
        for part in (body, self.no_data, self.no_run):
            self.pages.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_S, SPACE_M, SPACE_L, SPACE_M)
        column.addWidget(self.pages)

    def _connect(self) -> None:
        self.head.encoder_chosen.connect(self._choose)
        self.head.step_chosen.connect(self._choose_step)
        self.head.figure_chosen.connect(self._show_figure)
        self.head.save_wanted.connect(self._ask_and_save)
        self.head.copy_wanted.connect(lambda: QApplication.clipboard().setText(self.figure.csv()))
        self.options.changed.connect(self._ask)
        self.options.compare_chosen.connect(self._choose_other)
        self.no_data.acted.connect(self.bridge.run)
        self.no_run.acted.connect(self._act)
        self.notice.acted.connect(lambda _none: self._ask())
        self.progress.cancelled.connect(lambda: self.figure.drop())
        for figure in self.figures.values():
            figure.wanted.connect(self._ask)
            figure.acted.connect(self._act)
            figure.worked.connect(self._show_waiting)
            for question in figure.questions:
                question.moved.connect(self.progress.show_share)
                question.failed.connect(self._fail)
                question.answered.connect(lambda _found: self.notice.hide())

    # -- what the page asks ----------------------------------------------------------------------------------------

    def refresh(self, data: Data) -> None:
        if data is Data.ABSENT:
            self.figure.drop()
            self.pages.setCurrentWidget(self.no_data)
            return
        self._scan()
        self._show_encoders()
        if data is Data.READY:
            self._ask()

    def settled(self) -> bool:
        return not (self._scanning or self.figure.busy())

    def retheme(self) -> None:
        for figure in self.figures.values():
            figure.retheme()

    def inspector(self) -> QWidget:
        return self._inspector

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.figure.drop()

    @property
    def figure(self) -> Figure:
        """The figure that is shown."""
        return list(self.figures.values())[self.stack.currentIndex()]

    # -- encoders --------------------------------------------------------------------------------------------------

    def _scan(self) -> None:
        """Find the runs' checkpoints, and once the pretrained files; the disk is read on the background thread."""
        state = runs_state(self.app)
        if state == self._seen:
            return
        self._seen, self._scanning = state, True
        found = run_places(self.app)

        def done(runs: list[Encoder]) -> None:
            self._runs, self._scanning = runs, False
            if self._files is None:
                self._ask_files()
            self._show_encoders()
            self._ask()

        self.app.background.run(lambda: of_runs(found), done, self.app.fail)

    def _ask_files(self) -> None:
        self._files = []

        def found(result: dict[str, Any], _arrays: object) -> None:
            self._files = pretrained(result["files"])
            self._show_encoders()

        self.app.long_lab.ask("pretrained_encoders", {}, done=found, failed=self.app.fail)
        self.bridge.hurry()

    def _show_encoders(self) -> None:
        self.encoders = [*self._runs, *(self._files or []), untrained(self.app)]
        keys = [encoder.key for encoder in self.encoders]
        if self._chosen not in keys:
            self._chosen = keys[0] if len(keys) > 1 else ""
        if not self._chosen:
            if not self._scanning:
                self.pages.setCurrentWidget(self.no_run)
                self._inspector.show_only([])
            return
        self.pages.setCurrentIndex(0)
        self._show_side()
        encoder = self._encoder()
        assert encoder is not None
        if self._step not in encoder.steps:
            self._step = encoder.steps[0] if encoder.steps else 0
        self.head.set_encoders(self.encoders, self._chosen)
        self.head.set_steps(encoder.steps, self._step)
        self.options.set_encoders(self.encoders, self._compare)

    def _encoder(self, key: str = "") -> Encoder | None:
        return next((one for one in self.encoders if one.key == (key or self._chosen)), None)

    def _choose(self, key: object) -> None:
        self._chosen, self._step = str(key), 0
        self._show_encoders()
        self._ask()

    def _choose_step(self, step: object) -> None:
        if isinstance(step, int):
            self._step = step
            self._ask()

    def _choose_other(self, key: object) -> None:
        self._compare = str(key or "")
        self._ask()

    # -- asking ----------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        encoder, editor = self._encoder(), self.app.editor
        if encoder is None or self._scanning or not self._chosen or not can_render(editor) or not self.isVisible():
            return
        common = {
            "data": data_section(self.app),
            "views": views_of(editor),
            "seed": int(editor.value("seed") or 0),
            "samples": {"count": self.options.count.currentData(), "draw": self.options.draw},
            "centred": self.options.centred.isChecked(),
        }
        other = self._encoder(self._compare) if self._compare else None
        self.invariance.compared = None if other is None else other.document(self.app, None)
        self.figure.ask(encoder, self._step if encoder.steps else None, common)

    def _show_figure(self, id_: object) -> None:
        self.figure.drop()
        self.stack.setCurrentWidget(self.figures[str(id_)])
        self.head.set_figure(str(id_))
        self.notice.hide()
        self._show_side()
        self._show_waiting()
        self._ask()

    def _show_side(self) -> None:
        """In the inspector: what belongs to the shown figure."""
        self.options.offer_compare(self.figure is self.invariance)
        self._inspector.show_only([*([] if self.figure is self.map else ["options"]), self.figure.id])

    def _show_waiting(self) -> None:
        if self.figure.busy():
            self.progress.begin()
        else:
            self.progress.hide()

    def _fail(self, error: WorkbenchError) -> None:
        """What was shown before would now stand for something that it does not show."""
        self.figure.clear()
        self.notice.show_message(error.message, error.hint, "danger", "Try again")

    # -- acting ----------------------------------------------------------------------------------------------------

    def _act(self, action: object) -> None:
        encoder = self._encoder()
        if action == UNTRAINED:
            self._choose(UNTRAINED)
        elif action == "embed" and encoder is not None and encoder.run is not None:
            self.app.embed(encoder.run, self._step, lambda _folder: self._rescan())
            self.bridge.hurry()
        else:
            self.bridge.run(str(action))

    def _rescan(self) -> None:
        self._seen = None
        self._scan()

    def _ask_and_save(self, suffix: object) -> None:
        name, _filter = QFileDialog.getSaveFileName(
            self, "Save the figure", f"{self.figure.stem()}.{suffix}", f"{str(suffix).upper()} (*.{suffix})"
        )
        if name:
            path = Path(name) if Path(name).suffix else Path(name).with_suffix(f".{suffix}")
            self.save(path)

    def save(self, path: Path) -> None:
        """Write the shown figure or its numbers by the suffix; a failure is told as a notice."""
        try:
            self.figure.save(path)
        except (WorkbenchError, OSError) as error:
            self.app.notify(Told(f"{path.name} was not saved: {error}"))


_SIDES = {"invariance": "Similarity at strength 1", "map": "Pictures and labels"}
