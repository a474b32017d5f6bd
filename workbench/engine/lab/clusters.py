"""The request for clusters; found ones are kept, so that a map can be coloured by them at once."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from workbench.core.errors import DataError, LabError, Problem, RecipeError, unknown
from workbench.data.base import Progress
from workbench.data.progress import portion
from workbench.embeddings.structure.cluster_names import ClusterName, name_clusters, name_places
from workbench.embeddings.structure.clusters import (
    Clusters,
    HdbscanSettings,
    KMeansSettings,
    density_clusters,
    kmeans_clusters,
)
from workbench.embeddings.structure.labels import Labels
from workbench.embeddings.structure.points import points_of
from workbench.engine.lab.asked import asked_labels, opened_set
from workbench.engine.lab.listing import Column, Listing
from workbench.engine.lab.observers import Memory
from workbench.engine.lab.server import Request, Result
from workbench.runs.embedding_set import EmbeddingSet

TEXT = "text"
_SETTINGS: dict[str, type[HdbscanSettings] | type[KMeansSettings]] = {
    "hdbscan": HdbscanSettings,
    "kmeans": KMeansSettings,
}
_TITLES = {"hdbscan": "HDBSCAN", "kmeans": "k-means"}
_FOUND: Memory[Clusters] = Memory(8)


def find_clusters(request: Request) -> Result:
    """params: embeddings, method ("hdbscan" or "kmeans"), settings {}, layout (null: cluster the vectors), column
    (labels that name clusters), names_on (a layout in which names are placed; null: `layout`), top.

    A listing of the clusters, the largest first: rows are their medoids. Arrays also: codes int32 (N,), -1 for noise,
    and places float32 (K, 2 or 3) where there is a layout to place names in. Result also: names, notes, noise.
    """
    opened, params = opened_set(request), request.params
    found = clusters_of(request, opened, portion(request.progress, 0.0, 0.9))
    named = _named(request, opened, found)
    columns = (
        Column("cluster", "Cluster", np.arange(len(found.sizes)), names=tuple(name.words for name in named)),
        Column("size", "Points", found.sizes),
        Column("share", "Share of its label", np.array([_share(name) for name in named], dtype=np.float32)),
    )
    noise = int((found.codes < 0).sum())
    listing = Listing("Clusters", _words(request, found, noise), found.medoids, columns)
    result, arrays = listing.reply(params.get("top"))
    extra: dict[str, NDArray[Any]] = {"codes": found.codes}
    if placed_in := params.get("names_on") or params.get("layout"):
        extra["places"] = name_places(opened.layout(placed_in).xy, found.codes)
    facts = {"names": [name.words for name in named], "notes": list(found.notes), "noise": noise}
    return {**result, **facts}, {**arrays, **extra}


def clusters_of(request: Request, opened: EmbeddingSet, progress: Progress) -> Clusters:
    """The clusters that a request's method, settings and layout lead to; the last eight answers are kept."""
    method, layout = str(request.params.get("method") or "hdbscan"), request.params.get("layout")
    settings = _settings(method, request.params.get("settings") or {})
    file = opened.folder / (f"layout_{layout}.npy" if layout else "vectors.npy")
    drawn = opened.layout(layout).xy if layout else None
    written = [file.stat().st_mtime_ns, file.stat().st_size]
    key = json.dumps([str(file.resolve()), written, opened.meta.metric, method, settings.model_dump(mode="json")])

    def find() -> Clusters:
        points = points_of(opened.vectors, opened.meta.metric) if drawn is None else points_of(drawn, "euclidean")
        if isinstance(settings, HdbscanSettings):
            return density_clusters(points, settings, progress)
        return kmeans_clusters(points, settings, progress)

    return _FOUND.get(key, find)


def _settings(method: str, given: dict[str, Any]) -> HdbscanSettings | KMeansSettings:
    if method not in _SETTINGS:
        raise LabError(unknown("clustering", method, list(_SETTINGS)))
    try:
        return _SETTINGS[method].model_validate(given)
    except ValidationError as error:
        raise RecipeError(
            [
                Problem(".".join(map(str, one["loc"])), f"{one['input']!r} is not allowed: {one['msg']}.")
                for one in error.errors()
            ]
        ) from None


def _named(request: Request, opened: EmbeddingSet, found: Clusters) -> list[ClusterName]:
    texts = opened.samples.column(TEXT).to_pylist() if TEXT in opened.samples.column_names else None
    words = [None if text is None else str(text) for text in texts] if texts is not None else None
    return name_clusters(
        found.codes, _labels(request, opened), words, found.central, portion(request.progress, 0.9, 1.0)
    )


def _labels(request: Request, opened: EmbeddingSet) -> Labels | None:
    """Labels to name clusters by; none is no fault unless they were asked for."""
    try:
        return asked_labels(request, opened)
    except DataError:
        if request.params.get("column"):
            raise
        return None


def _share(name: ClusterName) -> float:
    return np.nan if name.share is None else name.share


def _words(request: Request, found: Clusters, noise: int) -> str:
    method, layout = str(request.params.get("method") or "hdbscan"), request.params.get("layout")
    if not len(found.sizes):
        return " ".join(["No dense region was found: lower the smallest cluster's size.", *found.notes])
    what = f"the layout {layout}" if layout else "the vectors"
    total = len(found.codes)
    left = f" {noise:,} of {total:,} points ({noise / total:.0%}) are in none." if noise else ""
    count = f"{len(found.sizes):,} clusters" if len(found.sizes) > 1 else "One cluster"
    return " ".join([f"{count} of {what} by {_TITLES[method]}.{left}", *found.notes])
