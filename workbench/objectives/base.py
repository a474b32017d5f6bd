"""The objective contract: views in, a loss out, nothing else.

An objective owns what its method adds to the encoder (heads, predictors, queues, teachers) and does no logging, no
device moves and no `.item()`; the engine does those.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model
from workbench.models.base import Backbone
from workbench.plugins.specs import ObjectiveSpec
from workbench.views.base import Views


@dataclass(frozen=True)
class Step:
    """What one forward pass gives.

    loss : scalar with a gradient
    terms : the loss's parts and the objective's own metrics, detached scalars, named as in `spec.metrics`
    embedding : (M, D) backbone features of this batch, detached, for the health metrics
    per_sample : (N,) the loss of each sample, detached, the mean over its views; NaN for one that has none, such as one
        without a label. Their mean is the loss, unless samples count differently in it because they have different
        numbers of hidden patches. None where `Objective.no_sample_loss` says why
    """

    loss: Tensor
    terms: Mapping[str, Tensor] = field(default_factory=dict)
    embedding: Tensor | None = None
    per_sample: Tensor | None = None


@dataclass(frozen=True)
class Facts:
    """What an objective may know of its surroundings when it is built.

    width : D, the backbone's feature size
    classes : number of labels in the data, 0 without
    samples : size of the training split
    batch_size : samples in a step, over all devices
    channels : of the data's pictures as they are stored: 1 is grey, whatever the views make of it
    steps_per_epoch : optimiser steps in which every sample that is learned from is seen once
    size : side of the first branch's views, px
    """

    width: int
    classes: int
    samples: int
    batch_size: int
    channels: int = 3
    steps_per_epoch: int = 1
    size: int = 32


class Objective(nn.Module):
    """Base of every objective: subclasses set `spec` and `Config`, and implement `forward`.

    Attributes
    ----------
    loss_unit : of the loss; "" where it has none
    no_sample_loss : why its steps say no loss of each sample, a clause to follow a colon; "" where they do
    by_picture : whether it keeps something of every training picture, so that it can judge no others
    """

    spec: ClassVar[ObjectiveSpec]
    Config: ClassVar[type[Model]]
    loss_unit: ClassVar[str] = ""
    no_sample_loss: str = ""
    by_picture: ClassVar[bool] = False

    def __init__(self, config: Any, facts: Facts) -> None:
        super().__init__()
        self.config = config
        self.facts = facts

    def attach(self, backbone: Backbone) -> None:
        """Called once before training with the encoder that will be trained: the moment to copy it into a teacher."""

    @abstractmethod
    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The loss of one batch."""

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Called once after each optimiser step with the done share of the run in (0, 1]: teachers, queues, centres."""

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Arrays worth looking at, by the names of `spec.figures`; empty where there is nothing to show."""
        return {}
