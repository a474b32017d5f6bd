"""MAE: the encoder sees a quarter of the patches, a light decoder paints the rest.

He, Chen, Xie, Li, Dollar, Girshick: Masked Autoencoders Are Scalable Vision Learners (CVPR 2022).

With M the hidden patches, x_i the pixels of patch i and y_i what the decoder makes of it,

    L = 1/|M| sum_{i in M} 1/P |y_i - t_i|^2,   t_i = x_i, or (x_i - mean(x_i)) / sqrt(var(x_i) + 1e-6)

The second target (section 4.1, "reconstruction target") is the default. Its variance is the unbiased one, as in the
authors' code, so that a prediction of 0 costs (P - 1)/P on patches that are not flat. The loss leaves out what is seen.
Hidden patches never enter the encoder: they are dropped before its first block, and the decoder gets one learned token
in their places, positions added (section 3).

We differ in size (the paper's decoder has 8 blocks of 512 numbers), in the class token, which the encoder has only if
asked to, and in the decoder's last layer, which begins near 0, so that the loss begins at its chance level. A mask
with larger patches than the encoder's is taken as well: each entry hides all patches under it.

Shapes: N samples, L patches, K of them seen, P = 3 * patch^2 numbers a patch, D features, E decoder width
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.errors import Problem, RecipeError
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.models.positions import grid_positions
from workbench.models.small_vit import INITIAL_STD, initialise
from workbench.models.transformer import transformer_blocks
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.pictures import SHOWN_ROWS
from workbench.objectives.samples import masked_mean, of_chosen
from workbench.objectives.vision.masked.patches import (
    COLUMNS,
    VISIBLE_ERROR,
    mask_scale,
    patchify,
    pictures,
    pixel_head,
    spread_mask,
    spread_positions,
)
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

PATCH_EPSILON = 1e-6


class MAEConfig(Model):
    """Settings of MAE. How much is hidden is set in the view operation `patch_mask`."""

    norm_pix: bool = setting(
        True, "Normalised patches", "predict every patch with its own mean and variance taken out; off: plain pixels"
    )
    decoder_width: int = setting(
        64, "Decoder width", "numbers a token; a multiple of 4 and of the heads", ge=16, le=1024
    )
    decoder_depth: int = setting(1, "Decoder depth", "transformer blocks of the decoder", ge=1, le=12)
    decoder_heads: int = setting(4, "Decoder heads", "attention heads of a block", ge=1, le=16)


class Decoder(nn.Module):
    """From the tokens of the seen patches to the pixels of all."""

    def __init__(self, config: MAEConfig, width: int) -> None:
        super().__init__()
        self.width = config.decoder_width
        self.embed = nn.Linear(width, self.width)
        self.blocks = transformer_blocks(self.width, config.decoder_heads, config.decoder_depth)
        self.norm = nn.LayerNorm(self.width)
        initialise(self)
        self.token = nn.Parameter(torch.randn(self.width) * INITIAL_STD)

    def forward(self, seen_NKD: Tensor, keep_NK: Tensor, rows: int) -> Tensor:
        """(N, rows * rows, E): the seen tokens at their places, the learned token at all others."""
        seen_NKE = self.embed(seen_NKD)
        everywhere_NLE = self.token.to(seen_NKE.dtype).expand(len(seen_NKE), rows * rows, -1)
        tokens_NLE = everywhere_NLE.scatter(1, keep_NK[:, :, None].expand_as(seen_NKE), seen_NKE)
        tokens_NLE = tokens_NLE + grid_positions(rows, rows, self.width, rows, seen_NKD.device)
        for block in self.blocks:
            tokens_NLE = block(tokens_NLE)
        out_NLE: Tensor = self.norm(tokens_NLE)
        return out_NLE


def patch_statistics(pixels_NLP: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of every patch, (N, L, 1) each: sqrt(unbiased variance + 1e-6)."""
    variance = pixels_NLP.var(dim=2, keepdim=True, unbiased=True)
    return pixels_NLP.mean(dim=2, keepdim=True), (variance + PATCH_EPSILON).sqrt()


def mae_target(pixels_NLP: Tensor, norm_pix: bool) -> Tensor:
    """What is predicted of every patch, (N, L, P)."""
    if not norm_pix:
        return pixels_NLP
    mean, deviation = patch_statistics(pixels_NLP)
    return (pixels_NLP - mean) / deviation


def mae_error(predicted_NLP: Tensor, target_NLP: Tensor) -> Tensor:
    """Mean squared error of every patch over its pixels, (N, L)."""
    return (predicted_NLP - target_NLP).square().mean(dim=2)


