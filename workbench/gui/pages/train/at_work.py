"""The objective at work along a run: its figures, moment by moment, as a time-lapse."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSlider, QStackedWidget, QVBoxLayout, QWidget

from workbench.app.figure_names import named_by_class
from workbench.app.figure_scale import Range, joined, value_range
from workbench.app.supervisor import RunHandle
from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.figures.browser import FigureBrowser
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import icon_button, label
from workbench.gui.widgets.containers import EmptyState
from workbench.plugins.specs import FigureSpec, ObjectiveSpec
from workbench.runs.figures import Figures, read_figures

FRAME_MS = 200
_PLAY, _PAUSE = "Play: from the untrained network to the newest step", "Stop playing"


class AtWork(QWidget):
    """Reads off the window's thread and only what is looked at: the newest moment, while the slider is at its end."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._app = bridge.app
        self._run: Path | None = None
        self._figures: dict[int, str] = {}
        self._steps: list[int] = []
        self._specs: tuple[FigureSpec, ...] = ()
        self._classes: tuple[str, ...] = ()
        self._ranges: dict[str, Range] = {}
        self._asked: tuple[Path | None, int] | None = None
        self.reading = False
        self.browser = FigureBrowser(bridge, "")
        self.empty = EmptyState("eye", "", "")
        self.play = icon_button("play", _PLAY, "")
        self.play.setCheckable(True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Step of the figures")
        self.slider.setPageStep(5)
        self.words = label("", "caption")
        self._timer = QTimer(self, interval=FRAME_MS)
        self._lay_out()
        self.play.toggled.connect(self._play)
        self.slider.valueChanged.connect(lambda _value: self._read())
        self._timer.timeout.connect(self._tick)

    def show_run(self, handle: RunHandle, spec: ObjectiveSpec | None, document: dict[str, Any]) -> None:
        """Show what there is of a run; `spec` is None for an objective that is not known here."""
        if handle.folder.path != self._run:
            self._begin(handle.folder.path)
        self._know(spec.figures if spec is not None else (), (handle.history.data or {}).get("train") or {})
        self.browser.stem = handle.folder.name
        self._take(handle.history.figures)
        if not self._steps:
            self.empty.set_words(*nothing_words(spec, document))
        self.pages.setCurrentWidget(self.browser_card if self._steps else self.empty)
        self._read()

    def retheme(self) -> None:
        self.browser.retheme()

    def hideEvent(self, event: QHideEvent) -> None:
        self.play.setChecked(False)
        super().hideEvent(event)

    # -- building --------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        time = QHBoxLayout()
        time.setSpacing(SPACE_S)
        time.addWidget(self.play)
        time.addWidget(self.slider, 1)
        time.addWidget(self.words)
        self.browser_card = QFrame()
        self.browser_card.setProperty("card", True)
        inside = QVBoxLayout(self.browser_card)
        inside.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        inside.setSpacing(SPACE_S)
        inside.addWidget(self.browser, 1)
        inside.addLayout(time)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.browser_card)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pages)

    # -- which moment ----------------------------------------------------------------------------------------------

    def _begin(self, run: Path) -> None:
        self.play.setChecked(False)
        self._run, self._steps, self._figures, self._ranges, self._asked = run, [], {}, {}, None
        self.browser.show_figures((), {})

    def _know(self, specs: tuple[FigureSpec, ...], data: Mapping[str, Any]) -> None:
        """What the arrays are of; known anew, the present moment is read again."""
        known = specs, tuple(data.get("classes") or ())
        if known != (self._specs, self._classes):
            self._specs, self._classes = known
            self._asked = None

    def _take(self, figures: dict[int, str]) -> None:
        """Know of these moments; the slider stays at its step, or at the newest."""
        if figures == self._figures:
            return
        follows = not self._steps or self.slider.value() == len(self._steps) - 1
        step = self._steps[self.slider.value()] if self._steps else 0
        self._figures, self._steps = dict(figures), sorted(figures)
        nearest = min(range(len(self._steps)), key=lambda at: abs(self._steps[at] - step), default=0)
        blocker = QSignalBlocker(self.slider)
        self.slider.setRange(0, max(0, len(self._steps) - 1))
        self.slider.setValue(len(self._steps) - 1 if follows and not self.play.isChecked() else nearest)
        blocker.unblock()
        self.play.setEnabled(len(self._steps) > 1)
        self.slider.setEnabled(len(self._steps) > 1)

    def _play(self, on: bool) -> None:
        self.play.setIcon(icon("pause" if on else "play", "muted"))
        self.play.setToolTip(_PAUSE if on else _PLAY)
        if not on:
            self._timer.stop()
            return
        if self.slider.value() == self.slider.maximum():
            self.slider.setValue(0)
        self._timer.start()

    def _tick(self) -> None:
        """One moment further, unless the last one is still being read."""
        if self.slider.value() >= self.slider.maximum():
            self.play.setChecked(False)
        elif not self.reading:
            self.slider.setValue(self.slider.value() + 1)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        if not self._steps or self._run is None:
            return
        at = self.slider.value()
        step = self._steps[at]
        self.words.setText(f"step {step:,}  ·  {at + 1} of {len(self._steps)}")
        asked = (self._run, step)
        if asked == self._asked:
            return
        self._asked, self.reading = asked, True
        path = self._run / "figures" / Path(self._figures[step]).name
        self._app.background.run(
            lambda: read_figures(path),
            lambda arrays: self._show(asked, arrays),
            lambda error: self._fail(asked, error),
        )

    def _show(self, asked: tuple[Path | None, int], arrays: Figures) -> None:
        if asked != self._asked:
            return
        self.reading = False
        for spec in self._specs:
            if spec.kind in ("matrix", "bars") and spec.name in arrays:
                self._ranges[spec.name] = joined(self._ranges.get(spec.name), value_range(arrays[spec.name]))
        specs = named_by_class(self._specs, arrays, self._classes)
        self.browser.show_figures(specs, arrays, self._ranges.get)

    def _fail(self, asked: tuple[Path | None, int], error: WorkbenchError) -> None:
        if asked == self._asked:
            self.reading = False
            self.browser.show_figures((), {})
            self.browser.description.setText(str(error))


def nothing_words(spec: ObjectiveSpec | None, document: dict[str, Any]) -> tuple[str, str]:
    """Why a run has no figures, and what to do."""
    if spec is None:
        return "The objective is not known here", "Its figures need the plugin that it came from."
    if not spec.figures:
        return f"{spec.title} has no figures", "What it learns shows in its curves."
    checkpoints = document.get("checkpoints")
    if isinstance(checkpoints, dict) and checkpoints.get("figures") is False:
        return (
            "This run keeps no figures",
            "For the next one, switch Figures on under Objective, Training, Checkpoints.",
        )
    return (
        "No figures yet",
        f"{spec.title} is shown at work on the same pictures all along the run: when training begins, at each "
        "evaluation, and every few seconds between.",
    )
