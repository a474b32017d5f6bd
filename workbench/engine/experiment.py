"""A recipe made flesh: data, views, model and optimiser, ready to step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.errors import DataError
from workbench.core.resources import workspace_home
from workbench.data.base import Dataset, Place, Progress
from workbench.data.loading import load
from workbench.data.loading import splits as splits_of
from workbench.data.statistics import channel_statistics
from workbench.engine.sampler import sampler_of
from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts, Objective
from workbench.objectives.build import build_objective
from workbench.recipes.models import Choice, Recipe
from workbench.views.base import Views
from workbench.views.pipeline import ViewPipeline, compile_views

TRAIN_FIRST = ("train", "unlabeled", "all")
TEST_FIRST = ("test", "val", "valid", "validation")


class Learner(nn.Module):
    """Backbone and objective as one module, so that precision and data parallelism wrap both.

    It speaks in plain containers because wrappers look inside what passes through `forward`.
    """

    def __init__(self, backbone: Backbone, objective: Objective) -> None:
        super().__init__()
        self.backbone = backbone
        self.objective = objective

    def forward(
        self,
        branches: Mapping[str, tuple[Tensor, ...]],
        index: Tensor,
        labels: Tensor | None,
        targets: Mapping[str, Tensor],
    ) -> tuple[Tensor, Mapping[str, Tensor], Tensor | None]:
        """(loss, terms, embedding) of `objectives.base.Step`."""
        step = self.objective(Views(branches, index, labels, targets), self.backbone)
        return step.loss, step.terms, step.embedding


@dataclass(frozen=True)
class Splits:
    """The split that is learned from, and the one that is measured on (the same where there is but one)."""

    train: Dataset
    test: Dataset


@dataclass(frozen=True)
class Encoder:
    """What is needed to turn a data set into vectors."""

    backbone: Backbone
    pipeline: ViewPipeline

    def inputs(self, images: NDArray[np.uint8], device: torch.device) -> Tensor:
        """Pictures as the backbone takes them when nothing is random."""
        return self.pipeline.evaluation(images, device)


def place() -> Place:
    """Where this process's data sets live."""
    return Place(workspace_home())


def split_names(choice: Choice) -> tuple[str, str]:
    """The names of the training and the test split of a data set."""
    names = splits_of(choice, place())
    if not names:
        raise DataError(f"The data set {choice.id!r} has no samples.")
    train = next((name for name in TRAIN_FIRST if name in names), names[0])
    test = next((name for name in TEST_FIRST if name in names), train)
    return train, test


def load_splits(choice: Choice, progress: Progress) -> Splits:
    """Both splits, decoded; raises DataError."""
    train_name, test_name = split_names(choice)
    train = load(choice, train_name, place(), progress)
    test = train if test_name == train_name else load(choice, test_name, place(), progress)
    if len(train) < 2:
        raise DataError(
            f"The data set {train.info.title!r} has {len(train)} training sample; learning needs at least 2.",
            "Add pictures, or choose another data set.",
        )
    return Splits(train, test)


def image_shape(dataset: Dataset) -> tuple[int, int, int]:
    """(C, H, W) of the pictures; raises DataError where there are none."""
    shape = dataset.info.fields.get("image")
    if shape is None or len(shape) != 3:
        raise DataError(f"{dataset.info.title!r} has no pictures; its fields are {', '.join(dataset.info.fields)}.")
    return shape[0], shape[1], shape[2]


def build_pipeline(recipe: Recipe, train: Dataset) -> ViewPipeline:
    """The recipe's views, compiled for this data."""
    channels, height, width = image_shape(train)
    mean, std = channel_statistics(train)
    return compile_views(recipe.views, channels, height, width, mean, std)


def build_encoder(recipe: Recipe, train: Dataset) -> Encoder:
    """A backbone with its seeded initial weights, and the views' evaluation transform."""
    pipeline = build_pipeline(recipe, train)
    torch.manual_seed(recipe.seed)
    return Encoder(build_backbone(recipe.backbone, pipeline.size), pipeline)


def build_learner(recipe: Recipe, splits: Splits, encoder: Encoder) -> Learner:
    """Backbone and objective; deterministic under the recipe's seed because `build_encoder` seeded first."""
    sampler = sampler_of(recipe, splits.train)
    facts = Facts(
        width=encoder.backbone.width,
        classes=len(splits.train.info.classes),
        samples=len(splits.train),
        batch_size=sampler.batch_size,
        channels=image_shape(splits.train)[0],
        steps_per_epoch=sampler.steps_per_epoch,
        size=encoder.pipeline.size,
    )
    objective = build_objective(recipe.objective, facts)
    objective.attach(encoder.backbone)
    return Learner(encoder.backbone, objective)


def parts_of(views: Views) -> dict[str, Any]:
    """Views as the keyword arguments of `Learner.forward`."""
    return {
        "branches": dict(views.branches),
        "index": views.index,
        "labels": views.labels,
        "targets": dict(views.targets),
    }
