"""Autoencoder: a picture has to pass a narrow code and be painted again from it.

plain       Hinton, Salakhutdinov: Reducing the Dimensionality of Data with Neural Networks (Science 2006)
sparse      Olshausen, Field: Emergence of simple-cell receptive field properties by learning a sparse code for natural
            images (Nature 1996) for the L1 penalty; Ng: Sparse autoencoder (CS294A lecture notes, Stanford 2011) for KL
denoising   Vincent, Larochelle, Bengio, Manzagol: Extracting and Composing Robust Features with Denoising Autoencoders
            (ICML 2008), section 2.3

With x the picture, x~ what the encoder is given (x itself, or x with noise) and c the code of B numbers,

    L = mean (x^ - x)^2 + weight * penalty(c),   c = W f(x~),   x^ = decoder(c)
    penalty = mean |c|                                           sparse, L1
    penalty = 1/B sum_j KL(rho || mean over the batch of c_j)    sparse, KL

Noise is on the input only, the target is clean. Masking noise takes whole pixels, all colours at once, where the paper
takes single numbers of grey digits.

A penalty on the code alone is escaped by a small code and a decoder with large weights. Against that the sparse code
is standardised over the batch before anything else: L1 then asks for few large numbers among many small ones, and KL
gets sigmoid(c + a learned threshold), which begins where a unit of c = 0 has the wanted activity rho.

Shapes: N samples, D features, B numbers in a code
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.decoder import Decoder
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.distributed import gather
from workbench.objectives.noise import figure_generator, normal, uniform
from workbench.objectives.pictures import SHOWN_ROWS, rows_of, span_of_each, stretched
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

EPSILON = 1e-6
# Far below the variance of any code: what the usual 1e-5 adds would let a code shrink under its penalty.
STANDARD_EPSILON = 1e-8


class AutoencoderConfig(Model):
    """Settings of the autoencoder."""

    kind: Literal["plain", "sparse", "denoising"] = setting(
        "plain", "Kind", "narrow code only, a code of which little is active, or noise on the input"
    )
    bottleneck: int = setting(64, "Bottleneck", "numbers of the code that the picture has to pass", ge=1, le=4096)
    decoder_width: int = setting(32, "Decoder width", "channels of the decoder's last stage", ge=4, le=256)
    penalty: Literal["l1", "kl"] = setting(
        "l1", "Penalty", "sparse: size of the code, or distance of each unit's mean activity from the wanted one"
    )
    weight: float = setting(0.1, "Penalty weight", "sparse: weight of the penalty", ge=0, le=100)
    activity: float = setting(0.05, "Activity", "sparse, KL: wanted mean activity of a unit", gt=0, lt=1)
    corruption: Literal["masking", "gaussian"] = setting(
        "masking", "Corruption", "denoising: pixels set to 0, or normal noise added"
    )
    noise: float = setting(
        0.5,
        "Noise",
        "denoising: share of the pixels that are hidden, or deviation of the noise against that of the pixels",
        ge=0,
        le=1,
    )


def corrupted(x: Tensor, draw: Tensor, corruption: Literal["masking", "gaussian"], noise: float) -> Tensor:
    """What the encoder is given of x (N, C, S, S).

    Parameters
    ----------
    draw : uniform (N, 1, S, S) for masking, standard normal (N, C, S, S) for Gaussian noise
    noise : share of hidden pixels, or deviation
    """
    return torch.where(draw < noise, 0, x) if corruption == "masking" else x + noise * draw


def l1_penalty(code_NB: Tensor) -> Tensor:
    """Mean size of each code's numbers, (N,); sqrt(2 / pi) for standard normal ones."""
    return code_NB.abs().mean(dim=1)


def kl_penalty(code_NB: Tensor, activity: float) -> Tensor:
    """Mean over units of KL(activity || mean activity over the batch) in nats, for codes in (0, 1); 0 at its best."""
    mean_B = code_NB.mean(dim=0).clamp(EPSILON, 1 - EPSILON)
    wanted = torch.full_like(mean_B, activity)
    kl_B = wanted * (wanted / mean_B).log() + (1 - wanted) * ((1 - wanted) / (1 - mean_B)).log()
    return kl_B.mean()


def sparseness(code_NB: Tensor) -> Tensor:
    """Mean sparseness of the samples' codes, in [0, 1]: 1 for one active unit, 0 when all are equally large.

    Hoyer: Non-negative Matrix Factorization with Sparseness Constraints (JMLR 2004), section 3.1.
    """
    root = code_NB.shape[1] ** 0.5
    ratio_N = code_NB.norm(p=1, dim=1) / code_NB.norm(dim=1).clamp(min=EPSILON)
    share_N: Tensor = (root - ratio_N) / max(root - 1, EPSILON)
    return share_N.mean()


