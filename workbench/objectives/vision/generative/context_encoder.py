"""Context encoder: a region of the picture is taken out, and the encoder's features have to paint it.

Pathak, Krähenbühl, Donahue, Darrell, Efros: Context Encoders: Feature Learning by Inpainting (CVPR 2016).

With M the hidden pixels, x the picture and x^ what the decoder paints of the rest,

    L_rec = 1/|M| |M * (x^ - x)|^2                              (equation 1)
    L = (1 - w) L_rec + w (L_G + L_D)                           (equation 3)

L_G and L_D are the two players' losses of a discriminator that tells whole pictures from painted ones
(`objectives.adversarial`). The paper takes w = 0.001 for painting, and w = 0 for learning features (section 4.2): the
default. With 0 there is no discriminator.

We differ in these points. The discriminator sees the painted region inside the true picture, where the paper's sees
the decoder's output alone, so that it judges the region and whether it fits. Its loss has the weight w as well, which
Adam does not feel. Only the hidden region counts, without the band of overlap around it. The way from encoder to
decoder is one linear layer from the pooled features, since that is what is measured. Outlines of random shapes are
drawn, not taken from PASCAL (view operation `region_mask`).

Shapes: N samples, D features, S side of a view
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.decoder import Decoder
from workbench.models.modes import evaluating
from workbench.objectives.adversarial import (
    DISCRIMINATOR_ACCURACY,
    PictureCritic,
    deceiver_loss,
    discriminator_loss,
    through,
    told_apart,
    verdict,
)
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.pictures import HIDDEN_GREY, SHOWN_ROWS, rows_of, span_of_each, stretched
from workbench.objectives.samples import masked_mean, of_chosen
from workbench.objectives.vision.masked.patches import COLUMNS
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class ContextEncoderConfig(Model):
    """Settings of the context encoder. What is hidden is set in the view operation `region_mask`."""

    adversarial: float = setting(
        0.0,
        "Adversarial weight",
        "share of the loss that a discriminator of painted pictures has; 0 builds none, the paper paints with 0.001",
        ge=0,
        le=0.999,
    )
    decoder_width: int = setting(32, "Decoder width", "channels of the decoder's last stage", ge=4, le=256)
    critic_width: int = setting(16, "Discriminator width", "channels of the discriminator's first map", ge=4, le=256)


def pixel_error(predicted: Tensor, x: Tensor) -> Tensor:
    """Mean squared error of every pixel over its colours, (N, S, S)."""
    return (predicted - x).square().mean(dim=1)


class ContextEncoder(Objective):
    """Inpainting with a squared error, and with a discriminator where asked for."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="context_encoder",
        title="Context encoder",
        family="Generative",
        summary="A region of a picture is taken out; the network paints it from what surrounds it.",
        explanation=(
            "The encoder is given a picture with a hole, and a decoder paints what was there from the features alone. "
            "A hole too large to be filled from its rim asks for knowing what the picture shows. A squared error "
            "paints the blurred mean of all that is possible; a discriminator asks for one sharp guess."
        ),
        energy=(
            "A picture whose region fits its surroundings gets low energy: the squared error of what is painted. "
            "Nothing is pushed up unless a discriminator does, which gives painted pictures high energy."
        ),
        experience="The hidden region is predicted from the rest of the picture, by a squared error in pixels.",
        formula=(
            r"\mathcal{L} = (1 - w) \frac{1}{|M|} \, \| M \odot (\hat{x} - x) \|^2"
            r" + w \, (\mathcal{L}_G + \mathcal{L}_D)"
        ),
        paper=Paper(
            title="Context Encoders: Feature Learning by Inpainting",
            authors="Pathak, Krähenbühl, Donahue, Darrell, Efros",
            year=2016,
            venue="CVPR",
            url="https://arxiv.org/abs/1604.07379",
        ),
        needs=Needs(min_views=1, max_views=1, min_batch=2, targets=("region", "picture")),
        metrics=(
            MetricSpec(
                name="region_error",
                title="Error where hidden",
                better="lower",
                description="mean squared error of the hidden pixels in units of the normalised view",
            ),
            MetricSpec(
                name="visible_error",
                title="Error where seen",
                better="neither",
                description="the same error on the pixels that are seen, which the loss leaves out",
            ),
            DISCRIMINATOR_ACCURACY.replace(
                description=DISCRIMINATOR_ACCURACY.description + "; 0.5 also without a discriminator"
            ),
        ),
        figures=(
            FigureSpec(
                name="inpaintings",
                title="Inpaintings",
                kind="pictures",
                description="Each picture is stretched from its smallest to its largest value.",
                columns=COLUMNS,
            ),
        ),
        chance=Chance(
            formula="≈ (1 − w) + 3 w ln 2 (every pixel at its mean, the game a draw)",
            expression="(1 - adversarial) + adversarial * 3 * log(2)",
        ),
        views_preset="context-encoder-cifar",
    )
    Config: ClassVar[type[Model]] = ContextEncoderConfig
    config: ContextEncoderConfig

    def __init__(self, config: ContextEncoderConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.decoder = Decoder(facts.width, 3, facts.size, config.decoder_width)
        self.critic: nn.Sequential | None = None
        if config.adversarial > 0:
            self.no_sample_loss = "a part of it is a game with a discriminator (objective.adversarial)"
            judge = PictureCritic(3, facts.size, config.critic_width)
            self.critic = nn.Sequential(judge, verdict(judge.width), nn.Flatten(0))

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The error of the painted region, and the game about it."""
        check_views(self.spec, views)
        (x,), region, whole = views.inputs, views.targets["region"][0], views.targets["picture"][0].float()
        h_ND = backbone(x)
        predicted = self.decoder(h_ND).float()
        error_NSS = pixel_error(predicted, whole)
        error = masked_mean(error_NSS, region)
        game, accuracy = self._game(torch.where(region[:, None], predicted, whole), whole)
        loss = (1 - self.config.adversarial) * error + self.config.adversarial * game
        terms = {
            "region_error": error.detach(),
            "visible_error": masked_mean(error_NSS.detach(), ~region),
            "discriminator_accuracy": accuracy,
        }
        each_N = None if self.no_sample_loss else of_chosen(error_NSS, region)
        return Step(loss, terms, h_ND.detach(), each_N)

    def _game(self, painted: Tensor, whole: Tensor) -> tuple[Tensor, Tensor]:
        """Both players' losses together, and how often the discriminator is right; (0, 0.5) without one."""
        if self.critic is None:
            return painted.new_zeros(()), painted.new_full((), 0.5)
        real_N, fake_N = self.critic(whole), self.critic(painted.detach())
        fooled = deceiver_loss(through(self.critic, painted))
        return fooled + discriminator_loss(real_N, fake_N), told_apart(real_N.detach(), fake_N.detach())

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 pictures, what is seen of them, what is painted, and both together."""
        with evaluating(backbone, self):
            x, hidden = views.inputs[0][:SHOWN_ROWS], views.targets["region"][0][:SHOWN_ROWS, None]
            whole = views.targets["picture"][0][:SHOWN_ROWS].float()
            span = span_of_each(whole)
            picture, guess = stretched(whole, span), stretched(self.decoder(backbone(x)), span)
            seen, pasted = picture.masked_fill(hidden, HIDDEN_GREY), torch.where(hidden, guess, picture)
            return {"inpaintings": rows_of([picture, seen, guess, pasted])}
