"""Which encoder made a set, written down so that it can be found again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.runs.embedding_meta import EncoderSource
from workbench.runs.folder import RunFolder

if TYPE_CHECKING:
    from workbench.models.pretrained import PretrainedFile
    from workbench.models.text_encoders import TextEncoderFiles

_DIGEST_BYTES = 16


def run_source(folder: RunFolder, step: int, shape: tuple[int, int, int] | None) -> EncoderSource:
    """A run's encoder at a checkpoint, for pictures of a shape (C, H, W)."""
    return EncoderSource(kind="run", name=folder.name, path=str(folder.path.absolute()), step=step, shape=shape)


def weights_source(file: PretrainedFile, shape: tuple[int, int, int]) -> EncoderSource:
    """A pretrained encoder, for pictures of a shape (C, H, W)."""
    path = file.path.absolute()
    return EncoderSource(kind="pretrained", name=file.name, path=str(path), digest=digest([path]), shape=shape)


def text_source(files: TextEncoderFiles) -> EncoderSource:
    """A text encoder."""
    folder = files.folder.absolute()
    return EncoderSource(kind="text", name=files.name, path=str(folder), digest=text_digest(folder))


def text_digest(folder: Path) -> str:
    """Of all weights in a text encoder's folder."""
    return digest(sorted(folder.glob("*.safetensors")))


def digest(paths: Sequence[Path]) -> str:
    """Of the contents of these files, one after the other."""
    made = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for path in paths:
        with path.open("rb") as file:
            made.update(hashlib.file_digest(file, "blake2b").digest())
    return made.hexdigest()
