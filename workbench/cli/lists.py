"""Lists of words as they are typed on a command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def listed(schema: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with one value in place of a list read as that list: `woman,queen` is two words, and 7 is "7".

    `["a, b"]` is still one word with a comma in it.
    """
    kinds = {name: field.get("type") for name, field in schema.get("properties", {}).items()}
    return {
        name: _words(value) if kinds.get(name) == "array" and isinstance(value, str | int) else value
        for name, value in settings.items()
    }


def _words(value: str | int) -> list[str]:
    return [word.strip() for word in str(value).split(",") if word.strip()]
