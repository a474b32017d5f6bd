"""What the lab can be asked: one function a request, registered in one table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Dataset
from workbench.data.loading import settings, source
from workbench.data.probe import guess_source
from workbench.embeddings.projections.base import Partial
from workbench.embeddings.projections.projecting import project_set
from workbench.engine.embed import small_pictures
from workbench.engine.experiment import place, split_names
from workbench.engine.lab.embedding import EMBEDDING
from workbench.engine.lab.exporting import EXPORTING
from workbench.engine.lab.eyes import EYES
from workbench.engine.lab.figures import objective_figures
from workbench.engine.lab.gallery import operation_gallery
from workbench.engine.lab.importing import IMPORTING
from workbench.engine.lab.layouts import LAYOUTS
from workbench.engine.lab.runs import embed_run, evaluate_run
from workbench.engine.lab.server import Arrays, Handler, Request, Result
from workbench.engine.lab.sheet import operation_sheet
from workbench.engine.lab.shelf import SHELF
from workbench.engine.lab.structure import STRUCTURE
from workbench.engine.lab.studies import probe_run, time_recipe
from workbench.engine.lab.timelapse import TIMELAPSE
from workbench.engine.lab.views import (
    class_names,
    forget_data,
    preview_views,
    replay_views,
    trace_view,
    views_cost,
)
from workbench.engine.lab.words import WORDS
from workbench.engine.machine import probe, versions
from workbench.recipes.models import Choice
from workbench.runs.embedding_set import EmbeddingSet


def machine(request: Request) -> Result:
    """Devices, cores, memory and library versions."""
    return {"machine": probe().model_dump(mode="json"), "versions": versions()}, {}


def data_status(request: Request) -> Result:
    """params: choices [{id, ...}]. Whether each data set is ready, can be downloaded or is missing; no network."""
    rows = []
    for document in request.params["choices"]:
        choice = Choice(**document)
        state, words = source(choice.id).status(settings(choice), place())
        rows.append({"id": document["id"], "state": state, "words": words})
    return {"rows": rows}, {}


def guess_data(request: Request) -> Result:
    """params: path. Which importer reads what was dropped on the window."""
    return {"data": guess_source(Path(request.params["path"])).model_dump(mode="json")}, {}


def open_data(request: Request) -> Result:
    """params: data. Load (download, decode) every split that a run would use; facts and label counts of each."""
    SHELF.forget()
    choice = Choice(**request.params["data"])
    facts = {}
    for name in dict.fromkeys(split_names(choice)):
        split = SHELF.split(choice, name, request.progress)
        facts[name] = {**split.info.as_json(), "label_counts": _label_counts(split)}
    train, test = split_names(choice)
    return {"train": train, "test": test, "splits": facts}, {}


def sample_page(request: Request) -> Result:
    """params: data, split, start, count, label (class index, or null for all). Thumbnails of a page of samples."""
    choice, params = Choice(**request.params["data"]), request.params
    split = SHELF.split(choice, params["split"], request.progress)
    index = _positions(split, params.get("label"))
    page = index[params["start"] : params["start"] + params["count"]]
    arrays: Arrays = {"pictures": _thumbnails(split, page), "index": page}
    return {"total": len(index), "captions": class_names(split, page)}, arrays


def project(request: Request) -> Result:
    """params: embeddings, projection {id, ...}. Compute and store a layout.

    Partial replies: xy (N, 2) or (N, 3) and `iteration`. The wish "stop" ends a projection that can be paused with what
    there is. Result: layout, its axes, iterations (null where it cannot be paused), approximate ("" for exact),
    library ("" where it is the same on every machine).
    """
    folder, choice = Path(request.params["embeddings"]), Choice(**request.params["projection"])
    partial = Partial(
        lambda places, iteration: request.partial({"xy": places}, iteration=iteration), lambda: request.wish == "stop"
    )
    name = project_set(folder, choice, request.progress, partial)
    info = EmbeddingSet.open(folder).meta.layouts[name].model_dump(mode="json")
    return {"layout": name, **{key: info[key] for key in ("axes", "iterations", "approximate", "library")}}, {}


def _label_counts(split: Dataset) -> list[int]:
    if split.labels is None:
        return []
    known = split.labels[split.labels >= 0]
    return [int(count) for count in np.bincount(known, minlength=len(split.info.classes))]


def _positions(split: Dataset, label: int | None) -> NDArray[np.int64]:
    if label is None or split.labels is None:
        return np.arange(len(split), dtype=np.int64)
    return np.flatnonzero(split.labels == label).astype(np.int64)


def _thumbnails(split: Dataset, index: NDArray[np.int64]) -> NDArray[np.uint8]:
    return small_pictures(split.batch(index).fields["image"])


HANDLERS: dict[str, Handler] = {
    handler.__name__: handler
    for handler in (
        machine,
        data_status,
        guess_data,
        open_data,
        sample_page,
        preview_views,
        replay_views,
        trace_view,
        views_cost,
        forget_data,
        operation_gallery,
        operation_sheet,
        objective_figures,
        project,
        embed_run,
        evaluate_run,
        probe_run,
        time_recipe,
        *EYES,
        *WORDS,
        *EMBEDDING,
        *EXPORTING,
        *STRUCTURE,
        *LAYOUTS,
        *IMPORTING,
        *TIMELAPSE,
    )
}
