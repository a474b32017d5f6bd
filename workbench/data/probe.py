"""Which importer fits something that was dropped on the window."""

from __future__ import annotations

from pathlib import Path

from workbench.core.errors import DataError
from workbench.data.listing import existing
from workbench.data.pixels import suffixes
from workbench.data.sources.image_folder import holds_images, is_hidden
from workbench.data.sources.image_table import TABLE_ENDINGS
from workbench.data.sources.jpeg_npz import is_packed, packed_files
from workbench.recipes.models import Choice

_ARRAY_ENDINGS = (".npz", ".npy")
_ARCHIVE_ENDINGS = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


def guess_source(path: str | Path) -> Choice:
    """The importer for a file or folder, with its path set; raises DataError that says what can be imported."""
    where = existing(str(path))
    return _guess_folder(where) if where.is_dir() else _guess_file(where)


def _guess_folder(folder: Path) -> Choice:
    if packed_files(folder):
        return Choice(id="cifar-npz", path=str(folder))
    if holds_images(folder):
        return Choice(id="image-folder", path=str(folder))
    files = [entry for entry in sorted(folder.iterdir()) if entry.is_file() and not is_hidden(entry.name)]
    fitting = [file for file in files if file.suffix.lower() in (*_ARRAY_ENDINGS, *TABLE_ENDINGS)]
    if len(fitting) == 1:
        return _guess_file(fitting[0])
    if fitting:
        names = ", ".join(file.name for file in fitting[:5])
        raise DataError(f"{folder} holds several files that could be the data: {names}.", "Drop one of them.")
    raise DataError(
        f"There is nothing in {folder} that can be imported.",
        "Drop a folder of images, a .npz or .npy file, or a CSV or Parquet table of image paths.",
    )


def _guess_file(file: Path) -> Choice:
    ending = file.suffix.lower()
    if ending == ".npz" and is_packed(file):
        return Choice(id="cifar-npz", path=str(file))
    if ending in _ARRAY_ENDINGS:
        return Choice(id="arrays", path=str(file))
    if ending in TABLE_ENDINGS:
        return Choice(id="image-table", path=str(file))
    if ending in suffixes():
        raise DataError(f"{file.name} is one image.", "Drop the folder that it lies in.")
    if ending in _ARCHIVE_ENDINGS:
        raise DataError(f"{file.name} is an archive.", "Unpack it and drop the folder.")
    raise DataError(
        f"{file.name} cannot be imported.",
        "Drop a folder of images, a .npz or .npy file, or a CSV or Parquet table of image paths.",
    )
