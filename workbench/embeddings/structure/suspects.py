"""Label suspects: points whose neighbours have another label.

Legend: N rows, K neighbours, B rows of a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Progress, no_progress
from workbench.embeddings.structure.near import Near, near
from workbench.runs.embedding_set import Neighbours, row_blocks

Weighting = Literal["distance", "equal"]


@dataclass(frozen=True)
class Votes:
    """What the neighbours say of each row's label.

    agreement : float32 (N,), weighted share of the labelled neighbours with the row's own label, in [0, 1];
        NaN for a row without a label or without labelled neighbours
    suggested : int64 (N,), the label with the largest share, of equal ones that of the nearer neighbour; -1 for none
    share : float32 (N,), the share of `suggested`; NaN where there is none
    """

    agreement: NDArray[np.float32]
    suggested: NDArray[np.int64]
    share: NDArray[np.float32]


@dataclass(frozen=True)
class Suspects:
    """Rows in the order in which they deserve a look.

    wrong : int64, labelled rows with another label suggested: least agreement first, then the surest suggestion
    unlabelled : int64, rows without label that have a suggestion, the surest first
    """

    wrong: NDArray[np.int64]
    unlabelled: NDArray[np.int64]


def neighbour_votes(
    neighbours: Neighbours,
    codes: NDArray[np.int64],
    k: int,
    weighting: Weighting = "distance",
    progress: Progress = no_progress,
) -> Votes:
    """The votes of the k nearest neighbours on the label of each row; neighbours without label do not vote.

    Weights are equal, or those of Dudani (1976), "The distance-weighted k-nearest-neighbor rule", equation 1:
    (d_k - d_j) / (d_k - d_1), and 1 where all k are equally far. The nearest counts 1, the farthest of the k nothing.

    Parameters
    ----------
    codes : int64 (N,), labels, -1 for none
    """
    found = near(neighbours, k)
    agreement = np.full(len(codes), np.nan, dtype=np.float32)
    suggested = np.full(len(codes), -1, dtype=np.int64)
    share = np.full(len(codes), np.nan, dtype=np.float32)
    for rows in row_blocks(len(codes), 16 * found.k):
        progress(rows.start / len(codes), "Asking the neighbours")
        theirs_BK = codes[found.index[rows]]
        weight_BK = np.where(theirs_BK >= 0, _weights(found, rows, weighting), 0.0)
        whole_B = weight_BK.sum(axis=1)
        for_BK = np.zeros_like(weight_BK)
        for column in range(found.k):
            for_BK += weight_BK[:, column, None] * (theirs_BK == theirs_BK[:, column, None])
        heard_B = whole_B > 0
        whole_B[~heard_B] = np.nan
        best_B = np.where(weight_BK > 0, for_BK, -1.0).argmax(axis=1)
        here_B = np.arange(len(best_B))
        suggested[rows] = np.where(heard_B, theirs_BK[here_B, best_B], -1)
        share[rows] = for_BK[here_B, best_B] / whole_B
        own_B = codes[rows]
        agreeing_B = (weight_BK * (theirs_BK == own_B[:, None])).sum(axis=1) / whole_B
        agreement[rows] = np.where(own_B >= 0, agreeing_B, np.nan)
    progress(1.0, "Asking the neighbours")
    return Votes(agreement, suggested, share)


def suspect_rows(votes: Votes, codes: NDArray[np.int64]) -> Suspects:
    """The rows whose label (N,), -1 for none, is not what their neighbours suggest."""
    wrong = np.flatnonzero((codes >= 0) & (votes.suggested >= 0) & (votes.suggested != codes))
    bare = np.flatnonzero((codes < 0) & (votes.suggested >= 0))
    return Suspects(
        wrong[np.lexsort((-votes.share[wrong], votes.agreement[wrong]))],
        bare[np.argsort(-votes.share[bare], kind="stable")],
    )


def _weights(found: Near, rows: slice, weighting: Weighting) -> NDArray[np.float64]:
    """Weights (B, K) of the neighbours, 0 where a row has none."""
    distance_BK, known_B = found.distance[rows], found.known[rows]
    if weighting == "equal":
        return np.repeat(known_B[:, None].astype(np.float64), found.k, axis=1)
    farthest_B1, range_B1 = distance_BK[:, -1:], distance_BK[:, -1:] - distance_BK[:, :1]
    weight_BK = np.ones_like(distance_BK)
    np.divide(farthest_B1 - distance_BK, range_B1, out=weight_BK, where=range_B1 > 0)
    weight_BK[~known_B] = 0.0
    return weight_BK
