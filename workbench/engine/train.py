"""One run from its folder to its end: `python -m workbench.engine train RUN_DIR [--resume]`."""

from __future__ import annotations

import sys
import traceback

import numba
import torch

from workbench.core.errors import Cancelled, RunFailed
from workbench.core.files import write_atomic
from workbench.engine import checkpoint
from workbench.engine.catalogue import full_catalogue
from workbench.engine.experiment import Splits, build_encoder, build_learner, image_shape, load_splits
from workbench.engine.failures import named
from workbench.engine.imports import fabric_for, paused_collector
from workbench.engine.loop import Loop, Parts
from workbench.engine.machine import probe, versions
from workbench.engine.monitor import KnnMonitor
from workbench.engine.plan import Plan
from workbench.engine.sampler import sampler_of
from workbench.engine.wishes import PhaseReporter, Wishes
from workbench.models.optimisers import build_optimiser
from workbench.recipes.check import build
from workbench.recipes.models import Recipe
from workbench.recipes.resolve import fingerprint, resolve
from workbench.recipes.toml_io import read_document, write_toml
from workbench.runs.control import ControlReader
from workbench.runs.folder import CheckpointRef, RunFolder
from workbench.runs.journal import JournalWriter


def train(folder: RunFolder, resume: bool, journal: JournalWriter, control: ControlReader) -> int:
    """Train and write how it ended; returns the process's exit code (0, or 3 when the run failed)."""
    wishes = Wishes(control)
    wishes.listen_to_signals()
    phases = PhaseReporter(journal, wishes)
    recipe: Recipe | None = None
    try:
        asked = folder.resolved if resume and folder.resolved.exists() else folder.recipe
        recipe = build(read_document(asked), full_catalogue())
        state, reason = _train(folder, recipe, resume, phases)
    except Cancelled:
        state, reason = "stopped", wishes.stop_reason
    except BaseException as error:
        traceback.print_exc()
        failure = named(error, recipe)
        print(f"Failed: {failure}", file=sys.stderr, flush=True)  # noqa: T201  (this is console.log)
        journal.emit("ended", phases.step, state="failed", reason=failure.message, hint=failure.hint)
        return 3
    journal.emit("ended", phases.step, state=state, reason=reason, hint="")
    return 0


def _train(folder: RunFolder, recipe: Recipe, resume: bool, phases: PhaseReporter) -> tuple[str, str]:
    journal = phases.journal
    phases(0.0, "Reading data")
    splits = load_splits(recipe.data, phases)
    resolved = resolve(recipe, probe(), data_size=min(image_shape(splits.train)[1:]))
    write_atomic(folder.resolved, write_toml(resolved))
    test_info = None if splits.test is splits.train else splits.test.info.as_json()
    journal.emit("data", 0, train=splits.train.info.as_json(), test=test_info)

    with paused_collector():  # torch imports its compiler when the first optimiser is made
        parts = _assemble(folder, resolved, phases, splits)
    loop = Loop(parts)
    resumed_from = _restore(parts, loop) if resume else None
    journal.emit(
        "running",
        loop.step,
        device=str(parts.fabric.device),
        precision=resolved.hardware.precision,
        threads=resolved.hardware.threads,
        parameters=sum(p.numel() for p in parts.learner.backbone.parameters()),
        resumed_from=resumed_from,
        steps_total=parts.plan.total_steps,
        steps_per_epoch=parts.plan.steps_per_epoch,
        budget_s=resolved.budget.amount if parts.plan.total_steps is None else None,
        versions=versions(),
        fingerprint=parts.fingerprint,
        limits=loop.alarms.described,
    )
    loop.measure_floors()
    return _run_to_end(loop, parts)


def _run_to_end(loop: Loop, parts: Parts) -> tuple[str, str]:
    if loop.run():
        loop.finish()
        return "completed", ""
    reason = parts.phases.wishes.stop_reason
    parts.phases.journal.emit("stopping", loop.step, reason=reason)
    if parts.phases.wishes.save_on_stop and loop.step > 0:
        loop.save()
    return "stopped", reason


def _assemble(folder: RunFolder, recipe: Recipe, phases: PhaseReporter, splits: Splits) -> Parts:
    torch.set_num_threads(recipe.hardware.threads)
    numba.set_num_threads(min(recipe.hardware.threads, numba.config.NUMBA_NUM_THREADS))
    fabric = fabric_for(recipe.hardware)
    encoder = build_encoder(recipe, splits.train)
    learner = build_learner(recipe, splits, encoder)
    optimiser = build_optimiser(recipe.optimiser, learner)
    wrapped, fabric_optimiser = fabric.setup(learner, optimiser)
    sampler = sampler_of(recipe, splits.train)
    return Parts(
        folder=folder,
        phases=phases,
        recipe=recipe,
        fingerprint=fingerprint(recipe),
        fabric=fabric,
        splits=splits,
        encoder=encoder,
        learner=learner,
        wrapped=wrapped,
        optimiser=fabric_optimiser,
        plan=Plan(recipe.budget, sampler.steps_per_epoch),
        sampler=sampler,
        monitor=KnnMonitor(splits, recipe.evaluation, recipe.seed, fabric.device),
    )


def _restore(parts: Parts, loop: Loop) -> int:
    """Load the newest checkpoint of this very recipe; 0 where there is none and the run begins anew."""
    newest: CheckpointRef | None = parts.folder.latest_checkpoint()
    if newest is None:
        return 0
    state = checkpoint.load_state(newest.path)
    if state.fingerprint != parts.fingerprint:
        raise RunFailed(
            f"The checkpoint at step {newest.step} was made by another recipe or on another kind of device.",
            "Start a new run with this recipe, or resume with the settings in resolved.toml.",
        )
    parts.learner.load_state_dict(checkpoint.load_weights(newest.path))
    loop.restore(state)
    return newest.step
