"""What a view operation is: settings, a draw of random parameters for a whole batch, and one of these effects.

    Geometry    moves pixels: a matrix a sample, composed with its neighbours into one resampling
    Colour      recolours: an affine map of RGB a sample, composed with its neighbours into one pass
    Filter      anything else (blur, mixup): a batched step at its own place in the order
    Normalize   shifts and scales the finished view; folded into the last colour pass
    Task        makes a puzzle of the normalised view: hides, cuts up or splits it; the last thing that happens

Shape legend: N samples, C channels (1 or 3), H height, W width, S side of a view.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator
from torch import Tensor

from workbench.core.model import Model, setting
from workbench.plugins.specs import OperationSpec
from workbench.views.cpu import Workers
from workbench.views.warp import Fill

Floats = NDArray[np.float64]
Values = Mapping[str, NDArray[Any]]


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"the lower bound {bounds[0]:g} lies above the upper bound {bounds[1]:g}")
    return bounds


Ordered = AfterValidator(_ordered)
"""Marks a pair of bounds whose first may not exceed its second."""

Share = Annotated[float, setting(..., "Share", "a share of the whole", ge=0.01, le=1)]


class OperationConfig(Model):
    """Settings that every operation has."""

    p: float = setting(1.0, "Probability", "share of the views that this operation changes; 0 changes none", ge=0, le=1)


@dataclass(frozen=True)
class Scene:
    """What an operation meets when its turn comes.

    size : S, the side of a finished view, px
    view : which view of its branch this is, from 0
    height, width : (N,) float64, the picture that geometry has made so far, px
    """

    size: int
    view: int
    height: Floats
    width: Floats

    @property
    def samples(self) -> int:
        return len(self.height)


class Operation(ABC):
    """Base of every operation.

    Attributes
    ----------
    stream : parts of one operation that must draw the same numbers share a stream, others differ in it
    """

    spec: ClassVar[OperationSpec]
    Config: ClassVar[type[OperationConfig]]
    stream: int = 0

    def __init__(self, config: Any) -> None:
        self.config = config

    @classmethod
    def parts(cls, config: Any) -> tuple[Operation, ...]:
        """What these settings stand for: the operation itself, or (a policy, an exact mode) others in its place."""
        return (cls(config),)

    @property
    def used(self) -> bool:
        """Whether it can matter; what cannot is left out, so that p = 0 is the identity to the bit."""
        return self.config.p > 0 or bool(self.spec.targets)

    def applies(self, rng: np.random.Generator, scene: Scene) -> NDArray[np.bool_]:
        """The samples that are changed, (N,) bool; drawn first from the operation's stream."""
        chosen: NDArray[np.bool_] = rng.random(scene.samples) < self.config.p
        return chosen

    @abstractmethod
    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        """Random parameters for all N samples, whether or not the operation is then applied to them."""

    def targets(self, values: Values, applied: NDArray[np.bool_]) -> Mapping[str, NDArray[Any]]:
        """What an objective has to predict or to know, by name: (N, ...) integers, floats or truth values."""
        return {}

    def captions(self, values: Values, applied: NDArray[np.bool_]) -> list[str]:
        """The pseudo-label of each sample in a word or two, for the eye; empty for an operation that makes none."""
        return []


class Geometry(Operation):
    """An operation that moves pixels."""

    @property
    def fill(self) -> Fill | None:
        """What is seen where it looks beyond the picture that it meets; None when it never does.

        One that never looks beyond keeps the axes: it crops, mirrors, stretches, or turns by quarters.
        """
        return None

    @abstractmethod
    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        """Matrices (N, 3, 3) from the picture it makes to the picture it meets, in px, and the scene it leaves.

        Coordinates are (x, y, 1) with pixel i covering [i, i + 1].
        """


class Colour(Operation):
    """An operation that is affine in RGB, given the mean colour of the view."""

    @abstractmethod
    def recolour(self, transform: Floats, values: Values) -> Floats:
        """The transform (N, 3, 7) followed by this operation; see `workbench.views.colour`."""


class Filter(Operation):
    """A batched step of its own, on RGB in [0, 1]."""

    @abstractmethod
    def on_cpu(self, x: NDArray[np.float32], values: Values, applied: NDArray[np.bool_], workers: Workers) -> None:
        """Change the applied rows of x (N, 3, H, W) in place."""

    @abstractmethod
    def on_device(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        """The same for a tensor on any device; `x` itself is left alone."""


class Task(Operation):
    """A puzzle made of the finished view; at most one in a branch."""

    @classmethod
    def clash(cls, config: Any, size: int, normalised: bool) -> str:
        """Why views of this side, normalised or not, cannot be used for it; empty when they can."""
        return ""

    @abstractmethod
    def pose(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> tuple[Tensor, Mapping[str, Tensor]]:
        """What the encoder is given, (N, ...), and the targets by name, (N, ...) each, for x (N, 3, S, S)."""

    def whole(self, x: Tensor) -> Tensor:
        """What the encoder is given of x (N, 3, S, S) when it is measured and nothing is left to chance."""
        return x

    @abstractmethod
    def depict(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        """The puzzle as a picture in [0, 1], (N, 3, h, w), of x (N, 3, S, S) in [0, 1]."""
