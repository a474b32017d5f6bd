"""Requests about views: pictures of them, how one was made, what a run's step saw, what they cost.

A *scene* is a batch with the pipeline and the key that make its views. Requests name one in either of two ways:

    data, views, seed, step   these views of samples of that data: `index` lists them, or they are chosen by
                              `handful` (a number), `count`, `label` (class index; null for all) and `pinned`
                              ({row: position}, rows whose sample stays)
    run, step                 what the run saw behind the loss logged at that step, its first `count` samples shown
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.core.errors import DataError, LabError
from workbench.data.base import Dataset, Samples
from workbench.data.loading import settings, source
from workbench.engine.embed import small_pictures
from workbench.engine.experiment import place
from workbench.engine.lab.server import Arrays, Request, Result
from workbench.engine.lab.shelf import SHELF
from workbench.engine.machine import probe
from workbench.engine.replay import recipe_of, seen_at
from workbench.recipes.models import Choice, Recipe, Views
from workbench.recipes.resolve import resolve
from workbench.runs.folder import RunFolder
from workbench.views.draws import Key
from workbench.views.pipeline import ViewPipeline
from workbench.views.table import OPERATIONS
from workbench.views.trace import Stage, trace

_LARGEST_PX = 256
_SHUFFLED = 4096
"""Up to so many samples are shuffled; of more, positions are drawn until enough differ."""


@dataclass(frozen=True)
class Scene:
    """A batch and what makes its views.

    shown : how many of its samples, from the first, are of interest
    """

    train: Dataset
    views: Views
    pipeline: ViewPipeline
    samples: Samples
    key: Key
    shown: int


def preview_views(request: Request) -> Result:
    """params: a scene by data and views, as_given (normalised and hidden). Pictures, and their views.

    Arrays: pictures uint8 (N, h, w, 3), index int64 (N,); view_0, view_1, ... uint8 (N, s, s, 3). Result: for each
    view its branch, its side in px and the captions of its samples; the class of each sample.
    """
    return _pictures_of(_scene(request), bool(request.params.get("as_given", False)))


def replay_views(request: Request) -> Result:
    """params: a scene by run and step, as_given. As `preview_views`; result also `views` and the `batch`'s size."""
    scene = _replayed(request)
    result, arrays = _pictures_of(scene, bool(request.params.get("as_given", False)))
    replayed = {"views": scene.views.model_dump(mode="json"), "batch": len(scene.samples)}
    return {**result, **replayed}, arrays


def trace_view(request: Request) -> Result:
    """params: a scene, row, view (over all branches). How that view was made, operation by operation.

    Result: `stages`, each with id, title, position, applied, p, words; arrays: original and stage_0, stage_1, ...
    uint8 (h, w, 3), at most 256 px.
    """
    scene = _replayed(request) if "run" in request.params else _scene(request)
    row, view = int(request.params["row"]), int(request.params["view"])
    if not (0 <= row < len(scene.samples) and 0 <= view < scene.pipeline.views):
        raise LabError(f"There is no view {view} of sample {row}.")
    stages = trace(scene.pipeline, scene.samples, row, view, scene.key)
    titles = _titles(scene, view)
    arrays = {"original": _originals(scene.samples.fields["image"][row : row + 1])[0]}
    arrays |= {f"stage_{n}": _limited(stage.picture[None])[0] for n, stage in enumerate(stages)}
    return {"stages": [_told(stage, titles) for stage in stages]}, arrays


def views_cost(request: Request) -> Result:
    """params: data, views, recipe (null: the rest of a step is not measured). What views cost on this machine.

    Result: base_us, operations [[branch, position, microseconds]], total_us, each a sample with all its views;
    step_us, what the rest of a training step takes for a sample, or null; batch, threads.
    """
    # It brings the training loop's libraries with it, which previews need not wait for.
    from workbench.engine.cost import batch_for, step_cost
    from workbench.engine.cost import views_cost as measure

    params = request.params
    data, views = Choice(**params["data"]), Views.model_validate(params["views"])
    recipe = Recipe.model_validate(params["recipe"]) if params.get("recipe") else None
    train = SHELF.train_split(data, request.progress)
    pipeline = SHELF.compiled(data, views, request.progress)
    batch = batch_for(max(*pipeline.shape[1:], *pipeline.sizes))
    images = train.batch(np.arange(batch) % len(train)).fields["image"]
    threads = (recipe.hardware.threads if recipe else 0) or probe().cores
    device = _device_of(recipe)
    cost = measure(pipeline, images, device, threads, progress=request.progress)
    step_us = step_cost(recipe, train, progress=request.progress) if recipe else None
    return {
        "base_us": cost.base_us,
        "operations": [[*where, time_us] for where, time_us in cost.operations_us.items()],
        "total_us": cost.total_us,
        "step_us": step_us,
        "batch": cost.batch,
        "threads": cost.threads,
    }, {}


