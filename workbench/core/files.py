"""Files that are either whole or absent."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part.

    Raises OSError (disk full, no permission) with the old file untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with open(draft, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Fill a folder in private and give it its name at the end; on an error nothing is left behind.

    An existing folder of that name is replaced.
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    draft.mkdir(parents=True)
    try:
        yield draft
        _sync_files(draft)
        if path.exists():
            shutil.rmtree(path)
        os.replace(draft, path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _sync_files(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with open(file, "rb") as handle:
                os.fsync(handle.fileno())


def free_name(folder: Path, stem: str, promised: Container[Path] = ()) -> Path:
    """`folder/stem`, or `folder/stem-2`, `-3` ... when that is there already or promised to somebody."""
    candidate, number = folder / stem, 1
    while candidate.exists() or candidate in promised:
        number += 1
        candidate = folder / f"{stem}-{number}"
    return candidate
