"""All that a user has set in the explorer, as one value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from workbench.app.explorer.points import PointSet
from workbench.runs.embedding_meta import SearchMetric

LayerMode = Literal["auto", "points", "outlined", "density"]
MOST_NEIGHBOURS = 1_000


@dataclass(frozen=True)
class ExplorerState:
    """What is selected, shown and how.

    selection : the selected points, shown or not
    focus : row that is looked at; None for none
    filter : text of the filter; "" keeps all points
    colour : column that points are coloured by; "" for one colour
    hidden : values of the colour column whose points are not shown; "" stands for no value
    isolated : the only points that are shown; None for all
    sort, descending : column that tables are sorted by; "" for the order of the rows
    layout : name of the layout; "" while there is none
    point_size : diameter in logical px; None for one that goes with the number of points
    layer : how points are drawn
    metric, k : of the neighbours that are asked for; k in 1 to 1,000
    """

    selection: PointSet
    focus: int | None = None
    filter: str = ""
    colour: str = ""
    hidden: frozenset[str] = frozenset()
    isolated: PointSet | None = None
    sort: str = ""
    descending: bool = False
    layout: str = ""
    point_size: float | None = None
    layer: LayerMode = "auto"
    metric: SearchMetric = "cosine"
    k: int = 12


def differences(one: ExplorerState, other: ExplorerState) -> frozenset[str]:
    """The names of the fields in which two states differ."""
    names = (field.name for field in fields(ExplorerState))
    return frozenset(name for name in names if getattr(one, name) != getattr(other, name))
