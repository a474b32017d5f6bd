"""Every data set and importer there is, in the order that lists show them."""

from __future__ import annotations

from workbench.data.base import DatasetSource
from workbench.data.sources.arrays import Arrays
from workbench.data.sources.bundled import FashionMnist10k, NotoEmoji
from workbench.data.sources.downloads import Cifar10, Cifar100, Stl10, Svhn
from workbench.data.sources.image_folder import ImageFolder
from workbench.data.sources.image_table import ImageTable
from workbench.data.sources.jpeg_npz import PackedImages
from workbench.data.sources.mnist_like import DebianFashion, FashionMnist, Mnist
from workbench.data.sources.photos import Flowers102, Food101

SOURCES: tuple[type[DatasetSource], ...] = (
    FashionMnist10k,
    NotoEmoji,
    Cifar10,
    Cifar100,
    Stl10,
    Svhn,
    FashionMnist,
    Mnist,
    Flowers102,
    Food101,
    DebianFashion,
    ImageFolder,
    Arrays,
    ImageTable,
    PackedImages,
)
