"""The two sets that ship with the program."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from workbench.core.model import Model
from workbench.core.resources import resource
from workbench.data.array_dataset import ArrayDataset, Facts
from workbench.data.base import DatasetSource, Place, Progress, no_progress
from workbench.data.labels import encode
from workbench.data.listing import require_split
from workbench.data.pixels import opaque_rgb
from workbench.data.sources.mnist_like import FASHION_CLASSES
from workbench.data.splits import falls_in_test
from workbench.plugins.specs import DatasetSpec

_SPLITS = ("train", "test")


class NoSettings(Model):
    """Nothing to set."""


class FashionMnist10k(DatasetSource):
    """A balanced 10,000-image draw of Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747)."""

    spec = DatasetSpec(
        id="fashion-mnist-10k",
        title="Fashion-MNIST sample",
        summary="10,000 grey pictures of clothing in 10 classes, 28x28; ships with the program",
        origin="bundled",
        splits=_SPLITS,
        classes=10,
        samples=10_000,
        train_samples=8_000,
        size_px=28,
        channels=1,
        licence="MIT",
        source="https://github.com/zalandoresearch/fashion-mnist",
    )
    Config = NoSettings

    def splits(self, config: Any, place: Place) -> tuple[str, ...]:
        return _SPLITS

    def load(self, config: Any, split: str, place: Place, progress: Progress = no_progress) -> ArrayDataset:
        require_split(split, _SPLITS, self.spec.title)
        with np.load(resource("fashion_mnist_10k/images.npz"), allow_pickle=False) as file:
            images, labels = file[f"{split}_images"], file[f"{split}_labels"]
        ids = [f"{split}/{row}" for row in range(len(images))]
        facts = Facts(split, _SPLITS, FASHION_CLASSES)
        return ArrayDataset(images[:, None], labels.astype(np.int64), ids, self.spec, facts)


class NotoEmoji(DatasetSource):
    """Google's Noto emoji with Unicode names and categories."""

    spec = DatasetSpec(
        id="noto-emoji",
        title="Noto emoji",
        summary="1,892 emoji in 9 categories with their names, 64x64 in colour; ships with the program",
        origin="bundled",
        splits=_SPLITS,
        classes=9,
        samples=1_892,
        train_samples=1_528,
        size_px=64,
        licence="Apache-2.0 (pictures), MIT (names)",
        source="https://github.com/googlefonts/noto-emoji",
    )
    Config = NoSettings
    test_share = 0.2

    def splits(self, config: Any, place: Place) -> tuple[str, ...]:
        return _SPLITS

    def load(self, config: Any, split: str, place: Place, progress: Progress = no_progress) -> ArrayDataset:
        require_split(split, _SPLITS, self.spec.title)
        table = json.loads(resource("noto_emoji/emoji.json").read_text(encoding="utf-8"))
        side, columns, emoji = table["side_px"], table["columns"], table["emoji"]
        with Image.open(resource("noto_emoji/sheet.webp")) as sheet:
            pixels = np.asarray(opaque_rgb(sheet))
        tiles = pixels.reshape(-1, side, columns, side, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, side, side)
        labels, classes = encode(entry["category"] for entry in emoji)
        held = [falls_in_test(entry["code"], self.test_share) for entry in emoji]
        rows = np.flatnonzero(np.array(held) == (split == "test"))
        metadata = {name: pa.array([emoji[row][name] for row in rows]) for name in ("name", "subcategory")}
        ids = [emoji[row]["code"] for row in rows]
        facts = Facts(split, _SPLITS, classes)
        return ArrayDataset(np.ascontiguousarray(tiles[rows]), labels[rows], ids, self.spec, facts, metadata)
