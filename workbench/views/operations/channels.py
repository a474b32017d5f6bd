"""Dropping and shuffling colour channels."""

from __future__ import annotations

from typing import Literal

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import Colour, Floats, OperationConfig, Scene, Values


class ChannelDrop(Colour):
    """Take one or two of the three channels away, chosen for each sample with equal chances.

    Doersch et al. 2015, section 3.1, drop two of three, so that chromatic aberration gives no position away, and put
    Gaussian noise of a hundredth of the kept channel's deviation about the mean there: `mean` is that without the
    noise. `kept` puts the mean of the kept channels there, so that two dropped leave one channel as a grey picture;
    it alone leaves a grey picture as it is. `black` puts 0 there.
    """

    spec = OperationSpec(
        id="channel_drop", title="Channel drop", kind="colour", summary="Takes one or two colour channels away."
    )

    class Config(OperationConfig):
        p: float = setting(
            1.0, "Probability", "share of the views that lose channels (all in Doersch et al.)", ge=0, le=1
        )
        dropped: int = setting(2, "Dropped", "how many channels are taken away", unit="of 3", ge=1, le=2)
        fill: Literal["black", "mean", "kept"] = setting(
            "kept",
            "Fill",
            "what stands in a dropped channel: 0, the channel's own mean over the view, or the kept channels",
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        place = rng.random((scene.samples, 3)).argsort(axis=1)
        return {"kept": place >= self.config.dropped}

    def recolour(self, transform: Floats, values: Values) -> Floats:
        kept = values["kept"]
        return np.where(kept[:, :, None], transform, self._filled(transform, kept))

    def _filled(self, transform: Floats, kept: Floats) -> Floats:
        """What would stand in each channel, (N, 3, 7), if it were dropped."""
        filled = np.zeros_like(transform)
        if self.config.fill == "mean":
            filled[:, :, 3:6] = transform[:, :, :3] + transform[:, :, 3:6]
            filled[:, :, 6] = transform[:, :, 6]
        elif self.config.fill == "kept":
            weights = kept / kept.sum(axis=1, keepdims=True)
            filled[:] = np.einsum("nc,ncd->nd", weights, transform)[:, None]
        return filled


class ChannelShuffle(Colour):
    """Put the three channels in an order drawn for each sample, all six orders with equal chances.

    Equals torchvision's `RandomChannelPermutation`; grey pictures stay as they are.
    """

    spec = OperationSpec(
        id="channel_shuffle", title="Channel shuffle", kind="colour", summary="Swaps red, green and blue at random."
    )

    class Config(OperationConfig):
        p: float = setting(
            1.0, "Probability", "share of the views whose channels are shuffled (all in torchvision)", ge=0, le=1
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"order": rng.random((scene.samples, 3)).argsort(axis=1)}

    def recolour(self, transform: Floats, values: Values) -> Floats:
        return np.take_along_axis(transform, values["order"][:, :, None], axis=1)
