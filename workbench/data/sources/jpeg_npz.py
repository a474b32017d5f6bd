"""Images packed side by side in .npz files: `blob` bytes, `off` offsets, `y` labels, `classes` names."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.core.model import setting
from workbench.data.encoded import BlobImages, readable
from workbench.data.labels import encode
from workbench.data.listing import ImageImport, ListedSource, Listing, existing
from workbench.data.splits import canonical, settle
from workbench.plugins.specs import DatasetSpec


class PackedImagesConfig(ImageImport):
    path: str = setting(
        ...,
        "Folder or file",
        "a folder with one packed .npz a split, train and test in their names, or one file",
        widget="path",
        min_length=1,
    )


class PackedImages(ListedSource):
    """Encoded images in .npz files, as CIFAR-10 is handed round in small."""

    spec = DatasetSpec(
        id="cifar-npz",
        title="Packed images (.npz)",
        summary="encoded images side by side in .npz files, one file a split",
        origin="import",
    )
    Config = PackedImagesConfig

    def listing(self, config: PackedImagesConfig) -> Listing:
        where = existing(config.path)
        files = packed_files(where) if where.is_dir() else _with_twin(where)
        if not files:
            raise DataError(
                f"There are no packed .npz files in {where}.", "They hold the arrays blob, off and, if labelled, y."
            )
        packs = [_read(file) for file in files]
        counts = [len(pack["off"]) - 1 for pack in packs]
        named = [_split_in(file.stem) for file in files]
        ids = [f"{file.stem}/{i}" for file, count in zip(files, counts, strict=True) for i in range(count)]
        given = [name for name, count in zip(named, counts, strict=True) for _ in range(count)]
        labels, classes = _labels(packs)
        return Listing(
            title=readable(where.stem),
            source=readable(str(where)),
            encoded=BlobImages(files, [pack["blob"] for pack in packs], [pack["off"] for pack in packs]),
            ids=ids,
            split=settle(given, ids, labels, config.test_share, config.split_seed),
            labels=labels,
            classes=classes,
        )


def packed_files(folder: Path) -> list[Path]:
    """The packed files directly in a folder, by name."""
    return [file for file in sorted(folder.glob("*.npz")) if not file.name.startswith(".") and is_packed(file)]


def is_packed(file: Path) -> bool:
    """Whether an .npz file holds packed images; reads only its table of contents."""
    try:
        with zipfile.ZipFile(file) as archive:
            return {"blob.npy", "off.npy"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _with_twin(file: Path) -> list[Path]:
    """The file, and its test half where a training half was pointed at."""
    if not is_packed(file):
        raise DataError(f"{file} holds no packed images.", "It wants the arrays blob, off and, if labelled, y.")
    twin = file.with_name(file.name.replace("train", "test"))
    return [file, twin] if twin != file and is_packed(twin) else [file]


def _split_in(stem: str) -> str:
    """The split that a word of the file's name says, "" where none does."""
    words = stem.lower().replace("-", "_").replace(".", "_").split("_")
    return next((name for word in words if (name := canonical(word)) in ("train", "val", "test")), "")


def _read(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays of one file, checked; raises DataError where they do not fit together."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            pack = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{file} cannot be read: {error}.", "Fetch the file again.") from error
    blob, off = pack["blob"], pack["off"]
    fits = blob.dtype == np.uint8 and blob.ndim == off.ndim == 1 and off.dtype.kind in "iu" and len(off) > 1
    if not fits or off[0] < 0 or off[-1] > len(blob) or (np.diff(off.astype(np.int64)) < 0).any():
        raise DataError(f"{file}: the offsets in off do not fit the bytes in blob.", "Fetch the file again.")
    if "y" in pack and len(pack["y"]) != len(off) - 1:
        raise DataError(f"{file}: {len(pack['y'])} labels for {len(off) - 1} images.", "Fetch the file again.")
    return pack


def _labels(packs: list[dict[str, NDArray[Any]]]) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    if not any("y" in pack for pack in packs):
        return None, ()
    values = [value for pack in packs for value in pack.get("y", np.full(len(pack["off"]) - 1, -1)).tolist()]
    names: list[Any] = next((pack["classes"].tolist() for pack in packs if "classes" in pack), [])
    return encode(values, [str(name) for name in names])
