"""Layouts of a run's checkpoints that are stable from one to the next, and how far each point travels on them.

Every set is drawn by PCA, UMAP or t-SNE; the last two start where the layout before ended. What a projection leaves
open (turn, reflection, place and, for PCA, size) is chosen so that the samples which both sets hold move least: the
orthogonal Procrustes problem, Schoenemann (1966), "A generalized solution of the orthogonal Procrustes problem",
Psychometrika 31.

Legend: N rows of a set, M of them with a place before and after, K neighbours, B rows of a block.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import cKDTree

from workbench.core.errors import DataError, RunError, unknown
from workbench.core.model import Model
from workbench.data.base import Progress, no_progress
from workbench.data.progress import portion
from workbench.embeddings.background import beside, wait
from workbench.embeddings.projections.base import Given, Projection, Wanted
from workbench.embeddings.projections.projecting import configured
from workbench.embeddings.projections.trust import TRUST_NEIGHBOURS, trust
from workbench.embeddings.search.stored import set_neighbours
from workbench.embeddings.structure.compare import match
from workbench.recipes.models import Choice
from workbench.runs.embedding_meta import LayoutInfo
from workbench.runs.embedding_set import EmbeddingSet, add_layout, row_blocks
from workbench.runs.timelapse import METHODS, time_layout

TRAVEL_NEIGHBOURS = 15


def lay_out_steps(folders: Sequence[Path], choice: Choice, progress: Progress = no_progress) -> int:
    """Draw the sets of one run's checkpoints one after the other and store the layouts; how many were made now.

    A layout is kept where the same settings made it after the same layout before, so that a new checkpoint goes on from
    the last, and the result does not depend on when the sets came. Samples are matched by their id.

    Parameters
    ----------
    folders : embedding sets, in any order; they are drawn in that of their steps
    choice : "pca", "umap" or "tsne" with settings

    Raises RunError or DataError for a set or settings that do not do, RecipeError for settings that do not exist, and
    what `progress` raises; layouts that were made before are stored then.
    """
    projection, config = _checked(choice)
    name, settings = time_layout(choice.id), config.model_dump(mode="json")
    before, made = None, 0
    sets = in_step_order(folders)
    for number, opened in enumerate(sets):
        info = LayoutInfo(method=name, params=settings, seed=settings.get("seed"), start=before.key if before else "")
        if not _is_made(opened, name, info):
            share = portion(progress, number / len(sets), (number + 1) / len(sets))
            _lay_out(opened, before, projection, config, info, share)
            opened, made = EmbeddingSet.open(opened.folder), made + 1
        before = _Placed(opened, opened.layout(name).xy)
    progress(1.0, "Laid out")
    return made


def in_step_order(folders: Sequence[Path]) -> list[EmbeddingSet]:
    """The opened sets, the earliest checkpoint first."""
    opened = [EmbeddingSet.open(folder) for folder in folders]
    return sorted(opened, key=lambda one: (-1 if one.meta.step is None else one.meta.step, one.folder.name))


@dataclass(frozen=True, eq=False)
class _Placed:
    """A set with its layout (N, 2)."""

    opened: EmbeddingSet
    places: NDArray[np.float32]

    @property
    def key(self) -> str:
        """Names exactly this layout: the set's folder, and a digest of the places."""
        return f"{self.opened.folder.name} {blake2b(self.places.tobytes(), digest_size=8).hexdigest()}"

    def places_in(self, other: EmbeddingSet) -> NDArray[np.float32]:
        """Where the samples of another set lie here (N, 2), NaN for those that do not."""
        return placed(self.places, rows_in(other, self.opened))


def _checked(choice: Choice) -> tuple[Projection, Model]:
    if choice.id not in METHODS:
        raise DataError(unknown("time-lapse method", choice.id, METHODS))
    projection, config = configured(choice)
    settings = config.model_dump()
    if settings.get("dimensions", 2) != 2 or settings.get("z"):
        raise DataError("A time-lapse is drawn in the plane, not in space.", "Choose two dimensions.")
    wanted = projection.wants(config)
    if wanted.start or wanted.labels:
        reason = "starts each layout from the one before" if wanted.start else "does not use labels"
        raise DataError(f"A time-lapse {reason}.", "Leave that setting out.")
    return projection, config


def _is_made(opened: EmbeddingSet, name: str, wanted: LayoutInfo) -> bool:
    """Whether the set has a whole layout of these settings after that layout."""
    info = opened.meta.layouts.get(name)
    if info is None or name not in opened.layouts() or opened.layout(name).xy.shape[1] != 2:
        return False
    return (info.method, info.params, info.start) == (wanted.method, wanted.params, wanted.start)


def _lay_out(
    opened: EmbeddingSet,
    before: _Placed | None,
    projection: Projection,
    config: Model,
    info: LayoutInfo,
    share: Progress,
) -> None:
    """Draw one set and store its layout."""
    wanted = projection.wants(config)
    told = _telling(opened, share)
    near, badge = _neighbours(opened, wanted, portion(told, 0.0, 0.3))
    onto = None if before is None else before.places_in(opened)
    onto = None if onto is None or not np.isfinite(onto).all(axis=1).any() else onto
    started_s = time.monotonic()
    given = Given(opened.vectors, near if wanted.k and wanted.metric == opened.meta.metric else None, start=onto)
    places = projection.project(given, config, portion(told, 0.3, 0.95)).places
    if onto is not None:
        places = aligned(places, onto, rescale=projection.spec.id == "pca")
    seconds = time.monotonic() - started_s
    kept = wait(beside(lambda: trust(near, places)), told, 0.95, "Comparing neighbours in the layout")
    mean = float(np.nanmean(kept)) if np.isfinite(kept).any() else None
    done = info.replace(seconds=seconds, trust_mean=mean, approximate=badge)
    add_layout(opened.folder, info.method, places, kept, done)


