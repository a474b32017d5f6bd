"""A small catalogue made like the real one: from specs and configuration models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from workbench.core.model import Model, setting
from workbench.plugins.catalogue import Catalogue, Entry, ObjectiveEntry
from workbench.plugins.specs import (
    BackboneSpec,
    ChoiceSpec,
    DatasetSpec,
    Needs,
    ObjectiveSpec,
    OperationSpec,
    Paper,
)

Share = Annotated[float, Field(ge=0, le=1)]


class Empty(Model):
    """No settings."""


class Folder(Model):
    path: str = setting(..., "Folder", "where the images lie", widget="folder", min_length=1)
    image_size: int | None = setting(None, "Side", "stored side", unit="px", ge=8, le=512)


class Crop(Model):
    p: float = setting(1.0, "Probability", "share of views", ge=0, le=1)
    scale: tuple[Share, Share] = setting((0.2, 1.0), "Scale", "share of the area", widget="range")


class Chance(Model):
    p: float = setting(0.5, "Probability", "share of views", ge=0, le=1)


class SimClr(Model):
    temperature: float = setting(0.2, "Temperature", "softness", gt=0, log=True)
    hidden: int = setting(512, "Hidden", "width of the projector", unit="units", ge=1, le=8192)
    width: int = setting(128, "Width", "width of the output", unit="units", ge=1)


class Net(Model):
    width: int = setting(64, "Width", "channels", ge=8)
    stem: Literal["auto", "small"] = setting("auto", "Stem", "first layer")


class AdamW(Model):
    lr: float = setting(1e-3, "Learning rate", "peak", gt=0, log=True)
    betas: tuple[float, float] = setting((0.9, 0.8), "Betas", "running averages")
    nesterov: bool = setting(False, "Nesterov", "look ahead")


PAPER = Paper(title="A paper", authors="A. Author", year=2020)


def objective(id_: str, title: str, needs: Needs, preset: str, config: type[Model] = Empty) -> ObjectiveEntry:
    spec = ObjectiveSpec(
        energy="What is pulled together.",
        experience="What is predicted from what.",
        id=id_, title=title, family="test", summary="s", explanation="e", formula="x", paper=PAPER, needs=needs,
        views_preset=preset,
    )  # fmt: skip
    return ObjectiveEntry(spec=spec, schema=config.model_json_schema())


def entry(kind: type[Entry[Any]], spec: Any, config: type[Model] = Empty) -> Any:
    return kind(spec=spec, schema=config.model_json_schema())


def operation(id_: str, kind: str, config: type[Model], **more: Any) -> Any:
    return entry(Entry[OperationSpec], OperationSpec(id=id_, title=id_, kind=kind, summary="s", **more), config)


def dataset(id_: str, origin: str, config: type[Model] = Empty, **more: Any) -> Any:
    return entry(Entry[DatasetSpec], DatasetSpec(id=id_, title=id_, summary="s", origin=origin, **more), config)


def backbone(id_: str, **more: Any) -> Any:
    return entry(Entry[BackboneSpec], BackboneSpec(id=id_, title=id_, summary="s", **more), Net)


def optimiser(id_: str) -> Any:
    return entry(Entry[ChoiceSpec], ChoiceSpec(id=id_, title=id_, summary="s"), AdamW)


def branch(count: int, *ops: dict[str, Any]) -> dict[str, Any]:
    return {"size": 0, "branches": [{"name": "A", "count": count, "ops": list(ops)}]}


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Three objectives with what they need, and enough around them to break every rule."""
    crop, flip = {"id": "random_resized_crop"}, {"id": "horizontal_flip"}
    pair, turned = branch(2, crop, flip), branch(1, crop, {"id": "quarter_turn"})
    return Catalogue(
        datasets=(
            dataset("fashion-mnist-10k", "bundled", samples=10_000, classes=10),
            dataset("cifar10", "download", samples=60_000, classes=10),
            dataset("unlabelled", "bundled", samples=100),
            dataset("image-folder", "import", Folder),
            dataset("sentences", "bundled", modality="text", samples=100, classes=2),
        ),
        operations=(
            operation("random_resized_crop", "geometry", Crop),
            operation("horizontal_flip", "geometry", Chance),
            operation("quarter_turn", "task", Empty, targets=("rotation",)),
        ),
        view_presets={
            "pair": pair,
            "turned": turned,
            # the names that the shipped presets use
            "simclr-small-grey": pair,
            "simclr-cifar": pair,
            "supervised-cifar": branch(1, crop, flip),
            "rotation": turned,
        },
        backbones=(backbone("tiny_cnn"), backbone("vit", tokens=True)),
        objectives=(
            objective("simclr", "SimCLR", Needs(min_views=2, max_views=2, min_batch=2), "pair", SimClr),
            objective("rotation", "Rotation", Needs(targets=("rotation",)), "turned"),
            objective("supervised", "Supervised", Needs(labels=True), "pair"),
            objective("masked", "Masked", Needs(tokens=True), "pair"),
        ),
        optimisers=(optimiser("sgd"), optimiser("adamw")),
    )
