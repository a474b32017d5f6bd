"""Axes of meaning: a direction from one group of points to another, such as from "man" to "woman".

Bolukbasi et al. (2016), "Man is to Computer Programmer as Woman is to Homemaker?", section 3, take such a
direction from differences of words. Here it is the difference of the means of two groups of unit vectors, and a
point's coordinate is the cosine of its angle to it.

Legend: N all rows, M rows that have a direction, D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.core.model import Model, setting
from workbench.data.base import Progress
from workbench.embeddings.projections.base import NO_PARTIAL, Drawn, Given, Partial, Projection, Wanted, in_all_rows
from workbench.embeddings.projections.linear import largest_across, unit_rows
from workbench.embeddings.projections.umap_layout import with_distances
from workbench.plugins.specs import Paper, ProjectionSpec
from workbench.runs.embedding_set import row_blocks
from workbench.runs.point_groups import row_of

_NAMED = 2


class AxisConfig(Model):
    """The groups that an axis runs between, each a list of words, ids or row numbers."""

    x_plus: tuple[str, ...] = setting((), "Along x, to", "words, ids or row numbers at the right end")
    x_minus: tuple[str, ...] = setting((), "Along x, from", "those at the left end; none for the direction alone")
    y_plus: tuple[str, ...] = setting(
        (), "Along y, to", "words, ids or row numbers at the upper end; none draws what varies most across x"
    )
    y_minus: tuple[str, ...] = setting((), "Along y, from", "those at the lower end")


class Axis(Projection):
    """Projection on axes between chosen groups."""

    spec = ProjectionSpec(
        id="axis",
        title="Axis",
        summary="Draws points along a direction that you choose, from one group of points to another.",
        when="To ask a question of the embedding: where does everything lie between man and woman?",
        distances="A coordinate is the cosine of the angle to the axis: at 0 a point has no part in it.",
        paper=Paper(
            title="Man is to Computer Programmer as Woman is to Homemaker? Debiasing Word Embeddings",
            authors="Bolukbasi, Chang, Zou, Saligrama, Kalai", year=2016, url="https://arxiv.org/abs/1607.06520",
        ),
    )  # fmt: skip
    Config = AxisConfig

    def wants(self, config: AxisConfig) -> Wanted:
        """The ids, by which the groups are named."""
        return Wanted(ids=True)

    def project(self, given: Given, config: AxisConfig, progress: Progress, partial: Partial = NO_PARTIAL) -> Drawn:
        """Places (N, 2), NaN where a vector is not finite or zero.

        Raises DataError where an axis has no direction, or a name is not known.
        """
        rows_M = with_distances(given.vectors, "cosine")
        x_D, x_name = _direction(given, config.x_plus, config.x_minus, "x")
        places_M2 = np.empty((len(rows_M), 2))
        places_M2[:, 0] = _along(given.vectors, rows_M, x_D, progress)
        if config.y_plus or config.y_minus:
            y_D, y_name = _direction(given, config.y_plus, config.y_minus, "y")
            places_M2[:, 1] = _along(given.vectors, rows_M, y_D, progress)
        else:
            places_M2[:, 1], share = largest_across(given.vectors, rows_M, x_D, unit=True, progress=progress)
            y_name = f"PC 1 across it ({100 * share:.1f}%)"
        return Drawn(in_all_rows(places_M2, rows_M, len(given.vectors)), (x_name, y_name))


def _along(
    vectors: NDArray[Any], rows_M: NDArray[np.int64], axis_D: NDArray[np.float64], progress: Progress
) -> NDArray[np.float64]:
    cosine_M = np.empty(len(rows_M))
    for rows in row_blocks(len(rows_M), vectors.shape[1]):
        progress(0.5 * rows.start / len(rows_M), "Projecting on the axis")
        cosine_M[rows] = unit_rows(vectors, rows_M[rows]) @ axis_D
    return cosine_M


def _direction(given: Given, plus: Sequence[str], minus: Sequence[str], axis: str) -> tuple[NDArray[np.float64], str]:
    """The unit vector (D,) from the mean of one group to that of the other, and its name."""
    if not plus:
        raise DataError(f"The {axis} axis has nothing to run to.", f"Name at least one point in {axis}_plus.")
    direction_D = _mean(given, plus)
    if minus:
        direction_D = direction_D - _mean(given, minus)
    length = float(np.linalg.norm(direction_D))
    name = " − ".join(_words(group) for group in (plus, minus) if group)
    if length < 1e-6:
        raise DataError(f"The {axis} axis {name!r} has no direction: both ends are the same.", "Choose other points.")
    return direction_D / length, name


def _mean(given: Given, names: Sequence[str]) -> NDArray[np.float64]:
    """The mean of unit vectors (D,)."""
    rows = np.array([row_of(name, given.ids or (), len(given.vectors)) for name in names], dtype=np.int64)
    for name, row in zip(names, rows, strict=True):
        if not np.isfinite(given.vectors[row]).all() or not given.vectors[row].any():
            raise DataError(f"{name!r} has no direction: its vector is zero or not finite.", "Leave it out.")
    mean_D: NDArray[np.float64] = unit_rows(given.vectors, rows).mean(axis=0)
    return mean_D


def _words(group: Sequence[str]) -> str:
    shown = ", ".join(group[:_NAMED])
    return shown if len(group) <= _NAMED else f"{shown} and {len(group) - _NAMED} more"
