"""The table of projections, and projecting a stored embedding set."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from workbench.core.errors import Problem, RecipeError, RunError, unknown
from workbench.core.model import Model
from workbench.data.base import Progress, no_progress
from workbench.embeddings.background import beside, wait
from workbench.embeddings.base import Projection, Wanted
from workbench.embeddings.neighbours import exact_neighbours
from workbench.embeddings.pca import Pca
from workbench.embeddings.trust import trust
from workbench.embeddings.umap_layout import Umap
from workbench.recipes.models import Choice
from workbench.runs.embedding_meta import LayoutInfo
from workbench.runs.embedding_set import EmbeddingSet, Neighbours, add_layout, store_neighbours

PROJECTIONS: dict[str, type[Projection]] = {projection.spec.id: projection for projection in (Pca, Umap)}

STORED_NEIGHBOURS = 30


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


def project_set(folder: Path, choice: Choice, progress: Progress = no_progress) -> str:
    """Project a set and store the layout with its trust; the name under which it lies.

    A layout that the same settings made before is kept and not computed again. The first projection stores the set's
    neighbours, exact and over all points.

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
    stored, given = _neighbours(opened, wanted, lambda share, words: progress(0.3 * share, words))
    started_s = time.monotonic()
    xy = projection.project(opened.vectors, config, given, lambda share, words: progress(0.3 + 0.65 * share, words))
    seconds = time.monotonic() - started_s
    share_N = wait(beside(lambda: trust(stored, xy)), progress, 0.95, "Comparing neighbours in the layout")
    mean = float(np.nanmean(share_N)) if np.isfinite(share_N).any() else None
    info = LayoutInfo(method=choice.id, params=params, seed=params.get("seed"), seconds=seconds, trust_mean=mean)
    add_layout(folder, name, xy, share_N, info)
    progress(1.0, "Projected")
    return name


def _layout_name(opened: EmbeddingSet, method: str, params: dict[str, Any]) -> tuple[str, bool]:
    """The layout of these settings and whether it is there: `umap`, and with other settings `umap-2`, `umap-3`."""
    for name in opened.layouts():
        info = opened.meta.layouts.get(name)
        if info and info.method == method and info.params == params:
            return name, True
    candidate, number = method, 1
    while candidate in opened.layouts():
        number += 1
        candidate = f"{method}-{number}"
    return candidate, False


def _neighbours(
    opened: EmbeddingSet, wanted: Wanted | None, progress: Progress
) -> tuple[Neighbours, Neighbours | None]:
    """The set's own neighbours, computed and stored where there are too few, and those that the projection wants."""
    metric = opened.meta.metric
    same = wanted is not None and wanted.metric == metric
    k = max(STORED_NEIGHBOURS, wanted.k if wanted and same else 0)
    stored = _stored(opened)
    if stored is None or stored.index.shape[1] < min(k, len(opened) - 1):
        stored = exact_neighbours(opened.vectors, k, metric, progress)
        store_neighbours(opened.folder, stored)
    if wanted is None or same:
        return stored, stored if same else None
    return stored, exact_neighbours(opened.vectors, wanted.k, wanted.metric, progress)


def _stored(opened: EmbeddingSet) -> Neighbours | None:
    """The stored neighbours; None also where the file is damaged, since it is made again then."""
    try:
        return opened.neighbours()
    except RunError:
        return None
