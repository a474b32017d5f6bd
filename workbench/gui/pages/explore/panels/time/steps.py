"""The checkpoints of a run as the time panel plays them. No Qt; reads files, so it belongs on the background thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.gui.pages.explore.carrying import rows_in
from workbench.runs.folder import RunFolder
from workbench.runs.timelapse import accuracies, time_layout

if TYPE_CHECKING:
    from workbench.runs.embedding_set import EmbeddingSet

_FEWEST_S = 1.0
_SECONDS_A_POINT = {"pca": 2e-4, "umap": 3e-3, "tsne": 8e-3}
"""What a layout with its neighbours takes on two cores, by and large; used until one was made."""


@dataclass(frozen=True, eq=False)
class TimeStep:
    """An embedded checkpoint.

    accuracy : of kNN, in [0, 1]; None where it was not measured
    places : float32 (N, 2), where the samples of the opened set lie; None while the checkpoint is not drawn
    seconds : how long drawing it took; None while it is not drawn
    """

    step: int
    folder: Path
    accuracy: float | None = None
    places: NDArray[np.float32] | None = None
    seconds: float | None = None

    @property
    def words(self) -> str:
        """ "Step 1,200 · kNN 43.1%"."""
        known = "" if self.accuracy is None else f" · kNN {self.accuracy:.1%}"
        return f"Step {self.step:,}{known}"


@dataclass(frozen=True, eq=False)
class TimeSteps:
    """All embedded checkpoints of a run, oldest first.

    method : "pca", "umap" or "tsne"
    waiting : how many further checkpoints are not embedded
    """

    run: Path
    method: str
    steps: tuple[TimeStep, ...]
    waiting: int = 0

    @property
    def drawn(self) -> tuple[TimeStep, ...]:
        """Those that are drawn: what can be played."""
        return tuple(step for step in self.steps if step.places is not None)

    @property
    def undrawn(self) -> int:
        return len(self.steps) - len(self.drawn)

    def estimate_s(self, points: int, more: int = 0) -> float:
        """Roughly how long drawing the rest takes, and `more` checkpoints with it."""
        known = [step.seconds for step in self.drawn if step.seconds is not None]
        each = float(np.median(known)) if known else points * _SECONDS_A_POINT[self.method]
        return max(_FEWEST_S, (self.undrawn + more) * each)


def time_steps(run: Path, method: str, of: EmbeddingSet) -> TimeSteps:
    """The checkpoints of a run, with the samples of one set at their places in each.

    Raises RunError for a set that cannot be read.
    """
    folder = RunFolder(run)
    embedded = folder.embedding_sets()
    measured = accuracies(folder)
    steps = tuple(_read(step, path, method, of, measured.get(step)) for step, path in embedded)
    waiting = {ref.step for ref in folder.whole_checkpoints()} - dict(embedded).keys()
    return TimeSteps(run, method, steps, len(waiting))


def _read(step: int, folder: Path, method: str, of: EmbeddingSet, accuracy: float | None) -> TimeStep:
    from workbench.runs.embedding_set import EmbeddingSet

    opened, name = EmbeddingSet.open(folder), time_layout(method)
    if name not in opened.layouts():
        return TimeStep(step, folder, accuracy)
    layout, rows = opened.layout(name), rows_in(of, opened)
    places = np.ascontiguousarray(layout.xy[rows, :2])
    places[rows < 0] = np.nan
    return TimeStep(step, folder, accuracy, places, layout.info.seconds if layout.info else None)
