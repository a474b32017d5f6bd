"""What differs between two recipes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.recipes.models import Recipe


@dataclass(frozen=True)
class Change:
    """One setting that differs: its dotted key, and its two values; None where a side does not have it."""

    key: str
    before: Any
    after: Any


def diff(before: Recipe, after: Recipe) -> list[Change]:
    """Every setting that differs, in the order of the recipe; settings that only `after` has come last."""
    old, new = (dict(_flat(recipe.document(), "")) for recipe in (before, after))
    keys = dict.fromkeys([*old, *new])
    return [Change(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


def _flat(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Leaves by dotted key; a list of numbers or words is one leaf."""
    if isinstance(value, dict):
        for name, content in value.items():
            yield from _flat(content, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for position, content in enumerate(value):
            yield from _flat(content, f"{key}.{position}")
    else:
        yield key, value
