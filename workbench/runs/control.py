"""What the front asks of a running engine: one JSON object a line in `control.jsonl`, written by the front.

command     arguments      asks to
pause                      wait after this step
resume                     go on
stop        save: bool     end, with a checkpoint or without
checkpoint                 write one now
snapshot                   write the embedding of the test split now
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, Literal

from workbench.core.errors import RunError
from workbench.runs.tail import LineTail

Command = Literal["pause", "resume", "stop", "checkpoint", "snapshot"]

_POLL_BYTES = 64 * 1024


class ControlWriter:
    """Appends commands; any number of windows may."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, command: Command, **arguments: Any) -> None:
        """Append one command; raises RunError when the run folder cannot be written."""
        record = {"t": time.time(), "command": command, **arguments}
        line = json.dumps(record, allow_nan=False).encode() + b"\n"
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(fd, _newline_if_torn(fd) + line)
            finally:
                os.close(fd)
        except OSError as error:
            raise RunError(
                f"The command {command!r} cannot be written to {self.path}: {error.strerror}.",
                "Check that the run folder is there and that there is room on the disk.",
            ) from error


class ControlReader:
    """The engine's ear.

    Parameters
    ----------
    path : the control file; it need not exist
    from_end : begin behind what is there now, so that a resumed run does not obey last time's stop. An engine makes its
        reader before its slow imports: what is asked while they load is then obeyed.
    """

    def __init__(self, path: Path, *, from_end: bool = True) -> None:
        self._tail = LineTail(path, from_end=from_end)

    def poll(self) -> list[dict[str, Any]]:
        """Commands since the last poll, each with its `command` and arguments; lines that are none are passed over."""
        records = [_record(line) for line in self._tail.read(_POLL_BYTES)]
        return [record for record in records if record is not None]


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("command"), str) else None


def _newline_if_torn(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    return b"\n" if size and os.pread(fd, 1, size - 1) != b"\n" else b""
