"""One engine for one run folder."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from workbench.core.errors import RunError
from workbench.runs.folder import RunFolder
from workbench.runs.state import ProcessId, this_process


@contextmanager
def engine_lock(folder: RunFolder) -> Iterator[None]:
    """Held by an engine as long as it writes the journal; names its process for those who find it held.

    A record lock, not flock: forked data-loader workers do not inherit it, so it is free when the engine itself is
    gone. Such a lock goes when its process closes the file anywhere: an engine never calls `holder` on its own folder.
    Raises RunError where another engine holds it.
    """
    fd = _opened(folder)
    try:
        _acquire(fd, folder)
        with suppress(OSError):  # on a full disk the lock holds without a name
            os.ftruncate(fd, 0)
            os.pwrite(fd, json.dumps(asdict(this_process())).encode(), 0)
        yield
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _opened(folder: RunFolder) -> int:
    try:
        return os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RunError(
            f"The run folder {folder.path} cannot be written: {error.strerror}.", "Check the path and its permissions."
        ) from error


def _acquire(fd: int, folder: RunFolder) -> None:
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        other = _parse(os.pread(fd, 4096, 0))
        who = f"process {other.pid} on {other.host}" if other else "another process"
        message = f"The run {folder.name} is already being trained by {who}."
        raise RunError(message, "Stop that one first.") from None
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP):  # a file system without locks: better none than no run
            raise


def holder(folder: RunFolder) -> ProcessId | None:
    """The process that took the lock and has not let go of it; it may have died since."""
    try:
        return _parse(folder.lock.read_bytes())
    except OSError:
        return None


def live_runs(runs_dir: Path) -> list[RunFolder]:
    """The runs in a workspace whose engine is alive on this machine."""
    found = []
    for lock in sorted(runs_dir.glob("*/engine.lock")):
        folder = RunFolder(lock.parent)
        process = holder(folder)
        if process is not None and process.alive:
            found.append(folder)
    return found


def _parse(content: bytes) -> ProcessId | None:
    try:
        record = json.loads(content)
        return ProcessId(int(record["pid"]), float(record["pid_start"]), str(record["host"]))
    except (ValueError, KeyError, TypeError):
        return None
