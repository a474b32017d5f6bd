"""Flowers-102 and Food-101: folders of photographs with lists of labels."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import DataError
from workbench.core.model import setting
from workbench.data.array_dataset import ArrayDataset
from workbench.data.base import Place, Progress
from workbench.data.encoded import FileImages
from workbench.data.listing import Listing, load_listed
from workbench.data.remote import RemoteConfig, RemoteFile, RemoteSource
from workbench.plugins.specs import DatasetSpec


class PhotoConfig(RemoteConfig):
    image_size: int = setting(
        128,
        "Image size",
        "side that images are stored at: the shorter side is scaled to it and the centre kept; 0 "
        "takes the median shorter side, at most 256",
        unit="px",
        ge=0,
        le=1024,
    )


class _Photos(RemoteSource):
    Config = PhotoConfig

    @abstractmethod
    def listed(self, root: Path, split: str) -> Any:
        """torchvision's data set, made to give (path, label) instead of (image, label)."""

    def read(self, root: Path, split: str, config: PhotoConfig, place: Place, progress: Progress) -> ArrayDataset:
        try:
            listing = self._listing(root)
        except (RuntimeError, OSError, ValueError, KeyError) as error:
            raise DataError(
                f"{self.spec.title} in {root} cannot be read: {error}.", "Delete that folder and load it again."
            ) from error
        return load_listed(listing, self.spec, split, config.image_size, place, progress)

    def _listing(self, root: Path) -> Listing:
        """Every split, so that the automatic image size is the same for all of them."""
        paths: list[Path] = []
        labels: list[int] = []
        splits: list[str] = []
        classes: tuple[str, ...] = ()
        for split in self.spec.splits:
            read = self.listed(root, split)
            pairs = [read[row] for row in range(len(read))]
            paths += [Path(path) for path, _ in pairs]
            labels += [int(label) for _, label in pairs]
            splits += [split] * len(pairs)
            classes = tuple(read.classes)
        return Listing(
            title=self.spec.title,
            source=str(root),
            encoded=FileImages(paths),
            ids=[path.relative_to(root).as_posix() for path in paths],
            split=np.array(splits),
            labels=np.array(labels, dtype=np.int64),
            classes=classes,
        )


class Flowers102(_Photos):
    """Flowers of the United Kingdom (Nilsback and Zisserman 2008)."""

    spec = DatasetSpec(
        id="flowers102",
        title="Flowers-102",
        summary="8,189 photographs of 102 kinds of flowers; 345 MB to download",
        origin="download",
        splits=("train", "val", "test"),
        classes=102,
        samples=8_189,
        train_samples=1_020,
        size_px=500,
        licence="not stated; for research",
        source="https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
    )
    base = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
    folder = "flowers-102"
    remote = (
        RemoteFile("102flowers.tgz", "52808999861908f626f3c1f4e79d11fa", 344_862_509, folder, unpack=True),
        RemoteFile("imagelabels.mat", "e0620be6f572b9609742df49c70aed4d", 502, folder),
        RemoteFile("setid.mat", "a5357ecc9cb78c4bef273ce3793fc85c", 14_989, folder),
    )

    def present(self, root: Path, split: str) -> bool:
        folder = root / self.folder
        return (folder / "jpg").is_dir() and all((folder / file.name).is_file() for file in self.remote[1:])

    def listed(self, root: Path, split: str) -> Any:
        import torchvision.datasets

        return torchvision.datasets.Flowers102(root, split=split, loader=lambda path: path)


class Food101(_Photos):
    """Dishes (Bossard, Guillaumin and Van Gool 2014)."""

    spec = DatasetSpec(
        id="food101",
        title="Food-101",
        summary="101,000 photographs of 101 dishes; 5 GB to download",
        origin="download",
        splits=("train", "test"),
        classes=101,
        samples=101_000,
        train_samples=75_750,
        size_px=512,
        licence="for research; pictures from foodspotting.com",
        source="https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
    )
    base = "http://data.vision.ee.ethz.ch/cvl/"
    remote = (RemoteFile("food-101.tar.gz", "85eeb15f3717b99a5da872d97d918f87", 4_996_278_331, unpack=True),)

    def present(self, root: Path, split: str) -> bool:
        return all((root / "food-101" / name).is_dir() for name in ("images", "meta"))

    def listed(self, root: Path, split: str) -> Any:
        import torchvision.datasets

        return torchvision.datasets.Food101(root, split=split, loader=lambda path: path)
