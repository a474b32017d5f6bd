"""Linear discriminant analysis: the directions that tell classes apart best.

Fisher (1936), "The use of multiple measurements in taxonomic problems"; Rao (1948) for several classes. Computed from
the scatter matrices, so that only blocks of the vectors are in memory.

Legend: N all rows, M finite rows, L of them with a class, G classes, D width, R directions with variance in classes,
C axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.core.model import Model, setting
from workbench.data.base import Progress
from workbench.embeddings.background import beside, wait
from workbench.embeddings.projections.base import NO_PARTIAL, Drawn, Given, Partial, Projection, Wanted, in_all_rows
from workbench.embeddings.projections.linear import largest_across
from workbench.embeddings.projections.pca import largest_positive, placeable
from workbench.plugins.specs import Paper, ProjectionSpec
from workbench.runs.embedding_set import row_blocks
from workbench.runs.point_groups import group_texts, read_group

_FINDING = "Finding the discriminants"
# As in scikit-learn, directions in which classes vary by less than this are left out: the ratio there is noise.
_FLAT = 1e-4


LABEL = "label"


class LdaConfig(Model):
    """Which classes to tell apart, and how many discriminants to draw."""

    column: str = setting(LABEL, "Classes", "the column that holds them", widget="column")
    groups: str = setting(
        "", "Your groups", 'in place of the column: "name: w1, w2; name: #7-12", each of ids, or rows with a #',
        widget="groups")  # fmt: skip
    rest: bool = setting(False, "Count the rest as a group", "all points that are in none of your groups are one more")
    dimensions: Literal[2, 3] = setting(2, "Dimensions", "2 for a plane, 3 for a view in space; needs a class more")


class Lda(Projection):
    """Linear discriminants of labels, of any other classes, or of groups that the user put together."""

    spec = ProjectionSpec(
        id="lda",
        title="LDA",
        summary="The plane that separates labels or groups of yours best, found with them: what a linear probe uses.",
        when="To see whether labels, or your groups, can be told apart linearly. With more dimensions than samples "
        "they always can.",
        distances="In units of the spread within classes: 2 apart overlap, 6 apart do not. Chosen to separate, so not "
        "evidence of clusters.",
        paper=Paper(
            title="The use of multiple measurements in taxonomic problems", authors="Fisher", year=1936,
            venue="Annals of Eugenics", url="https://doi.org/10.1111/j.1469-1809.1936.tb02137.x",
        ),
    )  # fmt: skip
    Config = LdaConfig

    def wants(self, config: LdaConfig) -> Wanted:
        """The column of classes, or the ids by which groups are named."""
        return Wanted(ids=True) if config.groups else Wanted(labels=config.column)

    def project(self, given: Given, config: LdaConfig, progress: Progress, partial: Partial = NO_PARTIAL) -> Drawn:
        """Places (N, 2) or (N, 3); rows without a label are placed, but do not count.

        Two classes have one discriminant: the second axis is then the largest component across it. Raises DataError
        where there are fewer than two classes, and for groups that are empty or share points.
        """
        rows_M = placeable(given.vectors)
        codes_N = _grouped(given, config, rows_M) if config.groups else given.labels
        classes = _Classes.count(given.vectors, codes_N, rows_M, progress)
        if config.dimensions == 3 and len(classes.sizes) < 4:
            raise DataError(
                f"{len(classes.sizes)} classes have {len(classes.sizes) - 1} discriminants, where 3 are wanted.",
                "Choose 2 dimensions.",
            )
        axes_DC, share_C = wait(beside(lambda: _discriminants(classes, config.dimensions)), progress, 0.8, _FINDING)
        places_MC = np.zeros((len(rows_M), config.dimensions))
        for rows in row_blocks(len(rows_M), given.vectors.shape[1]):
            progress(0.9, _FINDING)
            centred_BD = given.vectors[rows_M[rows]] - classes.mean_D
            places_MC[rows, : axes_DC.shape[1]] = centred_BD @ axes_DC
        names = [f"LD {number + 1} ({100 * share:.1f}%)" for number, share in enumerate(share_C)]
        if len(names) < 2:
            along_D = axes_DC[:, 0] / (np.linalg.norm(axes_DC[:, 0]) or 1.0)
            places_MC[:, 1], share = largest_across(given.vectors, rows_M, along_D, unit=False, progress=progress)
            names.append(f"PC 1 across it ({100 * share:.1f}%)")
        progress(1.0, _FINDING)
        return Drawn(in_all_rows(places_MC, rows_M, len(given.vectors)), tuple(names))


def _grouped(given: Given, config: LdaConfig, rows_M: NDArray[np.int64]) -> NDArray[np.int32]:
    """The number of each point's group (N,), the rest after the others, -1 for a point in none."""
    codes_N = np.full(len(given.vectors), -1, np.int32)
    groups = [read_group(text, given.ids or (), len(codes_N)) for text in group_texts(config.groups)]
    names = [group.name or f"group {number + 1}" for number, group in enumerate(groups)]
    for code, group in enumerate(groups):
        taken = group.rows[codes_N[group.rows] >= 0]
        if len(taken):
            other = names[int(codes_N[taken[0]])]
            raise DataError(
                f"{other!r} and {names[code]!r} share {len(taken)} points, the first in row {taken[0]}.",
                "Take them out of one of the two.",
            )
        if not np.isin(group.rows, rows_M).any():
            words = "no points that can be placed" if len(group.rows) else "no points"
            raise DataError(f"The group {names[code]!r} has {words}.", "Add points to it, or leave it out.")
        codes_N[group.rows] = code
    if config.rest:
        codes_N[codes_N < 0] = len(names)
    if len(np.unique(codes_N[rows_M][codes_N[rows_M] >= 0])) < 2:
        raise _lonely(config.rest)
    return codes_N


