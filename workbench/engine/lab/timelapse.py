"""Requests about a run's checkpoints one after the other: layouts that follow each other, and who travels on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workbench.core.errors import RunError
from workbench.data.base import Progress
from workbench.data.progress import portion
from workbench.embeddings.projections.timelapse import in_step_order, lay_out_steps, travelled
from workbench.engine.embed import embed_split, load_encoder
from workbench.engine.experiment import load_splits
from workbench.engine.lab.listing import Column, Listing
from workbench.engine.lab.runs import lab_device, open_run
from workbench.engine.lab.server import Request, Result
from workbench.recipes.models import Choice
from workbench.recipes.resolve import fingerprint
from workbench.runs.embedding_set import EmbeddingSet
from workbench.runs.folder import RunFolder
from workbench.runs.timelapse import time_layout

_EMBEDDING_SHARE = 0.5


def timelapse(request: Request) -> Result:
    """params: run, method, params (its settings; null: defaults), steps (null: all), embed_missing.

    Draw the embedded checkpoints of a run so that each layout follows from the one before, and store the layouts. With
    `embed_missing` the checkpoints without an embedding are embedded first.

    Result: layout (its name), steps, folders, made (layouts drawn now), embedded (steps embedded now).
    """
    params, folder = request.params, RunFolder(Path(request.params["run"]))
    steps: list[int] | None = params.get("steps")
    missing = _missing(folder, steps) if params.get("embed_missing") else []
    share = _EMBEDDING_SHARE if missing else 0.0
    _embed(request, missing, portion(request.progress, 0.0, share))
    found = _sets(folder, steps)
    choice = Choice.model_validate({"id": params["method"], **(params.get("params") or {})})
    made = lay_out_steps([path for _, path in found], choice, portion(request.progress, share, 1.0))
    told = {"layout": time_layout(choice.id), "made": made, "embedded": missing}
    return {**told, "steps": [step for step, _ in found], "folders": [str(path) for _, path in found]}, {}


def travel(request: Request) -> Result:
    """params: run, method, steps (null: all that are drawn), embeddings (the set of the rows; null: the newest), top.

    A listing of the samples that travelled farthest against those around them, over the layouts that `timelapse` made.
    """
    params, name = request.params, time_layout(request.params["method"])
    folder = RunFolder(Path(params["run"]))
    sets = [
        one for one in in_step_order([path for _, path in _sets(folder, params.get("steps"))]) if name in one.layouts()
    ]
    if not sets:
        raise RunError(f"No checkpoint of {folder.name} has the layout {name}.", "Compute the time-lapse first.")
    of = EmbeddingSet.open(Path(params["embeddings"])) if params.get("embeddings") else sets[-1]
    far = travelled(sets, name, of, request.progress)
    rows = np.flatnonzero(np.isfinite(far))
    rows = rows[np.argsort(-far[rows], kind="stable")]
    listing = Listing(
        "Most travelled", _words(sets, len(rows)), rows, (Column("travel", "Travel", far[rows], "spreads"),)
    )
    return listing.reply(params.get("top"))


def _words(sets: Sequence[EmbeddingSet], count: int) -> str:
    first, last = sets[0].meta.step or 0, sets[-1].meta.step or 0
    return (
        f"{count:,} points, those first that moved farthest against their neighbours on the map, from step {first:,} "
        f"to {last:,} over {len(sets)} checkpoints. 1 is the spread of the map."
    )


def _missing(folder: RunFolder, steps: list[int] | None) -> list[int]:
    embedded = {step for step, _ in folder.embedding_sets()}
    whole = [ref.step for ref in folder.whole_checkpoints()]
    return [step for step in whole if step not in embedded and (steps is None or step in steps)]


def _embed(request: Request, steps: list[int], progress: Progress) -> None:
    if not steps:
        return
    folder, recipe = open_run(request)
    dataset, device = load_splits(recipe.data, progress).test, lab_device()
    for number, step in enumerate(steps):
        share = portion(progress, number / len(steps), (number + 1) / len(steps))
        encoder, _ = load_encoder(folder, recipe, step, share)
        encoder.backbone.to(device)
        embed_split(folder, step, encoder, dataset, device, fingerprint(recipe), share)


def _sets(folder: RunFolder, steps: list[int] | None) -> list[tuple[int, Path]]:
    """Step and folder of the wanted sets; raises RunError naming what is missing."""
    found = folder.embedding_sets()
    if not found:
        raise RunError(f"No checkpoint of {folder.name} is embedded.", "Embed its checkpoints first.")
    if steps is None:
        return found
    absent = [step for step in steps if step not in dict(found)]
    if absent:
        there = ", ".join(f"{step:,}" for step, _ in found)
        raise RunError(f"The run {folder.name} has no embedding at step {absent[0]:,}.", f"There are: {there}.")
    return [(step, path) for step, path in found if step in steps]


TIMELAPSE = (timelapse, travel)
"""The requests, for the lab's table."""
