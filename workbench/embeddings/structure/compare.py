"""Two embeddings of the same samples: whose neighbourhoods changed most.

Legend: N rows of one set, S samples that are in both, K neighbours, B rows of a block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.data.base import Progress, no_progress
from workbench.runs.embedding_set import Neighbours, row_blocks


@dataclass(frozen=True)
class Matched:
    """The samples that are in both sets, in the order of the first.

    rows_a, rows_b : int64 (S,)
    only_a, only_b : how many samples are in one set alone
    ambiguous : how many samples of either set have an id that occurs there more than once, and are left out
    """

    rows_a: NDArray[np.int64]
    rows_b: NDArray[np.int64]
    only_a: int
    only_b: int
    ambiguous: int

    def is_whole(self) -> bool:
        """Whether every sample of either set is in the other, so that their own neighbours can be compared."""
        return self.only_a == self.only_b == self.ambiguous == 0


@dataclass(frozen=True)
class Change:
    """How much of each neighbourhood is left, float32 (S,), NaN where a sample has no neighbours in one of the sets.

    overlap : share of the k neighbours in one set that are among the k in the other
    jaccard : neighbours in both lists, by neighbours in either
    k : how many were compared
    """

    overlap: NDArray[np.float32]
    jaccard: NDArray[np.float32]
    k: int

    def most_changed(self) -> NDArray[np.int64]:
        """Positions among the S, the least overlap first; those without neighbours are left out."""
        known = np.flatnonzero(np.isfinite(self.overlap))
        return known[np.argsort(self.overlap[known], kind="stable")]


def match(ids_a: Sequence[object], ids_b: Sequence[object]) -> Matched:
    """The samples with the same id; raises DataError where the sets share none."""
    rows_by_id = _rows_by_id(ids_b)
    once_a = _rows_by_id(ids_a)
    pairs = [(row, rows_by_id[name]) for name, row in once_a.items() if row >= 0 and rows_by_id.get(name, -1) >= 0]
    if not pairs:
        raise DataError(
            f"None of the {len(ids_a):,} ids of the first embedding is one of the {len(ids_b):,} of the second.",
            "Compare embeddings of the same samples.",
        )
    rows_a, rows_b = np.array(pairs, dtype=np.int64).T
    unclear_a, unclear_b = _repeated(ids_a, once_a), _repeated(ids_b, rows_by_id)
    only_a = sum(str(name) not in rows_by_id for name in once_a)
    only_b = sum(name not in once_a for name in rows_by_id)
    return Matched(rows_a, rows_b, only_a, only_b, unclear_a + unclear_b)


def neighbours_kept(
    a: Neighbours, b: Neighbours, row_in_a: NDArray[np.int64], k: int, progress: Progress = no_progress
) -> Change:
    """Compare the k nearest neighbours of S samples in two embeddings.

    Rank-based agreement of neighbourhoods as by Lee and Verleysen (2009), "Quality assessment of dimensionality
    reduction", here between two embeddings and not between one and its picture.

    Parameters
    ----------
    a, b : neighbours in either set, each in its own row numbers, (S, >= k); with fewer, as many as both have
    row_in_a : int64 (S,), for each row of b the row of a that is the same sample
    """
    k = min(k, a.index.shape[1], b.index.shape[1])
    row_in_b = np.empty_like(row_in_a)
    row_in_b[row_in_a] = np.arange(len(row_in_a))
    overlap = np.full(len(row_in_a), np.nan, dtype=np.float32)
    jaccard = overlap.copy()
    for rows in row_blocks(len(row_in_a), 16 * max(k, 1)):
        progress(rows.start / len(row_in_a), "Comparing neighbours")
        in_a_BK, in_b_BK = a.index[rows, :k], b.index[row_in_b[rows], :k]
        in_b_BK = np.where(in_b_BK >= 0, row_in_a[in_b_BK], -2)
        both_B = sum((in_b_BK == in_a_BK[:, column, None]).any(axis=1).astype(np.int64) for column in range(k))
        fewer_B = np.minimum((in_a_BK >= 0).sum(axis=1), (in_b_BK >= 0).sum(axis=1))
        either_B = (in_a_BK >= 0).sum(axis=1) + (in_b_BK >= 0).sum(axis=1) - both_B
        known_B = fewer_B > 0
        overlap[rows] = np.where(known_B, both_B / np.maximum(fewer_B, 1), np.nan)
        jaccard[rows] = np.where(known_B, both_B / np.maximum(either_B, 1), np.nan)
    progress(1.0, "Comparing neighbours")
    return Change(overlap, jaccard, k)


def _rows_by_id(ids: Sequence[object]) -> dict[str, int]:
    """The row of each id; -1 where it occurs more than once."""
    rows: dict[str, int] = {}
    for row, value in enumerate(ids):
        name = str(value)
        rows[name] = -1 if name in rows else row
    return rows


def _repeated(ids: Sequence[object], rows_by_id: dict[str, int]) -> int:
    return len(ids) - sum(row >= 0 for row in rows_by_id.values())
