"""Requests of a study: how long its runs will take, and the linear probe of one that has ended."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from workbench.core.errors import DataError, LabError
from workbench.core.files import write_atomic
from workbench.data.base import Progress, no_progress
from workbench.engine.catalogue import full_catalogue
from workbench.engine.embed import load_encoder
from workbench.engine.experiment import (
    Encoder,
    Splits,
    build_encoder,
    build_learner,
    image_shape,
    load_splits,
    parts_of,
)
from workbench.engine.lab.runs import lab_device, open_run
from workbench.engine.lab.server import Request, Result
from workbench.engine.machine import probe as this_machine
from workbench.engine.monitor import KnnMonitor, draw, labels_at, pixels
from workbench.engine.sampler import sampler_of
from workbench.evaluation.features import extract
from workbench.evaluation.probe import L2, fit_probe
from workbench.models.optimisers import build_optimiser
from workbench.recipes.check import build
from workbench.recipes.models import Evaluation, Recipe
from workbench.recipes.resolve import fingerprint, resolve
from workbench.runs.folder import step_name
from workbench.runs.history import RANDOM, RAW

WARM_STEPS, TIMED_STEPS = 2, 5
_START = "import workbench.engine.train"


def probe_run(request: Request) -> Result:
    """The linear probe of a run, kept in its evaluation/.

    params: run, step (null: the latest), bank, test (null: the recipe's), floors. With `floors` the raw pixels and the
    encoder before training are probed too, on the same samples.
    """
    folder, recipe = open_run(request)
    given = {name: request.params[name] for name in ("bank", "test") if request.params.get(name) is not None}
    settings = recipe.evaluation.replace(**given)
    began = time.perf_counter()
    splits = load_splits(recipe.data, request.progress)
    encoder, step = load_encoder(folder, recipe, request.params.get("step"), request.progress)
    floors = _floors(recipe, splits, settings, request.progress) if request.params.get("floors") else {}
    result = {
        **_probed(encoder, splits, settings, recipe.seed, request.progress),
        "floors": floors,
        "step": step,
        "run": folder.path.name,
        "fingerprint": fingerprint(recipe),
        "took_s": round(time.perf_counter() - began, 3),
    }
    folder.evaluation.mkdir(exist_ok=True)
    write_atomic(folder.evaluation / f"probe_{step_name(step)}.json", json.dumps(result, indent=2) + "\n")
    return result, {}


def time_recipe(request: Request) -> Result:
    """params: recipe (its document), probe (whether runs are probed). What one run of it costs on this machine.

    Result: start_s (process and libraries), data_s, step_s, measure_s (floors, kNN and probe), train_samples.
    """
    recipe, progress = build(request.params["recipe"], full_catalogue()), request.progress
    progress(0.0, "Timing the start of a run")
    start_s = _timed(lambda: subprocess.run([sys.executable, "-c", _START], check=True, capture_output=True))
    progress(0.4, "Reading data")
    began = time.perf_counter()
    splits = load_splits(recipe.data, request.progress)
    data_s = time.perf_counter() - began
    resolved = resolve(recipe, this_machine(), data_size=min(image_shape(splits.train)[1:]))
    encoder = build_encoder(resolved, splits.train)
    progress(0.5, "Timing a few steps")
    step_s = _step_s(resolved, splits, encoder)
    progress(0.8, "Timing the measurements")
    measure_s = _measure_s(resolved, splits, encoder, bool(request.params.get("probe", False)))
    facts = {"start_s": start_s, "data_s": data_s, "step_s": step_s, "measure_s": measure_s}
    return {**facts, "train_samples": len(splits.train)}, {}


def _floors(recipe: Recipe, splits: Splits, settings: Evaluation, progress: Progress) -> dict[str, float]:
    """Accuracies of what needs no training, by name: a lab that probes many runs measures each of them once."""
    pixels_key = (RAW, recipe.data.model_dump_json(), settings.model_dump_json(), recipe.seed)
    encoder_key = (RANDOM, *pixels_key, recipe.backbone.model_dump_json(), recipe.views.model_dump_json())
    if pixels_key not in _FLOORS:
        _FLOORS[pixels_key] = _probed_pixels(splits, settings, recipe.seed)
    if encoder_key not in _FLOORS:
        untrained = _probed(build_encoder(recipe, splits.train), splits, settings, recipe.seed, progress)
        _FLOORS[encoder_key] = untrained["probe"]
    return {RAW: _FLOORS[pixels_key], RANDOM: _FLOORS[encoder_key]}


_FLOORS: dict[tuple[object, ...], float] = {}


def _probed_pixels(splits: Splits, settings: Evaluation, seed: int) -> float:
    bank, queries = draw(splits, settings, seed)
    z_ND, z_QD = pixels(splits.train, bank), pixels(splits.test, queries)
    probe = fit_probe(z_ND, labels_at(splits.train, bank), classes=max(len(splits.train.info.classes), 1))
    return probe.accuracy(z_QD, labels_at(splits.test, queries))


def _probed(encoder: Encoder, splits: Splits, settings: Evaluation, seed: int, progress: Progress) -> dict[str, Any]:
    """The probe's accuracy and everything needed to repeat it."""
    bank, queries = draw(splits, settings, seed)
    if not len(bank) or not len(queries):
        raise DataError(
            f"{splits.train.info.title!r} has no labels that a probe could learn.", "Measure a labelled data set."
        )
    device, classes = lab_device(), max(len(splits.train.info.classes), 1)
    encoder.backbone.to(device)
    z_ND = extract(encoder.backbone, encoder.inputs, splits.train, bank, device, progress=progress)
    z_QD = extract(encoder.backbone, encoder.inputs, splits.test, queries, device, progress=progress)
    try:
        probe = fit_probe(z_ND, labels_at(splits.train, bank), classes=classes)
    except ValueError as error:
        raise LabError("The encoder's features are not finite.", "The run has diverged; lower its rate.") from error
    return {
        "probe": probe.accuracy(z_QD, labels_at(splits.test, queries)),
        "train_accuracy": probe.accuracy(z_ND, labels_at(splits.train, bank)),
        "settings": {
            "classifier": "multinomial logistic regression on standardised features, L-BFGS",
            "l2": L2,
            "bank": len(bank),
            "test": len(queries),
            "seed": seed,
            "layer": "backbone features",
            "loss": probe.loss,
            "iterations": probe.steps,
        },
    }


def _step_s(recipe: Recipe, splits: Splits, encoder: Encoder) -> float:
    """Seconds an optimiser step takes, the median of a few."""
    device = torch.device(recipe.hardware.device)
    learner = build_learner(recipe, splits, encoder).to(device).train()
    optimiser = build_optimiser(recipe.optimiser, learner)
    sampler = sampler_of(recipe, splits.train)
    took = []
    for step in range(WARM_STEPS + TIMED_STEPS):
        began = time.perf_counter()
        loss, _, _ = learner(**parts_of(encoder.pipeline(sampler.samples(step), (recipe.seed, step), device)))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        float(loss.detach())
        took.append(time.perf_counter() - began)
    return sorted(took[WARM_STEPS:])[TIMED_STEPS // 2]


def _measure_s(recipe: Recipe, splits: Splits, encoder: Encoder, with_probe: bool) -> float:
    """Seconds that a run's floors, its last kNN and its probe take."""
    device = lab_device()
    encoder.backbone.to(device)
    monitor = KnnMonitor(splits, recipe.evaluation, recipe.seed, device)
    if not monitor.possible:
        return 0.0
    began = time.perf_counter()
    monitor.measure(encoder)
    knn_s = time.perf_counter() - began
    raw_s = _timed(monitor.raw_pixels)
    if not with_probe:
        return 2 * knn_s + raw_s
    return 2 * knn_s + raw_s + _timed(lambda: _probed(encoder, splits, recipe.evaluation, recipe.seed, no_progress))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
