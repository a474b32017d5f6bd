"""What an embedding set says of itself: meta.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from workbench.core.files import write_atomic
from workbench.core.model import Model

Metric = Literal["cosine", "euclidean"]
"""What stored neighbours are told in."""

SearchMetric = Literal["cosine", "euclidean", "dot"]
"""What can be asked for; the "distance" of "dot" is minus the dot product."""

WORD_COLUMNS = ("text", "word", "token", "id")
"""The first of these columns that a table has is what its rows are called by."""


def word_column(names: Iterable[str]) -> str:
    """Which of a table's columns holds the words; each set has at least an id."""
    there = set(names)
    return next(name for name in WORD_COLUMNS if name in there)


class LayoutInfo(Model):
    """How a layout was made, and how far it can be trusted.

    method, params, seed : what to give to get it again
    seconds : how long the projection took, without the neighbours
    trust_mean : mean share of true neighbours kept, in [0, 1]; None where no point has neighbours
    axes : a name for each column whose direction means something, such as "PC 1 (12.3 %)"; else empty
    iterations : how many were done, where the projection could have been stopped before
    start : the layout that it started from; "" where there was none
    approximate : in words, how far the neighbours are approximate that it, or its trust, was made from; "" for exact
    library : which one laid out, where that is not the same on every machine; else ""
    """

    method: str
    params: dict[str, Any] = Field(default_factory=dict)
    seed: int | None = None
    seconds: float = Field(0.0, ge=0)
    trust_mean: float | None = Field(None, ge=0, le=1)
    axes: tuple[str, ...] = ()
    iterations: int | None = Field(None, ge=0)
    start: str = ""
    approximate: str = ""
    library: str = ""


class EncoderSource(Model):
    """Which encoder made a set, told so that it can be found again.

    kind : "run" (a checkpoint), "pretrained" (weights for pictures) or "text" (a text encoder)
    name : of the run, of the weights, or of the text encoder
    path : the run's folder, the file of the weights, or the text encoder's folder, absolute
    step : of the checkpoint
    digest : of the weights (BLAKE2b, hexadecimal), which tells them from others of the same name; "" for a checkpoint
    shape : (C, H, W) of the pictures as the data set gave them, px; None for texts, and where it is not known
    """

    kind: Literal["run", "pretrained", "text"]
    name: str
    path: str
    step: int | None = Field(None, ge=0)
    digest: str = ""
    shape: tuple[int, int, int] | None = None


class SetMeta(Model):
    """What is known of an embedding set.

    source : where the vectors came from: a checkpoint's path, an imported file
    metric : the distance in which its neighbours are told
    fingerprint : of the recipe that made the encoder; empty for imported vectors
    step : optimiser step of the checkpoint; None for imported vectors
    created : when it was written, ISO 8601, UTC
    thumbnails : whether the set was written with pictures
    approximate : in words, how far the stored neighbours are approximate; "" for exact ones
    encoder : what made the vectors; None for imported ones
    """

    title: str = ""
    source: str = ""
    metric: Metric = "cosine"
    fingerprint: str = ""
    step: int | None = Field(None, ge=0)
    created: str = ""
    thumbnails: bool = False
    approximate: str = ""
    encoder: EncoderSource | None = None
    layouts: dict[str, LayoutInfo] = Field(default_factory=dict)


def read_meta(folder: Path, missing: list[str]) -> SetMeta:
    """The set's meta.json as far as it can be read; what could not be is added to `missing` as sentences."""
    path = folder / "meta.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        missing.append("meta.json is absent: title and source are not known.")
        return SetMeta()
    except (OSError, ValueError) as error:
        missing.append(f"meta.json is damaged ({error}): title and source are not known.")
        return SetMeta()
    if not isinstance(document, dict):
        missing.append("meta.json is not a JSON object: title and source are not known.")
        return SetMeta()
    known = {key: value for key, value in document.items() if key in SetMeta.model_fields}
    if newer := sorted(document.keys() - known):
        missing.append(f"meta.json has keys of a newer version, not read: {', '.join(newer)}.")
    try:
        return SetMeta.model_validate(known)
    except ValidationError as error:
        missing.append(f"meta.json is not as expected ({error.error_count()} fields): title and source are not known.")
        return SetMeta()


def write_meta(folder: Path, meta: SetMeta) -> None:
    """Write meta.json, whole or not at all."""
    write_atomic(folder / "meta.json", json.dumps(meta.model_dump(mode="json"), indent=1))


def record_layout(folder: Path, name: str, info: LayoutInfo) -> None:
    """Add a layout to meta.json, keeping the keys that a newer version may have written there."""
    document = _document(folder)
    layouts = {**_table(document.get("layouts")), name: info.model_dump(mode="json")}
    write_atomic(folder / "meta.json", json.dumps({**document, "layouts": layouts}, indent=1))


def record_neighbours(folder: Path, approximate: str) -> None:
    """Say in meta.json how far the stored neighbours are approximate ("" for exact), keeping all other keys."""
    document = _document(folder)
    if document.get("approximate", "") != approximate:
        write_atomic(folder / "meta.json", json.dumps({**document, "approximate": approximate}, indent=1))


def _document(folder: Path) -> dict[str, Any]:
    """meta.json as it is; empty where it cannot be read."""
    try:
        return _table(json.loads((folder / "meta.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _table(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
