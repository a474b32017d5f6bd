"""Following a file of lines while another process appends to it."""

from __future__ import annotations

import os
from pathlib import Path

_GUARD_BYTES = 96
_LONGEST_LINE_BYTES = 64 * 1024 * 1024


class LineTail:
    """The whole lines of a growing file, each once, without the white space around them.

    A torn last line is left until it is whole. The bytes before the place reached are remembered: when they are no
    longer there (truncated, or replaced by another run's file) reading starts over and `restarted` says so. A copy that
    merely goes on, as rsync makes one, is followed without starting over.

    Attributes
    ----------
    restarted : whether the last `read` started over
    at_end : whether the last `read` reached the end of the file, or found none
    """

    def __init__(self, path: Path, *, from_end: bool = False) -> None:
        self.path = path
        self.restarted = False
        self.at_end = True
        self._offset = 0
        self._guard = b""
        self._stamp: tuple[int, int, int] | None = None
        if from_end:
            self._skip_to_end()

    def read(self, limit_bytes: int) -> list[bytes]:
        """The next lines, about `limit_bytes` of them at most; one `stat` and an empty list when nothing is new."""
        self.restarted = False
        try:
            stat = os.stat(self.path)
            stamp = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if stamp == self._stamp:
                return []
            return self._read_changed(limit_bytes, stamp)
        except OSError:
            self.at_end = True
            return []

    def _read_changed(self, limit_bytes: int, stamp: tuple[int, int, int]) -> list[bytes]:
        fd = os.open(self.path, os.O_RDONLY)
        try:
            if os.pread(fd, len(self._guard), self._offset - len(self._guard)) != self._guard:
                self._offset, self._guard, self.restarted = 0, b"", True
            chunk, self.at_end = _whole_lines(fd, self._offset, limit_bytes)
        finally:
            os.close(fd)
        self._offset += len(chunk)
        self._guard = (self._guard + chunk[-_GUARD_BYTES:])[-_GUARD_BYTES:]
        self._stamp = stamp if self.at_end else None
        return [line for line in map(bytes.strip, chunk.split(b"\n")) if line]

    def _skip_to_end(self) -> None:
        try:
            with open(self.path, "rb") as file:
                self._offset = file.seek(0, os.SEEK_END)
                file.seek(max(0, self._offset - _GUARD_BYTES))
                self._guard = file.read(self._offset - file.tell())
        except OSError:
            self._offset, self._guard = 0, b""


def _whole_lines(fd: int, offset: int, limit_bytes: int) -> tuple[bytes, bool]:
    """The bytes from `offset` to the last newline within the limit, and whether the file has no more than that."""
    size = limit_bytes
    while True:
        chunk = os.pread(fd, size, offset)
        end = chunk.rfind(b"\n") + 1
        at_end = len(chunk) < size
        if end or at_end:
            return chunk[:end], at_end
        if size >= _LONGEST_LINE_BYTES:
            return chunk, False  # no line of ours: handed on, to be counted as damaged, so that reading gets past it
        size *= 2


def last_lines(fd: int, window_bytes: int) -> list[bytes]:
    """The whole lines within the last `window_bytes` of an open file, newest first; its very first line included."""
    size = os.fstat(fd).st_size
    start = max(0, size - window_bytes)
    lines = os.pread(fd, size - start, start).split(b"\n")
    whole = lines if start == 0 else lines[1:]
    return [line for line in map(bytes.strip, reversed(whole)) if line]
