"""What views cost on this machine, each operation's share of it, and what the rest of a training step costs.

An operation's cost is what a branch takes longer with it than without it and all that follow it, because fused
operations share their passes and have no time of their own. Each time is the shortest of several, taken in turns.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.data.base import Dataset, Progress, no_progress
from workbench.engine.experiment import Splits, build_encoder, build_learner, image_shape, parts_of
from workbench.engine.imports import fabric_for
from workbench.engine.machine import probe
from workbench.engine.sampler import EpochSampler
from workbench.models.optimisers import build_optimiser
from workbench.recipes.models import Recipe
from workbench.recipes.resolve import resolve
from workbench.views.batched import run_batched
from workbench.views.build import CompiledBranch
from workbench.views.cpu import Workers, run_cpu
from workbench.views.draws import draw_view, steps_of
from workbench.views.operations.base import Scene, Task
from workbench.views.pipeline import Moments, ViewPipeline
from workbench.views.trace import cut, in_turn

VIEWS_S, STEP_S = 0.9, 0.6
"""Time spent on the views and on the training step, after their first calls."""

_SMALL_PX = 64
_SMALL_BATCH, _LARGE_BATCH = 256, 32
_ROUNDS = 2
_PROBE_BATCH = 32

Place = tuple[int, int]


@dataclass(frozen=True)
class ViewsCost:
    """Microseconds that one sample takes, with all its views.

    base_us : reading, resizing and writing, paid with no operation at all
    operations_us : (number of the branch, position in it) -> what the operation there adds
    batch, threads : how it was measured
    """

    base_us: float
    operations_us: Mapping[Place, float]
    batch: int
    threads: int

    @property
    def total_us(self) -> float:
        """All of it."""
        return self.base_us + sum(self.operations_us.values())


@dataclass(frozen=True)
class _Prefix:
    """A branch cut off after the operation at `place`; position -1 is the branch without any."""

    place: Place
    branch: CompiledBranch
    moments: Moments | None
    view: int


def views_cost(
    pipeline: ViewPipeline,
    images: NDArray[np.uint8],
    device: torch.device,
    threads: int,
    seconds: float = VIEWS_S,
    progress: Progress = no_progress,
) -> ViewsCost:
    """Measure the views of a batch; `images` is uint8 (N, C, H, W) of the shape that the pipeline takes."""
    prefixes = _prefixes(pipeline)
    bench = _Bench(images, device, threads)
    for prefix in prefixes:  # the first call compiles
        bench.run(prefix)
        progress(0.0, "Warming up")
    shortest = [float("inf")] * len(prefixes)
    started, rounds = time.perf_counter(), 0
    while rounds < _ROUNDS or time.perf_counter() - started < seconds:
        for number, prefix in enumerate(prefixes):
            progress(min(1.0, (time.perf_counter() - started) / seconds), "Measuring the views")
            shortest[number] = min(shortest[number], bench.run(prefix))
        rounds += 1
    return _shares(pipeline, prefixes, [1e6 * s / len(images) for s in shortest], len(images), threads)


def batch_for(side: int) -> int:
    """How many pictures of that side, px, are measured at once."""
    return _SMALL_BATCH if side <= _SMALL_PX else _LARGE_BATCH


def _prefixes(pipeline: ViewPipeline) -> list[_Prefix]:
    found: list[_Prefix] = []
    number = -1
    for view, (branch, moments, within) in enumerate(pipeline.by_view):
        if within:
            continue
        number += 1
        turns = in_turn(branch)
        found.append(_Prefix((number, -1), cut(branch, ()), moments, view))
        ends = {item.position: place for place, item in enumerate(turns, 1)}
        found += [_Prefix((number, at), cut(branch, turns[:end]), moments, view) for at, end in ends.items()]
    return found


def _shares(
    pipeline: ViewPipeline, prefixes: Sequence[_Prefix], times_us: Sequence[float], batch: int, threads: int
) -> ViewsCost:
    by_branch: dict[int, list[tuple[_Prefix, float]]] = defaultdict(list)
    for prefix, time_us in zip(prefixes, times_us, strict=True):
        by_branch[prefix.place[0]].append((prefix, time_us))
    base, operations = 0.0, {}
    for rows in by_branch.values():
        views = pipeline.by_view[rows[0][0].view][0].count
        # A prefix that came out shorter than the one before it differs by noise alone.
        risen = list(accumulate((time_us for _, time_us in rows), max))
        base += views * risen[0]
        for (prefix, _), before, after in zip(rows[1:], risen, risen[1:], strict=False):
            operations[prefix.place] = views * (after - before)
    return ViewsCost(base, operations, batch, threads)


class _Bench:
    """Makes one view of a batch as training makes it, and takes the time."""

    def __init__(self, images: NDArray[np.uint8], device: torch.device, threads: int) -> None:
        self._images, self._device = images, device
        self._workers = Workers(threads)

    def run(self, prefix: _Prefix) -> float:
        """Seconds that one view of the batch takes."""
        started = time.perf_counter()
        branch, height, width = prefix.branch, *self._images.shape[2:]
        sides = (np.full(len(self._images), float(side)) for side in (height, width))
        drawn = draw_view(branch, Scene(branch.size, 0, *sides), (0, 0), prefix.view)
        steps = steps_of(branch, drawn, (height, width), prefix.moments)
        if self._device.type == "cpu":
            x = torch.from_numpy(run_cpu(self._images, steps, self._workers))
        else:
            x = run_batched(torch.from_numpy(self._images).to(self._device), steps)
        if branch.task is not None:
            assert isinstance(branch.task.operation, Task)
            draw = drawn.draws[branch.task.slot]
            branch.task.operation.pose(x, draw.values, draw.applied)
        wait_for(self._device)
        return time.perf_counter() - started


def wait_for(device: torch.device) -> None:
    """Return when the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def step_cost(recipe: Recipe, train: Dataset, seconds: float = STEP_S, progress: Progress = no_progress) -> float:
    """Microseconds a sample that a training step takes beside its views: forward, backward and optimiser.

    A batch that would take longer than `seconds` is measured by a part of it. Raises what building the parts raises.
    """
    resolved = resolve(recipe, probe(), data_size=min(image_shape(train)[1:]))
    with _threads(resolved.hardware.threads):
        progress(0.0, "Building the learner")
        step = _Step(resolved, train)
        batch = min(resolved.training.batch_size, len(train))
        part = min(batch, _PROBE_BATCH)
        step.run(part)  # the first call allocates
        per_sample = step.run(part) / part
        if part < batch and per_sample * batch <= seconds:
            part = batch
            step.run(part)
        started, shortest = time.perf_counter(), float("inf")
        while shortest == float("inf") or time.perf_counter() - started < seconds:
            progress(min(1.0, (time.perf_counter() - started) / seconds), "Measuring a training step")
            shortest = min(shortest, step.run(part) / part)
    return 1e6 * shortest


