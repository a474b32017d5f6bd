"""The user's own pictures or texts through a pretrained encoder, as an embedding set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from workbench.core.errors import DataError, unknown
from workbench.data.base import Dataset, Progress
from workbench.data.loading import load, source
from workbench.data.loading import splits as splits_of
from workbench.data.progress import part
from workbench.data.texts import read_texts
from workbench.engine.embed import thumbnails
from workbench.engine.experiment import Encoder, image_shape, place
from workbench.engine.origin import text_source, weights_source
from workbench.evaluation.features import extract
from workbench.evaluation.invariance import Observer
from workbench.models.pretrained import PretrainedEncoder, PretrainedFile, load_pretrained
from workbench.models.text_encoders import TextEncoderFiles, load_text_encoder
from workbench.recipes.models import Choice, Views
from workbench.runs.embedding_meta import SetMeta
from workbench.runs.embedding_set import write_embedding_set
from workbench.runs.embedding_target import require_target

_BATCH_PX = 2**21
"""Pixels of a batch: 41 pictures of 224 px, with which a ResNet-50 takes about a gigabyte."""


@dataclass(frozen=True)
class Embedded:
    """What was written: how many samples of how many numbers, and how many could not be read."""

    samples: int
    width: int
    skipped: int


def embed_pictures(
    target: Path, file: PretrainedFile, data: Choice, split: str | None, device: torch.device, progress: Progress
) -> Embedded:
    """Every picture of a data set (of all its splits, or of one) through a pretrained encoder.

    An importer that would hold out a test split does not: all that is not named a test split stays together.

    Raises DataError, RecipeError or LabError naming what is missing, WorkbenchError where `target` is something else
    than a set, and what `progress` raises; then nothing is written.
    """
    require_target(target)
    data = _without_hold_out(data)
    names = _splits(data, split)
    progress(0.0, f"Loading {file.name}")
    loaded = load_pretrained(file)
    vectors, tables, pictures, shapes, skipped = [], [], [], [], 0
    for number, name in enumerate(names):
        own = part(progress, number, len(names))
        dataset = load(data, name, place(), part(own, 0, 2))
        vectors.append(_vectors(loaded, dataset, device, part(own, 1, 2)))
        shapes.append(image_shape(dataset))
        tables.append(dataset.table())
        pictures.append(thumbnails(dataset))
        skipped += len(dataset.info.skipped)
    info = dataset.info
    meta = SetMeta(
        title=f"{info.title} through {file.name}",
        source=_source(info.source or info.title, file.path),
        encoder=weights_source(file, max(shapes)),  # in colour where one of the splits is
    )
    _write(target, np.concatenate(vectors), pa.concat_tables(tables), np.concatenate(pictures), meta)
    return Embedded(sum(map(len, vectors)), vectors[0].shape[1], skipped)


def embed_texts(
    target: Path, files: TextEncoderFiles, path: Path, column: str, device: torch.device, progress: Progress
) -> Embedded:
    """Every text of a file through a text encoder; raises as `embed_pictures` does."""
    require_target(target)
    texts = read_texts(path, column)
    progress(0.0, f"Loading {files.name}")
    encoder = load_text_encoder(files, device)
    vectors = encoder.encode(texts.table["text"].to_pylist(), progress)
    meta = SetMeta(
        title=f"{texts.title} through {files.name}",
        source=_source(texts.source, files.folder),
        encoder=text_source(files),
    )
    _write(target, vectors, texts.table, None, meta)
    return Embedded(len(vectors), vectors.shape[1], texts.empty)


def _without_hold_out(data: Choice) -> Choice:
    settings = source(data.id).Config.model_fields
    return data.with_params(test_share=0.0) if "test_share" in settings and "test_share" not in data.params else data


def _splits(data: Choice, split: str | None) -> tuple[str, ...]:
    names = splits_of(data, place())
    if not names:
        raise DataError(f"The data set {data.id!r} has no samples.")
    if split is None:
        return names
    if split not in names:
        raise DataError(unknown("split", split, names))
    return (split,)


def pretrained_encoder(loaded: PretrainedEncoder, shape: tuple[int, int, int], device: torch.device) -> Encoder:
    """What turns pictures of a shape (C, H, W) into vectors, as those of a set are made."""
    moments = np.asarray(loaded.mean, np.float64), np.asarray(loaded.std, np.float64)
    observer = Observer(loaded.backbone.to(device), loaded.size, moments, device)
    return Encoder(observer.backbone, observer.pipeline(Views(), shape))


def _vectors(
    loaded: PretrainedEncoder, dataset: Dataset, device: torch.device, progress: Progress
) -> NDArray[np.float32]:
    encoder = pretrained_encoder(loaded, image_shape(dataset), device)
    index, batch = np.arange(len(dataset), dtype=np.int64), max(1, _BATCH_PX // loaded.size**2)
    features = extract(encoder.backbone, encoder.inputs, dataset, index, device, batch=batch, progress=progress)
    vectors: NDArray[np.float32] = features.numpy()
    return vectors


def _source(data: str, weights: Path) -> str:
    return f"{data}, encoded by {weights}"


def _write(
    target: Path, vectors: NDArray[np.float32], table: pa.Table, pictures: NDArray[np.uint8] | None, meta: SetMeta
) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_embedding_set(target, vectors, table, pictures, meta)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{target} cannot be written: {reason}.", "Choose another place or make room there.") from error
