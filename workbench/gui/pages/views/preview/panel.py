"""The right half of the Views page: the preview with its draw, and what keeps it from being drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QPoint, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QImageWriter
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout

from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.pages.data.state import data_section, facts_of
from workbench.gui.pages.views.panel import Data, Panel
from workbench.gui.pages.views.preview.bar import PreviewBar, RunSource
from workbench.gui.pages.views.preview.captions import condense
from workbench.gui.pages.views.preview.cost import CostLine
from workbench.gui.pages.views.preview.grid import Place, PreviewFrame, PreviewGrid
from workbench.gui.pages.views.preview.inspector import ViewInspector
from workbench.gui.pages.views.words import can_render, view_titles, views_of
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel
from workbench.gui.widgets.containers import EmptyState
from workbench.gui.widgets.notice import Notice

PLAY_MS = 250
Ask = tuple[str, dict[str, Any]]


class Preview(Panel):
    """Asks the lab for the views of a few samples, at every change, and shows the newest answer.

    Signals
    -------
    acted(action) : a button of the notice or of the empty state was pressed
    picked((sample, view)) : a picture was clicked; view -1 is the original
    """

    acted = Signal(object)
    picked = Signal(object)
    id = "preview"
    title = "Preview"

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._handful = 0
        self._pinned: dict[int, int] = {}
        self._index: list[int] = []
        self._data = Data.ASKING
        self._facts: object = None
        self._asked: Ask | None = None
        self._traced: dict[str, Any] | None = None
        self._failed = False
        self.waiting, self.tracing = False, False
        self.bar = PreviewBar()
        self.shuffle, self.again, self.words = self.bar.shuffle, self.bar.again, self.bar.words
        self.notice = Notice(closable=False)
        self.grid = PreviewGrid()
        self.note = ElidedLabel("", "caption")
        self.cost = CostLine(bridge)
        self._inspector = ViewInspector(self.grid)
        self.empty = EmptyState(
            "data",
            "No data to look at",
            "Open a data set first; its samples are shown here as the objective sees them.",
            (("page.data", "Go to Data"),),
        )
        self.starting = EmptyState("views", "Drawing the first views", "The lab is starting; this takes a few seconds.")
        self._timer = QTimer(self, interval=PLAY_MS)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.frame = PreviewFrame(self.grid)
        self.stack = QStackedWidget()
        for part in (self.frame, self.empty, self.starting):
            self.stack.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_S, SPACE_M, SPACE_L, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addWidget(self.bar)
        column.addWidget(self.notice)
        column.addWidget(self.stack, 1)
        column.addWidget(self.note)
        column.addWidget(self.cost)
        self.note.hide()

    def _connect(self) -> None:
        self.bar.changed.connect(lambda _none: self._choose())
        self.bar.shuffled.connect(lambda _none: self._shuffle())
        self.bar.redrawn.connect(lambda _none: self._draw_again())
        self.bar.played.connect(self._play)
        self.notice.acted.connect(lambda _none: self.acted.emit("mend"))
        self.empty.acted.connect(self.acted)
        self.grid.picked.connect(self._pick)
        self.grid.pinned.connect(self.toggle_pin)
        self.grid.played.connect(lambda _none: self.bar.play.toggle())
        self.grid.asked_menu.connect(lambda asked: self._open_menu(*asked))
        self._timer.timeout.connect(self._tick)

    # -- what the page asks ----------------------------------------------------------------------------------------

    def refresh(self, data: Data) -> None:
        self._data = data
        self._refresh_bar()
        self.cost.refresh()
        facts = facts_of(self.app)
        if facts is not self._facts:
            self._facts, self._asked = facts, None  # the files may have been read again
        if self.bar.run() is not None or data is Data.READY:
            self.ask()
        elif data is Data.ASKING:
            self.show_waiting()
        else:
            self.show_no_data()

    def settled(self) -> bool:
        return not self.waiting and not self.tracing

    def inspector(self) -> ViewInspector:
        return self._inspector

    def hideEvent(self, event: QHideEvent) -> None:
        self.bar.play.setChecked(False)
        super().hideEvent(event)

    def _refresh_bar(self) -> None:
        facts = facts_of(self.app)
        self.bar.set_classes(facts["splits"][facts["train"]]["classes"] if facts else ())
        self.bar.set_recipe_seed(int(self.app.editor.value("seed") or 0))
        rows = [row for row in self.app.run_rows if row.glance.step > 0 and not row.glance.problem]
        self.bar.set_runs([RunSource(str(row.folder.path), row.folder.name, row.glance.step) for row in rows])

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_no_data(self) -> None:
        """The data set is not on this machine, or its settings are wrong."""
        self._asked, self.waiting = None, False
        self.stack.setCurrentWidget(self.empty)

    def show_waiting(self) -> None:
        """Nothing can be asked yet."""
        if not self.grid.samples():
            self.stack.setCurrentWidget(self.starting)

    def show_problem(self, message: str, hint: str = "", action: str = "") -> None:
        """Say what is wrong with the views; an empty message says nothing."""
        if message:
            self.notice.show_message(message, hint, "warning", action)
        else:
            self.notice.hide()

    def ask(self) -> None:
        """Ask for what is to be seen now, unless that was asked last or it cannot be drawn."""
        wanted = self._wanted()
        if wanted is None or wanted == self._asked:
            return
        self._asked, self.waiting = wanted, True
        self.show_waiting()
        name, params = wanted
        self.app.quick_lab.ask(
            name,
            params,
            channel="views",
            done=lambda result, arrays: self._show(wanted, result, arrays),
            failed=self._fail,
            progress=self._tell,
        )
        self.bridge.hurry()

    def _wanted(self) -> Ask | None:
        """The lab's request; None where there is nothing to draw."""
        run, given = self.bar.run(), self.bar.given.isChecked()
        if run is not None:
            scene = {"run": run.path, "step": self.bar.step_wanted(), "count": self.bar.samples()}
            return "replay_views", {**scene, "as_given": given}
        editor = self.app.editor
        if self._data is not Data.READY or not can_render(editor):
            return None
        seed = self.bar.seed_wanted()
        return "preview_views", {
            "data": data_section(self.app),
            "views": views_of(editor),
            "handful": self._handful,
            "count": self.bar.samples(),
            "label": self.bar.label_wanted(),
            "pinned": {str(row): position for row, position in self._pinned.items()},
            "seed": int(editor.value("seed") or 0) if seed is None else seed,
            "step": self.bar.step_wanted(),
            "as_given": given,
        }

    def _show(self, asked: Ask, result: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        self.waiting = False
        if self._asked is None:
            return  # the data went away meanwhile
        if self._failed:
            self._failed = False
            self.notice.hide()
        name, params = asked
        views = result["views"] if name == "replay_views" else params["views"]
        titles = view_titles(views["branches"])
        sizes = result["sizes"]
        ratios = [size / max(sizes) for size in sizes] if len(set(sizes)) > 1 else []
        pictures = [arrays[f"view_{number}"] for number in range(len(titles))]
        self._index = arrays["index"].tolist()
        said = condense(result["captions"], titles)
        words = [result["labels"], *said.full]
        self.grid.set_pictures(arrays["pictures"], pictures, titles, words, said.under, ratios)
        self.grid.set_pins(frozenset(self._pinned), name == "preview_views")
        self.stack.setCurrentWidget(self.frame)
        self._say(name, params, result, said.note)
        self._trace()

    def _say(self, name: str, params: Mapping[str, Any], result: Mapping[str, Any], caption: str) -> None:
        step = params["step"]
        self.words.setText(f"seed {params['seed']}  ·  step {step}" if name == "preview_views" else f"step {step}")
        notes = []
        if name == "replay_views":
            shown, batch = self.grid.samples(), result["batch"]
            of = "the whole batch" if shown == batch else f"the first {shown} of the batch of {batch}"
            notes.append(f"What the loss at step {step} saw: {of}")
        sizes = sorted(set(result["sizes"]), reverse=True)
        if len(sizes) > 1:
            notes.append(f"Views of {' and '.join(map(str, sizes))} px, drawn to scale")
        if caption:
            notes.append(caption)
        self.note.set_full_text("  ·  ".join(notes))
        self.note.setVisible(bool(notes))

    def _fail(self, error: WorkbenchError) -> None:
        self.waiting, self._failed = False, True
        self.bar.play.setChecked(False)
        self.notice.show_message(error.message, error.hint, "danger")
        if not self.grid.samples():
            self.stack.setCurrentWidget(self.frame)

    def _tell(self, _share: float, words: str) -> None:
        self.words.setText(words)

    # -- step by step ----------------------------------------------------------------------------------------------

    def _pick(self, place: Place) -> None:
        self._inspector.show_picture(place)
        self._trace()
        self.picked.emit(place)

    def _trace(self) -> None:
        """Ask how the followed view was made, unless that is known; an original was not made."""
        followed = self._inspector.followed
        if followed is None or followed[1] < 0 or self._asked is None or self.waiting:
            return
        params = {**self._asked[1], "row": followed[0], "view": followed[1]}
        if params == self._traced and self.tracing:
            return
        self._traced, self.tracing = params, True
        self.app.quick_lab.ask(
            "trace_view",
            params,
            channel="views-trace",
            done=self._show_trace,
            failed=self._fail_trace,
        )
        self.bridge.hurry()

    def _show_trace(self, result: dict[str, Any], arrays: Mapping[str, Any]) -> None:
        self.tracing = False
        followed = self._inspector.followed
        if self._traced is None or followed != (self._traced["row"], self._traced["view"]):
            return
        stages = result["stages"]
        pictures = [arrays["original"], *(arrays[f"stage_{number}"] for number in range(len(stages)))]
        self._inspector.set_steps(stages, pictures)

    def _fail_trace(self, error: WorkbenchError) -> None:
        self.tracing = False
        self._inspector.clear_steps()
        self._fail(error)

    # -- drawing other ones ----------------------------------------------------------------------------------------

    def _choose(self) -> None:
        self.bar.set_run_mode(self.bar.run() is not None)
        self.bar.keep_step_within()
        self.refresh(self._data)

    def _shuffle(self) -> None:
        self._handful += 1
        self.ask()

    def _draw_again(self) -> None:
        self.bar.go_on()
        self.ask()

    def _play(self, on: bool) -> None:
        if on:
            self._timer.start()
        else:
            self._timer.stop()

    def _tick(self) -> None:
        """One draw further, unless the last one has not arrived yet: questions never queue up."""
        if self.isVisible() and self.settled():
            self._draw_again()

    def toggle_pin(self, row: int) -> None:
        """Let the sample of a row stay when others are shuffled, or let it go."""
        if self._pinned.pop(row, None) is None and row < len(self._index):
            self._pinned[row] = self._index[row]
        self.grid.set_pins(frozenset(self._pinned), True)

    # -- one picture -----------------------------------------------------------------------------------------------

    def _open_menu(self, place: Place, where: QPoint) -> None:
        menu = QMenu(self)
        menu.addAction("Save picture as PNG…", lambda: self._ask_save(place))
        menu.addAction("Copy picture", lambda: QGuiApplication.clipboard().setImage(self.grid.image(*place)))
        if self.bar.run() is None:
            words = "Unpin sample" if place[0] in self._pinned else "Pin sample"
            menu.addAction(f"{words}\tP", lambda: self.toggle_pin(place[0]))
        menu.exec(where)
        menu.deleteLater()

    def _ask_save(self, place: Place) -> None:
        assert self.bridge.face is not None
        title = re.sub(r"\W+", "-", self.grid.titles()[place[1] + 1].lower()).strip("-")
        name = f"sample-{place[0] + 1}-{title}.png"
        path = self.bridge.face.ask_save("Save picture", name, "PNG pictures (*.png)")
        if path is not None:
            self.save_picture(place, path)

    def save_picture(self, place: Place, path: Path) -> None:
        """Write one picture into a PNG file; what goes wrong is told."""
        if not QImageWriter(str(path), QByteArray(b"PNG")).write(self.grid.image(*place)):
            hint = "Is the folder writable, the disk full?"
            self.app.fail(WorkbenchError(f"The picture {path} could not be written.", hint))
