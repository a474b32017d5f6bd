"""Where an embedding set may be written."""

from __future__ import annotations

from pathlib import Path

from workbench.core.errors import WorkbenchError


def require_target(folder: Path) -> None:
    """Raise WorkbenchError where something other than an embedding set would be replaced as a whole."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() and not (folder / "vectors.npy").is_file():
        raise WorkbenchError(
            f"{folder} exists already and is no embedding set.", "Name a folder that is not there yet."
        )
