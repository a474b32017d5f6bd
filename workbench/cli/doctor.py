"""`workbench doctor`: what works on this machine, and how to mend what does not."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from workbench.app.application import App
from workbench.cli.terminal import Terminal, ask
from workbench.core.errors import WorkbenchError
from workbench.core.units import format_bytes

ENOUGH_DISK_BYTES = 2e9


def run(arguments: argparse.Namespace) -> int:
    """Check everything, one line each; returns 0 when all of it works, 2 otherwise."""
    terminal, app = Terminal(as_json=False), App()
    checks: list[Callable[[], tuple[bool, str]]] = [
        _python,
        lambda: _workspace(app.home),
        lambda: _disk(app.home),
        _qt,
        lambda: _lab(app, terminal),
        lambda: _data(app, terminal),
        lambda: _plugins(app),
    ]
    try:
        results = [check() for check in checks]
    finally:
        app.close()
    for works, words in results:
        terminal.say(f"{'ok  ' if works else 'MEND'}  {words}")
    return 0 if all(works for works, _ in results) else 2


def _python() -> tuple[bool, str]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return (3, 11) <= sys.version_info[:2] < (3, 14), f"Python {version} (3.11 to 3.13 are supported)"


def _workspace(home: Path) -> tuple[bool, str]:
    writable = os.access(home, os.W_OK)
    way_out = "" if writable else ": not writable; set WORKBENCH_HOME to another folder"
    return writable, f"Workspace {home}{way_out}"


def _disk(home: Path) -> tuple[bool, str]:
    free = shutil.disk_usage(home).free
    way_out = "" if free > ENOUGH_DISK_BYTES else ": checkpoints may not fit; free some space"
    return free > ENOUGH_DISK_BYTES, f"{format_bytes(free)} free on the workspace's disk{way_out}"


def _qt() -> tuple[bool, str]:
    """Open Qt in a child: a missing system library ends the process that asks for it."""
    script = "from PySide6 import QtCore, QtWidgets; QtWidgets.QApplication([]); print(QtCore.qVersion())"
    offscreen = {**os.environ}
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) and sys.platform == "linux":
        offscreen["QT_QPA_PLATFORM"] = "offscreen"
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=offscreen, check=False)
    if child.returncode == 0:
        screen = "offscreen: no display here" if "QT_QPA_PLATFORM" in offscreen else "on this display"
        return True, f"Qt {child.stdout.strip()} opens windows ({screen})"
    reason = (child.stderr.strip().splitlines() or ["no message"])[-1]
    return False, f"Qt does not start: {reason}. Run scripts/bootstrap.sh, which installs or names what is missing"


def _lab(app: App, terminal: Terminal) -> tuple[bool, str]:
    try:
        result, _ = ask(app, terminal, "machine", {})
    except WorkbenchError as error:
        return False, f"The lab does not start: {error}"
    machine, versions = result["machine"], result["versions"]
    devices = ", ".join(f"{kind} x{count}" for kind, count in machine["devices"].items())
    memory = format_bytes(machine["memory_bytes"])
    return True, f"torch {versions['torch']} on {devices}; {machine['cores']} cores, {memory} memory"


def _data(app: App, terminal: Terminal) -> tuple[bool, str]:
    bundled = [entry for entry in app.catalogue.datasets if entry.spec.origin == "bundled"]
    choices = [{"id": entry.id, **entry.defaults()} for entry in bundled]
    try:
        result, _ = ask(app, terminal, "data_status", {"choices": choices})
    except WorkbenchError as error:
        return False, f"Bundled data cannot be checked: {error}"
    missing = [row["id"] for row in result["rows"] if row["state"] != "ready"]
    if missing:
        return False, f"Bundled data is missing: {', '.join(missing)}. Install the program again"
    return True, f"Bundled data: {', '.join(entry.title for entry in bundled)}"


def _plugins(app: App) -> tuple[bool, str]:
    rows = app.plugins()
    broken = [f"{row.id}: {row.error}" for row in rows if row.error]
    if broken:
        return False, f"Plugins that cannot be read: {'; '.join(broken)}"
    return True, f"Plugins: {len(rows)} found"
