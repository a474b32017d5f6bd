"""Decoded images on disk: each file is decoded once, and a set larger than memory is mapped.

home/cache/datasets/FINGERPRINT/
    images.npy     uint8 (N, C, H, W); C is 1 when every image is grey
    rows.npy       int64 (N,), which of the listed images these are
    skipped.json   those that could not be read: [[path, reason], ...]
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.core.files import atomic_folder
from workbench.data.base import Place, Skipped

IN_MEMORY_BYTES = 1_000_000_000
_FORMAT = "1"


@dataclass(frozen=True)
class Chunk:
    """Some decoded images.

    images : uint8 (K, C, H, W) with C 1 or 3
    rows : K positions in the listing
    skipped : those met on the way that could not be read
    """

    images: NDArray[np.uint8]
    rows: list[int]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Decoded:
    """A decoded split: images uint8 (N, C, H, W), their positions in the listing, and what was skipped."""

    images: NDArray[np.uint8]
    rows: NDArray[np.int64]
    skipped: tuple[Skipped, ...]


def fingerprint(parts: Iterable[str]) -> str:
    """32 hex digits that change with any part."""
    digest = hashlib.blake2b(_FORMAT.encode(), digest_size=16)
    for part in parts:
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def cached(key: str, place: Place, chunks: Callable[[], Iterator[Chunk]]) -> Decoded:
    """The decoded set of this fingerprint, made from `chunks` when it is not there yet.

    Raises DataError when not one image could be read or the cache cannot be written. Where making it is stopped by an
    error or by Cancelled, nothing is left behind.
    """
    folder = place.home / "cache" / "datasets" / key
    found = _open(folder)
    if found is None:
        _make(folder, chunks)
        found = _open(folder)
    if found is None:
        raise DataError(f"The cache {folder} cannot be read back.", "Delete this folder and load the data again.")
    return found


class _MadeElsewhere(Exception):  # noqa: N818  (a state's name)
    """Another process finished the same set first; its folder may be in use and must not be replaced."""


def _make(folder: Path, chunks: Callable[[], Iterator[Chunk]]) -> None:
    try:
        with atomic_folder(folder) as draft:
            _write(draft, chunks())
            if _open(folder) is not None:
                raise _MadeElsewhere
    except _MadeElsewhere:
        return
    except OSError as error:
        raise DataError(
            f"The decoded images could not be written to {folder.parent}: {error.strerror or error}.",
            "Free some space, or move the workspace to a larger disk.",
        ) from error


def _open(folder: Path) -> Decoded | None:
    """What is cached; None where there is nothing or it is damaged, so that it is made anew."""
    try:
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        rows = np.load(folder / "rows.npy", allow_pickle=False)
        listed = json.loads((folder / "skipped.json").read_text(encoding="utf-8"))
        if images.nbytes < IN_MEMORY_BYTES:
            images = np.array(images)
    except (OSError, ValueError, EOFError):
        return None
    if images.ndim != 4 or images.dtype != np.uint8 or len(rows) != len(images):
        return None
    return Decoded(images, rows, tuple(Skipped(path, why) for path, why in listed))


def _write(folder: Path, chunks: Iterator[Chunk]) -> None:
    rows: list[int] = []
    skipped: list[Skipped] = []
    with open(folder / "images.npy", "w+b") as file:
        writer = _ImageWriter(file)
        for chunk in chunks:
            rows += chunk.rows
            skipped += chunk.skipped
            if len(chunk.images):
                writer.append(chunk.images)
        if not rows:
            raise DataError(_nothing_readable(skipped))
        writer.finish()
    np.save(folder / "rows.npy", np.array(rows, dtype=np.int64))
    listed = [[item.path, item.reason] for item in skipped]
    (folder / "skipped.json").write_text(json.dumps(listed), encoding="utf-8")


def _nothing_readable(skipped: list[Skipped]) -> str:
    examples = "; ".join(f"{item.path} {item.reason}" for item in skipped[:3])
    return f"None of the {len(skipped)} images could be read: {examples}."


class _ImageWriter:
    """Appends images to a .npy file, one channel as long as every image is grey, three from the first colour on."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._count = 0
        self._shape: tuple[int, int, int] | None = None

    def append(self, images: NDArray[np.uint8]) -> None:
        """Add uint8 (K, C, H, W); every call with the same H and W."""
        grey = _is_grey(images)
        if self._shape is None:
            self._shape = (1 if grey else 3, *images.shape[2:])
            self._header()
        elif self._shape[0] == 1 and not grey:
            self._widen()
        if self._shape[0] == 1:
            images = images[:, :1]
        elif images.shape[1] == 1:
            images = np.repeat(images, 3, axis=1)
        self._file.write(np.ascontiguousarray(images).data)
        self._count += len(images)

    def finish(self) -> None:
        """Write the final number of images into the header."""
        self._file.seek(0)
        self._header()

    def _header(self) -> None:
        # numpy pads headers so that the first axis may grow in place.
        assert self._shape is not None
        head = {"descr": "|u1", "fortran_order": False, "shape": (self._count, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, head)

    def _widen(self) -> None:
        """Repeat the one channel three times, from the last image to the first so that none is overwritten unread."""
        assert self._shape is not None
        _, height, width = self._shape
        self._file.seek(0)
        self._header()
        start, plane = self._file.tell(), height * width
        for row in range(self._count - 1, -1, -1):
            self._file.seek(start + row * plane)
            grey = self._file.read(plane)
            self._file.seek(start + row * plane * 3)
            self._file.write(grey * 3)
        self._file.seek(start + self._count * plane * 3)
        self._shape = (3, height, width)


def _is_grey(images: NDArray[np.uint8]) -> bool:
    if images.shape[1] == 1:
        return True
    first = images[:, 0]
    return np.array_equal(first, images[:, 1]) and np.array_equal(first, images[:, 2])
