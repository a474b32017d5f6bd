"""Images that are still encoded: in files of their own, or side by side in one array of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.data.pixels import shorter_side

LARGEST_AUTOMATIC_PX = 256
_HEADERS_READ = 500


class Encoded(Protocol):
    """A sequence of encoded images."""

    def __len__(self) -> int: ...

    def open(self, row: int) -> Path | BytesIO:
        """What Pillow can open."""

    def name(self, row: int) -> str:
        """Where the image is, for people."""

    def stamp(self, row: int) -> str:
        """A text that changes when the image may have changed."""


class FileImages:
    """One file an image.

    Parameters
    ----------
    paths : absolute
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def open(self, row: int) -> Path:
        return self._paths[row]

    def name(self, row: int) -> str:
        return readable(str(self._paths[row]))

    def stamp(self, row: int) -> str:
        return file_stamp(self._paths[row])


class BlobImages:
    """Many images in one array of bytes.

    Parameters
    ----------
    files : the files that the parts came from
    blobs : one uint8 array a file
    offsets : one int64 array a file; image i of it is blob[offsets[i]:offsets[i + 1]]
    """

    def __init__(
        self, files: Sequence[Path], blobs: Sequence[NDArray[np.uint8]], offsets: Sequence[NDArray[np.int64]]
    ) -> None:
        self._files, self._blobs, self._offsets = files, blobs, offsets
        self._starts = np.cumsum([0, *(len(part) - 1 for part in offsets)])
        self._stamps = [file_stamp(file) for file in files]

    def __len__(self) -> int:
        return int(self._starts[-1])

    def open(self, row: int) -> BytesIO:
        part, inner = self._locate(row)
        offsets = self._offsets[part]
        return BytesIO(self._blobs[part][offsets[inner] : offsets[inner + 1]].tobytes())

    def name(self, row: int) -> str:
        part, inner = self._locate(row)
        return f"{readable(str(self._files[part]))}, image {inner}"

    def stamp(self, row: int) -> str:
        part, inner = self._locate(row)
        return f"{self._stamps[part]} {inner}"

    def _locate(self, row: int) -> tuple[int, int]:
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        return part, row - int(self._starts[part])


def automatic_side(encoded: Encoded) -> int:
    """The median shorter side over at most 500 evenly spaced headers, at most 256 px."""
    count = min(len(encoded), _HEADERS_READ)
    rows = np.linspace(0, len(encoded) - 1, count).round().astype(int)
    sides = [side for row in rows if (side := shorter_side(encoded.open(int(row)))) is not None]
    return min(int(np.median(sides)), LARGEST_AUTOMATIC_PX) if sides else LARGEST_AUTOMATIC_PX


def file_stamp(path: Path) -> str:
    """Path, size and time of change of a file."""
    try:
        status = path.stat()
    except OSError:
        return f"{path} missing"
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def readable(name: str) -> str:
    """A file name that is valid UTF-8: bytes that no text stands for become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")
