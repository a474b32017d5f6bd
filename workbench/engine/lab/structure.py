"""Requests about what is in an embedding. All but `point_metric` answer with a listing (`engine.lab.listing`).

Common params: embeddings (folder); k, neighbours a point (15); column, the labels ("label"); top, rows of the listing
(null: all). Neighbours are those that the set stores, in its own metric.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import LabError
from workbench.data.base import Progress
from workbench.data.progress import portion
from workbench.embeddings.search.approximate import graph
from workbench.embeddings.search.stored import set_neighbours
from workbench.embeddings.structure.centroids import Centroids, class_centroids
from workbench.embeddings.structure.compare import Change, Matched, match, neighbours_kept
from workbench.embeddings.structure.duplicates import Duplicates, near_duplicates, suggested_threshold
from workbench.embeddings.structure.outliers import knn_outlier_score, local_outlier_factor
from workbench.embeddings.structure.points import points_of
from workbench.embeddings.structure.silhouette import Silhouette, silhouettes
from workbench.embeddings.structure.suspects import neighbour_votes, suspect_rows
from workbench.engine.lab.asked import asked_labels, badge_words, k_of, opened_set
from workbench.engine.lab.clusters import find_clusters
from workbench.engine.lab.listing import Column, Listing
from workbench.engine.lab.point_metrics import losses, point_metric
from workbench.engine.lab.server import Arrays, Request, Result
from workbench.runs.embedding_set import EmbeddingSet, Neighbours

_SCORES = ("distance", "lof")


def centroids(request: Request) -> Result:
    """The classes of `column`: rows are the samples nearest to their centroids.

    Arrays also: distance float32 (K, K) between centroids, order int64 (K,) in which similar classes stand side by
    side. Result also: silhouette (mean, null where not defined), sampled.
    """
    opened, params = opened_set(request), request.params
    labels = asked_labels(request, opened)
    metric = opened.meta.metric
    found = class_centroids(opened.vectors, labels, metric, portion(request.progress, 0.0, 0.6))
    scored = silhouettes(points_of(opened.vectors, metric), labels.codes, progress=portion(request.progress, 0.6, 1.0))
    position = np.maximum(found.nearest, 0)
    to_nearest = np.where(found.nearest >= 0, found.distance[np.arange(len(position)), position], np.nan)
    nearest_class = np.where(found.nearest >= 0, found.classes[position], -1)
    columns = (
        Column("class", "Class", found.classes, names=labels.names),
        Column("size", "Points", found.sizes),
        Column("spread", "Mean distance to the centroid", found.spread),
        Column("nearest_class", "Nearest class", nearest_class, names=labels.names),
        Column("nearest_distance", "Distance to it", to_nearest),
        Column("silhouette", "Silhouette", scored.by_class[found.classes]),
    )
    listing = Listing("Class centroids", _centroid_words(found, scored, metric), found.medoids, columns)
    result, arrays = listing.reply(params.get("top"))
    extra: Arrays = {"distance": found.distance.astype(np.float32), "order": found.order}
    return {**result, "silhouette": scored.total, "sampled": scored.sampled}, {**arrays, **extra}


def duplicates(request: Request) -> Result:
    """params also: threshold (null: the suggested one). Rows are the members of the groups, the largest group first.

    Arrays also: pairs int64 (P, 2) and pair_distance float64 (P,). Result also: threshold, suggested, groups, crowded.
    """
    opened, params = opened_set(request), request.params
    neighbours, badge = set_neighbours(opened, k_of(request), request.progress)
    suggested = suggested_threshold(neighbours)
    wished = params.get("threshold")
    threshold = suggested if wished is None else float(wished)
    found = near_duplicates(neighbours, threshold)
    members = np.flatnonzero(found.groups >= 0)
    members = members[np.argsort(found.groups[members], kind="stable")]
    group = found.groups[members]
    columns = (
        Column("group", "Group", group),
        Column("size", "Points in it", found.sizes[group]),
        Column("nearest", "Distance to the nearest of them", neighbours.distance[members, 0]),
    )
    words = _duplicate_words(found, threshold, neighbours, opened, wished is None) + badge_words(badge)
    result, arrays = Listing("Near-duplicates", words, members, columns).reply(params.get("top"))
    facts = {"threshold": threshold, "suggested": suggested, "groups": len(found.sizes), "crowded": found.crowded}
    return {**result, **facts}, {**arrays, "pairs": found.pairs, "pair_distance": found.distance}


def outliers(request: Request) -> Result:
    """params also: score ("distance" or "lof"), by which all comparable points are sorted, the farthest out first."""
    opened, params = opened_set(request), request.params
    score, k = str(params.get("score") or "distance"), k_of(request)
    if score not in _SCORES:
        raise LabError(f"There is no outlier score {score!r}.", f"Choose {' or '.join(_SCORES)}.")
    neighbours, badge = set_neighbours(opened, k, request.progress)
    away_N, factor_N = knn_outlier_score(neighbours, k), local_outlier_factor(neighbours, k)
    by_N = away_N if score == "distance" else factor_N
    rows = np.flatnonzero(np.isfinite(by_N))
    rows = rows[np.argsort(-by_N[rows], kind="stable")]
    columns = (
        Column("distance", "Mean distance to its neighbours", away_N[rows]),
        Column("lof", "Local outlier factor", factor_N[rows]),
    )
    by = f"mean {opened.meta.metric} distance to {_told_k(k, neighbours)}" if score == "distance" else "LOF"
    words = f"{len(rows):,} points by {by}, the farthest out first.{_set_aside(len(opened) - len(rows))}"
    return Listing("Outliers", words + badge_words(badge), rows, columns).reply(params.get("top"))


def suspects(request: Request) -> Result:
    """params also: weighting ("distance" or "equal"). Rows with another label suggested, then those without label.

    Result also: wrong and unlabelled, how many rows of either kind.
    """
    opened, params, k = opened_set(request), request.params, k_of(request)
    weighting = str(params.get("weighting") or "distance")
    if weighting not in ("distance", "equal"):
        raise LabError(f"There is no weighting {weighting!r}.", "Choose distance or equal.")
    labels = asked_labels(request, opened)
    neighbours, badge = set_neighbours(opened, k, portion(request.progress, 0.0, 0.8))
    asked = portion(request.progress, 0.8, 1.0)
    votes = neighbour_votes(neighbours, labels.codes, k, "equal" if weighting == "equal" else "distance", asked)
    found = suspect_rows(votes, labels.codes)
    rows = np.concatenate([found.wrong, found.unlabelled])
    columns = (
        Column("label", "Label", labels.codes[rows], names=labels.names),
        Column("suggested", "Suggested", votes.suggested[rows], names=labels.names),
        Column("agreement", "Neighbours that agree", votes.agreement[rows]),
        Column("share", "Neighbours for the suggestion", votes.share[rows]),
    )
    known = int((labels.codes >= 0).sum())
    bare = f" {len(found.unlabelled):,} points without label have a suggestion." if len(found.unlabelled) else ""
    one = "One class has no suspects." if len(labels.names) == 1 else ""
    words = f"{len(found.wrong):,} of {known:,} labelled points have neighbours with another label."
    listing = Listing("Label suspects", f"{one or words}{bare}{badge_words(badge)}", rows, columns)
    result, arrays = listing.reply(params.get("top"))
    return {**result, "wrong": len(found.wrong), "unlabelled": len(found.unlabelled)}, arrays


def compare_sets(request: Request) -> Result:
    """params: a, b (folders), k, top. Rows of a whose neighbours are others in b, the most changed first.

    Arrays also: kept_a float32 (N of a,) and kept_b (N of b,), the share of neighbours kept, for colours. Result also:
    k, matched, mean_overlap, mean_jaccard (null where no sample has neighbours in both).
    """
    params, k = request.params, k_of(request)
    a, b = EmbeddingSet.open(Path(params["a"])), EmbeddingSet.open(Path(params["b"]))
    matched = match(a.samples["id"].to_pylist(), b.samples["id"].to_pylist())
    near_a, badge_a = _among(a, matched.rows_a, matched.is_whole(), k, portion(request.progress, 0.0, 0.45))
    near_b, badge_b = _among(b, matched.rows_b, matched.is_whole(), k, portion(request.progress, 0.45, 0.9))
    row_in_a = np.arange(len(matched.rows_a), dtype=np.int64)
    if matched.is_whole():
        row_in_a = np.empty_like(row_in_a)
        row_in_a[matched.rows_b] = matched.rows_a
    change = neighbours_kept(near_a, near_b, row_in_a, k, portion(request.progress, 0.9, 1.0))
    order = change.most_changed()
    columns = (
        Column("row_b", "Row in the other", matched.rows_b[order]),
        Column("overlap", "Neighbours kept", change.overlap[order]),
        Column("jaccard", "Jaccard", change.jaccard[order]),
    )
    words = _change_words(change, matched) + badge_words(badge_a or badge_b)
    listing = Listing("Changed neighbourhoods", words, matched.rows_a[order], columns)
    result, arrays = listing.reply(params.get("top"))
    facts = {"k": change.k, "matched": len(matched.rows_a)}
    means = {"mean_overlap": _mean(change.overlap), "mean_jaccard": _mean(change.jaccard)}
    kept_a, kept_b = _laid_out(len(a), matched.rows_a, change), _laid_out(len(b), matched.rows_b, change)
    return {**result, **facts, **means}, {**arrays, "kept_a": kept_a, "kept_b": kept_b}


def _among(
    opened: EmbeddingSet, rows: NDArray[np.int64], is_whole: bool, k: int, progress: Progress
) -> tuple[Neighbours, str]:
    """The set's neighbours, or those among these rows alone, numbered by their positions; and how approximate."""
    if is_whole:
        return set_neighbours(opened, k, progress)
    return graph(np.asarray(opened.vectors[rows]), k, opened.meta.metric, progress)


