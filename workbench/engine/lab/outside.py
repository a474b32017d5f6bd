"""Queries that no row of a set stands for: a picture from a file, a text, through the encoder that made the set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workbench.core.errors import DataError, LabError
from workbench.data.base import Progress
from workbench.data.encoded import file_stamp
from workbench.data.pixels import decode_to, is_animated, reason
from workbench.engine.embed import load_encoder, small_pictures
from workbench.engine.embed_own import pretrained_encoder
from workbench.engine.experiment import Encoder, image_shape
from workbench.engine.lab.observers import Memory
from workbench.engine.lab.runs import lab_device, recipe_of
from workbench.engine.lab.shelf import SHELF
from workbench.engine.lab.spaces import Query, Space
from workbench.engine.origin import digest, run_source, text_digest
from workbench.models.modes import evaluating
from workbench.models.pretrained import PretrainedFile, find_pretrained, load_pretrained, places
from workbench.models.text_encoders import (
    TextEncoder,
    TextEncoderFiles,
    find_text_encoders,
    is_text_encoder,
    load_text_encoder,
)
from workbench.runs.embedding_meta import EncoderSource
from workbench.runs.embedding_set import EmbeddingSet
from workbench.runs.folder import RunFolder, run_of_set

_KEPT, _TITLE = 2, 60
_NOTHING = np.zeros(0, np.int64)
_Shape = tuple[int, int, int]

_EYES: Memory[tuple[Encoder, _Shape]] = Memory(_KEPT)
_READERS: Memory[TextEncoder] = Memory(_KEPT)


def is_unknown_text(space: Space, wanted: Mapping[str, Any]) -> bool:
    """Whether a text is asked for that no row has, in a set whose encoder reads texts."""
    encoder = space.opened.meta.encoder
    reads = encoder is not None and encoder.kind == "text"
    text = str(wanted.get("text") or "")
    return reads and wanted.get("row") is None and bool(text.strip()) and space.vocabulary.find(text) is None


def picture_query(space: Space, path: Path, progress: Progress) -> tuple[Query, NDArray[np.uint8]]:
    """The vector of a picture that is prepared as those of the set were, and that picture, small, (h, w, 3).

    Raises DataError for a file that is no picture; LabError, RunError or DataError where the set's encoder cannot be
    found again; Cancelled from `progress`.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "Choose a picture.")
    encoder, shape = _eye(encoder_of(space.opened), progress)
    progress(1.0, f"Encoding {path.name}")
    images, notes = read_picture(path, shape)
    with evaluating(encoder.backbone):
        vector = encoder.backbone.features(encoder.inputs(images, lab_device())).float().cpu().numpy()[0]
    return _query(space, vector, path.name, notes), small_pictures(images)[0]


def text_query(space: Space, text: str, progress: Progress) -> Query:
    """The vector of a text, from the set's text encoder; raises as `picture_query` does."""
    vector = _reader(encoder_of(space.opened), progress).encode([text], progress)[0]
    title = f"“{shorten(text, _TITLE, placeholder='…')}”"
    return _query(space, vector, title, ("No row has this text: the set's encoder has read it.",))


def _query(space: Space, vector: NDArray[np.float32], title: str, notes: tuple[str, ...]) -> Query:
    width = space.opened.vectors.shape[1]
    if len(vector) != width:
        raise LabError(
            f"The encoder makes vectors of {len(vector):,} numbers; those of this set have {width:,}.",
            "Embed the samples again: the set was made by another encoder.",
        )
    return Query(vector.astype(np.float64), _NOTHING, title, notes)


# -- pictures ----------------------------------------------------------------------------------------------------------


def read_picture(path: Path, shape: _Shape) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """A picture as a data set of this shape (C, H, W) would have it, (1, C, H, W), and what there is to say about it.

    Raises DataError saying why a file cannot be read.
    """
    channels, height, width = shape
    try:
        pixels = decode_to(path, height, width)
        animated = is_animated(path)
    except Exception as error:  # a stranger's file may break a decoder in any way
        raise DataError(f"{path.name} {reason(error)}.", "Choose another picture, such as a PNG or a JPEG.") from error
    notes = ["Of the animation the first picture was taken."] if animated else []
    if channels == 3:
        return pixels.transpose(2, 0, 1)[None], tuple(notes)
    if (pixels != pixels[..., :1]).any():
        notes.append("Its colours were left out, because the set has none.")
    return np.array(Image.fromarray(pixels).convert("L"))[None, None], tuple(notes)