class _Step:
    """A learner that steps on views made beforehand; what it learns is thrown away."""

    def __init__(self, recipe: Recipe, train: Dataset) -> None:
        self._recipe, self._train = recipe, train
        self._fabric = fabric_for(recipe.hardware)
        splits = Splits(train, train)
        self._encoder = build_encoder(recipe, train)
        self._learner = build_learner(recipe, splits, self._encoder)
        optimiser = build_optimiser(recipe.optimiser, self._learner)
        self._wrapped, self._optimiser = self._fabric.setup(self._learner, optimiser)
        self._learner.train()

    def run(self, batch: int) -> float:
        """Seconds that one step on the first `batch` samples of a shuffle takes."""
        index = EpochSampler(len(self._train), batch, self._recipe.seed).batch(0)
        device = self._fabric.device
        views = self._encoder.pipeline(self._train.batch(index), (self._recipe.seed, 0), device)
        wait_for(device)
        started = time.perf_counter()
        loss, _terms, _embedding = self._wrapped(**parts_of(views))
        self._fabric.backward(loss)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self._learner.objective.after_step(self._learner.backbone, 0.0)
        wait_for(device)
        return time.perf_counter() - started


@contextmanager
def _threads(wanted: int) -> Iterator[None]:
    """Let torch use as many threads as training would."""
    before = torch.get_num_threads()
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)
