"""The encoders that the lab looks through: of a run's checkpoint, untrained, or pretrained from a file.

{"kind": "run", "run": path, "step": 1200 or null}
{"kind": "untrained", "backbone": {...}, "seed": 0, "data": {...}, "views": {...}}
{"kind": "pretrained", "name": "resnet18.a1_in1k", "file": path}
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch

from workbench.core.errors import LabError, unknown
from workbench.data.base import Progress
from workbench.engine.catalogue import full_catalogue
from workbench.engine.embed import load_encoder
from workbench.engine.lab.shelf import SHELF
from workbench.evaluation.invariance import Observer
from workbench.models.build import build_backbone
from workbench.models.pretrained import PretrainedFile, load_pretrained
from workbench.recipes.check import build
from workbench.recipes.models import Choice, Recipe, Views
from workbench.recipes.toml_io import read_document
from workbench.runs.folder import RunFolder

KeptT = TypeVar("KeptT")
_KEPT = 3


class Memory(Generic[KeptT]):
    """The last few answers by what was asked; not thread-safe, the lab answers one request at a time."""

    def __init__(self, limit: int) -> None:
        self._kept: OrderedDict[str, KeptT] = OrderedDict()
        self._limit = limit

    def get(self, key: str, make: Callable[[], KeptT]) -> KeptT:
        """The answer that is kept under this key, or a new one."""
        if key not in self._kept:
            self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)
        return self._kept[key]


@dataclass(frozen=True)
class Named:
    """An observer with its words.

    key : the same for the same weights, and for no others
    step : of the checkpoint; None for an encoder of no run
    recipe : of the run; None for an encoder of no run
    """

    key: str
    title: str
    observer: Observer
    step: int | None = None
    recipe: Recipe | None = None


_OBSERVERS: Memory[Named] = Memory(_KEPT)


def observer_of(encoder: Mapping[str, Any], progress: Progress) -> Named:
    """The encoder that a request names; raises LabError, RunError, DataError or RecipeError saying what is missing."""
    kinds = {"run": _of_run, "untrained": _untrained, "pretrained": _pretrained}
    kind = str(encoder.get("kind", ""))
    if kind not in kinds:
        raise LabError(unknown("kind of encoder", kind, list(kinds)))
    return kinds[kind](encoder, progress)


def _of_run(encoder: Mapping[str, Any], progress: Progress) -> Named:
    folder = RunFolder(Path(encoder["run"]).resolve())
    chosen = folder.checkpoint(encoder.get("step"))
    key = _key("run", str(chosen.path), _stamp(chosen.path / "model.safetensors"))

    def make() -> Named:
        asked = folder.resolved if folder.resolved.exists() else folder.recipe
        recipe = build(read_document(asked), full_catalogue())
        loaded, _ = load_encoder(folder, recipe, chosen.step, progress)
        moments = loaded.pipeline.by_view[0][1]
        seer = Observer(loaded.backbone.to(device()), loaded.pipeline.size, moments, device())
        return Named(key, f"{folder.name} · step {chosen.step:,}", seer, chosen.step, recipe)

    return _OBSERVERS.get(key, make)


def _untrained(encoder: Mapping[str, Any], progress: Progress) -> Named:
    """Random weights, for the views as they stand: what an architecture sees before it has learned anything."""
    choice, views = Choice(**encoder["backbone"]), Views.model_validate(encoder["views"])
    data, seed = Choice(**encoder["data"]), int(encoder["seed"])
    pipeline = SHELF.pipeline(data, views, progress)
    size, moments = pipeline.size, pipeline.by_view[0][1]
    numbers = None if moments is None else [part.tolist() for part in moments]
    key = _key("untrained", choice.model_dump(), seed, size, numbers)

    def make() -> Named:
        torch.manual_seed(seed)
        return Named(key, "untrained", Observer(build_backbone(choice, size).to(device()), size, moments, device()))

    return _OBSERVERS.get(key, make)


def _pretrained(encoder: Mapping[str, Any], progress: Progress) -> Named:
    file = PretrainedFile(str(encoder["name"]), Path(encoder["file"]))
    if not file.path.is_file():
        raise LabError(f"The weights {file.path} are gone.", "Choose another encoder.")
    key = _key("pretrained", file.name, str(file.path), _stamp(file.path))

    def make() -> Named:
        progress(0.0, f"Loading {file.name}")
        loaded = load_pretrained(file)
        moments = np.asarray(loaded.mean, np.float64), np.asarray(loaded.std, np.float64)
        return Named(key, file.name, Observer(loaded.backbone.to(device()), loaded.size, moments, device()))

    return _OBSERVERS.get(key, make)


def device() -> torch.device:
    """Where encoders run."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _stamp(path: Path) -> str:
    """Changes when a file does."""
    stat = path.stat()
    return f"{stat.st_mtime_ns}:{stat.st_size}"


def _key(*parts: object) -> str:
    return json.dumps(parts, sort_keys=True, default=str)
