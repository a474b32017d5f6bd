"""The recipe that was being edited, so that the window opens where it was left, after a crash as well."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from workbench.core.files import write_atomic
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.presets import load

FIRST_PRESET = "simclr-fashion-mnist"


def load_session(path: Path, catalogue: Catalogue) -> tuple[dict[str, Any], str]:
    """The document last edited, else the first preset; and a sentence where the file could not be read."""
    problem = ""
    if path.exists():
        try:
            return tomllib.loads(path.read_text(encoding="utf-8")), ""
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            kept = path.with_suffix(".broken.toml")
            path.replace(kept)
            problem = f"The last session's recipe could not be read ({error}). It is kept as {kept}."
    return load(FIRST_PRESET, catalogue).document(), problem


def save_session(path: Path, document: Mapping[str, Any]) -> None:
    """Write the document, whole or not at all."""
    write_atomic(path, tomlkit.dumps(dict(document)))
