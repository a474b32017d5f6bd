"""The user's own view presets: TOML files in a folder of the workspace, each a views section."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import RecipeError, WorkbenchError
from workbench.core.files import write_atomic
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.export import views_as_toml
from workbench.recipes.models import Views
from workbench.recipes.views_file import read_views

_NAME = re.compile(r"[\w][\w .+-]{0,59}")


@dataclass(frozen=True)
class SavedViews:
    """One file of the folder: its views, or why it cannot be read."""

    name: str
    views: Views | None
    error: str = ""


class ViewPresets:
    """The presets that the user saved.

    Parameters
    ----------
    folder : where the files are; made when the first one is saved
    """

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self._folder, self._catalogue = folder, catalogue
        self._read_before: dict[Path, tuple[int, SavedViews]] = {}

    def listed(self) -> list[SavedViews]:
        """All of them by name; a file that cannot be read is listed with its error."""
        paths = sorted(self._folder.glob("*.toml"))
        read = {path: self._unless_read(path) for path in paths}
        self._read_before = read
        return [saved for _changed_at, saved in read.values()]

    def save(self, name: str, views: Views) -> None:
        """Keep views under a name; a preset of the user's of that name is replaced.

        Raises WorkbenchError for a name that a shipped preset has or that makes no file name.
        """
        if name in self._catalogue.view_presets:
            raise WorkbenchError(f"{name!r} is the name of a shipped preset.", "Choose another name.")
        if not _NAME.fullmatch(name):
            raise WorkbenchError(
                f"{name!r} cannot be the name of a preset.",
                "Use up to 60 letters, digits, spaces, dots and dashes; begin with a letter or digit.",
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self._path(name), views_as_toml(views.replace(preset=name)))

    def remove(self, name: str) -> None:
        """Delete a saved preset; one that is gone already is no fault."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.toml"

    def _unless_read(self, path: Path) -> tuple[int, SavedViews]:
        """A file is read again only when it changed: a list is wanted at every move of a slider."""
        try:
            changed_at = path.stat().st_mtime_ns
        except OSError:
            changed_at = 0
        before = self._read_before.get(path)
        return before if before is not None and before[0] == changed_at else (changed_at, self._read(path))

    def _read(self, path: Path) -> SavedViews:
        try:
            return SavedViews(path.stem, read_views(path, self._catalogue).replace(preset=path.stem))
        except RecipeError as error:
            return SavedViews(path.stem, None, str(error))


def same_views(one: Mapping[str, Any], other: Mapping[str, Any], catalogue: Catalogue) -> bool:
    """Whether two views sections make the same views at one size: silence and a stated default are the same."""
    return _full(one, catalogue) == _full(other, catalogue)


def _full(views: Mapping[str, Any], catalogue: Catalogue) -> list[Any]:
    branches = [
        (
            branch.get("name", "A"),
            branch.get("count", 1),
            branch.get("size", 0),
            branch.get("like", ""),
            [_full_op(op, catalogue) for op in branch.get("ops", ())],
        )
        for branch in views.get("branches", ())
    ]
    return [views.get("strength", 1.0), *branches]


def _full_op(op: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    id_ = str(op.get("id", ""))
    defaults = catalogue.get("operation", id_).defaults() if catalogue.has("operation", id_) else {}
    return {**defaults, **op}
