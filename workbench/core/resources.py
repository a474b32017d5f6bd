"""Where the files that ship with the program lie."""

from __future__ import annotations

import os
from pathlib import Path

import workbench
from workbench.core.errors import WorkbenchError


def resource(name: str) -> Path:
    """The path of a shipped file or folder, in an installed package or in a checkout."""
    package = Path(workbench.__file__).resolve().parent
    for root in (package / "resources", package.parent / "resources"):
        if (root / name).exists():
            return root / name
    raise WorkbenchError(f"The file resources/{name} is missing from this installation.", "Install it again.")


def workspace_home() -> Path:
    """The user's workspace: `$WORKBENCH_HOME`, else `~/ssl-workbench`. It need not exist yet."""
    return Path(os.environ.get("WORKBENCH_HOME") or Path.home() / "ssl-workbench").expanduser()