class Bottleneck(nn.Module):
    """Features (N, D) -> code (N, B)."""

    def __init__(self, config: AutoencoderConfig, width: int) -> None:
        super().__init__()
        sparse = config.kind == "sparse"
        self.squeeze = nn.Linear(width, config.bottleneck, bias=False)
        self.standard = nn.BatchNorm1d(config.bottleneck, STANDARD_EPSILON, affine=False) if sparse else nn.Identity()
        active = sparse and config.penalty == "kl"
        at_first = math.log(config.activity / (1 - config.activity))
        self.threshold = nn.Parameter(torch.full((config.bottleneck,), at_first)) if active else None

    def forward(self, h_ND: Tensor) -> Tensor:
        """The code; in (0, 1) where its activity is held."""
        code_NB: Tensor = self.standard(self.squeeze(h_ND))
        return code_NB if self.threshold is None else torch.sigmoid(code_NB + self.threshold)


class Autoencoder(Objective):
    """Reconstruction through a bottleneck."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="autoencoder",
        title="Autoencoder",
        family="Generative",
        summary="A picture is squeezed into a short code and painted again from it; also sparse and denoising.",
        explanation=(
            "The encoder writes a code that is far shorter than the picture, and a decoder paints the picture from it. "
            "A sparse code uses few of its units for each picture; a denoising autoencoder is given a damaged picture "
            "and has to paint the whole one. What is learned is what saves most squared error, colours and large "
            "shapes first."
        ),
        energy=(
            "A picture that survives the way through the code has low energy: its squared error. What limits the "
            "volume of low energy is the narrow or sparse code, or the noise, not any push on other pictures."
        ),
        experience="A picture is predicted from itself, or from a damaged copy, by a squared error in pixels.",
        formula=r"\mathcal{L} = \| g(W f(\tilde{x})) - x \|^2 + \lambda \, \Omega(W f(\tilde{x}))",
        paper=Paper(
            title="Extracting and Composing Robust Features with Denoising Autoencoders",
            authors="Vincent, Larochelle, Bengio, Manzagol",
            year=2008,
            venue="ICML",
            url="https://doi.org/10.1145/1390156.1390294",
        ),
        needs=Needs(
            min_views=1,
            max_views=1,
            min_batch=2,
            bounds=(
                Bound(
                    setting="bottleneck",
                    at_most="3 * size**2 - 1",
                    why="fewer than the picture has, so that something must be left out",
                ),
            ),
        ),
        metrics=(
            MetricSpec(
                name="reconstruction_error",
                title="Reconstruction error",
                better="lower",
                description="mean squared error of the pixels in units of the normalised view; 1 is the mean colour",
            ),
            MetricSpec(
                name="code_sparseness",
                title="Sparseness of the code",
                better="neither",
                description="1 when a picture uses one unit of the code, 0 when it uses all alike (Hoyer 2004)",
            ),
        ),
        figures=(
            FigureSpec(
                name="reconstructions",
                title="Reconstructions",
                kind="pictures",
                description="Each picture is stretched from its smallest to its largest value.",
                columns=("Picture", "What the encoder is given", "Reconstruction"),
            ),
        ),
        chance=Chance(formula="≈ 1 (every pixel at its mean), plus the penalty", expression="1"),
        views_preset="reconstruction-cifar",
    )
    Config: ClassVar[type[Model]] = AutoencoderConfig
    config: AutoencoderConfig

    def __init__(self, config: AutoencoderConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.bottleneck = Bottleneck(config, facts.width)
        self.decoder = Decoder(config.bottleneck, 3, facts.size, config.decoder_width)
        if config.kind == "sparse" and config.penalty == "kl":
            self.no_sample_loss = "the activity of a unit is that of the whole batch (objective.penalty)"

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The error of the reconstruction, and the penalty of a sparse code."""
        check_views(self.spec, views)
        (x,) = views.inputs
        h_ND = backbone(self._given(x, views.index))
        code_NB = self.bottleneck(h_ND).float()
        error_N = (self.decoder(code_NB).float() - x.float()).square().flatten(1).mean(dim=1)
        loss_N = error_N + self.config.weight * self._penalty(code_NB) if self.config.kind == "sparse" else error_N
        terms = {"reconstruction_error": error_N.mean().detach(), "code_sparseness": sparseness(code_NB.detach())}
        return Step(loss_N.mean(), terms, h_ND.detach(), None if self.no_sample_loss else loss_N.detach())

    def _given(self, x: Tensor, index_N: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The picture, or in a denoising autoencoder a damaged copy."""
        if self.config.kind != "denoising":
            return x
        if self.config.corruption == "masking":
            draw = uniform(index_N, 1, *x.shape[2:], generator=generator)
        else:
            draw = normal(index_N, *x.shape[1:], generator=generator)
        return corrupted(x, draw, self.config.corruption, self.config.noise)

    def _penalty(self, code_NB: Tensor) -> Tensor:
        """Of each sample, (N,), or of the whole batch, a scalar."""
        if self.config.penalty == "l1":
            return l1_penalty(code_NB)
        return kl_penalty(gather(code_NB), self.config.activity)  # a unit's activity is that of the whole batch

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 pictures, what the encoder is given of them, and what comes back."""
        with evaluating(backbone, self):
            x = views.inputs[0][:SHOWN_ROWS]
            given = self._given(x, views.index[:SHOWN_ROWS], figure_generator())
            rebuilt = self.decoder(self.bottleneck(backbone(given)))
            span = span_of_each(x.float())
            return {"reconstructions": rows_of([stretched(part, span) for part in (x, given, rebuilt)])}