def _lonely(rest: bool) -> DataError:
    if rest:
        return DataError("All points are in one group, so there is no rest.", "Take points out of it.")
    return DataError("One group has nothing to be told apart from.", "Add another, or count the rest as a group.")


@dataclass(frozen=True, eq=False)
class _Classes:
    """Means (G, D) and sizes (G,) of the classes, the mean of all, and the scatter within classes (D, D)."""

    means: NDArray[np.float64]
    sizes: NDArray[np.int64]
    within: NDArray[np.float64]

    @property
    def mean_D(self) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = self.sizes @ self.means / self.sizes.sum()
        return mean

    @classmethod
    def count(
        cls, vectors: NDArray[Any], codes_N: NDArray[np.int32] | None, rows_M: NDArray[np.int64], progress: Progress
    ) -> _Classes:
        if codes_N is None or not (codes_N[rows_M] >= 0).any():
            raise DataError("This set has no labels to tell apart.", "Choose PCA, another column, or groups of points.")
        rows_L = rows_M[codes_N[rows_M] >= 0]
        found, code_L, size_G = np.unique(codes_N[rows_L], return_inverse=True, return_counts=True)
        if len(found) < 2:
            raise DataError(
                "All labelled points have the same label; two are needed.", "Choose PCA, or another column."
            )
        width = vectors.shape[1]
        mean_GD, within_DD = np.zeros((len(found), width)), np.zeros((width, width))
        blocks = row_blocks(len(rows_L), width)
        for rows in blocks:
            np.add.at(mean_GD, code_L[rows], vectors[rows_L[rows]].astype(np.float64))
        mean_GD /= size_G[:, None]
        for done, rows in enumerate(blocks):
            progress(0.8 * done / len(blocks), _FINDING)
            centred_BD = vectors[rows_L[rows]] - mean_GD[code_L[rows]]
            within_DD += centred_BD.T @ centred_BD
        return cls(mean_GD, size_G, within_DD)


def _discriminants(classes: _Classes, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The discriminants as columns (D, C), scaled to unit variance within classes, and shares of the variance between.

    There are as many as classes but one, at most `count`; those that tell nothing apart are zero.
    """
    offset_GD = classes.means - classes.mean_D
    whitening_DR = _whitening(classes, offset_GD)
    weighed_GR = np.sqrt(classes.sizes / classes.sizes.sum())[:, None] * (offset_GD @ whitening_DR)
    values, axes_RR = np.linalg.eigh(weighed_GR.T @ weighed_GR)
    wanted = min(count, len(classes.sizes) - 1)
    leading = np.maximum(values[::-1][:wanted], 0)
    total = float(np.maximum(values, 0).sum()) or 1.0
    real = int(np.count_nonzero(leading > 1e-12 * total))
    axes_DC, share_C = np.zeros((len(whitening_DR), wanted)), np.zeros(wanted)
    axes_DC[:, :real] = largest_positive(whitening_DR @ axes_RR[:, ::-1][:, :real])
    share_C[:real] = leading[:real] / total
    return axes_DC, share_C


def _whitening(classes: _Classes, offset_GD: NDArray[np.float64]) -> NDArray[np.float64]:
    """A map (D, R) under which classes have variance 1 in every direction.

    Where no class varies at all, the variance between them takes its place.
    """
    freedom = max(1, int(classes.sizes.sum()) - len(classes.sizes))
    covariance_DD = classes.within / freedom
    if not _varies(covariance_DD, offset_GD):
        covariance_DD = offset_GD.T @ (classes.sizes[:, None] * offset_GD) / classes.sizes.sum()
    deviation_D = np.sqrt(np.diagonal(covariance_DD))
    deviation_D = np.where(deviation_D > 0, deviation_D, 1.0)
    values, columns_DR = np.linalg.eigh(covariance_DD / np.outer(deviation_D, deviation_D))
    real = values > _FLAT**2
    if not real.any():
        return np.eye(len(deviation_D), 1)
    whitening: NDArray[np.float64] = columns_DR[:, real] / np.sqrt(values[real]) / deviation_D[:, None]
    return whitening


def _varies(covariance_DD: NDArray[np.float64], offset_GD: NDArray[np.float64]) -> bool:
    return float(np.trace(covariance_DD)) > 1e-12 * float(np.square(offset_GD).sum())