class MAE(Objective):
    """Masked autoencoding with an encoder that is spared the hidden patches."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="mae",
        title="MAE",
        family="Masked",
        summary="Most patches of a picture are hidden; the network paints them from the few that are seen.",
        explanation=(
            "The encoder is given a quarter of the patches, and a small decoder has to paint the other three quarters. "
            "So much is missing that copying neighbours does not do: the network has to know what things look like. "
            "Dropped patches cost nothing, so a step is several times cheaper than one on the whole picture."
        ),
        energy=(
            "A picture whose hidden patches fit what is seen gets low energy: the squared error of the prediction. "
            "Nothing is pushed up; the target is pixels, which cannot collapse."
        ),
        experience="Hidden patches are predicted from the seen ones of the same picture, by a squared error in pixels.",
        formula=(
            r"\mathcal{L} = \frac{1}{|M|} \sum_{i \in M} \frac{1}{P} \, \| y_i - \hat{x}_i \|^2, \quad"
            r" \hat{x}_i = \frac{x_i - \mu_i}{\sqrt{\sigma_i^2 + \epsilon}}"
        ),
        paper=Paper(
            title="Masked Autoencoders Are Scalable Vision Learners",
            authors="He, Chen, Xie, Li, Dollár, Girshick",
            year=2022,
            venue="CVPR",
            url="https://arxiv.org/abs/2111.06377",
        ),
        needs=Needs(min_views=1, max_views=1, targets=("mask", "visible"), tokens=True, patches=True),
        metrics=(
            MetricSpec(
                name="hidden_pixel_error",
                title="Pixel error where hidden",
                better="lower",
                description="mean squared error of the hidden pixels in units of the normalised view",
            ),
            VISIBLE_ERROR,
        ),
        figures=(
            FigureSpec(
                name="reconstructions",
                title="Reconstructions",
                kind="pictures",
                description=(
                    "Each picture is stretched from its smallest to its largest value. With normalised patches the "
                    "prediction borrows the mean and contrast of every true patch, hidden ones too."
                ),
                columns=COLUMNS,
            ),
        ),
        chance=Chance(formula="1 (every pixel at its mean)", expression="1"),
        views_preset="mae-cifar",
    )
    Config: ClassVar[type[Model]] = MAEConfig
    config: MAEConfig

    def __init__(self, config: MAEConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        problems = _problems(config)
        if problems:
            raise RecipeError(problems)
        self.decoder = Decoder(config, facts.width)
        self.pixels: nn.Module = nn.Identity()

    def attach(self, backbone: Backbone) -> None:
        """The encoder's patch says how many numbers the decoder's last layer makes."""
        self.pixels = pixel_head(self.spec, self.config.decoder_width, backbone)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The error of the hidden patches."""
        check_views(self.spec, views)
        (x,) = views.inputs
        predicted_NLP, hidden_NL, seen_NKD = self._predict(views, backbone)
        pixels_NLP = patchify(x, backbone.patch).float()
        target_NLP = mae_target(pixels_NLP, self.config.norm_pix)
        error_NL = mae_error(predicted_NLP, target_NLP)
        guess_NLP = self._painted(predicted_NLP.detach(), pixels_NLP)
        terms = {
            "hidden_pixel_error": masked_mean(mae_error(guess_NLP, pixels_NLP), hidden_NL),
            "visible_error": masked_mean(error_NL.detach(), ~hidden_NL),
        }
        each_N = of_chosen(error_NL, hidden_NL)
        return Step(masked_mean(error_NL, hidden_NL), terms, seen_NKD.detach().mean(dim=1), each_N)

    def _predict(self, views: Views, backbone: Backbone) -> tuple[Tensor, Tensor, Tensor]:
        """Predictions (N, L, P) in float32, what is hidden (N, L), tokens of what is seen (N, K, D)."""
        (x,), mask_NM, seen_NK = views.inputs, views.targets["mask"][0], views.targets["visible"][0]
        scale = mask_scale(backbone, x.shape[2], mask_NM.shape[1])
        keep_NK = spread_positions(seen_NK, mask_NM.shape[1], scale)
        seen_NKD = backbone.encode(x, keep_NK)
        predicted_NLP = self.pixels(self.decoder(seen_NKD, keep_NK, x.shape[2] // backbone.patch))
        return predicted_NLP.float(), spread_mask(mask_NM, scale), seen_NKD

    def _painted(self, predicted_NLP: Tensor, pixels_NLP: Tensor) -> Tensor:
        """Predictions as pixels: the mean and deviation that the target lacks are those of the true patch."""
        if not self.config.norm_pix:
            return predicted_NLP
        mean, deviation = patch_statistics(pixels_NLP)
        return predicted_NLP * deviation + mean

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 pictures, what is seen of them, the prediction, and both together."""
        with evaluating(backbone, self):
            x = views.inputs[0][:SHOWN_ROWS]
            predicted_NLP, hidden_NL, _ = self._predict(views, backbone)
            shown_NLP = self._painted(predicted_NLP[:SHOWN_ROWS], patchify(x, backbone.patch).float())
            rows = pictures(x.float(), shown_NLP, hidden_NL[:SHOWN_ROWS], backbone.patch)
            return {"reconstructions": rows.cpu().numpy()}


def _problems(config: MAEConfig) -> list[Problem]:
    width, heads, problems = config.decoder_width, config.decoder_heads, []
    if width % 4:
        words = f"{width} is not a multiple of 4, which positions of rows and columns need."
        problems.append(Problem("objective.decoder_width", words))
    if width % heads:
        problems.append(Problem("objective.decoder_heads", f"{heads} heads do not divide a width of {width}."))
    return problems
