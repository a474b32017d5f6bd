"""The line under the preview: what the views cost on this machine, and how much of a training step that is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.pages.data.state import data_section
from workbench.gui.pages.views.pipeline.costs import Costs, Place
from workbench.gui.pages.views.words import can_render, views_of
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, label, push_button


@dataclass(frozen=True)
class Measured:
    """An answer of the lab, with what it was asked about.

    operations_us : (branch, position) -> microseconds that the operation there adds to a sample, all its views
    step_us : what the rest of a training step takes for a sample; None where there is no recipe that can run
    """

    about: Mapping[str, Any]
    total_us: float
    base_us: float
    operations_us: Mapping[Place, float]
    step_us: float | None
    batch: int
    threads: int

    @property
    def share(self) -> float | None:
        """The views' share of a training step, in [0, 1]."""
        return None if self.step_us is None else self.total_us / (self.total_us + self.step_us)

    def words(self) -> str:
        """`Views 21 µs an image  ·  4% of a training step`."""
        words = f"Views {plain_us(self.total_us)} an image"
        share = self.share
        if share is None:
            return words
        return (
            f"{words}  ·  {share:.0%} of a training step" if share >= 0.01 else f"{words}  ·  < 1% of a training step"
        )

    def tip(self) -> str:
        """How the figures came about."""
        threads = f"{self.threads} thread{'s' if self.threads != 1 else ''}"
        lines = [
            f"Measured on this machine: batches of {self.batch}, {threads}, the shortest of several times.",
            f"{plain_us(self.base_us)} of it are spent on reading and resizing, with or without operations.",
        ]
        if self.step_us is not None:
            lines.append(f"Forward, backward and optimiser take {plain_us(self.step_us)} an image.")
        return "\n".join(lines)


def plain_us(time_us: float) -> str:
    """`0.4 µs`, `21 µs`, `3.2 ms`."""
    if time_us >= 1000:
        return f"{time_us / 1000:.3g} ms"
    return f"{time_us:.1f} µs" if time_us < 10 else f"{time_us:.0f} µs"


class CostLine(QWidget):
    """Measures when asked to, and says so when what it shows is of an earlier pipeline.

    Signals
    -------
    costed(costs) : the `Costs` of each operation were measured
    """

    costed = Signal(object)

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.bridge, self.app = bridge, bridge.app
        self.measured: Measured | None = None
        self.measuring = False
        self.words = ElidedLabel("", "muted")
        self.button = push_button("Measure cost", "", "", "Time each operation and a training step on this machine")
        self.button.clicked.connect(self.measure)
        self.stale = label("Measured before the last change.", "caption")
        told = QVBoxLayout()
        told.setSpacing(0)
        told.addWidget(self.words)
        told.addWidget(self.stale)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_S)
        line.addLayout(told, 1)
        line.addWidget(self.button)
        self.refresh()

    def refresh(self) -> None:
        """Say what is known for the pipeline as it stands."""
        self.button.setEnabled(not self.measuring and can_render(self.app.editor))
        self.button.setText("Measuring…" if self.measuring else "Measure cost")
        found = self.measured
        if found is None:
            self.words.set_full_text("The cost is not measured yet.")
            self.stale.hide()
            return
        stale = found.about != self._about()
        self.words.set_full_text(found.words())
        self.stale.setVisible(stale)
        self.setToolTip(found.tip())

    def measure(self) -> None:
        """Ask for a measurement, which the activity panel shows and can cancel."""
        if self.measuring or not can_render(self.app.editor):
            return
        about = copy.deepcopy(self._about())
        recipe = None if self.app.editor.problems or self.app.editor.recipe is None else self.app.editor.recipe
        params = {**about, "recipe": recipe.document() if recipe is not None else None}
        job = self.app.jobs.begin("Measure the cost of the views")
        self.measuring = True

        def done(result: dict[str, Any], _arrays: object) -> None:
            self.app.jobs.end(job, "done")
            self._take(_measured(about, result))

        def failed(error: WorkbenchError) -> None:
            self.app.jobs.end(job, "failed", error.message, error.hint)
            self._stop()

        def cancelled() -> None:
            self.app.jobs.end(job, "cancelled")
            self._stop()

        ticket = self.app.long_lab.ask(
            "views_cost",
            params,
            done=done,
            failed=failed,
            cancelled=cancelled,
            progress=lambda share, words: self.app.jobs.progress(job, share, words),
        )
        job.cancel = lambda: self.app.long_lab.cancel(ticket)
        self.bridge.hurry()
        self.refresh()

    def _about(self) -> dict[str, Any]:
        return {"data": data_section(self.app), "views": views_of(self.app.editor)}

    def _take(self, found: Measured) -> None:
        self.measured = found
        self._stop()
        self.costed.emit(Costs(found.about["views"], found.operations_us))

    def _stop(self) -> None:
        self.measuring = False
        self.refresh()


def _measured(about: Mapping[str, Any], result: Mapping[str, Any]) -> Measured:
    return Measured(
        about,
        result["total_us"],
        result["base_us"],
        {(branch, position): time_us for branch, position, time_us in result["operations"]},
        result["step_us"],
        result["batch"],
        result["threads"],
    )
