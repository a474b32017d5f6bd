"""Recipes as TOML: read with `tomllib`, written with `tomlkit` in one stable, readable order."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Array, Item, Table

from workbench.core.errors import Problem, RecipeError
from workbench.recipes.models import Recipe, Views

_HEADER = "A recipe of the SSL Workbench: `workbench train FILE` runs it, and every line may be changed."
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_document(source: Path | str) -> dict[str, Any]:
    """A recipe's plain containers, not yet checked.

    Parameters
    ----------
    source : a Path is read as a file; a str is the TOML text itself

    Raises
    ------
    RecipeError
        The file is missing or unreadable, or the text is not TOML; the message gives line and column.
    """
    name, text = (str(source), _file_text(source)) if isinstance(source, Path) else ("The recipe", source)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError([Problem("", _syntax_words(name, text, str(error)))]) from error


def write_toml(recipe: Recipe) -> str:
    """The recipe as TOML; reading it back gives an equal recipe.

    Settings that are None are left out, since TOML has no word for them; so they must not differ from their default.
    """
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEADER))
    for key, value in recipe.document().items():
        document.add(key, _views(value) if key == "views" else _section(value))
    return tomlkit.dumps(document)


def write_views_toml(views: Views, comment: str) -> str:
    """The views section alone, as it stands in a recipe, under a line of comment."""
    document = tomlkit.document()
    document.add(tomlkit.comment(comment))
    document.add("views", _views(views.model_dump(mode="json")))
    return tomlkit.dumps(document)


def toml_value(value: Any) -> str:
    """A value on one line, as it stands behind `=`."""
    return _inline(value).as_string()


def _file_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError([Problem("", f"There is no recipe file {path}.")]) from None
    except UnicodeDecodeError as error:
        words = f"{path} is not a text file in UTF-8: byte {error.start} does not fit."
        raise RecipeError([Problem("", words)]) from error
    except OSError as error:
        raise RecipeError([Problem("", f"{path} cannot be read: {error.strerror}.")]) from error


def _syntax_words(name: str, text: str, message: str) -> str:
    place = _PLACE.search(message)
    reason = _PLACE.sub("", message)
    if place is None or place[1] is None:
        return f"{name} is not TOML, at its end: {reason}."
    lines = text.splitlines()
    line = lines[int(place[1]) - 1].strip() if int(place[1]) <= len(lines) else ""
    shown = f" The line reads: {line[:80]}" if line else ""
    return f"{name} is not TOML, line {place[1]}, column {place[2]}: {reason}.{shown}"


def _section(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    table = tomlkit.table()
    for key, content in value.items():
        if content is not None:
            table.add(key, _inline(content))
    return table


def _views(views: Mapping[str, Any]) -> Table:
    table = _section({key: content for key, content in views.items() if key != "branches"})
    branches = tomlkit.aot()
    for branch in views["branches"]:
        row = _section({key: content for key, content in branch.items() if key != "ops"})
        row.add("ops", _one_a_line(branch["ops"]))
        branches.append(row)
    table.add("branches", branches)
    return table  # type: ignore[no-any-return]


def _one_a_line(values: list[Any]) -> Array:
    array = tomlkit.array()
    for value in values:
        array.append(_inline(value))
    return array.multiline(bool(values))


def _inline(value: Any) -> Item:
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        for key, content in value.items():
            if content is not None:
                table.add(key, _inline(content))
        return table
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        for content in value:
            array.append(_inline(content))
        return array
    item: Item = tomlkit.item(value)
    return item
