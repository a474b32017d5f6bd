"""The table of projections, and projecting a stored embedding set."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from workbench.core.errors import DataError, Problem, RecipeError, unknown
from workbench.core.model import Model
from workbench.data.base import Progress, no_progress
from workbench.data.progress import portion
from workbench.embeddings.background import beside, wait
from workbench.embeddings.projections.axis import Axis
from workbench.embeddings.projections.base import NO_PARTIAL, Drawn, Given, Partial, Projection, Wanted
from workbench.embeddings.projections.lda import LABEL, Lda
from workbench.embeddings.projections.parametric import ParametricUmap
from workbench.embeddings.projections.pca import Pca
from workbench.embeddings.projections.random_projection import RandomProjection
from workbench.embeddings.projections.trust import trust
from workbench.embeddings.projections.tsne import Tsne
from workbench.embeddings.projections.umap_layout import Umap
from workbench.embeddings.search import approximate
from workbench.embeddings.search.stored import set_neighbours
from workbench.recipes.models import Choice
from workbench.runs.embedding_columns import Categorical
from workbench.runs.embedding_meta import LayoutInfo
from workbench.runs.embedding_set import EmbeddingSet, Neighbours, add_layout

_NEIGHBOURS_UNTIL, _LAID_OUT_AT = 0.3, 0.95

PROJECTIONS: dict[str, type[Projection]] = {
    projection.spec.id: projection for projection in (Pca, Umap, Tsne, Axis, Lda, ParametricUmap, RandomProjection)
}


def configured(choice: Choice) -> tuple[Projection, Model]:
    """The projection that a choice names, and its settings; raises RecipeError that names the setting and its value."""
    if choice.id not in PROJECTIONS:
        raise RecipeError([Problem("projection.id", unknown("projection", choice.id, list(PROJECTIONS)))])
    projection = PROJECTIONS[choice.id]
    try:
        return projection(), projection.Config.model_validate(choice.params)
    except ValidationError as error:
        raise RecipeError([_problem(detail, projection.Config) for detail in error.errors()]) from None


def _problem(detail: Any, config: type[Model]) -> Problem:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return Problem(f"projection.{name}", unknown("setting", name, list(config.model_fields)))
    return Problem(f"projection.{name}", f"{detail['input']!r} is not allowed: {detail['msg']}.")


def project_set(folder: Path, choice: Choice, progress: Progress = no_progress, partial: Partial = NO_PARTIAL) -> str:
    """Project a set and store the layout with its trust; the name under which it lies.

    A layout that the same settings made before is kept and not computed again; one that was stopped before its end is
    stored with the iterations that it had. The first projection stores the set's neighbours, over all points, exact
    where that takes less than a minute.

    Raises RecipeError for settings that do not fit, RunError or DataError for a set that cannot be projected, and what
    `progress` raises; then nothing of the layout is stored.
    """
    projection, config = configured(choice)
    opened = EmbeddingSet.open(folder)
    params = config.model_dump(mode="json")
    name, known = _layout_name(opened, choice.id, params)
    if known:
        return name
    wanted = projection.wants(config)
    start = opened.layout(wanted.start).xy if wanted.start else None
    stored, wished, badge = _neighbours(opened, wanted, portion(progress, 0.0, _NEIGHBOURS_UNTIL))
    given = Given(opened.vectors, wished, _labels(opened, wanted.labels), start, _ids(opened) if wanted.ids else None)
    started_s = time.monotonic()
    drawn = projection.project(given, config, portion(progress, _NEIGHBOURS_UNTIL, _LAID_OUT_AT), partial)
    seconds = time.monotonic() - started_s
    share_N = wait(
        beside(lambda: trust(stored, drawn.places)), progress, _LAID_OUT_AT, "Comparing neighbours in the layout"
    )
    info = LayoutInfo(
        method=choice.id, params=_as_done(params, drawn), seed=params.get("seed"), seconds=seconds,
        trust_mean=float(np.nanmean(share_N)) if np.isfinite(share_N).any() else None,
        axes=drawn.axes, iterations=drawn.iterations, start=wanted.start, approximate=badge,
        library=drawn.library,
    )  # fmt: skip
    name, _ = _layout_name(EmbeddingSet.open(folder), choice.id, info.params)
    add_layout(folder, name, drawn.places, share_N, info)
    progress(1.0, "Projected")
    return name


def _as_done(params: dict[str, Any], drawn: Drawn) -> dict[str, Any]:
    """The settings that make this layout again: of one that was stopped, with as many iterations as it had."""
    if drawn.iterations is None or "iterations" not in params:
        return params
    return {**params, "iterations": drawn.iterations}


def _layout_name(opened: EmbeddingSet, method: str, params: dict[str, Any]) -> tuple[str, bool]:
    """The layout of these settings and whether it is there: `umap`, and with other settings `umap-2`, `umap-3`.

    Settings that an older version did not know count as their defaults.
    """
    defaults = PROJECTIONS[method].Config().model_dump(mode="json")
    for name in opened.layouts():
        info = opened.meta.layouts.get(name)
        if info and info.method == method and {**defaults, **info.params} == params:
            return name, True
    candidate, number = method, 1
    while candidate in opened.layouts():
        number += 1
        candidate = f"{method}-{number}"
    return candidate, False


def _neighbours(opened: EmbeddingSet, wanted: Wanted, progress: Progress) -> tuple[Neighbours, Neighbours | None, str]:
    """The set's own neighbours, computed and stored where there are too few, those that the projection wants, and in
    words how far any of them are approximate."""
    same = wanted.k > 0 and wanted.metric == opened.meta.metric
    stored, badge = set_neighbours(opened, wanted.k if same else 0, progress, wanted.exact)
    if wanted.k == 0 or same:
        return stored, stored if same else None, badge
    other, other_badge = approximate.graph(opened.vectors, wanted.k, wanted.metric, progress, wanted.exact)
    return stored, other, other_badge or badge


def _labels(opened: EmbeddingSet, name: str) -> NDArray[np.int32] | None:
    """A column as codes (N,); None for "", and where there is no "label", or it holds measurements.

    Raises RunError for any other column that is not there, DataError for one of measurements.
    """
    if not name or (name == LABEL and name not in opened.samples.column_names):
        return None
    column = opened.column(name)
    if isinstance(column, Categorical):
        return column.codes
    if name == LABEL:
        return None
    raise DataError(
        f"The column {name!r} holds measurements, not classes.", "Choose a column of words or whole numbers."
    )


def _ids(opened: EmbeddingSet) -> Sequence[str]:
    return [str(value) for value in opened.samples.column("id").to_pylist()]
