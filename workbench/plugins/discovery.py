"""Which plugins there are. Only manifests are read here; no plugin's code runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import workbench
from workbench.core.errors import PluginError
from workbench.plugins.enabled import read_enabled
from workbench.plugins.manifest import MANIFEST, Manifest, read_manifest

ENTRY_POINT_GROUP = "workbench.plugins"

Origin = Literal["shipped", "workspace", "installed"]


@dataclass(frozen=True)
class PluginRow:
    """One plugin as the window and the command line list it.

    id : the manifest's id, or the folder's name where the manifest cannot be read
    folder : where its manifest and modules lie
    package : the importable package that `folder` is, for an installed distribution; "" for a plain folder
    manifest : None where it cannot be read
    enabled : whether the user has switched it on
    error : why it cannot be used; empty when it can
    """

    id: str
    folder: Path
    origin: Origin
    package: str = ""
    manifest: Manifest | None = None
    enabled: bool = False
    error: str = ""


def discover(workspace: Path) -> list[PluginRow]:
    """Every plugin: those that ship, those in `<workspace>/plugins`, those that are installed.

    Never raises: a plugin with a fault is a row that says so. Of two usable plugins with one id the first keeps it.
    """
    enabled = read_enabled(workspace).ids
    rows: list[PluginRow] = []
    for found in _candidates(workspace):
        row = _checked(found) if not found.error else found
        taken = next((other for other in rows if other.id == row.id and not other.error), None)
        if taken and not row.error:
            row = replace(row, error=f"The id {row.id!r} is taken by the plugin in {taken.folder}.")
        rows.append(replace(row, enabled=row.id in enabled and not row.error))
    return rows


def shipped_folder() -> Path:
    """Where the program's own plugins lie: among an installed package's resources, or in the checkout."""
    package = Path(workbench.__file__).resolve().parent
    inside = package / "resources"
    return inside / "plugins" if inside.is_dir() else package.parent / "plugins"


def _candidates(workspace: Path) -> Iterator[PluginRow]:
    yield from _in_folder(shipped_folder(), "shipped")
    yield from _in_folder(workspace / "plugins", "workspace")
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        yield _installed(point)


def _in_folder(parent: Path, origin: Origin) -> Iterator[PluginRow]:
    try:
        folders = sorted(folder for folder in parent.iterdir() if folder.is_dir())
    except OSError:
        return  # no such folder, which is the usual case
    for folder in folders:
        if not folder.name.startswith((".", "_")):
            yield PluginRow(folder.name, folder, origin)


def _installed(point: EntryPoint) -> PluginRow:
    """The row of an entry point; its top package is located, not imported."""
    top, *below = point.value.split(".")
    try:
        spec = find_spec(top)
        places = list(spec.submodule_search_locations or ()) if spec else []
    except (ImportError, ValueError):
        places = []
    if not places:
        words = f"Its package {point.value!r} cannot be found."
        return PluginRow(point.name, Path(), "installed", point.value, error=words)
    return PluginRow(point.name, Path(places[0], *below), "installed", point.value)


def _checked(row: PluginRow) -> PluginRow:
    try:
        manifest = read_manifest(row.folder)
    except PluginError as error:
        return replace(row, error=str(error))
    known = replace(row, id=manifest.id, manifest=manifest)
    if not manifest.fits():
        words = f"It needs the SSL Workbench {manifest.requires}; this is {workbench.__version__}."
        return replace(known, error=f"{row.folder / MANIFEST}: {words}")
    return known
