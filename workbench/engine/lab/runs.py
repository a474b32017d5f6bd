"""Requests about a finished or running run: embed a checkpoint, measure it."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from workbench.core.files import write_atomic
from workbench.engine.catalogue import full_catalogue
from workbench.engine.embed import embed_split, load_encoder, run_meta, write_embeddings
from workbench.engine.experiment import Encoder, Splits, build_encoder, load_splits
from workbench.engine.lab.server import Request, Result
from workbench.engine.monitor import KnnMonitor
from workbench.recipes.check import build
from workbench.recipes.models import Choice, Evaluation, Recipe
from workbench.recipes.resolve import fingerprint
from workbench.recipes.toml_io import read_document
from workbench.runs.embedding_target import require_target
from workbench.runs.folder import RunFolder, step_name
from workbench.runs.history import RANDOM, RAW


def embed_run(request: Request) -> Result:
    """params: run, step (null: the latest), data (null: the run's own), out (null: the run folder).

    Write the embedding set of a checkpoint; result: its folder and step.
    """
    if request.params.get("out"):
        require_target(Path(request.params["out"]))
    folder, recipe = open_run(request)
    encoder, step = load_encoder(folder, recipe, request.params.get("step"), request.progress)
    data = Choice(**request.params["data"]) if request.params.get("data") else recipe.data
    dataset = load_splits(data, request.progress).test
    device = lab_device()
    encoder.backbone.to(device)
    source = fingerprint(recipe)
    if request.params.get("out"):
        target = Path(request.params["out"])
        meta = run_meta(folder, step, dataset, source, on=dataset.info.title)
        write_embeddings(target, encoder, dataset, device, meta, request.progress)
    else:
        target = embed_split(folder, step, encoder, dataset, device, source, request.progress)
    return {"embeddings": str(target), "step": step, "samples": len(dataset)}, {}


def evaluate_run(request: Request) -> Result:
    """params: run, step, k, temperature, bank, test. kNN beside both floors; written to the run's evaluation/."""
    folder, recipe = open_run(request)
    params = request.params
    settings = recipe.evaluation.replace(
        **{name: params[name] for name in ("k", "temperature", "bank", "test") if params.get(name) is not None}
    )
    splits = load_splits(recipe.data, request.progress)
    encoder, step = load_encoder(folder, recipe, params.get("step"), request.progress)
    result = _measure(recipe, settings, splits, encoder, request)
    result |= {"step": step, "run": folder.path.name, "fingerprint": fingerprint(recipe)}
    folder.evaluation.mkdir(exist_ok=True)
    write_atomic(folder.evaluation / f"knn_{step_name(step)}.json", json.dumps(result, indent=2) + "\n")
    return result, {}


def _measure(
    recipe: Recipe, settings: Evaluation, splits: Splits, encoder: Encoder, request: Request
) -> dict[str, object]:
    device = lab_device()
    monitor = KnnMonitor(splits, settings, recipe.seed, device)
    if not monitor.possible:
        return {"knn": None, "floors": {}, "settings": monitor.described}
    encoder.backbone.to(device)
    accuracy = monitor.measure(encoder, request.progress)
    untrained = build_encoder(recipe, splits.train)
    untrained.backbone.to(device)
    floors = {RAW: monitor.raw_pixels(), RANDOM: monitor.measure(untrained, request.progress)}
    return {"knn": accuracy, "floors": floors, "settings": monitor.described}


def open_run(request: Request) -> tuple[RunFolder, Recipe]:
    """The run folder that a request names, and its recipe as it was run."""
    folder = RunFolder(Path(request.params["run"]))
    return folder, recipe_of(folder)


def recipe_of(folder: RunFolder) -> Recipe:
    """The recipe of a run as it was run."""
    asked = folder.resolved if folder.resolved.exists() else folder.recipe
    return build(read_document(asked), full_catalogue())


def lab_device() -> torch.device:
    """Where the lab calculates."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