# -- encoders ----------------------------------------------------------------------------------------------------------


def encoder_of(opened: EmbeddingSet) -> EncoderSource:
    """The encoder that made a set: of the run in whose folder it lies, else what the set says; raises LabError."""
    run, known = run_of_set(opened.folder), opened.meta.encoder
    steps = {} if run is None else {path.name: step for step, path in run.embedding_sets()}
    step = steps.get(opened.folder.resolve().name)
    if run is not None and step is not None:
        return run_source(run, step, None if known is None else known.shape)
    if known is None:
        raise LabError(
            f"This set was made of {opened.meta.source or 'vectors'}, and does not say by which encoder.",
            "Embed your pictures with a run or with pretrained weights, and ask there.",
        )
    return known


def _eye(source: EncoderSource, progress: Progress) -> tuple[Encoder, _Shape]:
    """An encoder of pictures, ready, and the shape of the pictures that it was given."""
    if source.kind == "text":
        raise LabError(f"This set was made of texts by {source.name}, which reads no pictures.", "Type a text instead.")
    return (_of_run if source.kind == "run" else _pretrained)(source, progress)


def _of_run(source: EncoderSource, progress: Progress) -> tuple[Encoder, _Shape]:
    folder = RunFolder(Path(source.path))
    if not folder.recipe.exists():
        raise LabError(f"The run {folder.path} that made this set is gone.", "Put its folder back, or embed anew.")
    chosen = folder.checkpoint(source.step)

    def make() -> tuple[Encoder, _Shape]:
        progress(0.0, f"Loading the encoder of {folder.name}")
        recipe = recipe_of(folder)
        encoder, _ = load_encoder(folder, recipe, chosen.step, progress)
        encoder.backbone.to(lab_device())
        return encoder, source.shape or image_shape(SHELF.train_split(recipe.data, progress))

    return _EYES.get(f"{file_stamp(chosen.path / 'model.safetensors')} {source.shape}", make)


def _pretrained(source: EncoderSource, progress: Progress) -> tuple[Encoder, _Shape]:
    shape = source.shape or (3, 224, 224)

    def make() -> tuple[Encoder, _Shape]:
        progress(0.0, f"Loading {source.name}")
        known = [PretrainedFile(source.name, Path(source.path)), *find_pretrained()]
        there = [file for file in known if file.name == source.name and file.path.is_file()]
        same = [file for file in there if digest([file.path]) == source.digest]
        if not same:
            raise _lost(source, [file.path for file in there])
        return pretrained_encoder(load_pretrained(same[0]), shape, lab_device()), shape

    return _EYES.get(f"{file_stamp(Path(source.path))} {source.digest} {shape}", make)


def _reader(source: EncoderSource, progress: Progress) -> TextEncoder:
    def make() -> TextEncoder:
        progress(0.0, f"Loading {source.name}")
        known = [TextEncoderFiles(source.name, Path(source.path)), *find_text_encoders()]
        there = [files for files in known if files.name == source.name and is_text_encoder(files.folder)]
        same = [files for files in there if text_digest(files.folder) == source.digest]
        if not same:
            raise _lost(source, [files.folder for files in there])
        return load_text_encoder(same[0], lab_device())

    return _READERS.get(f"{file_stamp(Path(source.path) / 'config.json')} {source.digest}", make)


def _lost(source: EncoderSource, others: list[Path]) -> LabError:
    if others:
        return LabError(
            f"The weights in {others[0]} are not those that made this set, though they are called {source.name}.",
            "Put the old ones back, or embed the samples again.",
        )
    return LabError(
        f"The weights of {source.name} that made this set are not in {source.path} any more.",
        f"Put them back there, or into {places()[0]}.",
    )
