"""The neighbours that a set keeps beside its vectors, found once for all who ask."""

from __future__ import annotations

from workbench.core.errors import RunError
from workbench.data.base import Progress, no_progress
from workbench.embeddings.search import approximate
from workbench.runs.embedding_set import EmbeddingSet, Neighbours, store_neighbours

FEWEST_STORED = 30


def set_neighbours(
    opened: EmbeddingSet, k: int, progress: Progress = no_progress, exact: bool = False
) -> tuple[Neighbours, str]:
    """At least min(k, N - 1) neighbours of each point in the set's metric, and in words how far they are approximate.

    Those that are stored where they are enough; else they are found over all points and stored, at least 30 a point.
    They are exact ("" in words) where that takes less than a minute, and always with `exact`. A damaged file is made
    again. Raises what `progress` raises; then nothing is stored.
    """
    stored, badge = _readable(opened), opened.meta.approximate
    if stored is None or stored.index.shape[1] < min(k, len(opened) - 1) or (badge and exact):
        stored, badge = approximate.graph(opened.vectors, max(k, FEWEST_STORED), opened.meta.metric, progress, exact)
        store_neighbours(opened.folder, stored, badge)
    return stored, badge


def _readable(opened: EmbeddingSet) -> Neighbours | None:
    try:
        return opened.neighbours()
    except RunError:
        return None
