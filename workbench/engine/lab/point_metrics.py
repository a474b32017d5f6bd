"""The request for a number a point, by which a map is coloured and filtered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import LabError, unknown
from workbench.data.progress import portion
from workbench.embeddings.search.stored import set_neighbours
from workbench.embeddings.structure.outliers import knn_outlier_score, local_outlier_factor
from workbench.embeddings.structure.point_metrics import density, distance_to, hubness, k_occurrences, label_purity
from workbench.engine.lab.asked import asked_labels, k_of, opened_set
from workbench.engine.lab.clusters import clusters_of
from workbench.engine.lab.listing import Column, Listing
from workbench.engine.lab.runs import lab_device
from workbench.engine.lab.server import Request, Result
from workbench.engine.sample_losses import SampleLosses, set_losses
from workbench.runs.embedding_set import EmbeddingSet, Neighbours

Told = tuple[str, NDArray[Any], dict[str, Any]]
"""A title, values (N,), and what else there is to say."""


def point_metric(request: Request) -> Result:
    """params: embeddings, name, k; column for purity; rows for distance; method, settings and layout for cluster.

    `name` is purity, density, outlier, lof, hubness, distance, cluster or loss (of a run's checkpoint alone). Arrays:
    values float32 (N,), NaN for points without one (for cluster: -1). Result: name, title, for those of neighbours how
    far these are approximate (in words, "" for exact), for hubness its skewness, and for loss its mean and
    unit.
    """
    name = str(request.params["name"])
    if name not in POINT_METRICS:
        raise LabError(unknown("point metric", name, list(POINT_METRICS)))
    title, values, more = POINT_METRICS[name](request, opened_set(request))
    return {"name": name, "title": title, **more}, {"values": values.astype(np.float32)}


def _purity(request: Request, opened: EmbeddingSet) -> Told:
    labels = asked_labels(request, opened)
    found, k, badge = _neighbours(request, opened)
    return f"Label purity of {k} neighbours", label_purity(found, labels.codes, k), {"approximate": badge}


def _density(request: Request, opened: EmbeddingSet) -> Told:
    found, k, badge = _neighbours(request, opened)
    return f"Density (1 / mean distance to {k} neighbours)", density(found, k), {"approximate": badge}


def _outlier(request: Request, opened: EmbeddingSet) -> Told:
    found, k, badge = _neighbours(request, opened)
    return f"Mean distance to {k} neighbours", knn_outlier_score(found, k), {"approximate": badge}


def _lof(request: Request, opened: EmbeddingSet) -> Told:
    found, k, badge = _neighbours(request, opened)
    return f"Local outlier factor of {k} neighbours", local_outlier_factor(found, k), {"approximate": badge}


def _hubness(request: Request, opened: EmbeddingSet) -> Told:
    found, k, badge = _neighbours(request, opened)
    occurrences = k_occurrences(found, k)
    return (
        f"Among the {k} neighbours of so many points",
        occurrences,
        {"skewness": hubness(occurrences), "approximate": badge},
    )


def _distance(request: Request, opened: EmbeddingSet) -> Told:
    rows = [int(row) for row in request.params.get("rows") or []]
    metric = opened.meta.metric
    to = f"row {rows[0]}" if len(rows) == 1 else f"the mean of {len(rows):,} points"
    return f"{metric.capitalize()} distance to {to}", distance_to(opened.vectors, rows, metric, request.progress), {}


def _cluster(request: Request, opened: EmbeddingSet) -> Told:
    found = clusters_of(request, opened, portion(request.progress, 0.0, 1.0))
    return "Cluster", found.codes, {"clusters": len(found.sizes)}


def _loss(request: Request, opened: EmbeddingSet) -> Told:
    found = set_losses(opened, lab_device(), request.progress)
    return found.title, found.values, {"mean": found.mean, "unit": found.unit}


def losses(request: Request) -> Result:
    """params: embeddings, top. A listing of the samples of a run's checkpoint by their loss, the highest first.

    Result also: mean (null where no sample has a loss).
    """
    found = set_losses(opened_set(request), lab_device(), request.progress)
    rows = np.flatnonzero(np.isfinite(found.values))
    rows = rows[np.argsort(-found.values[rows], kind="stable")]
    columns = (Column("loss", "Loss", found.values[rows], found.unit),)
    listing = Listing(found.title, _loss_words(found, len(rows)), rows, columns)
    result, arrays = listing.reply(request.params.get("top"))
    return {**result, "mean": found.mean}, arrays


def _loss_words(found: SampleLosses, known: int) -> str:
    if found.mean is None:
        return "No sample has a finite loss."
    without = len(found.values) - known
    left_out = f" {without:,} samples have none." if without else ""
    mean = f"{found.mean:.4g} {found.unit}".rstrip()
    return f"{found.title} of {known:,} samples, {mean} on average.{left_out}"


def _neighbours(request: Request, opened: EmbeddingSet) -> tuple[Neighbours, int, str]:
    """The set's neighbours, how many of them are meant (k, or all others), and how approximate they are."""
    k = k_of(request)
    found, badge = set_neighbours(opened, k, request.progress)
    return found, max(1, min(k, len(opened) - 1)), badge


POINT_METRICS: dict[str, Callable[[Request, EmbeddingSet], Told]] = {
    "purity": _purity,
    "density": _density,
    "outlier": _outlier,
    "lof": _lof,
    "hubness": _hubness,
    "distance": _distance,
    "cluster": _cluster,
    "loss": _loss,
}
