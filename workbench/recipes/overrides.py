"""Single settings changed from the command line: `--set objective.temperature=0.2`."""

from __future__ import annotations

import copy
import datetime
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.core.errors import Problem, RecipeError
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.fill import with_sections
from workbench.recipes.migrate import migrate


def override_recipe(document: Mapping[str, Any], overrides: Sequence[str], catalogue: Catalogue) -> dict[str, Any]:
    """A recipe's document with each override set, in today's schema.

    Overrides that reach into `views.branches` come after the others, so that they also reach into branches which the
    document takes from a view preset.

    Raises RecipeError that names the override, or says that the document is of a newer schema.
    """
    inside = [override for override in overrides if override.lstrip().startswith("views.branches.")]
    changed = apply_overrides(migrate(document), [override for override in overrides if override not in inside])
    return apply_overrides(with_sections(changed, catalogue), inside) if inside else changed


def apply_overrides(document: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """A copy of the document with each `dotted.key=value` set, in order.

    A value is read as TOML (`0.2`, `true`, `[0.2, 1.0]`, `{id = "simclr"}`), and where it is none, as plain text. A
    number in the key is a position in a list, counted from 0. Tables that are not there yet are made.

    Raises RecipeError that names the override.
    """
    changed = copy.deepcopy(dict(document))
    for override in overrides:
        key, equals, text = override.partition("=")
        parts = key.strip().split(".")
        if not equals or not all(parts):
            raise _refusal(override, "it must read KEY=VALUE, for example objective.temperature=0.2")
        holder = _container(changed, parts, override)
        holder[_key(holder, parts[:-1], parts[-1], override)] = _value(text.strip(), override)
    return changed


def _value(text: str, override: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        if text[:1] in "[{\"'" and text:
            raise _refusal(override, f"the value {text} opens a list, a table or a quote that does not read") from None
        return text
    value = parsed["value"]
    is_time = isinstance(value, datetime.date | datetime.time)
    return text if is_time or len(parsed) > 1 else value


def _container(document: dict[str, Any], parts: list[str], override: str) -> Any:
    """What holds the last part of the key."""
    here: Any = document
    for depth, part in enumerate(parts[:-1]):
        key = _key(here, parts[:depth], part, override)
        here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
    return here


def _key(holder: Any, above: list[str], part: str, override: str) -> Any:
    """What `part` of the key is to its holder: a position in a list, or a name in a table."""
    if isinstance(holder, list):
        return _position(holder, above, part, override)
    if not isinstance(holder, dict):
        raise _refusal(override, f"{'.'.join(above)} is a single value and has no {part!r} in it")
    if part.isdigit():
        raise _refusal(override, f"there is no list {'.'.join(above)} to number into")
    return part


def _position(values: list[Any], above: list[str], part: str, override: str) -> int:
    key = ".".join(above)
    if not part.isdigit():
        raise _refusal(override, f"{key} is a list, so {part!r} must be a position in it, counted from 0")
    if int(part) >= len(values):
        known = f"only positions 0 to {len(values) - 1}" if values else "nothing in it"
        raise _refusal(override, f"{key} has no position {part}: it has {known}")
    return int(part)


def _refusal(override: str, reason: str) -> RecipeError:
    return RecipeError([Problem("", f"--set {override}: {reason}.")])
