"""Autoregressive pixels: the colour of every pixel from those before it.

Chen, Radford, Child, Wu, Jun, Luan, Sutskever: Generative Pretraining from Pixels (ICML 2020), "iGPT".

Colours are rounded to a palette of k. In reading order, with x_t the palette colour of pixel t of T,

    L = -1/T sum_t log p(x_t | x_1, ..., x_{t-1})            (section 2.1)

Divided by ln 2 that is bits per pixel.

We differ in the order and in how the encoder enters. The paper's transformer has a token for every pixel, and attention
over all of them costs what no small machine has. Here the order is patch after patch, row by row, and pixel after pixel
within a patch. The backbone is a vision transformer made causal, so that its token i has seen patches 1 to i; that
token, or a learned vector before the first patch, tells the small network of a patch what came before. Within the
patch, pixel j is predicted from it and from the colours of the pixels before j, each added as a learned vector of its
own place: a neural autoregressive distribution estimator (Larochelle and Murray: The Neural Autoregressive Distribution
Estimator, AISTATS 2011). So every pixel depends on all pixels before it and on none after.

The palette is fixed: the same number of levels of red, green and blue, so 4 give 64 colours. The paper takes k = 512 by
k-means of ImageNet's pixels. The encoder is given earlier patches before their colours are rounded, as it is when its
features are used, so the loss is a little below that of the rounded pixels alone; only in completions does it see
palette colours. Features are the mean of the last tokens; the paper finds those of a middle layer to be better.

Shapes: N samples, L patches, P = patch^2 pixels of a patch, K colours, D features, H hidden, S side of the view
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.errors import RunFailed
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.models.small_vit import INITIAL_STD
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.pictures import rows_of
from workbench.objectives.samples import of_entries
from workbench.objectives.vision.masked.patches import patchify, unpatchify
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

SHOWN_SAMPLES = 6
_SEED = 0


class PixelGPTConfig(Model):
    """Settings of autoregressive pixels."""

    levels: int = setting(4, "Levels", "of red, green and blue each: 4 give a palette of 64 colours", ge=2, le=8)
    hidden: int = setting(128, "Head hidden", "width of the network that predicts the pixels of a patch", ge=8, le=4096)


def rounded(x_NLP3: Tensor, levels: int) -> Tensor:
    """Places in the palette, int64 (...), of colours (..., 3) in [0, 1]; what lies outside is taken to the edge."""
    level = (x_NLP3.float() * levels).floor().clamp(0, levels - 1).long()
    return (level[..., 0] * levels + level[..., 1]) * levels + level[..., 2]


def palette_colours(place: Tensor, levels: int) -> Tensor:
    """The colours (..., 3) in [0, 1] at these places of the palette: the middles of what is rounded to them."""
    level = torch.stack([place // levels**2, place // levels % levels, place % levels], dim=-1)
    return (level + 0.5) / levels


class PatchPixels(nn.Module):
    """Logits of every pixel of a patch, from what came before the patch and the pixels before it in the patch.

    Shapes: context (..., D) and colours int64 (..., P) -> logits (..., P, K), near 0 at first.
    """

    def __init__(self, width: int, hidden: int, pixels: int, colours: int) -> None:
        super().__init__()
        self.colours = colours
        self.context = nn.Linear(width, hidden)
        # All pixels of a patch together begin as large as the context; smaller ones are overheard for long.
        self.place = nn.Parameter(torch.randn(pixels, hidden) * pixels**-0.5)
        self.seen = nn.Embedding((pixels - 1) * colours, hidden)
        nn.init.normal_(self.seen.weight, std=pixels**-0.5)
        self.out = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, colours))
        nn.init.normal_(self.out[-1].weight, std=INITIAL_STD)  # type: ignore[arg-type]
        nn.init.zeros_(self.out[-1].bias)  # type: ignore[arg-type]

    def forward(self, context: Tensor, colour: Tensor) -> Tensor:
        pixels = colour.shape[-1]
        offset = torch.arange(pixels - 1, device=colour.device) * self.colours
        told = self.seen(colour[..., :-1] + offset)
        before = F.pad(told.cumsum(dim=-2), (0, 0, 1, 0))
        out: Tensor = self.out(self.context(context)[..., None, :] + self.place + before)
        return out


class PixelGPT(Objective):
    """Likelihood of pictures, pixel by pixel."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="pixel_gpt",
        title="Autoregressive pixels",
        family="Generative",
        summary="Each pixel's colour is predicted from all pixels before it, as a language model predicts words.",
        explanation=(
            "The picture is read patch by patch, and the colour of each pixel is predicted from everything read so "
            "far. A causal transformer sees the patches before, never those to come. What it has learned shows when it "
            "completes a picture of which it was given the upper half."
        ),
        energy=(
            "A picture gets low energy when each of its pixels is likely given those before it. The softmax over the "
            "palette pushes all other colours up, so what is learned is a likelihood of pictures."
        ),
        experience="Each pixel's palette colour is predicted from the pixels read before it, by a cross-entropy.",
        formula=r"\mathcal{L} = -\frac{1}{T} \sum_{t=1}^{T} \log p(x_t \mid x_1, \dots, x_{t-1})",
        paper=Paper(
            title="Generative Pretraining from Pixels",
            authors="Chen, Radford, Child, Wu, Jun, Luan, Sutskever",
            year=2020,
            venue="ICML",
            url="https://cdn.openai.com/papers/Generative_Pretraining_from_Pixels_V2.pdf",
        ),
        needs=Needs(min_views=1, max_views=1, tokens=True, plain=True, causal=True),
        metrics=(
            MetricSpec(
                name="bits_per_pixel",
                title="Bits per pixel",
                unit="bit",
                better="lower",
                description="the loss in bits: what a pixel's palette colour costs to store, given all before it",
            ),
            MetricSpec(
                name="pixel_accuracy",
                title="Pixel accuracy",
                better="higher",
                description="share of pixels whose colour is the most likely one",
            ),
        ),
        figures=(
            FigureSpec(
                name="completions",
                title="Completions",
                kind="pictures",
                description="The lower half is drawn pixel after pixel from the upper one, always with the same draws.",
                columns=("Picture in palette", "What is seen", "A completion", "Another one"),
            ),
            FigureSpec(
                name="probabilities",
                title="Probability of each pixel",
                kind="pictures",
                description="White: the pixel's own colour was certain, given all before it. Black: it was a surprise.",
                columns=("Picture in palette", "Probability"),
            ),
        ),
        chance=Chance(formula="3 ln levels", expression="3 * log(levels)"),
        views_preset="pixel-gpt-cifar",
    )
    Config: ClassVar[type[Model]] = PixelGPTConfig
    loss_unit: ClassVar[str] = "nat"
    config: PixelGPTConfig

    def __init__(self, config: PixelGPTConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.start = nn.Parameter(torch.randn(facts.width) * INITIAL_STD)
        self.pixels: nn.Module = nn.Identity()

    def attach(self, backbone: Backbone) -> None:
        """The encoder's patch says how many pixels are predicted from a token."""
        if not backbone.causal:
            raise RunFailed(
                f"{self.spec.title} needs a backbone whose patches see only those before them.",
                "Choose small_vit with backbone.causal = true.",
            )
        self.pixels = PatchPixels(backbone.width, self.config.hidden, backbone.patch**2, self.config.levels**3)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy of every pixel, the mean over all."""
        check_views(self.spec, views)
        colour_NLP, logits_NLPK, tokens_NLD = self._predict(views.inputs[0], backbone)
        loss_M = F.cross_entropy(logits_NLPK.flatten(0, 2), colour_NLP.flatten(), reduction="none")
        loss = loss_M.mean()
        hits = logits_NLPK.detach().argmax(dim=-1) == colour_NLP
        terms = {"bits_per_pixel": loss.detach() / math.log(2), "pixel_accuracy": hits.float().mean()}
        return Step(loss, terms, tokens_NLD.detach().mean(dim=1), of_entries(loss_M.view_as(colour_NLP)))

    def _predict(self, x: Tensor, backbone: Backbone) -> tuple[Tensor, Tensor, Tensor]:
        """Palette colours (N, L, P), their logits (N, L, P, K) in float32, and the encoder's tokens (N, L, D)."""
        pixels_NLX = patchify(x, backbone.patch)
        colour_NLP = rounded(pixels_NLX.reshape(*pixels_NLX.shape[:2], -1, 3), self.config.levels)
        tokens_NLD = backbone.tokens(x)
        context_NLD = self._before(tokens_NLD)
        return colour_NLP, self.pixels(context_NLD, colour_NLP).float(), tokens_NLD

    def _before(self, tokens_NLD: Tensor) -> Tensor:
        """For each patch the token of the one before it, for the first the learned start."""
        start_N1D = self.start.to(tokens_NLD.dtype).expand(len(tokens_NLD), 1, -1)
        return torch.cat([start_N1D, tokens_NLD[:, :-1]], dim=1)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 6 pictures with two completions of their lower half, and with the probability of every pixel."""
        with evaluating(backbone, self):
            x, patch = views.inputs[0][:SHOWN_SAMPLES].float(), backbone.patch
            colour_NLP, logits_NLPK, _ = self._predict(x, backbone)
            p_NLP = torch.softmax(logits_NLPK, dim=-1).gather(3, colour_NLP[..., None])[..., 0]
            picture, seen = self._painted(colour_NLP, patch), self._painted(colour_NLP, patch)
            half = _first_hidden(colour_NLP.shape[1]) // math.isqrt(colour_NLP.shape[1]) * patch
            seen[:, :, half:] = 0.5
            noise = torch.Generator(x.device).manual_seed(_SEED)
            ends = [self._painted(self._completed(colour_NLP, backbone, noise), patch) for _ in range(2)]
            certain = unpatchify(p_NLP[..., None].expand(-1, -1, -1, 3).flatten(2), patch)
            return {"completions": rows_of([picture, seen, *ends]), "probabilities": rows_of([picture, certain])}

    def _completed(self, colour_NLP: Tensor, backbone: Backbone, noise: torch.Generator) -> Tensor:
        """The lower half drawn anew, patch after patch and pixel after pixel."""
        colour_NLP = colour_NLP.clone()
        count, pixels = colour_NLP.shape[1:]
        for patch in range(_first_hidden(count), count):
            tokens_NLD = backbone.tokens(self._painted(colour_NLP, backbone.patch))
            context_ND = self._before(tokens_NLD)[:, patch]
            for pixel in range(pixels):
                logits_NK = self.pixels(context_ND, colour_NLP[:, patch])[:, pixel].float()
                drawn_N = torch.multinomial(torch.softmax(logits_NK, dim=1), 1, generator=noise)[:, 0]
                colour_NLP[:, patch, pixel] = drawn_N
        return colour_NLP

    def _painted(self, colour_NLP: Tensor, patch: int) -> Tensor:
        """Palette colours as pictures (N, 3, S, S) in [0, 1]."""
        return unpatchify(palette_colours(colour_NLP, self.config.levels).flatten(2), patch)


def _first_hidden(patches: int) -> int:
    """The first patch of the lower half: half of the rows, the middle one included, are seen."""
    rows = math.isqrt(patches)
    return (rows + 1) // 2 * rows
