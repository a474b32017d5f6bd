"""Names that figures take from the data: an objective knows how many classes there are, not what they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from workbench.plugins.specs import FigureSpec

OF_CLASSES = ("confusion", "balance")
"""Figures with an entry for every class: a matrix of classes by classes, or a bar each."""
_MOST_CLASSES = 20
"""More names than these cannot be read beside each other."""


def named_by_class(
    specs: Sequence[FigureSpec], arrays: Mapping[str, NDArray[Any]], classes: Sequence[str]
) -> list[FigureSpec]:
    """The specs; those of figures with an entry for every class have the classes' names as headings."""
    named = tuple(classes) if 0 < len(classes) <= _MOST_CLASSES else ()
    return [
        spec.replace(rows=named if spec.kind == "matrix" else (), columns=named)
        if named and _is_of_classes(spec, arrays.get(spec.name), len(named))
        else spec
        for spec in specs
    ]


def _is_of_classes(spec: FigureSpec, array: NDArray[Any] | None, count: int) -> bool:
    return spec.name in OF_CLASSES and not spec.rows and array is not None and set(array.shape) == {count}
