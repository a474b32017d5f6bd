"""The training loop: one for everything that learns by back-propagation.

A step: wishes -> batch -> views on the device -> forward -> backward -> optimiser -> objective.after_step -> metrics.
The host waits for the device only when metrics are due.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from workbench.core.errors import Cancelled, RunFailed
from workbench.engine import checkpoint
from workbench.engine.alarms import AlarmDesk, watch_of
from workbench.engine.embed import embed_split
from workbench.engine.experiment import Encoder, Learner, Splits, parts_of
from workbench.engine.figures import FigureWriter
from workbench.engine.general_alarms import KNN_GAIN
from workbench.engine.machine import memory_bytes
from workbench.engine.monitor import KnnMonitor
from workbench.engine.plan import Plan
from workbench.engine.sampler import TrainSampler
from workbench.engine.sink import MetricSink
from workbench.engine.wishes import PhaseReporter
from workbench.evaluation.health import health
from workbench.recipes.models import Recipe
from workbench.recipes.schedule import rate_factor
from workbench.runs.folder import RunFolder
from workbench.runs.history import RANDOM, RAW

if TYPE_CHECKING:
    from lightning_fabric import Fabric

HEALTH_EVERY_S = 1.0


@dataclass
class Parts:
    """Everything a run is made of, built once by `engine.train`."""

    folder: RunFolder
    phases: PhaseReporter
    recipe: Recipe
    fingerprint: str
    fabric: Fabric
    splits: Splits
    encoder: Encoder
    learner: Learner
    wrapped: Any
    optimiser: Any
    plan: Plan
    sampler: TrainSampler
    monitor: KnnMonitor


class Loop:
    """Trains from a state to the end of the budget or to a stop."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.step = 0
        self.elapsed_s = 0.0
        self.floors: dict[str, float] = {}
        watch = watch_of(parts.recipe, parts.learner.objective, parts.monitor.described["test"])
        self.alarms = AlarmDesk(watch, parts.plan, parts.phases, parts.recipe)
        self._sink = MetricSink(parts.phases.journal, self.alarms.rows)
        self._base_rates = [group["lr"] for group in parts.optimiser.param_groups]
        self._pulse = _Pulse()
        self._figures = _figure_writer(parts)

    # -- state -----------------------------------------------------------------------------------------------------

    def restore(self, state: checkpoint.TrainState) -> None:
        """Go on from a checkpoint's state; the weights are loaded beforehand."""
        self.step, self.elapsed_s, self.floors = state.step, state.elapsed_s, dict(state.floors)
        self.parts.optimiser.load_state_dict(state.optimiser)
        scaler = getattr(self.parts.fabric.strategy.precision, "scaler", None)
        if scaler is not None and state.scaler:
            scaler.load_state_dict(state.scaler)
        checkpoint.restore_generators(state.generators)

    def save(self) -> None:
        """Write a checkpoint of this moment and thin out the older ones."""
        self._sink.flush()
        scaler = getattr(self.parts.fabric.strategy.precision, "scaler", None)
        state = checkpoint.TrainState(
            step=self.step,
            elapsed_s=self.elapsed_s,
            fingerprint=self.parts.fingerprint,
            optimiser=dict(self.parts.optimiser.state_dict()),
            scaler=scaler.state_dict() if scaler is not None else {},
            generators=checkpoint.generator_states(),
            floors=self.floors,
        )
        path = checkpoint.save(self.parts.folder, self.parts.learner, state)
        self._emit("checkpoint", path=path.name)
        for step in checkpoint.thin_out(self.parts.folder, self.parts.recipe.checkpoints.keep):
            self._emit("checkpoint_removed", removed=step)

    # -- the run ---------------------------------------------------------------------------------------------------

    def run(self) -> bool:
        """Train; True when the budget was used up, False when stopped before."""
        recipe, plan, wishes = self.parts.recipe, self.parts.plan, self.parts.phases.wishes
        evaluate_every = plan.every(recipe.evaluation.every_epochs)
        save_every = plan.every(recipe.checkpoints.every_epochs)
        self.parts.learner.train()
        self._figures.begin(self.step)
        while plan.progress(self.step, self.elapsed_s) < 1:
            self._obey()
            if wishes.stopping:
                return False
            self._train_step()
            if evaluate_every and self.step % evaluate_every == 0:
                self.evaluate()
            if self.step % save_every == 0:
                self.save()
            if self._figures.due:
                self._show()
        self._sink.flush()
        return True

    def measure_floors(self) -> None:
        """kNN of the raw pixels and of the encoder before any training, on the run's own split."""
        if not self.parts.monitor.possible or self.floors:
            return
        self.parts.phases(0.0, "Measuring the raw-pixel floor")
        raw = self.parts.monitor.raw_pixels()
        self.parts.phases(0.5, "Measuring the random-init floor")
        random_init = self.parts.monitor.measure(self.parts.encoder)
        self.floors = {RAW: raw, RANDOM: random_init}
        self._emit_evaluation(random_init)

    def evaluate(self) -> None:
        """Figures and online kNN of this moment, beside the floors; given up when the user wants to stop."""
        self._show()
        if not self.parts.monitor.possible:
            return
        with suppress(Cancelled):
            self._emit_evaluation(self.parts.monitor.measure(self.parts.encoder, self.parts.phases.listen))

    def finish(self) -> None:
        """The last checkpoint, measurement and embedding of a run that reached its end."""
        plan = self.parts.plan
        every = plan.every(self.parts.recipe.evaluation.every_epochs)
        if self.step % plan.every(self.parts.recipe.checkpoints.every_epochs):
            self.save()
        if not every or self.step % every:
            self.evaluate()
        self._show()
        if self.parts.recipe.checkpoints.embed:
            self.embed()

    def embed(self) -> None:
        """Write the embedding set of the test split at this step."""
        path = embed_split(
            self.parts.folder,
            self.step,
            self.parts.encoder,
            self.parts.splits.test,
            self.parts.fabric.device,
            self.parts.fingerprint,
            self.parts.phases,
        )
        self._emit("embedding", path=path.name)

    def _show(self) -> None:
        """Write what shows the objective at work at this moment."""
        self._sink.flush()
        self._figures.write(self.step)

    # -- one step --------------------------------------------------------------------------------------------------

    def _train_step(self) -> None:
        started = time.perf_counter()
        parts, recipe = self.parts, self.parts.recipe
        progress = parts.plan.progress(self.step, self.elapsed_s)
        rate = self._set_rate(progress)
        samples = parts.sampler.samples(self.step)
        views = parts.encoder.pipeline(samples, (recipe.seed, self.step), parts.fabric.device)
        loss, terms, embedding = parts.wrapped(**parts_of(views))
        parts.fabric.backward(loss)
        norm = self._gradient_norm(recipe.training.clip_norm)
        parts.optimiser.step()
        parts.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        parts.learner.objective.after_step(
            parts.learner.backbone,
            min(1.0, parts.plan.progress(self.step, self.elapsed_s + time.perf_counter() - started)),
        )
        self.elapsed_s += time.perf_counter() - started
        self._record(loss, terms, embedding, norm, rate)

    def _set_rate(self, progress: float) -> float:
        factor = rate_factor(self.parts.recipe.schedule, progress)
        for group, base in zip(self.parts.optimiser.param_groups, self._base_rates, strict=True):
            group["lr"] = base * factor
        return float(self._base_rates[0] * factor)

    def _gradient_norm(self, clip_norm: float) -> Tensor:
        """The norm over all parameters, clipped where the recipe says so."""
        fabric = self.parts.fabric
        scaled = getattr(fabric.strategy.precision, "scaler", None) is not None
        if clip_norm > 0 or scaled:
            bound = clip_norm if clip_norm > 0 else float("inf")
            norm = fabric.clip_gradients(
                self.parts.wrapped, self.parts.optimiser, max_norm=bound, error_if_nonfinite=False
            )
            return torch.as_tensor(norm)
        grads = [p.grad for p in self.parts.learner.parameters() if p.grad is not None]
        if not grads:
            raise RunFailed("No parameter received a gradient.", "The objective's loss does not reach the backbone.")
        return torch.nn.utils.get_total_norm(grads)

    def _record(self, loss: Tensor, terms: Any, embedding: Tensor | None, norm: Tensor, rate: float) -> None:
        scalars = {"loss": loss.detach(), **terms, "gradient_norm": norm.detach()}
        epoch = self.step / self.parts.plan.steps_per_epoch
        self._sink.add(self.step, scalars, {"lr": rate, "epoch": epoch, "elapsed_s": self.elapsed_s})
        if not self._sink.due:
            return
        self._sink.flush()
        if self._pulse.due and embedding is not None:
            measured = {name: float(value) for name, value in health(embedding, self.parts.sampler.batch_size).items()}
            rate_now = self._pulse.images_per_s(self.step * self.parts.sampler.batch_size, self.elapsed_s)
            memory = float(memory_bytes(self.parts.fabric.device))
            values = {**measured, "images_per_s": rate_now, "memory_bytes": memory}
            self.parts.phases.journal.metrics([self.step], {name: [value] for name, value in values.items()})
            self.alarms.measured(self.step, self.elapsed_s, measured)
            self.parts.phases.journal.flush()

    # -- wishes ----------------------------------------------------------------------------------------------------

    def _obey(self) -> None:
        wishes = self.parts.phases.wishes
        wishes.poll()
        if wishes.checkpoint:
            wishes.checkpoint = False
            self.save()
        if wishes.snapshot:
            wishes.snapshot = False
            self.embed()
        if wishes.paused and not wishes.stopping:
            self._wait_while_paused()

    def _wait_while_paused(self) -> None:
        self._sink.flush()
        self._emit("paused")
        while self.parts.phases.wishes.paused and not self.parts.phases.wishes.stopping:
            time.sleep(0.1)
            self.parts.phases.wishes.poll()
        if not self.parts.phases.wishes.stopping:
            self._emit("resumed")

    def _emit_evaluation(self, knn: float) -> None:
        self._emit(
            "evaluation",
            values={"knn": knn},
            floors=self.floors,
            settings=self.parts.monitor.described,
            epoch=self.step / self.parts.plan.steps_per_epoch,
            elapsed_s=self.elapsed_s,
        )
        if self.step and RANDOM in self.floors:
            self.alarms.measured(self.step, self.elapsed_s, {KNN_GAIN: knn - self.floors[RANDOM]})

    def _emit(self, kind: str, **payload: Any) -> None:
        self.parts.phases.step = self.step
        self.parts.phases.journal.emit(kind, self.step, **payload)


def _figure_writer(parts: Parts) -> FigureWriter:
    return FigureWriter(
        folder=parts.folder,
        journal=parts.phases.journal,
        recipe=parts.recipe,
        sampler=parts.sampler,
        pipeline=parts.encoder.pipeline,
        learner=parts.learner,
        device=parts.fabric.device,
    )


class _Pulse:
    """Decides when the slower metrics are due, and knows the pace since it was last asked."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._images, self._elapsed_s = 0, 0.0

    @property
    def due(self) -> bool:
        return time.monotonic() - self._at >= HEALTH_EVERY_S

    def images_per_s(self, images: int, elapsed_s: float) -> float:
        """Pace of training since the last call; resets the clock."""
        pace = (images - self._images) / max(elapsed_s - self._elapsed_s, 1e-9)
        self._at, self._images, self._elapsed_s = time.monotonic(), images, elapsed_s
        return pace
