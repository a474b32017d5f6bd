"""Which columns of a table are the vectors, which one names a row, and which holds labels."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from workbench.core.errors import DataError, unknown

ID_NAMES = (
    "id",
    "ids",
    "key",
    "word",
    "words",
    "token",
    "text",
    "name",
    "filename",
    "file",
    "path",
    "index",
    "idx",
    "row",
    "unnamed: 0",
    "",
)
LABEL_NAMES = ("label", "labels", "class", "classes", "target", "targets", "category", "y")


def usual(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    """The column whose name stands first among `wanted`, whatever its case; None where none does."""
    by_lower = {name.strip().lower(): name for name in reversed(names)}
    return next((by_lower[name] for name in wanted if name in by_lower), None)


def named(where: str, names: Sequence[str], wish: str) -> list[str]:
    """The columns that a wish names: one, several separated by commas, or patterns such as x*, in the file's order.

    Raises DataError that names the part of the wish for which there is no column.
    """
    if wish in names:
        return [wish]
    found: set[str] = set()
    for part in (part.strip() for part in wish.split(",")):
        matching = {name for name in names if name == part or fnmatchcase(name, part)}
        if not matching:
            raise DataError(f"{where}: {unknown('column', part, names)}")
        found |= matching
    return [name for name in names if name in found]


def vector_columns(
    where: str, names: Sequence[str], numeric: Sequence[str], wish: str, kept: Sequence[str]
) -> list[str]:
    """The columns of numbers that make the vector: those of the wish, else all that are no id, no label, not `kept`.

    Raises DataError where there is none, or where one of the wish holds no numbers.
    """
    if wish:
        chosen = named(where, names, wish)
        if texts := [name for name in chosen if name not in numeric]:
            raise DataError(f"{where}: the column {texts[0]!r} does not hold numbers.", "Name columns of numbers.")
        return chosen
    known = {*ID_NAMES, *LABEL_NAMES}
    if usual(names, ("x",)):  # beside x, y is a coordinate
        known.discard("y")
    chosen = [name for name in numeric if name not in kept and name.strip().lower() not in known]
    if not chosen:
        raise DataError(
            f"{where} has no column of numbers to make vectors of; its columns are {', '.join(names[:12]) or 'none'}.",
            "Name them, for example vector=x*; numbers are written with a point, as in 0.5.",
        )
    return chosen


def unique(names: Sequence[str]) -> list[str]:
    """The names, with a number behind those that stand there already."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return result
