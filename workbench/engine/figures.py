"""What shows an objective at work: arrays from its `figures`, on the same pictures all along a run.

The samples are the first of the run's first batch and the random parameters of their views those of that step, so that
the sets of a run are a time-lapse. Making them leaves the training as it was, to the bit.
"""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.checkpoint import generator_states, restore_generators
from workbench.engine.experiment import Learner
from workbench.engine.sampler import TrainSampler
from workbench.models.modes import evaluating
from workbench.plugins.specs import ObjectiveSpec
from workbench.recipes.models import Recipe
from workbench.runs.figures import Figures, as_stored, drop_after, thin_out, write_figures
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter
from workbench.views.base import Views
from workbench.views.pipeline import ViewPipeline

MOST_SAMPLES = 64
SHARE = 0.01
LEAST_WAIT_S = 5.0


def shown_index(sampler: TrainSampler, spec: ObjectiveSpec) -> NDArray[np.int64]:
    """Positions of the training samples that figures are made of: a batch, of which 64 unless more are needed."""
    return sampler.batch(0)[: max(MOST_SAMPLES, spec.needs.min_batch)]


def figures_of(learner: Learner, views: Views) -> Figures:
    """The objective's figures as they are stored; the learner and every generator stay as they were."""
    states = generator_states()
    try:
        with evaluating(learner):
            made = learner.objective.figures(views, learner.backbone)
    finally:
        restore_generators(states)
    return as_stored(learner.objective.spec.figures, made)


@dataclass
class Pace:
    """Decides when the next set is due, so that all of them cost at most about one per cent of the time.

    The first set is not held against it: it compiles what training would have to compile by itself.
    """

    due_at: float | None = None

    def due(self, now: float) -> bool:
        return self.due_at is not None and now >= self.due_at

    def made(self, began: float, now: float) -> None:
        """A set was made between these two times, in seconds."""
        first = self.due_at is None
        self.due_at = now + max(LEAST_WAIT_S, 0.0 if first else (now - began) / SHARE)


@dataclass
class FigureWriter:
    """Writes the sets of one run; what goes wrong is told once in the journal and never ends the run."""

    folder: RunFolder
    journal: JournalWriter
    recipe: Recipe
    sampler: TrainSampler
    pipeline: ViewPipeline
    learner: Learner
    device: torch.device

    def __post_init__(self) -> None:
        self._on = self.recipe.checkpoints.figures and bool(self._spec.figures)
        self._pace = Pace()
        self._written_at: int | None = None

    @property
    def due(self) -> bool:
        """Whether it is time for a set between evaluations."""
        return self._on and self._pace.due(time.monotonic())

    def begin(self, step: int) -> None:
        """The first set of this process; those of an earlier one beyond this step are made again."""
        if self._on:
            drop_after(self.folder, step)
            self.write(step)

    def write(self, step: int) -> None:
        """Write the set of this moment, unless it is there or the objective shows nothing."""
        if not self._on or step == self._written_at:
            return
        began = time.monotonic()
        try:
            self._write(step)
        except Exception as error:
            self._give_up(step, error)
        self._pace.made(began, time.monotonic())

    @property
    def _spec(self) -> ObjectiveSpec:
        return self.learner.objective.spec

    def _write(self, step: int) -> None:
        samples = self.sampler.at(shown_index(self.sampler, self._spec))
        views = self.pipeline(samples, (self.recipe.seed, 0), self.device)
        arrays = figures_of(self.learner, views)
        self._written_at = step
        if arrays:
            path = write_figures(self.folder, step, arrays)
            removed = thin_out(self.folder)
            self.journal.emit("figures", step, path=path.name, names=list(arrays), removed=removed)

    def _give_up(self, step: int, error: Exception) -> None:
        self._on = False
        traceback.print_exc()
        message = f"The figures of {self._spec.title} could not be made: {type(error).__name__}: {error}"
        self.journal.emit("warning", step, message=message, hint="The run goes on without them.")
