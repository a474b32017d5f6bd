"""Sets of points: what is selected, isolated or saved."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

How = Literal["replace", "add", "subtract", "intersect"]
_BITS_PER_ROW = 64


class PointSet:
    """Some of N points; never changes.

    It is kept as sorted row numbers while these are smaller than one bit a point, so that 200 undo steps over a million
    points take at most 25 MB. Equal sets are kept in the same way.

    Attributes
    ----------
    total : N
    count : how many points are in the set
    """

    __slots__ = ("_as_rows", "_stored", "count", "total")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, mask: NDArray[np.bool_]) -> None:
        self.total = len(mask)
        self.count = int(np.count_nonzero(mask))
        self._as_rows = self.count * _BITS_PER_ROW < self.total
        self._stored: NDArray[Any] = np.flatnonzero(mask) if self._as_rows else np.packbits(mask)

    @classmethod
    def none(cls, total: int) -> PointSet:
        """No point of `total`."""
        return cls(np.zeros(total, bool))

    @classmethod
    def all(cls, total: int) -> PointSet:
        """Every one of `total` points."""
        return cls(np.ones(total, bool))

    @classmethod
    def of_rows(cls, rows: ArrayLike, total: int) -> PointSet:
        """The points of these rows, in any order and repeated at will.

        Raises ValueError for a row that does not lie in 0 to total - 1.
        """
        numbers = np.asarray(rows, dtype=np.int64).ravel()
        if numbers.size and (numbers.min() < 0 or numbers.max() >= total):
            raise ValueError(f"Rows {numbers.min()} to {numbers.max()} do not all lie in 0 to {total - 1}.")
        mask = np.zeros(total, bool)
        mask[numbers] = True
        return cls(mask)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which points are in the set, bool (N,); a new array each time."""
        if not self._as_rows:
            return np.unpackbits(self._stored, count=self.total).view(np.bool_)
        mask = np.zeros(self.total, bool)
        mask[self._stored] = True
        return mask

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row numbers, int64 (count,), ascending."""
        return self._stored.copy() if self._as_rows else np.flatnonzero(self.mask)

    @property
    def nbytes(self) -> int:
        """The memory that the set takes, in bytes."""
        return self._stored.nbytes

    def __len__(self) -> int:
        return self.count

    def __contains__(self, row: int) -> bool:
        return bool(0 <= row < self.total and self.mask[row])

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, PointSet) or (self.total, self.count) != (other.total, other.count):
            return False
        return np.array_equal(self._stored, other._stored)

    def __repr__(self) -> str:
        return f"PointSet({self.count} of {self.total})"

    def combined(self, other: PointSet, how: How) -> PointSet:
        """This set changed by another: replaced by it, joined with it, without it, or what is in both."""
        if how == "replace":
            return other
        if how == "add":
            return PointSet(self.mask | other.mask)
        if how == "subtract":
            return PointSet(self.mask & ~other.mask)
        return PointSet(self.mask & other.mask)

    def inverted(self, within: NDArray[np.bool_] | None = None) -> PointSet:
        """The points that are not in the set; of those in `within` (N,), where it is given."""
        return PointSet(~self.mask if within is None else within & ~self.mask)

    def grown(self, neighbours: NDArray[np.integer[Any]]) -> PointSet:
        """The set and the neighbours of its points.

        Parameters
        ----------
        neighbours : (N, k) row numbers, -1 where there are no more
        """
        near = np.asarray(neighbours[self.rows]).ravel()
        mask = self.mask
        mask[near[near >= 0]] = True
        return PointSet(mask)
