"""What an embedding set says of itself: meta.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from workbench.core.files import write_atomic
from workbench.core.model import Model

Metric = Literal["cosine", "euclidean"]


class LayoutInfo(Model):
    """How a layout was made, and how far it can be trusted.

    method, params, seed : what to give to get it again
    seconds : how long the projection took, without the neighbours
    trust_mean : mean share of true neighbours kept, in [0, 1]; None where no point has neighbours
    """

    method: str
    params: dict[str, Any] = Field(default_factory=dict)
    seed: int | None = None
    seconds: float = Field(0.0, ge=0)
    trust_mean: float | None = Field(None, ge=0, le=1)


class SetMeta(Model):
    """What is known of an embedding set.

    source : where the vectors came from: a checkpoint's path, an imported file
    metric : the distance in which its neighbours are told
    fingerprint : of the recipe that made the encoder; empty for imported vectors
    step : optimiser step of the checkpoint; None for imported vectors
    created : when it was written, ISO 8601, UTC
    thumbnails : whether the set was written with pictures
    """

    title: str = ""
    source: str = ""
    metric: Metric = "cosine"
    fingerprint: str = ""
    step: int | None = Field(None, ge=0)
    created: str = ""
    thumbnails: bool = False
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
    path = folder / "meta.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        layouts = dict(document.get("layouts", {}))
    except (OSError, ValueError, TypeError, AttributeError):
        document, layouts = {}, {}
    layouts[name] = info.model_dump(mode="json")
    write_atomic(path, json.dumps({**document, "layouts": layouts}, indent=1))
