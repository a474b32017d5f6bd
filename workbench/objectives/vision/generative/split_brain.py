"""Split-brain autoencoder: each half of a picture's channels predicts the other.

Zhang, Isola, Efros: Split-Brain Autoencoders: Unsupervised Learning by Cross-Channel Prediction (CVPR 2017).

A picture in CIE Lab is split into lightness X1 = L and colour X2 = ab (section 3.1), and with F the encoder

    L = 1/2 l(F(X1), X2) + 1/2 l(F(X2), X1)

Both are classifications, of 261 bins of the ab plane and of equal bins of L, or, with classes switched off, half the
squared distance. An autoencoder may copy what it is given; here nothing that is predicted has been seen.

We differ in the split: the paper cuts the network into two halves of its channels with no connection, each of which
sees one half of the picture, and concatenates their features. Here one backbone runs twice, the channels of the other
half being zero, and shares its weights; its features are taken with both halves given. Only so can every backbone be
used as it is. Bins of colour are not rebalanced.

Shapes: N samples, D features, Q bins, h = w side of the map, S side of the view
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.pictures import SHOWN_ROWS, rows_of
from workbench.objectives.samples import of_entries
from workbench.objectives.vision.generative.ab_bins import (
    BINS,
    annealed_mean,
    bin_cross_entropy,
    bins_used,
    gamut_bins,
    soft_labels,
)
from workbench.objectives.vision.generative.colour_maps import (
    BINS_USED,
    COLOUR_ERROR,
    SATURATION,
    MapHead,
    colour_terms,
    half_square,
    painted,
    places,
    require_colour,
    resized,
)
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views
from workbench.views.lab import COLOUR_SCALE, LIGHTNESS_SCALE

_MIDDLE_GREY = 0.5


class SplitBrainConfig(Model):
    """Settings of the split-brain autoencoder."""

    quantised: bool = setting(
        True, "Classes", "on: choose among quantised colours and lightnesses; off: predict the numbers by regression"
    )
    side: int = setting(8, "Map", "side of the maps that are predicted", unit="px", ge=1, le=256)
    levels: int = setting(50, "Lightness classes", "equal bins of the lightness; classes only", ge=2, le=256)
    temperature: float = setting(
        0.38, "Read-out temperature", "1 shows the mean colour, near 0 the most likely one; classes only", gt=0, le=1
    )


def lightness_class(lightness: Tensor, levels: int) -> Tensor:
    """The bin of each lightness in [0, 1], int64 in [0, levels)."""
    return (lightness * levels).long().clamp(0, levels - 1)


def lightness_read_out(logits_NBhw: Tensor) -> Tensor:
    """The mean of the predicted distribution over bins of lightness, (N, 1, h, w) in [0, 1]."""
    levels = logits_NBhw.shape[1]
    centre_B = (torch.arange(levels, device=logits_NBhw.device) + 0.5) / levels
    return torch.einsum("nbhw,b->nhw", torch.softmax(logits_NBhw, dim=1), centre_B)[:, None]


class SplitBrain(Objective):
    """Colour from lightness, lightness from colour."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="split_brain",
        title="Split-brain autoencoder",
        family="Generative",
        summary="Lightness predicts colour and colour predicts lightness, so that nothing can be copied.",
        explanation=(
            "A picture's channels are split in two, and each half has to predict the other. Unlike in an autoencoder, "
            "nothing of what is predicted has been seen, and unlike in colourisation, the encoder learns from all of "
            "the channels."
        ),
        energy=(
            "A picture gets low energy when its lightness and its colours fit each other, each way round. The softmax "
            "pushes all other values up; the targets are given, so nothing can collapse."
        ),
        experience=(
            "The colours (a and b) are predicted from the lightness (L), and the lightness from the colours, by "
            "cross-entropies."
        ),
        formula=(
            r"\mathcal{L} = \frac{1}{2} \, \ell \left( \mathcal{F}(X_L), X_{ab} \right)"
            r" + \frac{1}{2} \, \ell \left( \mathcal{F}(X_{ab}), X_L \right)"
        ),
        paper=Paper(
            title="Split-Brain Autoencoders: Unsupervised Learning by Cross-Channel Prediction",
            authors="Zhang, Isola, Efros",
            year=2017,
            venue="CVPR",
            url="https://arxiv.org/abs/1611.09842",
        ),
        needs=Needs(
            min_views=1,
            max_views=1,
            targets=("lab",),
            colour=True,
            given="both",
            bounds=(Bound(setting="side", at_most="size", why="the side of a view"),),
        ),
        metrics=(
            MetricSpec(name="colour_loss", title="Colour loss", better="lower", description="colour from lightness"),
            MetricSpec(
                name="lightness_loss", title="Lightness loss", better="lower", description="lightness from colour"
            ),
            COLOUR_ERROR,
            SATURATION,
            BINS_USED,
            MetricSpec(
                name="lightness_error",
                title="Lightness error",
                better="lower",
                description="mean distance of predicted and true L of CIE Lab, 0 to 100",
            ),
        ),
        figures=(
            FigureSpec(
                name="halves",
                title="Each half from the other",
                kind="pictures",
                description="Predictions are coarse maps; colour is shown over the true lightness.",
                columns=("Lightness", "Colour from it", "Colour", "Lightness from it", "Picture"),
            ),
        ),
        chance=Chance(
            formula=f"(ln {BINS} + ln levels) / 2; none for regression",
            expression=f"(log({BINS}) + log(levels)) / 2 / quantised",
        ),
        views_preset="split-brain-cifar",
    )
    Config: ClassVar[type[Model]] = SplitBrainConfig
    config: SplitBrainConfig
    bins: Tensor

    def __init__(self, config: SplitBrainConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        require_colour(self.spec, facts)
        self.to_colour: nn.Module = nn.Identity()
        self.to_lightness: nn.Module = nn.Identity()
        self.register_buffer("bins", gamut_bins().clone(), persistent=False)

    def attach(self, backbone: Backbone) -> None:
        """Whether the backbone gives tokens decides where the maps come from."""
        config = self.config
        self.to_colour = MapHead(backbone, BINS if config.quantised else 2, config.side)
        self.to_lightness = MapHead(backbone, config.levels if config.quantised else 1, config.side)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Half the loss of the colours and half that of the lightness."""
        check_views(self.spec, views)
        target = resized(views.targets["lab"][0].float(), self.config.side)
        light, ab = target[:, :1], target[:, 1:]
        colour, lightness, h_2D = self._predict(views.inputs[0], backbone)
        losses = self._bin_losses(colour, ab, lightness, light) if self.config.quantised else None
        colour_Nhw, lightness_Nhw = losses or (half_square(colour, ab), half_square(lightness, light))
        colour_loss, lightness_loss = colour_Nhw.mean(), lightness_Nhw.mean()
        shown_ab, shown_light = self._read_out(colour.detach(), lightness.detach())
        terms = {
            "colour_loss": colour_loss.detach(),
            "lightness_loss": lightness_loss.detach(),
            **colour_terms(shown_ab, ab * COLOUR_SCALE),
            "bins_used": bins_used(places(shown_ab)),
            "lightness_error": (shown_light - light).abs().mean() * LIGHTNESS_SCALE,
        }
        each_N = (of_entries(colour_Nhw) + of_entries(lightness_Nhw)) / 2
        return Step((colour_loss + lightness_loss) / 2, terms, h_2D.detach(), each_N)

    def _predict(self, x: Tensor, backbone: Backbone) -> tuple[Tensor, Tensor, Tensor]:
        """Maps of colour and of lightness, and the features of either half, (2N, D)."""
        first = torch.zeros_like(x[:1, :, :1, :1])
        first[:, 0] = 1
        colour, from_light_ND = self.to_colour(x * first, backbone)
        lightness, from_colour_ND = self.to_lightness(x * (1 - first), backbone)
        return colour, lightness, torch.cat([from_light_ND, from_colour_ND])

    def _bin_losses(self, colour: Tensor, ab: Tensor, lightness: Tensor, light: Tensor) -> tuple[Tensor, Tensor]:
        """The losses of every place, (N, h, w) each."""
        nearest_MK, share_MK = soft_labels(places(ab) * COLOUR_SCALE, self.bins)
        alike_Q = torch.ones_like(self.bins[:, 0])
        colour_Nhw = bin_cross_entropy(places(colour), nearest_MK, share_MK, alike_Q).view_as(light[:, 0])
        true_Nhw = lightness_class(light[:, 0], self.config.levels)
        return colour_Nhw, F.cross_entropy(lightness, true_Nhw, reduction="none")

    def _read_out(self, colour: Tensor, lightness: Tensor) -> tuple[Tensor, Tensor]:
        """Predicted colours in units of Lab (N, 2, h, w), and lightness in [0, 1], (N, 1, h, w)."""
        if not self.config.quantised:
            return colour * COLOUR_SCALE, lightness
        return annealed_mean(colour, self.bins, self.config.temperature), lightness_read_out(lightness)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 pictures: each half, what the network makes of it, and the picture."""
        with evaluating(backbone, self):
            x, lab = views.inputs[0][:SHOWN_ROWS], views.targets["lab"][0][:SHOWN_ROWS].float()
            light, true = lab[:, :1], lab[:, 1:] * COLOUR_SCALE
            colour, lightness, _ = self._predict(x, backbone)
            guess, level = self._read_out(colour, lightness)
            pairs = (
                (light, true * 0),
                (light, guess),
                (torch.full_like(light, _MIDDLE_GREY), true),
                (resized(level, light.shape[2]), true * 0),
                (light, true),
            )
            return {"halves": rows_of([painted(*pair) for pair in pairs])}
