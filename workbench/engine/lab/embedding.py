"""Requests about pretrained encoders: which there are, and the user's own pictures or texts through one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.core.errors import LabError, unknown
from workbench.data.probe import guess_source
from workbench.engine.embed_own import Embedded, embed_pictures, embed_texts
from workbench.engine.lab.runs import lab_device
from workbench.engine.lab.server import Request, Result
from workbench.models.pretrained import PretrainedFile, find_pretrained, places
from workbench.models.text_encoders import TextEncoderFiles, find_text_encoders, is_text_encoder
from workbench.recipes.models import Choice


def list_pretrained(request: Request) -> Result:
    """Every pretrained encoder on this machine: name, what it reads (pictures or texts), path; and where was looked."""
    pictures = [{"name": file.name, "reads": "pictures", "path": str(file.path)} for file in find_pretrained()]
    texts = [{"name": files.name, "reads": "texts", "path": str(files.folder)} for files in find_text_encoders()]
    return {"encoders": [*pictures, *texts], "folders": [str(place) for place in places()]}, {}


def embed_pretrained(request: Request) -> Result:
    """params: name, data (a recipe's section; null: guessed from `path`), path, column, split (null: all), out.

    `name` is one of `list_pretrained`, or the folder of a text encoder. A text encoder reads the texts at `path`.
    Result: embeddings, samples, width, skipped, encoder.
    """
    params = request.params
    encoder, target = _encoder(str(params["name"])), Path(params["out"])
    if isinstance(encoder, TextEncoderFiles):
        told = _texts(encoder, target, params, request)
    else:
        data = Choice(**params["data"]) if params.get("data") else guess_source(Path(params["path"]))
        told = embed_pictures(target, encoder, data, params.get("split"), lab_device(), request.progress)
    counts = {"samples": told.samples, "width": told.width, "skipped": told.skipped}
    return {"embeddings": str(target), **counts, "encoder": encoder.name}, {}


def _texts(encoder: TextEncoderFiles, target: Path, params: dict[str, Any], request: Request) -> Embedded:
    if not params.get("path"):
        raise LabError(f"{encoder.name} reads texts, not pictures.", "Name a text file or a table with a text column.")
    column = str(params.get("column") or "")
    return embed_texts(target, encoder, Path(params["path"]), column, lab_device(), request.progress)


def _encoder(name: str) -> PretrainedFile | TextEncoderFiles:
    if is_text_encoder(Path(name)):
        return TextEncoderFiles(Path(name).name, Path(name))
    found: dict[str, PretrainedFile | TextEncoderFiles] = {file.name: file for file in find_pretrained()}
    found = {**{files.name: files for files in find_text_encoders()}, **found}
    if name not in found:
        words = unknown("pretrained encoder", name, list(found)) if found else f"There are no weights of {name!r} here."
        raise LabError(words, f"Weights are looked for in {', '.join(map(str, places()))}.")
    return found[name]


EMBEDDING = (list_pretrained, embed_pretrained)
"""The requests, for the lab's table."""
