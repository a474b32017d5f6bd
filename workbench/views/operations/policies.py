"""Policies: one or more operations drawn for each sample from a fixed list.

Both are torchvision's `RandAugment` and `TrivialAugmentWide`: the same fourteen operations, each equally likely, the
same magnitudes (a 31-step scale from nothing to the largest), signs by a fair coin. Three things differ. Geometry is
resampled bilinearly (torchvision takes the nearest pixel unless told otherwise) and joins the geometry before it in
one resampling. Colours stay floats between the operations of a policy, where torchvision rounds to bytes after each;
they are clamped to [0, 1] after every operation, as there. And a sample's second operation meets the view, not the
picture in its own size, when no geometry stands before the policy.

A policy compiles to three parts a round (what moves, what recolours, the rest), which draw the same numbers, so that
each sample takes part in at most one of them. What was drawn is in the values "operation" and "magnitude" of each.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views import colour
from workbench.views.cpu import Workers
from workbench.views.operations.autocontrast import Autocontrast
from workbench.views.operations.base import Colour, Filter, Floats, Geometry, Operation, OperationConfig, Scene, Values
from workbench.views.operations.equalize import Equalize
from workbench.views.operations.posterize import Posterize
from workbench.views.operations.sharpness import Sharpness
from workbench.views.operations.solarize import Solarize
from workbench.views.warp import Fill, about_centre, rotations

BINS = 31
"""Steps of the scale of magnitudes, 0 included."""

MOVES = ("shear x", "shear y", "translate x", "translate y", "rotate")
COLOURS = ("brightness", "saturation", "contrast")
FILTERS: Mapping[str, Filter] = {
    "sharpness": Sharpness(Sharpness.Config()),
    "posterise": Posterize(Posterize.Config()),
    "solarise": Solarize(Solarize.Config()),
    "autocontrast": Autocontrast(Autocontrast.Config()),
    "equalise": Equalize(Equalize.Config()),
}
MENU = np.array(["identity", *MOVES, *COLOURS, *FILTERS])


class PolicyConfig(OperationConfig):
    """Settings of both."""

    fill: Fill = setting(
        "black", "Fill", "what is seen beyond a picture that was moved; edge continues its last pixels"
    )


class Policy(Operation):
    """Base of both.

    Attributes
    ----------
    rounds : how many operations a sample gets, one after another
    round : which of them this part belongs to, from 0
    takes : the operations of the menu that this part carries out
    largest : the largest magnitude of each operation whose magnitude has a sign
    translates_by_share : whether translations are shares of the side and not px
    bits_lost : how many bits posterisation takes at the largest magnitude
    """

    takes: ClassVar[tuple[str, ...]] = ()
    largest: ClassVar[Mapping[str, float]]
    translates_by_share: ClassVar[bool]
    bits_lost: ClassVar[int]
    config: Any

    def __init__(self, config: Any, round_: int = 0) -> None:
        super().__init__(config)
        self.round = round_

    @abstractmethod
    def level(self, lots: Floats) -> Floats:
        """Where on the scale of magnitudes each sample is, 0 to 1, for numbers uniform in [0, 1)."""

    def applies(self, rng: np.random.Generator, scene: Scene) -> NDArray[np.bool_]:
        chosen = rng.random(scene.samples) < self.config.p
        operation = self.draw(copy.deepcopy(rng), scene)["operation"]
        mine: NDArray[np.bool_] = chosen & np.isin(operation, self.takes)
        return mine

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        lots = rng.random((self.round + 1, 3, scene.samples))[self.round]
        operation = MENU[(lots[0] * len(MENU)).astype(np.int64)]
        sign, level = np.where(lots[1] < 0.5, -1.0, 1.0), self.level(lots[2])
        return {"operation": operation, "magnitude": self._magnitudes(operation, sign, level, scene)}

    def _magnitudes(self, operation: NDArray[np.str_], sign: Floats, level: Floats, scene: Scene) -> Floats:
        """Degrees, px, slopes, changes of a factor, bits kept or a threshold of 255, as the operation takes it."""
        found = np.zeros(scene.samples)
        for name, largest in self.largest.items():
            found = np.where(operation == name, sign * level * largest, found)
        for name, side in (("translate x", scene.width), ("translate y", scene.height)):
            moved = np.trunc(found * side) if self.translates_by_share else np.trunc(found)
            found = np.where(operation == name, moved, found)
        found = np.where(operation == "posterise", np.rint(8 - level * self.bits_lost), found)
        return np.where(operation == "solarise", 255 * (1 - level), found)


class _Moves(Geometry, Policy):
    """The part of a policy that shears, shifts and turns."""

    takes = MOVES

    @property
    def fill(self) -> Fill:
        chosen: Fill = self.config.fill
        return chosen

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        operation, magnitude = values["operation"], values["magnitude"]
        amount = {name: np.where(operation == name, magnitude, 0.0) for name in MOVES}
        matrices = about_centre(rotations(amount["rotate"]), scene.width, scene.height)
        # Shears keep the top left corner where it is; at most one of the five is not zero.
        matrices[:, 0, 1] += amount["shear x"]
        matrices[:, 1, 0] += amount["shear y"]
        matrices[:, 0, 2] -= amount["translate x"]
        matrices[:, 1, 2] -= amount["translate y"]
        return matrices, scene


class _Colours(Colour, Policy):
    """The part of a policy that changes brightness, saturation and contrast."""

    takes = COLOURS

    def recolour(self, transform: Floats, values: Values) -> Floats:
        factor = {name: np.where(values["operation"] == name, 1 + values["magnitude"], 1.0) for name in COLOURS}
        changed = colour.saturation(factor["saturation"]) @ colour.brightness(factor["brightness"]) @ transform
        return colour.with_contrast(changed, factor["contrast"])


class _Filters(Filter, Policy):
    """The part of a policy that sharpens, posterises, solarises, stretches and equalises."""

    takes = tuple(FILTERS)

    def on_cpu(self, x: NDArray[np.float32], values: Values, applied: NDArray[np.bool_], workers: Workers) -> None:
        for name, filter_ in FILTERS.items():
            filter_.on_cpu(x, _settings(values), applied & (values["operation"] == name), workers)

    def on_device(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        for name, filter_ in FILTERS.items():
            mine = applied & (values["operation"] == name)
            if mine.any():
                x = filter_.on_device(x, _settings(values), mine)
        return x


def _settings(values: Values) -> Values:
    """Magnitudes by the names under which the filters know them."""
    magnitude = values["magnitude"]
    return {"factor": 1 + magnitude, "bits": np.clip(magnitude, 1, 8).astype(np.int64), "threshold": magnitude}


class RandAugment(Policy):
    """Some operations for each sample, all of one magnitude (Cubuk et al. 2020, section 3).

    The list and the magnitudes are torchvision's: magnitude 30 shears by 0.3, shifts by 150/331 of the side, turns by
    30 degrees, changes factors by 0.9, keeps 4 bits and inverts everything. At magnitude 0, reached by a strength of 0,
    autocontrast and equalisation still act, as in the paper.
    """

    spec = OperationSpec(
        id="rand_augment",
        title="RandAugment",
        kind="policy",
        summary="Applies some of fourteen operations, drawn for each view, all of one magnitude.",
    )
    largest: ClassVar[Mapping[str, float]] = {
        **dict.fromkeys(("shear x", "shear y"), 0.3),
        **dict.fromkeys(("translate x", "translate y"), 150 / 331),
        "rotate": 30.0,
        **dict.fromkeys((*COLOURS, "sharpness"), 0.9),
    }
    translates_by_share = True
    bits_lost = 4

    class Config(PolicyConfig):
        num_ops: int = setting(2, "Operations", "how many a view gets, one after another", ge=1, le=8)
        magnitude: int = setting(
            9, "Magnitude", "strength of all of them: 0 the least, 30 the most", ge=0, le=30, neutral=0
        )

    config: Config

    @classmethod
    def parts(cls, config: Any) -> tuple[Operation, ...]:
        kinds = (_RandAugmentMoves, _RandAugmentColours, _RandAugmentFilters)
        return tuple(kind(config, round_) for round_ in range(config.num_ops) for kind in kinds)

    def level(self, lots: Floats) -> Floats:
        return np.full_like(lots, self.config.magnitude / (BINS - 1))


class TrivialAugment(Policy):
    """One operation for each sample, of random magnitude (Müller & Hutter 2021, algorithm 1, the wide space).

    The list and the magnitudes are torchvision's TrivialAugmentWide: the largest shears by 0.99, shifts by 32 px, turns
    by 135 degrees, changes factors by 0.99, keeps 2 bits and inverts everything.
    """

    spec = OperationSpec(
        id="trivial_augment",
        title="TrivialAugment",
        kind="policy",
        summary="Applies one of fourteen operations, drawn for each view, of random magnitude.",
    )
    largest: ClassVar[Mapping[str, float]] = {
        **dict.fromkeys(("shear x", "shear y"), 0.99),
        **dict.fromkeys(("translate x", "translate y"), 32.0),
        "rotate": 135.0,
        **dict.fromkeys((*COLOURS, "sharpness"), 0.99),
    }
    translates_by_share = False
    bits_lost = 6

    class Config(PolicyConfig):
        largest: float = setting(
            1.0, "Largest magnitude", "share of the wide space that magnitudes reach", ge=0, le=1, neutral=0.0
        )

    config: Config

    @classmethod
    def parts(cls, config: Any) -> tuple[Operation, ...]:
        return tuple(kind(config) for kind in (_TrivialAugmentMoves, _TrivialAugmentColours, _TrivialAugmentFilters))

    def level(self, lots: Floats) -> Floats:
        reached: Floats = np.floor(lots * BINS) / (BINS - 1) * self.config.largest
        return reached


class _RandAugmentMoves(_Moves, RandAugment):
    pass


class _RandAugmentColours(_Colours, RandAugment):
    pass


class _RandAugmentFilters(_Filters, RandAugment):
    pass


class _TrivialAugmentMoves(_Moves, TrivialAugment):
    pass


class _TrivialAugmentColours(_Colours, TrivialAugment):
    pass


class _TrivialAugmentFilters(_Filters, TrivialAugment):
    pass
