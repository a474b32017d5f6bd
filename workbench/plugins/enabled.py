"""Which plugins the user has switched on: `<workspace>/plugins.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import tomlkit

from workbench.core.files import free_name, write_atomic

_FILE = "plugins.toml"


@dataclass(frozen=True)
class Enabled:
    """The ids that are switched on; `error` says why the file could not be read, and then there are none."""

    ids: frozenset[str] = frozenset()
    error: str = ""


def read_enabled(workspace: Path) -> Enabled:
    """The plugins switched on in a workspace; a file that does not read counts as empty and is reported."""
    path = workspace / _FILE
    try:
        ids = tomllib.loads(path.read_text(encoding="utf-8")).get("enabled", [])
    except FileNotFoundError:
        return Enabled()
    except (OSError, ValueError) as error:
        return Enabled(error=f"{path} cannot be read, so every plugin counts as switched off: {error}.")
    if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
        return Enabled(error=f"{path}: 'enabled' must be a list of plugin ids, so every plugin counts as switched off.")
    return Enabled(frozenset(ids))


def set_enabled(workspace: Path, plugin_id: str, on: bool) -> None:
    """Switch a plugin on or off; a file that did not read is kept aside under another name."""
    path, now = workspace / _FILE, read_enabled(workspace)
    if now.error and path.is_file():
        path.rename(free_name(workspace, f"{_FILE}.damaged"))
    ids = now.ids | {plugin_id} if on else now.ids - {plugin_id}
    workspace.mkdir(parents=True, exist_ok=True)
    write_atomic(path, tomlkit.dumps({"enabled": sorted(ids)}))
