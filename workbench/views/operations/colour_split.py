"""Colour splits: part of the channels of CIE Lab is given, the rest is to be predicted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.lab import lab_of, rgb_of
from workbench.views.operations.base import OperationConfig, Scene, Task, Values

_GIVEN = {"lightness": (1.0, 0.0, 0.0), "colour": (0.0, 1.0, 1.0), "both": (1.0, 1.0, 1.0)}
_MID_LIGHTNESS = 0.6


class ColourSplit(Task):
    """Turn the view into Lab and keep its lightness, its colour, or both; what is hidden is 0.

    Colourisation predicts colour from lightness (Zhang et al. 2016: Colorful Image Colorization, section 2.1), a
    split-brain autoencoder each from the other (Zhang et al. 2017, section 3.1): it takes both and splits them itself.
    The three channels are L/100 in [0, 1] and a/110, b/110 within [-1, 1] (`workbench.views.lab`); they have their own
    scale, so the branch is not normalised.

    Target "lab": float32 (N, 3, S, S), all three channels. A sample to which the operation is not applied is given
    whole, as Lab. Grey pictures have a = b = 0: there is nothing to learn from their colour.
    """

    spec = OperationSpec(
        id="colour_split",
        title="Colour split",
        kind="task",
        summary="Gives the lightness or the colour of the view, for the objective to predict the other.",
        targets=("lab",),
    )

    class Config(OperationConfig):
        given: Literal["lightness", "colour", "both"] = setting(
            "lightness", "Given", "what the encoder sees: lightness (L), colour (a and b), or both"
        )

    config: Config

    @classmethod
    def clash(cls, config: Any, size: int, normalised: bool) -> str:
        if normalised:
            return "Lab has a scale of its own; remove 'normalize' from this branch."
        return ""

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {}

    def pose(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> tuple[Tensor, Mapping[str, Tensor]]:
        lab = lab_of(x)
        return lab * self._kept(applied, lab), {"lab": lab}

    def whole(self, x: Tensor) -> Tensor:
        return self.pose(x, {}, np.ones(len(x), bool))[0]

    def depict(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        lab = lab_of(x)
        kept = self._kept(applied, lab)
        shown = lab * kept
        shown[:, :1] += (1 - kept[:, :1]) * _MID_LIGHTNESS
        return rgb_of(shown)

    def _kept(self, applied: NDArray[np.bool_], like: Tensor) -> Tensor:
        """1 for the channels of each sample that are given, 0 for the others, (N, 3, 1, 1)."""
        kept = np.where(applied[:, None], _GIVEN[self.config.given], 1.0)
        return torch.from_numpy(kept).to(like.device, like.dtype)[:, :, None, None]