def forget_data(request: Request) -> Result:
    """Drop what is kept of data sets: their files were read again elsewhere."""
    SHELF.forget()
    return {}, {}


def class_names(split: Dataset, index: NDArray[np.int64]) -> list[str]:
    """The class of each of these samples; "" where it is unknown."""
    if split.labels is None:
        return ["" for _ in index]
    return [split.info.classes[label] if label >= 0 else "" for label in split.labels[index].tolist()]


def chosen(split: Dataset, handful: int, count: int, label: int | None, pinned: Mapping[int, int]) -> NDArray[np.int64]:
    """Positions of different samples, (count,) or fewer where there are fewer.

    More of the same handful begin with the same ones; `pinned` rows have their sample whatever the handful is.
    """
    pool = np.arange(len(split)) if label is None or split.labels is None else np.flatnonzero(split.labels == label)
    rng = np.random.default_rng(handful)
    order = rng.permutation(len(pool)) if len(pool) <= _SHUFFLED else rng.integers(0, len(pool), 8 * max(1, count))
    held = {row: position for row, position in pinned.items() if row < count and 0 <= position < len(split)}
    taken = set(held.values())
    free = iter([position for position in dict.fromkeys(pool[order].tolist()) if position not in taken])
    rows = [held[row] if row in held else next(free, -1) for row in range(count)]
    return np.array([position for position in rows if position >= 0], np.int64)


def _scene(request: Request) -> Scene:
    params = request.params
    data, views = Choice(**params["data"]), Views.model_validate(params["views"])
    train = SHELF.train_split(data, request.progress)
    pipeline = SHELF.pipeline(data, views, request.progress)
    if "index" in params:
        index = np.asarray(params["index"], np.int64) % len(train)
    else:
        pinned = {int(row): int(position) for row, position in params.get("pinned", {}).items()}
        index = chosen(train, int(params["handful"]), int(params["count"]), params.get("label"), pinned)
    key = (int(params["seed"]), int(params["step"]))
    return Scene(train, views, pipeline, train.batch(index), key, len(index))


def _replayed(request: Request) -> Scene:
    params = request.params
    recipe = recipe_of(RunFolder(Path(params["run"])))
    state, words = source(recipe.data.id).status(settings(recipe.data), place())
    if state != "ready":
        raise DataError(f"The run's data are not on this machine. {words}".strip(), "Open them on the Data page first.")
    train = SHELF.train_split(recipe.data, request.progress)
    seen = seen_at(recipe, train, int(params["step"]))
    pipeline = SHELF.pipeline(recipe.data, recipe.views, request.progress)
    shown = min(int(params.get("count") or len(seen.samples)), len(seen.samples))
    return Scene(train, recipe.views, pipeline, seen.samples, seen.key, shown)


def _pictures_of(scene: Scene, as_given: bool) -> Result:
    rows = slice(0, scene.shown)
    made = scene.pipeline.preview(scene.samples, scene.key, as_given)
    originals = _originals(scene.samples.fields["image"][rows])
    index = scene.samples.index[rows]
    arrays: Arrays = {f"view_{number}": _limited(view.pictures[rows]) for number, view in enumerate(made)}
    result = {
        "branches": [branch.name for branch, _, _ in scene.pipeline.by_view],
        "sizes": list(scene.pipeline.sizes),
        "captions": [view.captions[rows] for view in made],
        "labels": class_names(scene.train, index),
    }
    return result, {"pictures": originals, "index": index, **arrays}


def _titles(scene: Scene, view: int) -> list[str]:
    """What stands at each position of the view's branch, by title."""
    titles = {operation.spec.id: operation.spec.title for operation in OPERATIONS}
    name = scene.pipeline.by_view[view][0].name
    branch = next(branch for branch in scene.views.branches if branch.name == name)
    return [titles.get(op.id, op.id) for op in scene.views.ops_of(branch)]


def _told(stage: Stage, titles: list[str]) -> dict[str, Any]:
    whole = titles[stage.position]
    title = stage.title if stage.title == whole else f"{whole}: {stage.title.lower()}"
    told = {"id": stage.operation, "title": title, "position": stage.position, "applied": stage.applied}
    return {**told, "p": stage.p, "words": list(stage.words)}


def _originals(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Samples (N, C, H, W) as pictures (N, h, w, 3)."""
    coloured = np.broadcast_to(images, (len(images), 3, *images.shape[2:]))
    return _limited(np.ascontiguousarray(coloured.transpose(0, 2, 3, 1)))


def _limited(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures (N, h, w, 3) no larger than anyone looks at them."""
    if max(pictures.shape[1:3]) <= _LARGEST_PX:
        return pictures
    return small_pictures(pictures.transpose(0, 3, 1, 2), _LARGEST_PX)


def _device_of(recipe: Recipe | None) -> torch.device:
    return torch.device(resolve(recipe, probe()).hardware.device if recipe else "cpu")
