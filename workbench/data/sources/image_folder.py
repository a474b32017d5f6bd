"""A folder of images: class sub-folders, or flat and unlabelled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from workbench.core.errors import DataError
from workbench.core.model import setting
from workbench.data.base import Skipped
from workbench.data.encoded import FileImages, readable
from workbench.data.labels import encode
from workbench.data.listing import ImageImport, ListedSource, Listing, existing
from workbench.data.pixels import suffixes
from workbench.data.splits import canonical, is_split_name, settle
from workbench.plugins.specs import DatasetSpec

_SYSTEM_NAMES = {"thumbs.db", "desktop.ini", "__macosx"}


class ImageFolderConfig(ImageImport):
    path: str = setting(
        ...,
        "Folder",
        "sub-folders are classes, or train and test with classes inside; a flat folder is unlabelled",
        widget="folder",
        min_length=1,
    )


class ImageFolder(ListedSource):
    """Images in a folder, its sub-folders as classes."""

    spec = DatasetSpec(
        id="image-folder",
        title="Folder of images",
        summary="your own images: a sub-folder for each class, or all in one folder without labels",
        origin="import",
    )
    Config = ImageFolderConfig

    def listing(self, config: ImageFolderConfig) -> Listing:
        root = existing(config.path)
        if not root.is_dir():
            raise DataError(f"{root} is a file, not a folder.", "Choose the folder that the images lie in.")
        base = _where_it_begins(root)
        paths, skipped = _sorted_out(base)
        if not paths:
            raise DataError(
                f"There are no images in {root}: {_found(root)}.",
                "Choose a folder with images (PNG, JPEG, WebP, TIFF and others), or with a sub-folder for each class.",
            )
        parts = [path.relative_to(base).parts for path in paths]
        split, classes_of = _splits_and_classes(base, parts)
        ids = [readable("/".join(names)) for names in parts]
        labels, classes = encode(classes_of)
        known = labels if classes else None
        return Listing(
            title=readable(root.name),
            source=readable(str(root)),
            encoded=FileImages(paths),
            ids=ids,
            split=settle(split, ids, known, config.test_share, config.split_seed),
            labels=known,
            classes=classes,
            columns={"path": pa.array([readable(str(path)) for path in paths], pa.string())},
            skipped=skipped,
        )


def holds_images(folder: Path) -> bool:
    """Whether there is an image anywhere below; stops at the first."""
    endings = suffixes()
    return any(path.suffix.lower() in endings for path in _files(folder))


def is_hidden(name: str) -> bool:
    """Names that systems put into folders and nobody means."""
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def _files(folder: Path) -> Iterator[Path]:
    """Every visible file below, in a fixed order; linked folders are followed, each real folder once."""
    seen: set[str] = set()
    for parent, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        yield from (Path(parent, name) for name in sorted(files) if not is_hidden(name))


def _where_it_begins(root: Path) -> Path:
    """Down through folders that hold one folder of folders and nothing else, as unpacked archives have them."""
    while True:
        visible = [entry for entry in root.iterdir() if not is_hidden(entry.name)]
        if len(visible) != 1 or not visible[0].is_dir() or is_split_name(visible[0].name):
            return root
        if not any(entry.is_dir() for entry in visible[0].iterdir() if not is_hidden(entry.name)):
            return root
        root = visible[0]


def _sorted_out(base: Path) -> tuple[list[Path], tuple[Skipped, ...]]:
    """Images, and files whose ending is not an image's; a file without an ending may be an image."""
    endings = suffixes()
    paths: list[Path] = []
    others: list[Path] = []
    for path in _files(base):
        (paths if path.suffix.lower() in endings or not path.suffix else others).append(path)
    return paths, tuple(
        Skipped(readable(str(path)), f"is not an image: its name ends in {path.suffix}") for path in others
    )


def _splits_and_classes(base: Path, parts: list[tuple[str, ...]]) -> tuple[list[str], list[str]]:
    """Of every image, the split and the class that its folders name, "" where they name none."""
    top = {names[0] for names in parts if len(names) > 1}
    divided = any(canonical(name) == "train" for name in top) and all(is_split_name(name) for name in top)
    depth = 1 if divided else 0
    split = [names[0] if divided and len(names) > 1 else "" for names in parts]
    return split, [readable(names[depth]) if len(names) > depth + 1 else "" for names in parts]


def _found(folder: Path) -> str:
    names = [path.name for path in _files(folder)]
    if not names:
        return "it is empty"
    shown = ", ".join(readable(name) for name in names[:3])
    return f"it holds {len(names):,} other files ({shown}{', ...' if len(names) > 3 else ''})"
