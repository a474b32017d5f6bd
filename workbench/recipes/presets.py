"""The recipes that ship with the program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import Problem, RecipeError, unknown
from workbench.core.resources import resource
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Recipe
from workbench.recipes.toml_io import read_document


@dataclass(frozen=True)
class Preset:
    """A shipped recipe: the name to type, the title to read, its file."""

    name: str
    title: str
    path: Path

    @property
    def group(self) -> str:
        """What it is learned from, with which its title ends: "CIFAR-10"."""
        return self.title.rpartition(" on ")[2]


def shipped() -> dict[str, Path]:
    """The file of every shipped recipe, by name; none is opened."""
    return {path.stem: path for path in sorted(resource("presets").glob("*.toml"))}


def presets() -> list[Preset]:
    """All shipped recipes, by name, with their titles: every file is read."""
    return [Preset(name, str(read_document(path).get("name") or name), path) for name, path in shipped().items()]


def find_document(name_or_path: str | Path) -> dict[str, Any]:
    """The unchecked document of a preset or of a recipe file; a preset's name comes before a file's.

    Raises RecipeError when there is neither, or when the file is not TOML.
    """
    name, path = str(name_or_path), Path(name_or_path)
    known = shipped()
    if name in known:
        return read_document(known[name])
    if path.suffix == ".toml" or path.is_file():
        return read_document(path)
    words = unknown("preset", name, list(known))
    raise RecipeError([Problem("", f"{words} A recipe of your own is given by its file, for example my-run.toml.")])


def load(name_or_path: str | Path, catalogue: Catalogue) -> Recipe:
    """A preset or a recipe file, checked and with every setting stated.

    Raises RecipeError with all its problems.
    """
    return build(find_document(name_or_path), catalogue)
