"""What most questions about an embedding name."""

from __future__ import annotations

from pathlib import Path

from workbench.core.errors import DataError
from workbench.embeddings.structure.labels import Labels, labels_of
from workbench.engine.lab.server import Request
from workbench.runs.embedding_set import EmbeddingSet

DEFAULT_K, MOST_NEIGHBOURS = 15, 1000
LABEL = "label"


def opened_set(request: Request) -> EmbeddingSet:
    """The set in the folder `embeddings`."""
    return EmbeddingSet.open(Path(request.params["embeddings"]))


def k_of(request: Request) -> int:
    """How many neighbours a point, 1 to 1,000; 15 where the request does not say. Raises DataError for others."""
    wished = request.params.get("k")
    k = DEFAULT_K if wished is None else int(wished)
    if not 1 <= k <= MOST_NEIGHBOURS:
        raise DataError(f"k = {k} neighbours cannot be compared.", f"Choose 1 to {MOST_NEIGHBOURS:,}.")
    return k


def asked_labels(request: Request, opened: EmbeddingSet) -> Labels:
    """The labels in `column`; raises DataError as `labels_of`."""
    return labels_of(opened, str(request.params.get("column") or LABEL))


def badge_words(badge: str) -> str:
    """What is added to the words of an answer from neighbours that may be approximate."""
    return f" From {badge}." if badge else ""
