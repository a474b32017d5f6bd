"""Engines that go only as far as a test lets them, however fast or busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable

from workbench.runs.control import ControlWriter
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalReader

PATIENCE_S = 120
GO_ON_BRIEFLY = b'{"command": "resume"}\n' + b"\n" * 65_536 + b'{"command": "pause"}\n'
"""An engine reads 64 KiB of its control file at a time, every 0.05 s at most: it pauses again by itself after that."""


def hold(folder: RunFolder) -> None:
    """Pause an engine that is starting, before its first step."""

    def held() -> bool:
        if folder.events.exists():
            ControlWriter(folder.control).send("pause")
        return _pauses(folder) > 0

    _until(held, "the first pause")


def go_on_until(folder: RunFolder, condition: Callable[[], object]) -> None:
    """Let an engine that is held make a few steps at a time; it is held when this returns, with the condition true."""
    while not condition():
        before = _pauses(folder)
        with open(folder.control, "ab") as control:
            control.write(GO_ON_BRIEFLY)
        _until(lambda before=before: _pauses(folder) > before, "another pause")


def _pauses(folder: RunFolder) -> int:
    reader, count = JournalReader(folder.events), 0
    while events := reader.read():
        kinds = [event["kind"] for event in events]
        assert "ended" not in kinds, f"{folder.path} ended before it could be held"
        count += kinds.count("paused")
    return count


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.02)