def _neighbours(opened: EmbeddingSet, wanted: Wanted, progress: Progress) -> Any:
    same = wanted.metric == opened.meta.metric
    return set_neighbours(opened, max(TRUST_NEIGHBOURS, wanted.k if same else 0), progress, wanted.exact)


def _telling(opened: EmbeddingSet, progress: Progress) -> Progress:
    """Progress that says which checkpoint it is about."""
    at = opened.folder.name if opened.meta.step is None else f"Step {opened.meta.step:,}"
    return lambda share, words: progress(share, f"{at}: {words[:1].lower()}{words[1:]}")


def aligned(places: NDArray[np.float32], onto: NDArray[np.float32], *, rescale: bool = False) -> NDArray[np.float32]:
    """The layout (N, 2) turned, reflected and shifted as a whole so that it lies nearest to another of the same rows.

    rescale : also give it the other's spread (root of the mean square distance from the middle)

    Rows without a place in one of the two do not count; where none is left, the layout stays as it is.
    """
    shared = np.isfinite(places).all(axis=1) & np.isfinite(onto).all(axis=1)
    if not shared.any():
        return places
    own_M2, other_M2 = places[shared].astype(np.float64), onto[shared].astype(np.float64)
    middle, goal = own_M2.mean(axis=0), other_M2.mean(axis=0)
    own_M2, other_M2 = own_M2 - middle, other_M2 - goal
    turn_22 = orthogonal_procrustes(own_M2, other_M2)[0]
    own_spread, other_spread = np.linalg.norm(own_M2), np.linalg.norm(other_M2)
    factor = other_spread / own_spread if rescale and own_spread > 0 and other_spread > 0 else 1.0
    return np.asarray(factor * (places.astype(np.float64) - middle) @ turn_22 + goal, dtype=np.float32)


def rows_in(one: EmbeddingSet, other: EmbeddingSet) -> NDArray[np.int64]:
    """Where each sample of one set is in another, by its id: int64 (N,), -1 for one that is not there or not once."""
    ids, others = one.samples.column("id"), other.samples.column("id")
    if ids.equals(others):
        return np.arange(len(one), dtype=np.int64)
    rows = np.full(len(one), -1, dtype=np.int64)
    try:
        matched = match(ids.to_pylist(), others.to_pylist())
    except DataError:
        return rows
    rows[matched.rows_a] = matched.rows_b
    return rows


def placed(places: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The places of these rows, NaN for -1."""
    found = places[rows]
    found[rows < 0] = np.nan
    return found


def travel(before: NDArray[np.float32], after: NDArray[np.float32], k: int = TRAVEL_NEIGHBOURS) -> NDArray[np.float32]:
    """How far each point moves between two layouts (N, 2) against those around it.

    The median move of its k nearest in the layout before, along each axis, is taken off its own, so that a group that
    moves as a whole has not travelled. Told in spreads of the layout before: the root of the mean square distance from
    its middle.

    Returns
    -------
    float32 (N,), NaN for rows without a place in one of the two
    """
    far = np.full(len(before), np.nan, dtype=np.float32)
    rows_M = np.flatnonzero(np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1))
    if not len(rows_M):
        return far
    start_M2 = before[rows_M].astype(np.float64)
    move_M2 = after[rows_M].astype(np.float64) - start_M2
    spread = float(np.sqrt(np.square(start_M2 - start_M2.mean(axis=0)).sum(axis=1).mean())) or 1.0
    k = min(k, len(rows_M) - 1)
    tree = cKDTree(start_M2)
    for block in row_blocks(len(rows_M), 2 * max(k, 1)):
        common_B2 = np.zeros(2)
        if k > 0:
            near_BK = tree.query(start_M2[block], k=k + 1)[1][:, 1:]
            common_B2 = np.median(move_M2[near_BK], axis=1)
        far[rows_M[block]] = np.linalg.norm(move_M2[block] - common_B2, axis=1) / spread
    return far


def travelled(
    sets: Sequence[EmbeddingSet], layout: str, of: EmbeddingSet, progress: Progress = no_progress
) -> NDArray[np.float32]:
    """How far each sample of one set has travelled over the layouts of several, in their order: float32 (N,).

    The sum of `travel` from each layout to the next; NaN for a sample that is in no two layouts that follow each other.
    Raises RunError for fewer than two sets, or one without the layout.
    """
    if len(sets) < 2:
        raise RunError("Points travel between two checkpoints, and there is one.", "Embed more checkpoints of the run.")
    total = np.zeros(len(of), dtype=np.float32)
    seen = np.zeros(len(of), dtype=np.bool_)
    before = None
    for number, opened in enumerate(sets):
        progress(number / len(sets), "Following the points")
        after = placed(opened.layout(layout).xy[:, :2], rows_in(of, opened))
        if before is not None:
            far = travel(before, after)
            seen |= np.isfinite(far)
            total += np.nan_to_num(far)
        before = after
    progress(1.0, "Following the points")
    return np.where(seen, total, np.float32(np.nan))
