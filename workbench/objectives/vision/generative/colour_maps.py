"""What the objectives on colours share: a map of predictions, its target, and pictures of both.

Shapes: N samples, D features, C numbers a place, h = w the side of a map, S the side of a view
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.core.errors import Problem, RecipeError, RunFailed
from workbench.models.base import Backbone
from workbench.models.decoder import Decoder
from workbench.models.small_vit import INITIAL_STD
from workbench.objectives.base import Facts
from workbench.plugins.specs import MetricSpec, ObjectiveSpec
from workbench.views.lab import COLOUR_SCALE, rgb_of

COLOUR_ERROR = MetricSpec(
    name="colour_error",
    title="Colour error",
    better="lower",
    description="mean distance of predicted and true colour in the ab plane of CIE Lab",
)
SATURATION = MetricSpec(
    name="saturation",
    title="Saturation",
    description="mean distance from grey of the predicted colours as a share of the true ones; below 1 is dull",
)
BINS_USED = MetricSpec(
    name="bins_used",
    title="Bins used",
    better="higher",
    description="share of the colour bins in which some predicted colour of the batch falls",
)


def require_colour(spec: ObjectiveSpec, facts: Facts) -> None:
    """Raises RecipeError at `data.id` for grey pictures, which only reading the user's own files can tell."""
    if facts.channels == 1:
        words = f"{spec.title} needs colour pictures; these have one channel, grey. Choose pictures in colour."
        raise RecipeError([Problem("data.id", words)])


class MapHead(nn.Module):
    """A map of predictions, near 0 at first: (N, C, side, side) in float32.

    From a backbone that gives tokens by one linear layer a token; from any other by a decoder that has to draw the map
    out of the feature vector alone.
    """

    def __init__(self, backbone: Backbone, channels: int, side: int) -> None:
        super().__init__()
        self.by_tokens, self.side = backbone.spec.tokens, side
        self.width = backbone.width
        self.head: nn.Module = Decoder(backbone.width, channels, side)
        if self.by_tokens:
            self.head = nn.Linear(backbone.width, channels)
            nn.init.normal_(self.head.weight, std=INITIAL_STD)
            nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor, backbone: Backbone) -> tuple[Tensor, Tensor]:
        """The map, and the features (N, D) that it was made from."""
        if not self.by_tokens:
            h_ND = backbone(x)
            return self.head(h_ND).float(), h_ND
        tokens_NLD = backbone.tokens(x)
        rows = math.isqrt(tokens_NLD.shape[1])
        if rows * rows != tokens_NLD.shape[1] or tokens_NLD.shape[2] != self.width:
            raise RunFailed(
                f"A map of colours cannot be made of {tokens_NLD.shape[1]} tokens of {tokens_NLD.shape[2]} numbers by "
                f"a backbone whose features have {self.width}.",
                "Choose small_vit, or a backbone without tokens.",
            )
        maps = self.head(tokens_NLD).float().transpose(1, 2).unflatten(2, (rows, rows))
        return resized(maps, self.side), tokens_NLD.mean(dim=1)


def resized(maps_NChw: Tensor, side: int) -> Tensor:
    """Maps of another side: averaged down, or stretched linearly."""
    if maps_NChw.shape[2] == side:
        return maps_NChw
    if maps_NChw.shape[2] > side:
        return F.adaptive_avg_pool2d(maps_NChw, side)
    return F.interpolate(maps_NChw, side, mode="bilinear", align_corners=False)


def places(maps_NChw: Tensor) -> Tensor:
    """One row a place of every sample, (N * h * w, C)."""
    return maps_NChw.permute(0, 2, 3, 1).flatten(0, 2)


def half_square(predicted_NChw: Tensor, target_NChw: Tensor) -> Tensor:
    """Half the squared distance of every place (Zhang et al. 2016, equation 1), (N, h, w)."""
    return 0.5 * (predicted_NChw - target_NChw).square().sum(dim=1)


def colour_terms(predicted: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Error and saturation of predicted colours (N, 2, h, w), in units of Lab."""
    distance = (predicted - target).square().sum(dim=1).sqrt().mean()
    strength = [colours.square().sum(dim=1).sqrt().mean() for colours in (predicted, target)]
    return {"colour_error": distance, "saturation": strength[0] / strength[1].clamp_min(1e-6)}


def painted(lightness_N1SS: Tensor, ab: Tensor) -> Tensor:
    """Lightness in [0, 1] and colours of any map, in units of Lab, as sRGB pictures (N, 3, S, S) in [0, 1]."""
    whole = resized(ab, lightness_N1SS.shape[2]) / COLOUR_SCALE
    return rgb_of(torch.cat([lightness_N1SS.clamp(0, 1), whole], dim=1))
