"""Normalisation of the finished view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import Floats, Operation, OperationConfig, Scene, Values

# The CIFAR-10 deviations are those over all pixels; the often copied 0.2023, 0.1994, 0.2010 average over pictures.
STATISTICS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
SMALLEST_STD = 1 / 255
"""Floor for the deviation of a data set of one flat colour."""


class Normalize(Operation):
    """Subtract a mean and divide by a standard deviation, each a channel.

    Acts on the finished view, after every other operation, wherever it stands in the list.
    """

    spec = OperationSpec(
        id="normalize",
        title="Normalise",
        kind="normalise",
        summary="Shifts and scales the colours to the mean and spread that the encoder expects.",
    )

    class Config(OperationConfig):
        statistics: Literal["dataset", "imagenet", "cifar10", "half"] = setting(
            "dataset", "Statistics", "whose mean and standard deviation to use; half maps [0, 1] to [-1, 1]"
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {}

    def moments(self, mean: Sequence[float], std: Sequence[float]) -> tuple[Floats, Floats]:
        """Mean and deviation, (3,) each, in units of [0, 1]; `mean` and `std` are the data set's."""
        chosen = STATISTICS.get(self.config.statistics)
        mean_3, std_3 = chosen if chosen else (mean, std)
        spread = np.maximum(np.broadcast_to(np.asarray(std_3, np.float64), 3), SMALLEST_STD)
        return np.broadcast_to(np.asarray(mean_3, np.float64), 3), spread
