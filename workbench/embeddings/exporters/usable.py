"""Leaving out what a format cannot hold: vectors that are not finite, points without a place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.data.base import Progress
from workbench.embeddings.exporters.base import Chosen, Told


def usable(chosen: Chosen, told: Told, progress: Progress) -> Chosen:
    """The rows whose vectors are finite; the others are counted. Raises DataError where none is left."""
    vectors, finite = chosen.opened.vectors, np.empty(len(chosen), np.bool_)
    for part in chosen.blocks(vectors.shape[1], progress, "Looking at the vectors"):
        finite[part] = np.isfinite(chosen.take(vectors, part)).all(axis=1)
    return _kept(chosen, finite, told, "with NaN or infinity")


def placed(chosen: Chosen, told: Told) -> Chosen:
    """The rows that have a place in the one layout; the others are counted. Raises DataError where none is left."""
    (layout,) = chosen.layouts.values()
    finite = np.asarray(np.isfinite(layout.xy[chosen.numbers]).all(axis=1))
    return _kept(chosen, finite, told, "without a place in the layout")


def _kept(chosen: Chosen, keep: NDArray[np.bool_], told: Told, what: str) -> Chosen:
    told.left_out = int(np.count_nonzero(~keep))
    if told.left_out == len(chosen):
        raise DataError(f"None of the {len(chosen):,} rows can be written: all are {what}.", "Choose other rows.")
    told.note(told.left_out, f"1 row {what} is left out.", f"{{}} rows {what} are left out.")
    return chosen.only(keep)