def _laid_out(total: int, rows: NDArray[np.int64], change: Change) -> NDArray[np.float32]:
    values = np.full(total, np.nan, dtype=np.float32)
    values[rows] = change.overlap
    return values


def _mean(values: NDArray[np.float32]) -> float | None:
    return float(np.nanmean(values)) if np.isfinite(values).any() else None


def _told_k(k: int, neighbours: Neighbours) -> str:
    found = min(k, neighbours.index.shape[1])
    return f"{found:,} neighbours" if found == k else f"all {found:,} others"


def _set_aside(count: int) -> str:
    return f" {count:,} points that are zero or not finite were left out." if count else ""


def _centroid_words(found: Centroids, scored: Silhouette, metric: str) -> str:
    if len(found.classes) == 1:
        return "There is one class, so there is nothing to compare it with."
    words = f"{len(found.classes):,} classes by {metric} distance."
    if scored.total is None:
        return words
    which = (
        f"{scored.sampled:,} of {scored.of:,} points drawn at random" if scored.sampled < scored.of else "all points"
    )
    return f"{words} Mean silhouette {scored.total:.3f}, of {which}."


def _duplicate_words(
    found: Duplicates, threshold: float, neighbours: Neighbours, opened: EmbeddingSet, is_suggested: bool
) -> str:
    reason = ", suggested by the distances to the nearest neighbours (Tukey's outer fence of their logarithms)"
    how = f"({opened.meta.metric} distance{reason if is_suggested else ''})."
    if not len(found.sizes):
        return f"No two points are at most {threshold:.3g} apart {how}"
    groups = "one group" if len(found.sizes) == 1 else f"{len(found.sizes):,} groups"
    words = f"{int(found.sizes.sum()):,} points in {groups} have a neighbour at most {threshold:.3g} away {how}"
    if found.crowded:
        words += (
            f" {found.crowded:,} points have more near-duplicates than the {neighbours.index.shape[1]} neighbours that"
            " are stored: their groups may be split."
        )
    return words


def _change_words(change: Change, matched: Matched) -> str:
    mean, left_out = _mean(change.overlap), matched.only_a + matched.only_b
    if mean is None:
        return "No sample has neighbours in both embeddings."
    words = f"{len(matched.rows_a):,} samples keep {mean:.0%} of their {change.k} neighbours on average."
    if left_out:
        words += f" {left_out:,} samples are in one embedding alone and were left out."
    if matched.ambiguous:
        words += f" {matched.ambiguous:,} samples share their id with another and were left out."
    return words


STRUCTURE = (find_clusters, centroids, duplicates, outliers, suspects, losses, point_metric, compare_sets)
"""The requests, for the lab's table."""
