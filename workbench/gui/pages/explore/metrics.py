"""Numbers a point that the lab works out when they are asked for, to colour and filter by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from workbench.app.application import Notice
from workbench.app.explorer.columns import LABEL
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.places import run_of

METRICS = {
    "purity": "Label purity",
    "density": "Density",
    "outlier": "Outlier score",
    "hubness": "Hubness",
    "distance": "Distance to the looked-at",
    "loss": "Loss",
}
"""Metrics by the name that `point_metric` knows, which is their column's as well."""
_REQUEST = "point_metric"


def offered_metrics(desk: Desk) -> dict[str, str]:
    """The metrics that have no column yet and can be had for the opened set."""
    opened, explorer = desk.opened, desk.explorer
    if opened is None or explorer is None:
        return {}
    names = explorer.columns.names
    without = {"purity"} if LABEL not in names else set()
    if run_of(opened.folder) is None:
        without.add("loss")
    return {name: title for name, title in METRICS.items() if name not in names and name not in without}


def ask_metric(desk: Desk, name: str, *, colour: bool = True) -> None:
    """Work a metric out and colour by it; as a long job for losses, and where neighbours are not stored yet."""
    opened, explorer = desk.opened, desk.explorer
    if opened is None or explorer is None:
        return
    params: dict[str, Any] = {"name": name}
    if name == "distance":
        if explorer.focus is None:
            desk.app.notify(Notice("No sample is looked at.", "Click one on the map first.", "warning"))
            return
        params["rows"] = [explorer.focus]

    def answered(result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        unit = result.get("unit")
        title = f"{METRICS[name]} ({unit})" if unit else METRICS[name]
        desk.add_column(name, arrays["values"], title, colour=colour)

    if name == "distance" or (name != "loss" and (opened.folder / "neighbours.npy").exists()):
        desk.ask(_REQUEST, params, answered, channel="explore-metric")
    else:
        desk.long_job(f"{METRICS[name]} of {opened.folder.name}", _REQUEST, params, answered)


def follow_focus(desk: Desk) -> None:
    """The distance is that to the sample that is looked at now."""
    explorer = desk.explorer
    if explorer is None or explorer.focus is None or explorer.state.colour != "distance":
        return
    if "distance" in explorer.columns.computed:
        ask_metric(desk, "distance", colour=False)
