"""Planes on which words are drawn: that of chosen pairs, and that of two meanings.

Legend: P pairs, W words, D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError

Pair = tuple[int, int]
_SAME = 1e-12


@dataclass(frozen=True)
class PairPlane:
    """Pairs on the plane of their own principal components.

    xy : float64 (P, 2, 2): pair, which of the two, component
    explained : share of the words' variance along each component
    agreement : mean cosine between the offsets of different pairs: 1 where all arrows are parallel; NaN with one pair
    """

    xy: NDArray[np.float64]
    explained: tuple[float, float]
    agreement: float


@dataclass(frozen=True)
class MeaningAxes:
    """Words on two axes, each from one pole at -1 to the other at +1.

    xy : float64 (W, 2)
    shared : cosine between the axes: 0 where they measure different things
    """

    xy: NDArray[np.float64]
    shared: float


def pair_plane(vectors: NDArray[Any], pairs: Sequence[Pair]) -> PairPlane:
    """The first two principal components of the words in these pairs (each word once).

    Countries and capitals are drawn so in Mikolov et al. (2013), "Distributed Representations of Words and Phrases",
    figure 2.

    Parameters
    ----------
    vectors : (N, D), as they are to be compared (of length 1 for directions alone)
    pairs : row numbers of the two

    Raises
    ------
    DataError : there is no pair, or all words are one point
    """
    rows = np.unique(np.asarray(pairs, dtype=np.int64).reshape(-1, 2))
    if not len(rows):
        raise DataError("A plane of pairs needs at least one pair.")
    words_WD = vectors[rows].astype(np.float64)
    mean_D = words_WD.mean(axis=0)
    _, strength, axes = np.linalg.svd(words_WD - mean_D, full_matrices=False)
    total = float(np.square(strength).sum())
    if not np.isfinite(total) or total <= _SAME * float(np.square(words_WD).sum()):
        raise DataError("These words have no plane: all are one point, or one is not finite.", "Choose other pairs.")
    axes_2D, share = np.zeros((2, words_WD.shape[1])), np.zeros(2)
    found = min(2, len(axes))
    axes_2D[:found], share[:found] = axes[:found], np.square(strength[:found]) / total
    # The largest entry of each axis is positive, so that the same words give the same picture.
    signs = np.sign(axes_2D[np.arange(2), np.abs(axes_2D).argmax(axis=1)])
    axes_2D *= np.where(signs == 0, 1, signs)[:, None]
    ends_P2D = vectors[np.asarray(pairs, dtype=np.int64)].astype(np.float64)
    return PairPlane((ends_P2D - mean_D) @ axes_2D.T, (float(share[0]), float(share[1])), _agreement(ends_P2D))


def _agreement(ends_P2D: NDArray[np.float64]) -> float:
    """Mean cosine of the offsets of different pairs; pairs without an offset do not count."""
    offsets_PD = ends_P2D[:, 1] - ends_P2D[:, 0]
    length_P = np.linalg.norm(offsets_PD, axis=1)
    unit_PD = offsets_PD[length_P > 0] / length_P[length_P > 0, None]
    count = len(unit_PD)
    if count < 2:
        return float("nan")
    return float((np.square(unit_PD.sum(axis=0)).sum() - count) / (count * (count - 1)))


def meaning_axes(vectors: NDArray[Any], words: Sequence[int], x_pair: Pair, y_pair: Pair) -> MeaningAxes:
    """Where words lie between the poles of two pairs, for example "man" to "woman" and "poor" to "rich".

    The first of a pair lies at -1 on its axis, the second at +1, their middle at 0. Axes are drawn at right angles,
    though they need not be: `shared` says how far they are not.

    Raises DataError where the two of a pair are one point.
    """
    words_WD = vectors[np.asarray(words, dtype=np.int64)].astype(np.float64)
    columns, directions = [], []
    for minus, plus in (x_pair, y_pair):
        low_D, high_D = vectors[minus].astype(np.float64), vectors[plus].astype(np.float64)
        reach_D = high_D - low_D
        square = float(reach_D @ reach_D)
        if not square > 0:
            raise DataError(f"Rows {minus} and {plus} are one point: there is no axis between them.")
        columns.append((2 * words_WD - low_D - high_D) @ reach_D / square)
        directions.append(reach_D / np.sqrt(square))
    return MeaningAxes(np.stack(columns, axis=1), float(directions[0] @ directions[1]))
