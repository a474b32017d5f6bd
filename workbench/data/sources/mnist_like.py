"""MNIST and Fashion-MNIST from IDX files: downloaded, or as Debian packages them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import DataError
from workbench.core.model import Model, setting
from workbench.data.array_dataset import ArrayDataset, Facts
from workbench.data.base import DatasetSource, Place, Progress, no_progress
from workbench.data.idx import read_idx
from workbench.data.listing import require_split
from workbench.data.remote import RemoteFile, RemoteSource
from workbench.plugins.specs import DatasetSpec

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
DIGITS = tuple(str(digit) for digit in range(10))

_SPLITS = ("train", "test")
_STEMS = {"train": "train", "test": "t10k"}
_KINDS = ("images-idx3-ubyte", "labels-idx1-ubyte")
_FASHION_SOURCE = "https://github.com/zalandoresearch/fashion-mnist"


def _find(folder: Path, split: str) -> list[Path] | None:
    """The image and the label file of a split, plain or gzipped; None where one is missing."""
    found = []
    for kind in _KINDS:
        stem = f"{_STEMS[split]}-{kind}"
        there = [path for path in (folder / stem, folder / f"{stem}.gz") if path.is_file()]
        if not there:
            return None
        found.append(there[0])
    return found


def _read(paths: list[Path], split: str, spec: DatasetSpec, classes: tuple[str, ...]) -> ArrayDataset:
    images, labels = (read_idx(path) for path in paths)
    ids = [f"{split}/{row}" for row in range(len(images))]
    facts = Facts(split, _SPLITS, classes, source=str(paths[0].parent))
    return ArrayDataset(images[:, None], labels.astype(np.int64), ids, spec, facts)


class _IdxSource(RemoteSource):
    """Four IDX files in torchvision's layout."""

    raw: str
    classes: tuple[str, ...]

    def present(self, root: Path, split: str) -> bool:
        return self._find(root, split) is not None

    def read(self, root: Path, split: str, config: Any, place: Place, progress: Progress) -> ArrayDataset:
        paths = self._find(root, split)
        assert paths is not None
        return _read(paths, split, self.spec, self.classes)

    def _find(self, root: Path, split: str) -> list[Path] | None:
        return _find(root / self.raw, split) or _find(root, split)


class Mnist(_IdxSource):
    """Handwritten digits (LeCun, Bottou, Bengio and Haffner 1998)."""

    spec = DatasetSpec(
        id="mnist",
        title="MNIST",
        summary="70,000 handwritten digits in grey, 28x28; 12 MB to download",
        origin="download",
        splits=_SPLITS,
        classes=10,
        samples=70_000,
        train_samples=60_000,
        size_px=28,
        channels=1,
        licence="CC BY-SA 3.0",
        source="http://yann.lecun.com/exdb/mnist/",
    )
    raw = "MNIST/raw"
    classes = DIGITS
    base = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    remote = (
        RemoteFile("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422, raw, ("train",)),
        RemoteFile("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", 28_881, raw, ("train",)),
        RemoteFile("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3", 1_648_877, raw, ("test",)),
        RemoteFile("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c", 4_542, raw, ("test",)),
    )


class FashionMnist(_IdxSource):
    """Pictures of clothing (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747)."""

    spec = DatasetSpec(
        id="fashion-mnist",
        title="Fashion-MNIST",
        summary="70,000 grey pictures of clothing in 10 classes, 28x28; 31 MB to download",
        origin="download",
        splits=_SPLITS,
        classes=10,
        samples=70_000,
        train_samples=60_000,
        size_px=28,
        channels=1,
        licence="MIT",
        source=_FASHION_SOURCE,
    )
    raw = "FashionMNIST/raw"
    classes = FASHION_CLASSES
    base = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    remote = (
        RemoteFile("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880, raw, ("train",)),
        RemoteFile("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe", 29_515, raw, ("train",)),
        RemoteFile("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79", 4_422_102, raw, ("test",)),
        RemoteFile("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310", 5_148, raw, ("test",)),
    )


class DebianFashionConfig(Model):
    folder: str = setting(
        "/usr/share/datasets/fashion-mnist", "Folder", "where the package put its files", widget="folder", min_length=1
    )


class DebianFashion(DatasetSource):
    """The complete Fashion-MNIST of Debian's package."""

    spec = DatasetSpec(
        id="fashion-mnist-debian",
        title="Fashion-MNIST (Debian)",
        summary="70,000 grey pictures of clothing in 10 classes, 28x28, from the package dataset-fashion-mnist",
        origin="system",
        splits=_SPLITS,
        classes=10,
        samples=70_000,
        train_samples=60_000,
        size_px=28,
        channels=1,
        licence="MIT",
        source=_FASHION_SOURCE,
    )
    Config = DebianFashionConfig

    def splits(self, config: DebianFashionConfig, place: Place) -> tuple[str, ...]:
        return _SPLITS

    def load(
        self, config: DebianFashionConfig, split: str, place: Place, progress: Progress = no_progress
    ) -> ArrayDataset:
        require_split(split, _SPLITS, self.spec.title)
        paths = _find(Path(config.folder).expanduser(), split)
        if paths is None:
            raise DataError(self.status(config, place)[1])
        return _read(paths, split, self.spec, FASHION_CLASSES)

    def status(self, config: DebianFashionConfig, place: Place) -> tuple[str, str]:
        folder = Path(config.folder).expanduser()
        if all(_find(folder, split) for split in _SPLITS):
            return "ready", f"Found in {folder}."
        return "missing", f"Its files are not in {folder}. On Debian or Ubuntu: apt install dataset-fashion-mnist"
