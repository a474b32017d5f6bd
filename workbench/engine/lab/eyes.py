"""Requests about what an encoder sees of the augmentations: invariance, pairs, and views on the embedding map.

Every answer is kept by what it follows from: the weights, the samples, one operation's settings. A moved slider costs
one curve anew.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.core.errors import DataError, LabError, RecipeError
from workbench.data.base import Dataset, Progress, Samples
from workbench.data.progress import part
from workbench.embeddings.projections.placing import NEIGHBOURS, place_among_neighbours, place_on_components
from workbench.embeddings.projections.projecting import project_set
from workbench.engine.embed import small_pictures
from workbench.engine.experiment import image_shape, split_names
from workbench.engine.lab.observers import Memory, Named, observer_of
from workbench.engine.lab.server import Arrays, Request, Result
from workbench.engine.lab.shelf import SHELF
from workbench.engine.lab.spaces import SPACES
from workbench.evaluation.invariance import (
    Curve,
    Pairs,
    Trial,
    centre_of,
    compare_pairs,
    different_pictures,
    every_trial,
    invariance,
    similarity,
    standard_error,
    trials_of,
)
from workbench.models.pretrained import find_pretrained, places
from workbench.recipes.models import Branch, Choice, Views
from workbench.runs.embedding_set import EmbeddingSet

FEWEST, MOST = 2, 512
PCA = "pca"

_CURVES: Memory[Curve] = Memory(512)
_ORIGINALS: Memory[torch.Tensor] = Memory(8)
_PAIRS: Memory[Pairs] = Memory(32)


def pretrained_encoders(request: Request) -> Result:
    """The pretrained encoders that lie on this machine, and where more would be found."""
    files = [{"name": file.name, "file": str(file.path)} for file in find_pretrained()]
    return {"files": files, "folders": [str(place) for place in places()]}, {}


def encoder_invariance(request: Request) -> Result:
    """params: encoder (see `observers`), data, views, operations, samples {count, draw}, seed, centred.

    `operations` is "pipeline" (those of the views), "settings" (each of their settings alone) or "all" (every one that
    a strength scales). Result: for each operation its mean similarity by strength with the standard error, the most
    invariant first; that of two different pictures; and which operations these pictures do not allow, with the reason.
    """
    params, named = request.params, observer_of(request.params["encoder"], request.progress)
    centred, seed = bool(params.get("centred", True)), int(params.get("seed", 0))
    samples, samples_key = _samples(request)
    original_ND = _originals(named, samples, samples_key, request.progress)
    centre_D = centre_of(original_ND, centred)
    trials = _trials(Views.model_validate(params["views"]), str(params.get("operations", "pipeline")))
    curves, refused = [], {}
    for number, trial in enumerate(trials):
        told = part(request.progress, number, len(trials))
        key = json.dumps([named.key, samples_key, trial.key, seed, centred])
        try:
            curve = _CURVES.get(
                key,
                lambda trial=trial, told=told: invariance(  # type: ignore[misc]
                    named.observer, samples, original_ND, trial, key=(seed, 0), centred=centred, progress=told
                ),
            )
        except RecipeError as error:
            refused[trial.title] = error.message
            continue
        curves.append({"title": trial.title, **_document(curve)})
    curves.sort(key=lambda row: -row["level"])
    negative = different_pictures(original_ND, centre_D)
    floor = {"similarity": float(negative.mean()), "pairs": len(negative)}
    return {"curves": curves, "different": floor, "refused": refused, **_facts(named, samples, centred)}, {}


def encoder_pairs(request: Request) -> Result:
    """params: encoder, data, views, samples, seed, centred. Two views of each sample: positive and negative pairs.

    The views are the first two of the pipeline; of a pipeline that makes one, that one drawn twice. Arrays: positive
    (N,) and negative (N (N - 1),) similarities. Result: alignment and uniformity of the same vectors.
    """
    params, named = request.params, observer_of(request.params["encoder"], request.progress)
    centred, seed = bool(params.get("centred", True)), int(params.get("seed", 0))
    views = Views.model_validate(params["views"])
    samples, samples_key = _samples(request)

    def make() -> Pairs:
        original_ND = _originals(named, samples, samples_key, request.progress)
        pipeline = named.observer.pipeline(_two_views(views), _shape(samples))
        x, y = pipeline(samples, (seed, 0), named.observer.device).inputs[:2]
        first_ND = named.observer.features(x, part(request.progress, 0, 2))
        second_ND = named.observer.features(y, part(request.progress, 1, 2))
        return compare_pairs(first_ND, second_ND, centre_of(original_ND, centred))

    found = _PAIRS.get(json.dumps([named.key, samples_key, views.model_dump(mode="json"), seed, centred]), make)
    result = {"alignment": found.alignment, "uniformity": found.uniformity, **_facts(named, samples, centred)}
    arrays: Arrays = {"positive": found.positive.numpy(), "negative": found.negative.numpy()}
    means = {"positive_mean": float(found.positive.mean()), "negative_mean": float(found.negative.mean())}
    errors = {"positive_error": standard_error(found.positive)}
    return {**result, **means, **errors}, arrays


def views_on_map(request: Request) -> Result:
    """params: encoder (of a run), embeddings, layout, row, views, count, seed.

    One picture of the set and `count` views of it, placed in the layout: exactly where that is PCA (which is made where
    it is missing), else among their nearest neighbours. Arrays: xy (1 + count, 2), the picture first; pictures uint8;
    similarity (count,), centred on the mean of the set.
    """
    params, named = request.params, observer_of(request.params["encoder"], request.progress)
    folder = Path(params["embeddings"])
    layout = str(params.get("layout") or PCA)
    if layout == PCA and PCA not in EmbeddingSet.open(folder).layouts():
        layout = project_set(folder, Choice(id=PCA), request.progress)
    opened = EmbeddingSet.open(folder)
    sample = _sample_of(named, opened, int(params["row"]), request.progress)
    x, pictures = _draw(named, sample, request)
    original_1D = named.observer.originals(sample, request.progress)
    points = torch.cat([original_1D, named.observer.features(x, request.progress)])
    info, xy = opened.meta.layouts.get(layout), opened.layout(layout).xy[:, :2]
    exact = info is not None and info.method == PCA
    placed = (
        place_on_components(opened.vectors, xy, points.numpy())
        if exact
        else place_among_neighbours(SPACES.open(folder).index(opened.meta.metric), xy, points.numpy())
    )
    mean_D = torch.from_numpy(np.asarray(opened.vectors, np.float64)).nanmean(dim=0)
    alike = similarity(original_1D.expand(len(x), -1), points[1:], mean_D).numpy()
    result = {"layout": layout, "exact": exact, "neighbours": NEIGHBOURS, "encoder": named.title}
    return result, {"xy": placed, "pictures": pictures, "similarity": alike}


def _trials(views: Views, operations: str) -> list[Trial]:
    return every_trial() if operations == "all" else trials_of(views, by_setting=operations == "settings")


def _samples(request: Request) -> tuple[Samples, str]:
    """Different samples of the test split, drawn by number, and a digest of their pixels."""
    data, wanted = Choice(**request.params["data"]), request.params.get("samples") or {}
    split = SHELF.split(data, split_names(data)[1], request.progress)
    image_shape(split)
    if len(split) < FEWEST:
        raise DataError(f"{split.info.title!r} has {len(split)} picture; comparing needs at least {FEWEST}.")
    count, draw = int(wanted.get("count", 64)), int(wanted.get("draw", 0))
    if not FEWEST <= count <= MOST:
        raise LabError(f"{count} pictures cannot be compared.", f"Choose {FEWEST} to {MOST}.")
    count = min(count, len(split))
    index = np.sort(np.random.default_rng(draw).choice(len(split), count, replace=False)).astype(np.int64)
    samples = split.batch(index)
    return samples, blake2b(np.ascontiguousarray(samples.fields["image"]).data, digest_size=16).hexdigest()


def _originals(named: Named, samples: Samples, samples_key: str, progress: Progress) -> torch.Tensor:
    key = json.dumps([named.key, samples_key])
    return _ORIGINALS.get(key, lambda: named.observer.originals(samples, progress))


def _two_views(views: Views) -> Views:
    """A pipeline of one view makes two of it."""
    if views.count > 1:
        return views
    return views.replace(branches=tuple(branch.replace(count=2) for branch in views.branches))


def _shape(samples: Samples) -> tuple[int, int, int]:
    channels, height, width = samples.fields["image"].shape[1:]
    return channels, height, width


def _document(curve: Curve) -> dict[str, Any]:
    """A curve as plain lists; `level` is its value at strength 1, by which curves are ordered."""
    level = curve.similarity[curve.strengths.index(1.0)] if 1.0 in curve.strengths else curve.similarity[-1]
    lists = {"strengths": curve.strengths, "similarity": curve.similarity, "error": curve.error}
    return {**{name: list(values) for name, values in lists.items()}, "level": level}


def _facts(named: Named, samples: Samples, centred: bool) -> dict[str, Any]:
    return {"encoder": named.title, "size": named.observer.size, "samples": len(samples), "centred": centred}


def _sample_of(named: Named, opened: EmbeddingSet, row: int, progress: Progress) -> Samples:
    """The picture of a row, which is its place in the test split of the run's data."""
    if named.recipe is None:
        raise LabError("Only the encoder of a run has an embedding map.", "Choose a checkpoint of a run.")
    data = named.recipe.data
    split: Dataset = SHELF.split(data, split_names(data)[1], progress)
    if len(split) != len(opened):
        raise LabError(
            f"The embedding has {len(opened):,} rows, and the test split of {split.info.title!r} {len(split):,}.",
            "Embed the checkpoint anew: the data have changed since.",
        )
    if not 0 <= row < len(opened):
        raise LabError(f"There is no row {row}: the set has rows 0 to {len(opened) - 1}.")
    return split.batch(np.array([row], np.int64))


def _draw(named: Named, sample: Samples, request: Request) -> tuple[torch.Tensor, NDArray[np.uint8]]:
    """Views of one sample (K, 3, S, S), and pictures (1 + K, h, w, 3) of it and of them."""
    views, count = Views.model_validate(request.params["views"]), int(request.params.get("count", 8))
    pipeline = named.observer.pipeline(views, _shape(sample))
    steps = range(-(-count // views.count))
    keys = [(int(request.params.get("seed", 0)), step) for step in steps]
    drawn = [view for key in keys for view in pipeline(sample, key, named.observer.device).inputs]
    shown = [view.pictures for key in keys for view in pipeline.preview(sample, key)]
    plain = named.observer.pipeline(Views(branches=(Branch(),)), _shape(sample)).preview(sample, keys[0])[0].pictures
    pictures = np.concatenate([plain, *shown[:count]]).transpose(0, 3, 1, 2)
    return torch.cat(drawn[:count]), small_pictures(pictures)


EYES = (pretrained_encoders, encoder_invariance, encoder_pairs, views_on_map)
"""The requests, for the lab's table."""
