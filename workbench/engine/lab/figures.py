"""The request behind the Objective page's pictures at work: figures of one objective on chosen samples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.core.errors import DataError, LabError
from workbench.data.base import Dataset, Progress
from workbench.data.loading import settings, source
from workbench.engine import checkpoint
from workbench.engine.catalogue import full_catalogue
from workbench.engine.embed import small_pictures
from workbench.engine.experiment import Encoder, Learner, Splits, build_encoder, build_learner, image_shape, place
from workbench.engine.figures import figures_of, shown_index
from workbench.engine.lab.observers import Memory
from workbench.engine.lab.runs import lab_device, open_run
from workbench.engine.lab.server import Arrays, Request, Result
from workbench.engine.lab.shelf import SHELF
from workbench.engine.lab.views import chosen, class_names
from workbench.engine.machine import probe
from workbench.engine.sampler import sampler_of
from workbench.recipes.check import build
from workbench.recipes.models import Hardware, Recipe
from workbench.recipes.resolve import resolve
from workbench.runs.folder import CheckpointRef

PREFIX = "figure_"


@dataclass(frozen=True)
class Ready:
    """A learner with the views it was made for, and the words for where it came from."""

    learner: Learner
    encoder: Encoder
    title: str


_LEARNERS: Memory[Ready] = Memory(3)


def objective_figures(request: Request) -> Result:
    """params: recipe (document) or run (path) with step (null: its newest checkpoint); index (positions that come
    first), handful (number of the draw that fills up the batch; null: the one a run's figures are made of), key
    [seed, step] of the views (null: those of the first step).

    Arrays: figure_NAME for each figure, as stored in runs; pictures uint8 (N, h, w, 3) and index int64 (N,) of the
    batch. Result: figures (specs of the arrays, in order), title of the network, step (null: untrained), labels of
    the batch's samples, classes of the data.
    """
    params = request.params
    recipe, reference = _asked(request)
    train = _ready_split(recipe, request.progress)
    # A run may have trained on a device that this machine does not have.
    recipe = resolve(recipe.replace(hardware=Hardware()), probe(), data_size=min(image_shape(train)[1:]))
    ready = _learner(recipe, reference, train, request.progress)
    sampler = sampler_of(recipe, train)
    samples = sampler.at(_index(request, shown_index(sampler, ready.learner.objective.spec), train))
    seed, step = params.get("key") or (recipe.seed, 0)
    views = ready.encoder.pipeline(samples, (int(seed), int(step)), lab_device())
    try:
        arrays = figures_of(ready.learner, views)
    except ValueError as error:
        raise LabError(f"{ready.learner.objective.spec.title} cannot be shown: {error}.") from error
    shown = [spec.model_dump(mode="json") for spec in ready.learner.objective.spec.figures if spec.name in arrays]
    result: dict[str, Any] = {
        "figures": shown,
        "title": ready.title,
        "step": reference.step if reference else None,
        "labels": class_names(train, samples.index),
        "classes": list(train.info.classes),
    }
    batch: Arrays = {"pictures": small_pictures(samples.fields["image"]), "index": samples.index}
    return result, {**batch, **{PREFIX + name: array for name, array in arrays.items()}}


def _asked(request: Request) -> tuple[Recipe, CheckpointRef | None]:
    """The recipe, and the checkpoint that the weights are taken from; None for an untrained network."""
    if not request.params.get("run"):
        return build(request.params["recipe"], full_catalogue()), None
    folder, recipe = open_run(request)
    return recipe, folder.checkpoint(request.params.get("step"))


def _ready_split(recipe: Recipe, progress: Progress) -> Dataset:
    """The training split; what would have to be downloaded first is left to the Data page."""
    state, words = source(recipe.data.id).status(settings(recipe.data), place())
    if state != "ready":
        raise DataError(f"The data are not on this machine. {words}".strip(), "Open them on the Data page first.")
    return SHELF.train_split(recipe.data, progress)


def _learner(recipe: Recipe, reference: CheckpointRef | None, train: Dataset, progress: Progress) -> Ready:
    stamp = None if reference is None else (reference.path / "model.safetensors").stat().st_mtime_ns
    key = json.dumps([recipe.document(), None if reference is None else str(reference.path), stamp], default=str)

    def make() -> Ready:
        progress(0.0, "Building the network")
        encoder = build_encoder(recipe, train)
        learner = build_learner(recipe, Splits(train, train), encoder)
        title = "untrained"
        if reference is not None:
            learner.load_state_dict(checkpoint.load_weights(reference.path))
            title = f"{reference.path.parent.parent.name} · step {reference.step:,}"
        return Ready(learner.to(lab_device()), encoder, title)

    # Building seeds torch's global generator, which other requests of this process draw from.
    state = torch.get_rng_state()
    try:
        return _LEARNERS.get(key, make)
    finally:
        torch.set_rng_state(state)


def _index(request: Request, drawn: NDArray[np.int64], train: Dataset) -> NDArray[np.int64]:
    """The wanted samples first, then those of the draw until the batch is as large as a run's figures have it."""
    first, handful = _positions(request.params.get("index") or (), len(train)), request.params.get("handful")
    others = drawn if handful is None else chosen(train, int(handful), len(drawn), None, {})
    rest = [position for position in others.tolist() if position not in first]
    return np.array([*first, *rest][: len(drawn)], np.int64)


def _positions(wanted: Sequence[int], samples: int) -> list[int]:
    outside = [position for position in wanted if not 0 <= int(position) < samples]
    if outside:
        raise LabError(f"There is no sample {outside[0]}: the training split has samples 0 to {samples - 1}.")
    return list(dict.fromkeys(int(position) for position in wanted))
