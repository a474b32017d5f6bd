"""Images and labels in a .npy or .npz file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workbench.core.model import setting
from workbench.data.array_dataset import ArrayDataset, Facts
from workbench.data.array_file import ArrayFile, Member
from workbench.data.array_values import Layout, Values, images_nchw, value_range
from workbench.data.base import DatasetSource, Place, Progress, no_progress
from workbench.data.cache import Chunk, cached, fingerprint
from workbench.data.encoded import file_stamp, readable
from workbench.data.labels import encode
from workbench.data.listing import HoldOut, existing, require_split
from workbench.data.pixels import square
from workbench.data.splits import ordered, settle
from workbench.plugins.specs import DatasetSpec

_CHUNK = 256


class ArraysConfig(HoldOut):
    path: str = setting(
        ..., "File", "a .npz with images and labels, or a .npy with images", widget="path", min_length=1
    )
    images: str = setting(
        "", "Images", "name of the array of images; empty finds x, images or data, also as x_train, test_images"
    )
    labels: str = setting("", "Labels", "name of the array of labels; empty finds y, labels or targets")
    layout: Literal["auto", "NHWC", "NCHW"] = setting(
        "auto", "Layout", "order of the axes of four-dimensional arrays: channels last or first", advanced=True
    )
    values: Values = setting(
        "auto", "Values", "what black and white are; auto tells it from the type and the largest value", advanced=True
    )
    image_size: int = setting(
        0,
        "Image size",
        "side that images are stored at: the shorter side is scaled to it and the centre kept; 0 "
        "keeps them as they are",
        unit="px",
        ge=0,
        le=1024,
    )


@dataclass(frozen=True)
class _Plan:
    """What a file holds: its arrays of images one after another, and every sample's split and label."""

    images: list[Member]
    ids: list[str]
    split: NDArray[np.str_]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]


class Arrays(DatasetSource):
    """Plain numpy arrays; objects in them are never unpickled."""

    spec = DatasetSpec(
        id="arrays",
        title="Arrays (.npz, .npy)",
        summary="your own images as numpy arrays, grey or in colour, 8-bit, 16-bit or floating point",
        origin="import",
    )
    Config = ArraysConfig

    def splits(self, config: ArraysConfig, place: Place) -> tuple[str, ...]:
        with ArrayFile(existing(config.path)) as file:
            return ordered(_plan(file, config).split.tolist())

    def status(self, config: ArraysConfig, place: Place) -> tuple[str, str]:
        if Path(config.path).expanduser().is_file():
            return "ready", ""
        return "missing", f"There is no file {config.path}."

    def load(self, config: ArraysConfig, split: str, place: Place, progress: Progress = no_progress) -> ArrayDataset:
        path = existing(config.path)
        with ArrayFile(path) as file:
            plan = _plan(file, config)
            splits = ordered(plan.split.tolist())
            require_split(split, splits, path.name)
            rows = np.flatnonzero(plan.split == split)
            wanted = [config.layout, config.values, str(config.image_size), *(image.name for image in plan.images)]
            key = fingerprint(["arrays", file_stamp(path), *wanted, rows.tobytes().hex()])
            decoded = cached(key, place, lambda: _chunks(file, plan.images, rows, config, progress))
        labels = None if plan.labels is None else plan.labels[rows]
        facts = Facts(split, splits, plan.classes, title=readable(path.stem), source=readable(str(path)))
        return ArrayDataset(decoded.images, labels, [plan.ids[row] for row in rows], self.spec, facts)


def _plan(file: ArrayFile, config: ArraysConfig) -> _Plan:
    images = file.images(config.images)
    labelled = [file.labels_for(image, config.labels) for image in images]
    given = [image.split for image in images for _ in range(image.count)]
    ids = [f"{image.split or image.name}/{row}" for image in images for row in range(image.count)]
    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    if any(values is not None for values in labelled):
        joined: list[Any] = []
        for image, values in zip(images, labelled, strict=True):
            joined += values.tolist() if values is not None else [None] * image.count
        labels, classes = encode(joined, file.class_names())
    return _Plan(images, ids, settle(given, ids, labels, config.test_share, config.split_seed), labels, classes)


def _chunks(
    file: ArrayFile, members: list[Member], rows: NDArray[np.int64], config: ArraysConfig, progress: Progress
) -> Iterator[Chunk]:
    start = 0
    for member in members:
        inside = rows[(rows >= start) & (rows < start + member.count)] - start
        if len(inside):
            yield from _member_chunks(file.read(member.name), member.name, inside, start, config, progress)
        start += member.count


def _member_chunks(
    array: NDArray[Any], name: str, rows: NDArray[np.int64], start: int, config: ArraysConfig, progress: Progress
) -> Iterator[Chunk]:
    layout: Layout = config.layout
    low, high = value_range(array, config.values, name)
    for first in range(0, len(rows), _CHUNK):
        progress(first / len(rows), f"Reading {name}: {first:,} of {len(rows):,}")
        part = rows[first : first + _CHUNK]
        images = images_nchw(array[part], layout, low, high, name)
        yield Chunk(_resized(images, config.image_size), (part + start).tolist())
    progress(1.0, f"Read {len(rows):,} images of {name}")


def _resized(images: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    if not side_px or images.shape[2:] == (side_px, side_px):
        return images
    pictures = [square(Image.fromarray(image.transpose(1, 2, 0).squeeze()), side_px) for image in images]
    stacked = np.stack([np.asarray(picture) for picture in pictures])
    return stacked[:, None] if stacked.ndim == 3 else stacked.transpose(0, 3, 1, 2)
