"""CIFAR, SVHN and STL-10: small pictures in a few large files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.data.array_dataset import ArrayDataset, Facts
from workbench.data.base import Place, Progress
from workbench.data.cache import Chunk, cached, fingerprint
from workbench.data.encoded import file_stamp
from workbench.data.remote import RemoteFile, RemoteSource
from workbench.data.sources.mnist_like import DIGITS
from workbench.plugins.specs import DatasetSpec


class _TorchvisionArrays(RemoteSource):
    """A set that torchvision reads into one array; it checks each file's MD5 before it opens it."""

    def read(self, root: Path, split: str, config: Any, place: Place, progress: Progress) -> ArrayDataset:
        progress(0.0, f"Reading {self.spec.title}")
        try:
            images, labels, classes = self.arrays(root, split)
        except (RuntimeError, OSError, ValueError) as error:
            raise DataError(
                f"{self.spec.title} in {root} cannot be read: {error}.", "Delete that folder and load it again."
            ) from error
        ids = [f"{split}/{row}" for row in range(len(images))]
        facts = Facts(split, self.spec.splits, classes, source=str(root))
        return ArrayDataset(np.ascontiguousarray(images), labels, ids, self.spec, facts)

    def arrays(self, root: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
        """Images (N, 3, H, W), labels (N,), class names."""
        raise NotImplementedError


class _Cifar(_TorchvisionArrays):
    base = "https://www.cs.toronto.edu/~kriz/"
    folder: ClassVar[str]
    parts: ClassVar[dict[str, tuple[str, ...]]]
    reader: ClassVar[str]

    def present(self, root: Path, split: str) -> bool:
        # torchvision checks both splits whichever is read.
        return all((root / self.folder / name).is_file() for names in self.parts.values() for name in names)

    def arrays(self, root: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
        import torchvision.datasets

        read = getattr(torchvision.datasets, self.reader)(root, train=split == "train")
        return read.data.transpose(0, 3, 1, 2), np.array(read.targets, dtype=np.int64), tuple(read.classes)


class Cifar10(_Cifar):
    """Ten kinds of things (Krizhevsky 2009, Learning multiple layers of features from tiny images)."""

    spec = DatasetSpec(
        id="cifar10",
        title="CIFAR-10",
        summary="60,000 colour pictures of 10 kinds of animals and vehicles, 32x32; 170 MB to download",
        origin="download",
        splits=("train", "test"),
        classes=10,
        samples=60_000,
        train_samples=50_000,
        size_px=32,
        licence="not stated; for research",
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
    )
    remote = (RemoteFile("cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a", 170_498_071, unpack=True),)
    folder = "cifar-10-batches-py"
    parts: ClassVar = {
        "train": tuple(f"data_batch_{number}" for number in range(1, 6)),
        "test": ("test_batch",),
        "meta": ("batches.meta",),
    }
    reader = "CIFAR10"


class Cifar100(_Cifar):
    """A hundred kinds of things (Krizhevsky 2009, Learning multiple layers of features from tiny images)."""

    spec = DatasetSpec(
        id="cifar100",
        title="CIFAR-100",
        summary="60,000 colour pictures of 100 kinds of things, 32x32; 169 MB to download",
        origin="download",
        splits=("train", "test"),
        classes=100,
        samples=60_000,
        train_samples=50_000,
        size_px=32,
        licence="not stated; for research",
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
    )
    remote = (RemoteFile("cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85", 169_001_437, unpack=True),)
    folder = "cifar-100-python"
    parts: ClassVar = {"train": ("train",), "test": ("test",), "meta": ("meta",)}
    reader = "CIFAR100"


class Svhn(_TorchvisionArrays):
    """House numbers from street pictures (Netzer et al. 2011)."""

    spec = DatasetSpec(
        id="svhn",
        title="SVHN",
        summary="99,289 digits cut from photographs of house numbers, 32x32; 246 MB to download",
        origin="download",
        splits=("train", "test", "extra"),
        classes=10,
        samples=99_289,
        train_samples=73_257,
        size_px=32,
        licence="non-commercial use",
        source="http://ufldl.stanford.edu/housenumbers/",
    )
    base = "http://ufldl.stanford.edu/housenumbers/"
    remote = (
        RemoteFile("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373", 182_040_794, splits=("train",)),
        RemoteFile("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3", 64_275_384, splits=("test",)),
        RemoteFile("extra_32x32.mat", "a93ce644f1a588dc4d68dda5feec44a7", 1_329_278_602, splits=("extra",)),
    )

    def present(self, root: Path, split: str) -> bool:
        return (root / f"{split}_32x32.mat").is_file()

    def arrays(self, root: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
        import torchvision.datasets

        read = torchvision.datasets.SVHN(root, split=split)
        return read.data, read.labels, DIGITS


class Stl10(RemoteSource):
    """Pictures for learning with few labels (Coates, Lee and Ng 2011)."""

    spec = DatasetSpec(
        id="stl10",
        title="STL-10",
        summary="13,000 labelled and 100,000 unlabelled colour pictures, 96x96; 2.6 GB to download",
        origin="download",
        splits=("train", "test", "unlabeled"),
        classes=10,
        samples=113_000,
        train_samples=5_000,
        size_px=96,
        licence="not stated; for research",
        source="https://cs.stanford.edu/~acoates/stl10/",
    )
    base = "http://ai.stanford.edu/~acoates/stl10/"
    remote = (RemoteFile("stl10_binary.tar.gz", "91f7769df0f17e558f3565bffb0c7dfb", 2_640_397_119, unpack=True),)
    folder = "stl10_binary"
    side_px = 96
    chunk = 500

    def present(self, root: Path, split: str) -> bool:
        names = [f"{split}_X.bin", *([f"{split}_y.bin"] if split != "unlabeled" else [])]
        return all((root / self.folder / name).is_file() for name in names)

    def read(self, root: Path, split: str, config: Any, place: Place, progress: Progress) -> ArrayDataset:
        pixels = root / self.folder / f"{split}_X.bin"
        decoded = cached(fingerprint(["stl10", file_stamp(pixels)]), place, lambda: self._chunks(pixels, progress))
        labels = self._labels(root, split, len(decoded.images))
        ids = [f"{split}/{row}" for row in range(len(decoded.images))]
        facts = Facts(split, self.spec.splits, self._classes(root), source=str(root))
        return ArrayDataset(decoded.images, labels, ids, self.spec, facts)

    def _chunks(self, pixels: Path, progress: Progress) -> Iterator[Chunk]:
        """The file holds each image channel by channel, column by column."""
        raw = np.memmap(pixels, np.uint8, "r")
        image = 3 * self.side_px**2
        if len(raw) % image:
            raise DataError(f"{pixels} is cut off.", "Delete it and load STL-10 again.")
        columns = raw.reshape(-1, 3, self.side_px, self.side_px)
        for start in range(0, len(columns), self.chunk):
            progress(start / len(columns), f"Reading STL-10: {start:,} of {len(columns):,}")
            part = columns[start : start + self.chunk].transpose(0, 1, 3, 2)
            yield Chunk(part, list(range(start, start + len(part))))

    def _labels(self, root: Path, split: str, count: int) -> NDArray[np.int64] | None:
        if split == "unlabeled":
            return None
        labels = np.fromfile(root / self.folder / f"{split}_y.bin", np.uint8).astype(np.int64) - 1
        if len(labels) != count:
            raise DataError(f"{split}_y.bin has {len(labels)} labels for {count} images.", "Load STL-10 again.")
        return labels

    def _classes(self, root: Path) -> tuple[str, ...]:
        names = root / self.folder / "class_names.txt"
        return tuple(names.read_text().split()) if names.is_file() else tuple(str(n) for n in range(1, 11))
