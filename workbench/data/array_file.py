"""The arrays in a .npy or .npz file, by name, without ever unpickling one."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError, unknown
from workbench.data.splits import canonical, is_split_name

_IMAGE_NAMES = ("x", "images", "image", "data", "imgs", "pixels", "arr_0")
_LABEL_NAMES = ("y", "labels", "label", "targets", "target", "classes", "arr_1")
_CLASS_NAMES = ("class_names", "classes", "label_names", "names")


@dataclass(frozen=True)
class Member:
    """An array of images in the file: its name there, its split ("" where the name says none), how many images."""

    name: str
    split: str
    count: int


class ArrayFile:
    """An open .npy or .npz file; a context manager.

    Raises DataError for a file that is neither, or whose arrays hold Python objects.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            opened = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(
                f"{path} cannot be read as numpy arrays: {_plain(error)}.", "Save plain arrays with numpy.savez."
            ) from error
        self._archive = opened if isinstance(opened, np.lib.npyio.NpzFile) else None
        self._single: NDArray[Any] | None = None if self._archive is not None else opened

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if self._archive is not None:
            self._archive.close()

    @property
    def names(self) -> list[str]:
        """The names of the arrays; a .npy file's is its own stem."""
        return [self._path.stem] if self._archive is None else list(self._archive.files)

    def read(self, name: str) -> NDArray[Any]:
        """One array; raises DataError when it is not there, damaged or made of objects."""
        if name not in self.names:
            raise DataError(f"{self._path}: {unknown('array', name, self.names)}")
        if self._archive is None:
            assert self._single is not None
            return self._single
        try:
            array: NDArray[Any] = self._archive[name]
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(
                f"The array {name!r} in {self._path} cannot be read: {_plain(error)}.", "Save it as a plain array."
            ) from error
        return array

    def images(self, wanted: str) -> list[Member]:
        """The arrays of images: the one that was asked for, else those with usual names, one a split."""
        if wanted or self._archive is None:
            name = wanted or self.names[0]
            return [self._member(name, "")]
        found = [self._member(name, split) for name, split in self._with_splits(_IMAGE_NAMES)]
        if not found:
            raise DataError(
                f"No array in {self._path} is called {', '.join(_IMAGE_NAMES[:-1])} or {_IMAGE_NAMES[-1]}; it has "
                f"{', '.join(self.names) or 'none'}.",
                "Name the array of images in the images setting.",
            )
        return found

    def labels_for(self, images: Member, wanted: str) -> NDArray[Any] | None:
        """The labels (N,) that go with an array of images; None where there are none."""
        name = wanted or next((n for n, split in self._with_splits(_LABEL_NAMES) if split == images.split), "")
        if not name or self._archive is None:
            return None
        labels = self.read(name)
        labels = labels.reshape(len(labels), -1) if labels.ndim else labels.reshape(1, 1)
        if labels.shape != (images.count, 1):
            if not wanted and len(labels) != images.count:
                return None
            raise DataError(
                f"{self._path}: {name!r} has the shape {labels.shape} for {images.count} images in {images.name!r}.",
                "Labels are one value an image.",
            )
        return labels[:, 0]

    def class_names(self) -> list[str]:
        """Names of the classes where the file has them, in the order of their numbers."""
        if self._archive is None:
            return []
        for name in _CLASS_NAMES:
            if name in self.names and (array := self.read(name)).ndim == 1 and array.dtype.kind in "US":
                return [str(value) for value in array.astype(str)]
        return []

    def _member(self, name: str, split: str) -> Member:
        shape = self._shape(name)
        if len(shape) not in (3, 4) or not shape[0]:
            raise DataError(
                f"The array {name!r} in {self._path} has the shape {shape}, which is not images.",
                "Images are (N, H, W), (N, H, W, C) or (N, C, H, W).",
            )
        return Member(name, split, shape[0])

    def _shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array from its header, without reading the rest."""
        if self._archive is None or name not in self.names:
            return tuple(self.read(name).shape)
        with zipfile.ZipFile(self._path) as archive, archive.open(f"{name}.npy") as stream:
            version = np.lib.format.read_magic(stream)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape: tuple[int, ...] = read(stream)[0]
        return shape

    def _with_splits(self, usual: tuple[str, ...]) -> list[tuple[str, str]]:
        """(name, split) of arrays called like `usual`, or like it with a split before or behind it.

        Where some name a split, only those count.
        """
        found: Mapping[str, str] = {
            name: split for name in self.names for word, split in [_taken_apart(name)] if word in usual
        }
        divided = [(name, split) for name, split in found.items() if split]
        if divided:
            return divided
        by_word = sorted(found, key=lambda name: usual.index(name.lower()))
        return [(name, "") for name in by_word[:1]]


def _taken_apart(name: str) -> tuple[str, str]:
    """('images', 'train') from 'train_images' or 'images_train'; ('images', '') from 'images'."""
    first, _, rest = name.lower().partition("_")
    if rest and is_split_name(first):
        return rest, canonical(first)
    front, _, last = name.lower().rpartition("_")
    if front and is_split_name(last):
        return front, canonical(last)
    return name.lower(), ""


def _plain(error: Exception) -> str:
    words = str(error).rstrip(".")
    if "pickle" in words.lower() or "python objects" in words.lower():
        return "it holds Python objects, which are never loaded"
    return words or "it is damaged"
