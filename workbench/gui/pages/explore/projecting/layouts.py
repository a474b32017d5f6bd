"""What can be made of a layout: going on from it, seeing it in space, naming what it lacks. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.runs.point_groups import group_texts

if TYPE_CHECKING:
    from workbench.gui.pages.explore.sets import OpenedSet
    from workbench.runs.embedding_meta import LayoutInfo

_COMPONENTS = ("x", "y", "z")


def dimensions_of(params: Mapping[str, Any]) -> int | None:
    """2 for settings that draw a plane, 3 for a view in space; None where there is no choice."""
    if "dimensions" in params:
        return int(params["dimensions"])
    if params.keys() >= set(_COMPONENTS):
        return 3 if params["z"] else 2
    return None


def in_other_dimensions(params: Mapping[str, Any]) -> dict[str, Any]:
    """The same settings with a plane in place of space, or space in place of a plane."""
    wanted = 5 - (dimensions_of(params) or 2)
    if "dimensions" in params:
        return {**params, "dimensions": wanted}
    depth = next(number for number in (1, 2, 3) if number not in (params["x"], params["y"]))
    return {**params, "z": depth if wanted == 3 else 0}


def with_component(params: Mapping[str, Any], axis: str, number: int) -> dict[str, Any]:
    """Another principal component along an axis; the axis that has it already takes the one that it replaces."""
    other = next((name for name in _COMPONENTS if name != axis and params[name] == number), None)
    changed = {**params, axis: number}
    return changed if other is None else {**changed, other: params[axis]}


def iterations_in_all(layouts: Mapping[str, LayoutInfo], name: str) -> int:
    """How many iterations led to a layout, with those of the layouts that it went on from."""
    seen: set[str] = set()
    count = 0
    while name in layouts and name not in seen:
        seen.add(name)
        count += layouts[name].iterations or 0
        name = layouts[name].start
    return count


def lacking(method: str, params: Mapping[str, Any], opened: OpenedSet) -> str:
    """What a projection has not got to work with, and the way out; "" where it can begin."""
    if method == "axis" and not params["x_plus"]:
        return "Choose the points that the axis runs to, in the settings of the projection."
    if method == "lda" and not params["groups"] and params["column"] not in opened.stored.samples.column_names:
        return (
            f"The set has no column {params['column']!r} to tell apart. Choose another, or groups of points, in the "
            "settings of the projection."
        )
    if method == "lda" and len(group_texts(params["groups"])) == 1 and not params["rest"]:
        return "One group has nothing to be told apart from. Add another, or count the rest as a group."
    if opened.labels is None and params.get("by_label"):
        return "This needs a column of labels, and the set has none."
    return ""


def of_set(params: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """Settings whose column is one that the set has, where it has any whose values can be classes."""
    if "column" not in params or not columns or params["column"] in columns:
        return dict(params)
    return {**params, "column": columns[0]}
