"""What the program remembers between starts, in one TOML file of the workspace."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

import tomlkit
from pydantic import ValidationError

from workbench.core.files import write_atomic
from workbench.core.model import Model


class Settings(Model):
    """The user's preferences and the window's layout.

    geometry, layout : Qt's own strings, base64; meaningless elsewhere
    projection : id of the one that was last chosen or computed in Explore; "" before the first
    drawer_px : height of the open panel under the map
    docks_kept : docks below the pages that were wanted there in a low window, beside an open panel
    map_hides : what is not drawn over the points, such as "names"
    recent_sets : folders of embedding sets that belong to no run, the last opened first
    """

    theme: Literal["light", "dark"] = "light"
    page: str = "data"
    geometry: str = ""
    layout: str = ""
    recent_commands: tuple[str, ...] = ()
    smoothing: float = 0.6
    projection: str = ""
    drawer_px: int = 280
    docks_kept: tuple[str, ...] = ()
    map_hides: tuple[str, ...] = ("torn",)
    recent_sets: tuple[str, ...] = ()


def load_settings(path: Path) -> tuple[Settings, str]:
    """The settings and, where the file could not be read, a sentence about it; never raises."""
    if not path.exists():
        return Settings(), ""
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))), ""
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        first = str(error).splitlines()[0]
        kept = path.with_suffix(".broken.toml")
        path.replace(kept)
        return Settings(), f"The settings file could not be read ({first}). Defaults are used; it is kept as {kept}."


def save_settings(path: Path, settings: Settings) -> None:
    """Write the settings, whole or not at all."""
    document: dict[str, Any] = settings.model_dump(mode="json")
    write_atomic(path, tomlkit.dumps(document))
