"""The layouts of a set, and the projections that it has none of yet, as rows of a table. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.core.units import format_duration
from workbench.gui.pages.explore.sets import layout_title
from workbench.plugins.catalogue import Catalogue

_LONGEST = 60


@dataclass(frozen=True)
class LayoutRow:
    """A layout, or a projection that could be computed.

    name : of the layout; "" for one that is not computed
    method, params : what made it, or would
    settings : its parameters in words, those that differ from the defaults first
    seconds, trust : how long it took, and the mean share of true neighbours kept; None where not known
    """

    name: str
    method: str
    title: str
    settings: str
    params: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    trust: float | None = None

    def cells(self) -> tuple[str, str, str, str]:
        """Projection, settings, time and neighbours kept in words."""
        time = "" if self.seconds is None else format_duration(self.seconds)
        kept = "" if self.trust is None else f"{self.trust:.1%}"
        return self.title, self.settings, time, kept


def layout_rows(folder: Path, catalogue: Catalogue) -> list[LayoutRow]:
    """What a set has, the most trusted first, then what it could have. Reads the set: for the background thread.

    A projection whose settings have to be chosen first, such as the groups of an axis, is not offered.
    """
    from workbench.runs.embedding_set import EmbeddingSet

    stored = EmbeddingSet.open(folder)
    computed = []
    for name in stored.layouts():
        info = stored.meta.layouts.get(name)
        if info is None:
            computed.append(LayoutRow(name, "", layout_title(name), "not recorded"))
            continue
        known = catalogue.has("projection", info.method)
        entry = catalogue.get("projection", info.method) if known else None
        title = entry.title if entry else info.method
        words = settings_words(info.params, entry.defaults() if entry else {})
        computed.append(LayoutRow(name, info.method, title, words, info.params, info.seconds, info.trust_mean))
    computed.sort(key=lambda row: -1.0 if row.trust is None else row.trust, reverse=True)
    made = {row.method for row in computed}
    offered = [entry for entry in catalogue.projections if entry.id not in made and _can_run(entry.defaults())]
    return [
        *computed,
        *(LayoutRow("", entry.id, entry.title, "not computed", entry.defaults()) for entry in offered),
    ]


def settings_words(params: dict[str, Any], defaults: dict[str, Any]) -> str:
    """`perplexity 50 · metric cosine`, what differs from the defaults first."""
    names = sorted(params, key=lambda name: params[name] == defaults.get(name))
    return " · ".join(
        f"{name.replace('_', ' ')} {_value(params[name])}" for name in names if params[name] not in ([], "")
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    words = f"{value:g}" if isinstance(value, float) else str(value)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def _can_run(defaults: dict[str, Any]) -> bool:
    return not any(value == [] for value in defaults.values())
